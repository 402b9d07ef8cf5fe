"""One way through every call: reading on the read engine; changing in one transaction, once per Idempotency-Key, with
the answer then read and rendered like any other."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask import Response, request

from recovery.api import answers
from recovery.api.answers import Answer
from recovery.api.authentication import bearer, check, current_bearer, demanded
from recovery.api.spelling import dumps
from recovery.domain.actors import Actor
from recovery.domain.errors import Forbidden, Invalid
from recovery.edge import components
from recovery.models import Ticket
from recovery.services.access import locked_ticket, visible_site
from recovery.services.people.sign_in import hold
from recovery.services.people.tokens import stamp
from recovery.services.proving.viewings import viewed_lately
from recovery.services.running.idempotency import Kept, Key, claim, keep
from recovery.services.session import DeskSession
from recovery.services.ticketing.reading_tickets import ticket_row
from recovery.services.ticketing.rows import TicketRow

KEY_HEADER = "Idempotency-Key"
KEY = re.compile(r"[!-~]{1,200}")
REPLAYED = "Idempotency-Replayed"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Moment:
    """What every call works with: a session, who calls, and one instant for all of it."""

    session: DeskSession
    by: Actor
    now: datetime

    def ticket(self, reference: str, version: int | None = None, *, yours: Mapping[str, Any] | None = None) -> Ticket:
        """Locked, for changing; `yours` is what was to be saved, by field."""
        return locked_ticket(self.session, reference, by=self.by, version=version, yours=yours)

    def site(self, slug: str | None) -> str | None:
        """The one that a list is narrowed to. Raises NotFound: a list of nothing would hide that it is none of theirs."""
        return None if slug is None else visible_site(self.session, slug, by=self.by).slug

    def spelled(self, row: TicketRow) -> Answer:
        return self.all_spelled([row])[row.id]

    def all_spelled(self, rows: Iterable[TicketRow]) -> dict[int, Answer]:
        """By id. A sensitive ticket is told in full to whoever has looked at it lately, on the record."""
        by_id = {row.id: row for row in rows}
        closed = self.unseen(by_id.values())
        house = self.session.house
        return {row_id: answers.ticket(row, house, restricted=row_id in closed) for row_id, row in by_id.items()}

    def unseen(self, rows: Iterable[TicketRow]) -> set[int]:
        sensitive = {row.id for row in rows if row.is_sensitive}
        return sensitive - viewed_lately(self.session, sensitive, now=self.now, by=self.by)

    def opened(self, reference: str) -> TicketRow:
        """For reading it whole. Raises NotFound, and Forbidden for a sensitive ticket without a viewing."""
        row = ticket_row(self.session, reference, by=self.by)
        if self.unseen([row]):
            raise Forbidden(
                f"This ticket is sensitive, and reading it is recorded: POST /tickets/{row.reference}/viewings, then "
                "read it within 15 minutes.",
            )
        return row


@dataclass(frozen=True, slots=True)
class Made:
    """What `act` made, where its answer could be told from what the transaction still holds."""

    thing_id: int
    answer: Answer | None


Act = Callable[[Moment], int | Made | None]
Show = Callable[[Moment, int], Answer]


def answer_with(read: Callable[[Moment], Answer]) -> Response:
    """An answer to a GET, with an ETag that a poll may send back."""
    with components().read() as session:
        body = read(Moment(session, current_bearer().actor, components().clock.now()))
    response = _response(body, 200)
    response.add_etag(weak=True)
    return cast("Response", response.make_conditional(request))


def answer_as_it_is(read: Callable[[Moment], Response]) -> Response:
    """An answer to a GET that is no JSON."""
    with components().read() as session:
        return read(Moment(session, current_bearer().actor, components().clock.now()))


def carry_out(act: Act, *, thing: str, show: Show, status: int = 200) -> Response:
    """`act` gives the id of the `thing` that `show` renders, also when the same key comes again."""
    now = components().clock.now()
    key = _key()

    def work(session: DeskSession) -> tuple[Kept, Answer | None, bool]:
        hold(session, current_bearer().actor.id)
        again = bearer(session)  # the role as it is now, not as it was when the request began
        check(again.actor, demanded())
        earlier = claim(session, key, now=now) if key else None
        if earlier is not None:
            return earlier, None, True
        stamp(session, again, now=now)
        made = act(Moment(session, again.actor, now))
        made = made if isinstance(made, Made) else Made(made or 0, None)
        kept = Kept(status, thing, made.thing_id)
        if key:
            keep(session, key, kept)
        return kept, made.answer, False

    kept, body, replayed = components().transact(work)
    if body is None:
        with components().read() as session:
            body = show(Moment(session, current_bearer().actor, now), kept.thing_id or 0)
    response = _response(body, kept.status)
    if replayed:
        response.headers[REPLAYED] = "true"
    return response


def _key() -> Key | None:
    """Per token. Raises Invalid for a key that is empty or too long to keep."""
    given = request.headers.get(KEY_HEADER)
    if given is None or request.method != "POST":
        return None
    if not KEY.fullmatch(given):
        raise Invalid.field(
            KEY_HEADER, "Send an Idempotency-Key of 1 to 200 letters, digits and signs, without spaces."
        )
    body = request.get_data()
    told = b"\n".join((request.method.encode(), request.full_path.encode(), body))
    return Key(f"token:{current_bearer().token_id}", given, hashlib.sha256(told).hexdigest())


def _response(body: Answer, status: int) -> Response:
    return Response(dumps(body), status=status, content_type=JSON, headers={"Cache-Control": "no-store"})
