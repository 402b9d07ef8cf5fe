"""The outbox by hand, one step at a time, with a provider that answers what the test says."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from recovery.bootstrap import Components
from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.domain.messages import Doubt, MessageStatus
from recovery.domain.provider_codes import FaultCategory
from recovery.models import Callback, Event, Message, Ticket
from recovery.services.access import lock_ticket
from recovery.services.people.customers import NewCustomer
from recovery.services.sending import answers, departures, lanes, outbox
from recovery.services.sending.answers import Answer
from recovery.services.sending.departures import Departure
from recovery.services.sending.receipts import Told, take
from recovery.services.session import DeskSession
from recovery.services.texting.messages import Saying, tell_customer
from recovery.sms.gateway import Accepted, SendInDoubt, SendRefused
from tests.factories import SAM, Business

Outcome = Accepted | SendInDoubt | SendRefused

REFUSED_FOR_GOOD = SendRefused(FaultCategory.PERMANENT_NUMBER, 21614, "not a mobile number")
TOO_MANY = SendRefused(FaultCategory.RETRY, 20429, "Too Many Requests")
NO_ANSWER = SendInDoubt(Doubt.NO_ANSWER, "The provider gave no usable answer (ReadTimeout).")


@dataclass
class Post:
    business: Business
    accepted: int = 0

    @property
    def now(self) -> datetime:
        return self.business.now

    @property
    def desk(self) -> Components:
        return self.business.desk

    def ticket(self, customer: NewCustomer = SAM, *, days: int = 0) -> Ticket:
        """A logged mistake, whose apology waits in the outbox; for so many `days` where the default is too short."""
        promised = {"promise_minutes": days * 24 * 60} if days else {}
        return self.business.log(customer=customer, **promised)

    def say(self, ticket: Ticket, words: str = "Nearly there.", *, template: str = "free", **saying: object) -> int:
        """One more text to the ticket's customer; its id."""
        new = Saying(template, f"test:{secrets.token_hex(6)}", {"words": words, "promise": "soon"}, **saying)  # type: ignore[arg-type]

        def work(session: DeskSession) -> int:
            message = tell_customer(session, lock_ticket(session, ticket.id), new, now=self.now, by=MACHINE)
            assert message is not None
            return message.id

        return self.desk.transact(work)

    def set(self, message_id: int, **values: object) -> None:
        """Behind the product's back: what came about in ways that no test needs to walk."""
        statement = update(Message).where(Message.id == message_id).values(**values)
        self.desk.transact(lambda session: session.execute(statement, execution_options=outbox.BULK))

    def claim(self, *, limit: int = 8, token: str = "", room: Mapping[str, int] | None = None) -> tuple[str, list[int]]:
        token = token or secrets.token_hex(16)
        claimed = self.desk.transact(lambda session: self._claimed(session, limit, token, room))
        return token, claimed

    def _claimed(self, session: DeskSession, limit: int, token: str, room: Mapping[str, int] | None) -> list[int]:
        due, lease = lanes.due_lanes(session, now=self.now), self.desk.terms.lease
        room = dict.fromkeys(due.senders, limit) if room is None else room
        claimed = outbox.claim(session, due, room, limit=limit, token=token, lease=lease, now=self.now)
        return [each.message_id for each in claimed]

    def begin(self, token: str, ids: Sequence[int], *, real: bool = False) -> list[Departure]:
        terms = self.desk.terms
        return self.desk.transact(
            lambda s: departures.begin(s, ids, token=token, lease=terms.lease, real=real, now=self.now)
        )

    def depart(self, *, limit: int = 8) -> list[Departure]:
        return self.begin(*self.claim(limit=limit))

    def accept(self) -> Accepted:
        self.accepted += 1
        return Accepted(f"SM{self.accepted:032d}", "queued")

    def finish(self, departure: Departure, outcome: Outcome, **more: Any) -> None:
        answer = Answer(departure, outcome, **more)
        self.desk.transact(lambda s: answers.finish(s, [answer], terms=self.desk.terms, now=self.now))

    def send_all(self, outcome: Callable[[], Outcome] | None = None) -> int:
        """Everything that may go now, until nothing more does."""
        sent = 0
        while (claimed := self.claim())[1]:
            for departure in self.begin(*claimed):
                self.finish(departure, (outcome or self.accept)())
                sent += 1
        return sent

    def reap(self) -> None:
        terms = self.desk.terms
        with self.desk.read() as session:
            ids = outbox.expired(session, lease=terms.lease, now=self.now)
        self.desk.transact(lambda s: outbox.reap(s, ids, terms=terms, now=self.now))

    def receipt(self, sid: str, status: str, *, code: str = "", of: int | None = None) -> bool:
        ref = departures.ref_of(self.desk.house, of) if of is not None else None
        return self.desk.transact(lambda s: take(s, Told(sid, status, code, ref), now=self.now))

    def texts(self, ticket: Ticket) -> list[Message]:
        with self.desk.read() as session:
            return list(
                session.scalars(
                    select(Message)
                    .where(Message.ticket_id == ticket.id, Message.audience == "customer")
                    .order_by(Message.id)
                )
            )

    def text(self, message_id: int) -> Message:
        with self.desk.read() as session:
            return session.get_one(Message, message_id)

    def status(self, message_id: int) -> MessageStatus:
        return self.text(message_id).status

    def trail(self, ticket: Ticket) -> list[Event]:
        with self.desk.read() as session:
            return list(session.scalars(select(Event).where(Event.stream_id == ticket.id).order_by(Event.seq)))

    def told(self, ticket: Ticket, tag: Tag) -> list[str]:
        """The payloads of such events."""
        return [event.payload for event in self.trail(ticket) if event.tag == tag]

    def call_tasks(self, ticket: Ticket) -> list[str]:
        with self.desk.read() as session:
            return list(session.scalars(select(Callback.reason).where(Callback.ticket_id == ticket.id)))

    def reread(self, ticket: Ticket) -> Ticket:
        with self.desk.read() as session:
            return session.get_one(Ticket, ticket.id)
