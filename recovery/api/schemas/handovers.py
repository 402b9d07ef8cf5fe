"""What the calls about shifts take and give."""

from marshmallow import fields, validate

from recovery.api.fields import NULL, RowId, Strict, Text, TicketReference, WholeNumber
from recovery.api.schemas.answers import PersonSchema, flag, instant, many, number, one, text
from recovery.api.schemas.requests import LONGEST_CODE
from recovery.domain.tickets import LONGEST_NOTE
from recovery.services.ticketing.rows import Undetected

MOST_ROWS = 1000


class NamedSchema(Strict):
    ticket = TicketReference(required=True)
    to = RowId(required=True, metadata={"description": "Who takes it: somebody who works at this site."})


class ClosingSchema(Strict):
    site = Text(LONGEST_CODE, required=True, metadata={"example": "harbour-st"})
    rows = fields.List(
        fields.Nested(NamedSchema, error_messages={"null": NULL}),
        validate=validate.Length(max=MOST_ROWS, error=f"Send at most {MOST_ROWS} rows."),
        allow_none=True,
        error_messages={"invalid": "Send a list: […]."},
        metadata={"description": "What stands on the Undetected board of this site, each with who takes it."},
    )
    note = Text(LONGEST_NOTE, allow_none=True)
    after = WholeNumber(
        smallest=0,
        metadata={
            "description": "Number of the last closing that you know of, 0 for none: if there is a newer one, 409."
        },
    )


class TakingSchema(Strict):
    """Nothing has to be said."""


class HandedOverSchema(Strict):
    ticket = text(description="Its reference.")
    to = one(PersonSchema)
    reasons = fields.List(
        fields.String(metadata={"enum": [each.value for each in Undetected]}),
        required=True,
        metadata={"description": "Why it stood on the board when the shift was closed."},
    )
    taken_at = instant(null=True)
    stands = flag()


class HandoverSchema(Strict):
    id = text()
    site = text()
    number = number(description="Of this site's closings, from 1.")
    closed_at = instant()
    closed_by = one(PersonSchema)
    note = text(null=True)
    rows = many(HandedOverSchema)
