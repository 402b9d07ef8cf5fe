"""The two providers of calls, played by hand in the same words: whatever a test does on one line it does on the other."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from sqlalchemy import Select, select

from recovery.app import create_app
from recovery.bootstrap import CALL_HOOK, Components
from recovery.domain.actors import Actor
from recovery.domain.callbacks import Outcome
from recovery.models import Attempt, Callback, PhoneCall, SimulatedCall, Ticket
from recovery.services.access import ticket_of_callback
from recovery.services.calling import attempts, booking
from recovery.services.session import DeskSession
from recovery.services.simulating import calls
from recovery.services.telephony import dialling, placing
from recovery.sms.gateway import Accepted, SendInDoubt, SendRefused
from tests.factories import SAM, Business
from tests.fake_twilio import FakeTwilio, Line
from tests.fixtures.serving import serve
from tests.fixtures.waiting import free_port

OURS, LINE = "+442079460123", "+447700900150"
MAYAS, SAMS = "+447700900101", "+447700900123"


class Provider(Protocol):
    """What people do with their phones; `seconds` of talking pass on the clock of the test."""

    def ring(self) -> None: ...
    def pick_up(self) -> None: ...
    def press_key(self) -> None: ...
    def customer_picks_up(self) -> None: ...
    def customer_hangs_up(self, seconds: int) -> None: ...
    def we_hang_up(self, seconds: int | None = None) -> None: ...
    def customer_is_busy(self) -> None: ...
    def customer_does_not_answer(self) -> None: ...
    def we_do_not_answer(self) -> None: ...
    def we_put_down(self) -> None: ...
    def call_us(self, number: str) -> None: ...
    @property
    def said(self) -> str: ...
    @property
    def dialled(self) -> str: ...


@dataclass
class Desk:
    """A business that calls through the desk, and whoever plays its provider."""

    business: Business
    play: Provider

    @property
    def desk(self) -> Components:
        return self.business.desk

    def promised(self) -> tuple[Ticket, Callback]:
        """Sam asked for a call, as soon as someone is free."""
        ticket = self.business.log(customer=SAM)
        return ticket, self.book(ticket)

    def book(self, ticket: Ticket, due_at: datetime | None = None) -> Callback:
        now = self.business.now
        return self.business.on(
            ticket, lambda session, held, maya: booking.book(session, held, due_at=due_at, now=now, by=maya)
        )

    def say(self, ticket: Ticket, outcome: Outcome) -> None:
        """Maya says how the last call went, as on a day without all this."""

        def act(session: DeskSession, held: Ticket, maya: Actor) -> None:
            call = session.get_one(Callback, self.callback(ticket).id)
            attempts.attempt(session, held, call, outcome=outcome, note=None, now=self.business.now, by=maya)

        self.business.on(ticket, act)

    def correct(self, ticket: Ticket, outcome: Outcome, *, by: str = "maya") -> Attempt:
        def act(session: DeskSession, held: Ticket, who: Actor) -> Attempt:
            call = session.get_one(Callback, self.callback(ticket).id)
            return attempts.correct(
                session, held, call, call.attempt_count, outcome=outcome, now=self.business.now, by=who
            )

        return self.business.on(ticket, act, by=by)

    def ask(self, callback: Callback, *, by: str = "maya") -> PhoneCall:
        """Somebody presses the button."""
        actor = self.business.actor(by)

        def work(session: DeskSession) -> PhoneCall:
            ticket, held = ticket_of_callback(session, callback.id, by=actor)
            return placing.place(session, ticket, held, now=self.business.now, by=actor)

        return self.desk.transact(work)

    def place(self) -> Accepted | SendRefused | SendInDoubt | None:
        """What a worker does with the call that waits longest."""
        desk = self.desk
        departure = desk.transact(
            lambda session: dialling.begin(
                session, token="t", lease=desk.terms.lease, real=desk.telephone.real, now=desk.clock.now()
            )
        )
        if departure is None:
            return None
        outcome: Accepted | SendRefused | SendInDoubt
        try:
            outcome = desk.telephone.dial(departure.outgoing, now=desk.clock.now())
        except (SendRefused, SendInDoubt) as problem:
            outcome = problem
        desk.transact(lambda session: dialling.finish(session, departure, outcome, now=desk.clock.now()))
        return outcome

    def talk_to(self, callback: Callback) -> None:
        """As far as the customer's phone rings."""
        self.ask(callback)
        self.place()
        self.play.ring()
        self.play.pick_up()
        self.play.press_key()

    def call(self) -> PhoneCall:
        with self.desk.read() as session:
            call = session.scalars(select(PhoneCall).order_by(PhoneCall.id.desc())).first()
        assert call is not None
        return call

    def attempts(self, ticket: Ticket) -> list[Attempt]:
        return self.business.rows(Attempt, ticket)

    def callback(self, ticket: Ticket) -> Callback:
        return self.business.rows(Callback, ticket)[-1]


