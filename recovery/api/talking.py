"""What the customer is told: promises and texts."""

from datetime import timedelta
from typing import Any

from flask import Response

from recovery.api import answers
from recovery.api.acting import Moment, answer_as_it_is, answer_with, carry_out
from recovery.api.answers import Answer
from recovery.api.blueprint import ApiBlueprint, Bytes
from recovery.api.schemas.answers import PromiseOnTicketSchema, page_of
from recovery.api.schemas.queries import Paged
from recovery.api.schemas.requests import MoveTextSchema, NewMessageSchema, PromiseSchema
from recovery.api.schemas.texts import MessageSchema, MovedSchema
from recovery.domain.errors import NotFound, Refused
from recovery.domain.permissions import Permission
from recovery.domain.photos import ENDINGS
from recovery.edge import photo_answer
from recovery.services.hearing.hands import move_by_hand
from recovery.services.hearing.photos import kept_photo, photos_of
from recovery.services.texting.threads import message_row, messages_of
from recovery.services.ticketing.reading_tickets import promise_row, ticket_row, ticket_row_by_id
from recovery.services.ticketing.tickets import write_to_customer
from recovery.services.timing.promises import promise_by_hand

blueprint = ApiBlueprint("promises_and_texts", "What the customer is told.")

WITHHELD = 0
"""The id of a text that may not go."""


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/promise",
    may=Permission.WORK,
    of="ticket",
    takes=PromiseSchema,
    gives=PromiseOnTicketSchema,
    status=201,
)
def make_promise(body: dict[str, Any], reference: str) -> Response:
    """Promise a new time, and tell the customer if asked to

    `told_by` is `nobody` where the quiet hours would hold the text past that time, where it would be one too many, or
    where the month's money holds it: call them.
    """

    def act(at: Moment) -> int:
        ticket = at.ticket(reference, body.get("version"))
        due_at = body.get("due_at") or at.now + timedelta(minutes=body["minutes"])
        tell = body["tell_customer"]
        return promise_by_hand(at.session, ticket, due_at=due_at, tell=tell, now=at.now, by=at.by).id

    return carry_out(act, thing="promise", show=_shown_promise, status=201)


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/messages",
    may=Permission.WORK,
    of="ticket",
    takes=NewMessageSchema,
    gives=MessageSchema,
    status=201,
)
def text_customer(body: dict[str, Any], reference: str) -> Response:
    """Text the customer in your own words

    409 where no text may go (no phone, opted out): what was tried stands on the ticket, and a call is to be made.
    """

    def act(at: Moment) -> int:
        ticket = at.ticket(reference, body.get("version"))
        message = write_to_customer(at.session, ticket, body["body"], now=at.now, by=at.by)
        return message.id if message else WITHHELD

    return carry_out(act, thing="message", show=_shown_message, status=201)


@blueprint.call(
    "GET",
    "/tickets/<reference:reference>/messages",
    may=Permission.SEE,
    of="ticket",
    asks=Paged,
    gives=page_of(MessageSchema),
)
def list_messages(asked: dict[str, Any], reference: str) -> Response:
    """List the conversation, oldest first, with the state of each text"""

    def read(at: Moment) -> Answer:
        ticket = at.opened(reference)
        found = messages_of(at.session, ticket.id, limit=asked["limit"], cursor=asked.get("cursor"))
        photos = photos_of(at.session, [row.id for row in found.items])
        return answers.page(found, lambda row: answers.message(row, photos.get(row.id, ())))

    return answer_with(read)


@blueprint.call(
    "POST",
    "/tickets/<reference:reference>/messages/<row_id:message_id>/move",
    may=Permission.WORK,
    of="ticket",
    takes=MoveTextSchema,
    gives=MovedSchema,
)
def move_message(body: dict[str, Any], reference: str, message_id: int) -> Response:
    """Move a text that came in to the ticket that it is about

    To another open ticket of the same customer, where it is unread again.
    """

    def act(at: Moment) -> int:
        version = body.get("version")
        move_by_hand(at.session, reference, message_id, body["to"], version=version, now=at.now, by=at.by)
        return message_id

    def shown(at: Moment, moved_id: int) -> Answer:
        row = message_row(at.session, moved_id)
        if row is None:
            raise NotFound("There is no such text any more.")
        return {
            "id": str(row.id),
            "ticket": answers.state(ticket_row_by_id(at.session, row.ticket_id, by=at.by)),
            "moved_from": answers.state(ticket_row(at.session, reference, by=at.by)),
        }

    return carry_out(act, thing="message", show=shown)


@blueprint.call(
    "GET",
    "/photos/<row_id:photo_id>",
    may=Permission.SEE,
    of="photo",
    gives=Bytes(tuple(ENDINGS), "The photo as it came, of the type that the list of texts names."),
)
def show_photo(photo_id: int) -> Response:
    """Get a photo that came with a text

    404 until it is kept. On a sensitive ticket as its texts: after a viewing.
    """

    def read(at: Moment) -> Response:
        ticket, photo = kept_photo(at.session, photo_id, by=at.by)
        at.opened(ticket.reference)
        return photo_answer(photo.id, photo.content_type, photo.content)

    return answer_as_it_is(read)


def _shown_promise(at: Moment, promise_id: int) -> Answer:
    row = promise_row(at.session, promise_id)
    return answers.promise(row) | {"ticket": answers.state(ticket_row_by_id(at.session, row.ticket_id, by=at.by))}


def _shown_message(at: Moment, message_id: int) -> Answer:
    row = message_row(at.session, message_id)
    if row is None:
        raise Refused("This customer gets no texts from us: the ticket says why. Call them instead.")
    ticket_row_by_id(at.session, row.ticket_id, by=at.by)
    return answers.message(row)
