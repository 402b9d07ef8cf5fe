from marshmallow import fields

from recovery.api.fields import Strict
from recovery.api.schemas.answers import many, number, one, text
from recovery.services.timing.clocks import CLOCKS


class FiguresSchema(Strict):
    """In seconds of opening hours; null where no ticket has come to it."""

    count = number()
    p50 = number(null=True)
    p90 = number(null=True)
    p95 = number(null=True)
    within_target = fields.Float(required=True, allow_none=True, metadata={"description": "A share from 0 to 1."})
    target = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "In seconds; null where the tickets of the group have different ones."},
    )


ClockFiguresSchema = type("ClockFiguresSchema", (Strict,), {clock: one(FiguresSchema) for clock in CLOCKS})


class GroupSchema(Strict):
    key = fields.Raw(required=True, metadata={"description": "A word; a number from 0 for an hour of the week."})
    label = text()
    count = number()
    promises_kept = fields.Float(required=True, allow_none=True, metadata={"description": "A share from 0 to 1."})
    clocks = one(ClockFiguresSchema)


class RecoveryTimesSchema(Strict):
    groups = many(GroupSchema)