@dataclass
class Simulated:
    """On the simulated phones, as their page does it."""

    business: Business

    def ring(self) -> None:
        self._do(lambda session: [calls.go_on(session, each, now=self._now) for each in self._waiting(session)])

    def pick_up(self) -> None:
        self._do(lambda session: calls.pick_up(session, self._leg(session, near=True).id, now=self._now))

    def press_key(self) -> None:
        self._do(lambda session: calls.press_key(session, self._leg(session, near=True).id, now=self._now))

    def customer_picks_up(self) -> None:
        self._do(lambda session: calls.pick_up(session, self._leg(session, near=False).id, now=self._now))

    def customer_hangs_up(self, seconds: int) -> None:
        self.business.later(seconds=seconds)
        self.customer_is_busy()

    def we_hang_up(self, seconds: int | None = None) -> None:
        self.business.later(seconds=seconds or 0)
        self.we_put_down()

    def customer_is_busy(self) -> None:
        self._do(lambda session: calls.put_down(session, self._leg(session, near=False).id, now=self._now))

    def customer_does_not_answer(self) -> None:
        self.business.later(seconds=25)
        self.ring()

    def we_do_not_answer(self) -> None:
        self.customer_does_not_answer()

    def we_put_down(self) -> None:
        self._do(lambda session: calls.put_down(session, self._leg(session, near=True).id, now=self._now))

    def call_us(self, number: str) -> None:
        self._do(lambda session: calls.call_us(session, number, OURS, now=self._now))

    @property
    def said(self) -> str:
        with self.business.desk.read() as session:
            return self._leg(session, near=True).words

    @property
    def dialled(self) -> str:
        with self.business.desk.read() as session:
            far = session.scalars(self._legs(near=False)).first()
        return far.number if far else ""

    @property
    def _now(self) -> datetime:
        return self.business.now

    def _do(self, act: Callable[[DeskSession], object]) -> None:
        self.business.desk.transact(act)

    def _waiting(self, session: DeskSession) -> Sequence[int]:
        return calls.waiting(session, now=self._now)

    def _leg(self, session: DeskSession, *, near: bool) -> SimulatedCall:
        found = session.scalars(self._legs(near=near)).first()
        assert found is not None
        return found

    def _legs(self, *, near: bool) -> Select[SimulatedCall]:
        which = SimulatedCall.parent_id.is_(None) if near else SimulatedCall.parent_id.is_not(None)
        return select(SimulatedCall).where(which).order_by(SimulatedCall.id.desc())


@dataclass
class OverHttp:
    """By signed webhooks against a server, as the real provider does it."""

    business: Business
    twilio: FakeTwilio
    public: str
    _line: Line | None = None

    @property
    def line(self) -> Line:
        if self._line is None or (
            self.twilio.calls and self._line.call is not self.twilio.calls[-1] and not self._comes_in
        ):
            self._line = self.twilio.line()
        return self._line

    @property
    def _comes_in(self) -> bool:
        return self._line is not None and self._line.call.url.endswith("/inbound")

    def ring(self) -> None:
        self.line.ring()

    def pick_up(self) -> None:
        self.line.pick_up()

    def press_key(self) -> None:
        self.line.press_key()

    def customer_picks_up(self) -> None:
        self.line.customer_picks_up()

    def customer_hangs_up(self, seconds: int) -> None:
        self.business.later(seconds=seconds)
        self.line.customer_hangs_up(seconds)

    def we_hang_up(self, seconds: int | None = None) -> None:
        self.business.later(seconds=seconds or 0)
        self.line.we_hang_up(seconds)

    def customer_is_busy(self) -> None:
        self.line.customer_does_not("busy")

    def customer_does_not_answer(self) -> None:
        self.business.later(seconds=25)
        self.line.customer_does_not("no-answer")

    def we_do_not_answer(self) -> None:
        self.business.later(seconds=25)
        self.line.near("no-answer")

    def we_put_down(self) -> None:
        if self.line.dialled:
            self.line.we_hang_up()
        else:
            self.line.near("completed", 3)

    def call_us(self, number: str) -> None:
        self._line = Line.coming_in(self.twilio.hooks, f"{self.public}{CALL_HOOK}/inbound", from_=number, to=OURS)

    @property
    def said(self) -> str:
        return self.line.said

    @property
    def dialled(self) -> str:
        return self.line.dialled


def calling(desk: Components) -> Business:
    business = Business.opened(desk)
    desk.house = replace(desk.house, voice_number=OURS)
    return business


@contextmanager
def over_http(desk: Components, twilio: FakeTwilio) -> Iterator[Desk]:
    business = calling(desk)
    app = create_app(desk.settings, desk)
    with serve(app, free_port()) as url:
        twilio.hooks.deliver_to = url
        yield Desk(business, OverHttp(business, twilio, desk.settings.public_url))
    app.extensions["refusals"].write_down()
