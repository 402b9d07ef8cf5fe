"""What calls give of texts: those of a ticket, those of numbers that have none, and their photos."""

from recovery.api.fields import Strict
from recovery.api.schemas.answers import PersonSchema, TicketStateSchema, instant, many, number, one, one_of, text
from recovery.domain.messages import Direction, HeldFor, MessageStatus
from recovery.domain.photos import PhotoState, WhyNoPhoto


class PhotoSchema(Strict):
    id = text()
    state = one_of(PhotoState)
    reason = one_of(WhyNoPhoto, null=True)
    content_type = text(description="What the provider calls it; once it is kept, what its bytes say.")
    size = number(description="In bytes; 0 until it is kept.")


class MessageSchema(Strict):
    id = text()
    direction = one_of(Direction)
    status = one_of(MessageStatus)
    template = text(null=True)
    body = text(null=True)
    segments = number()
    by = one(PersonSchema, null=True)
    created_at = instant()
    not_before = instant(null=True)
    sent_at = instant(null=True)
    final_at = instant(null=True)
    read_at = instant(null=True)
    understood_as = text(null=True)
    provider_sid = text(null=True)
    error_code = text(null=True)
    error = text(null=True)
    drop_reason = text(null=True)
    held_for = one_of(HeldFor, null=True)
    photos = many(PhotoSchema)


class MovedSchema(Strict):
    id = text()
    ticket = one(TicketStateSchema)
    moved_from = one(TicketStateSchema)


class StrangerTextSchema(Strict):
    body = text()
    at = instant()
    photos = number()


class StrangerSchema(Strict):
    id = text()
    phone = text(description="E.164.")
    sender = text(description="Whom they wrote to: a number of ours, or a messaging service.")
    texts = number(description="How many, since somebody last dealt with this number.")
    came_at = instant()
    last_at = instant()
    newest = many(StrangerTextSchema)


class DismissedSchema(Strict):
    id = text()
    reason = text()
    dismissed_at = instant()
