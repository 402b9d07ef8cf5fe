from marshmallow import fields

from recovery.api.fields import Strict


class ProblemSchema(Strict):
    """RFC 9457: what is wrong, in one sentence that says what to do."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "With 422: sentences by field; `remedies.0.amount` is inside of a list."},
    )
    current = fields.Integer(metadata={"description": "With 409: the version that the ticket has now."})
    changed = fields.List(fields.Dict(), metadata={"description": "With 409: field, yours, theirs, by, at."})
    incident = fields.String(metadata={"description": "With 500: tell it to whoever looks after the desk."})
