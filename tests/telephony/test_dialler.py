"""The worker's part with its real threads: it hears of a call at once, places it beside others, and leaves in peace."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from sqlalchemy import select

from recovery.bootstrap import build
from recovery.domain.messages import Doubt
from recovery.domain.phone_calls import CallEnd, CallState
from recovery.domain.provider_codes import FaultCategory
from recovery.models import PhoneCall
from recovery.sms.gateway import Accepted, SendInDoubt, SendRefused, always
from recovery.sms.telephone import LineState, OutgoingCall
from recovery.worker.dialling import Dialler
from recovery.worker.ears import listen
from tests.factories import NOOR
from tests.fixtures.settings import MakeSettings
from tests.fixtures.waiting import wait_until
from tests.fixtures.works import RunningClock
from tests.telephony.parties import Desk, Simulated, calling


@dataclass
class Scripted:
    """A provider that does what the test says."""

    real: bool = False
    on: Callable[[OutgoingCall], None] = lambda _: None
    placed: list[OutgoingCall] = field(default_factory=list)

    def dial(self, outgoing: OutgoingCall, *, now: datetime, still_ours: Callable[[], bool] = always) -> Accepted:
        assert still_ours()
        assert now
        self.placed.append(outgoing)
        self.on(outgoing)
        return Accepted(f"CA{outgoing.ref}", "queued")

    def line(self, number: str) -> LineState | None:
        return LineState(calls=bool(number), answers_at="")


@pytest.fixture
def at_work(make_settings: MakeSettings, sqlite_url: str) -> Iterator[tuple[Desk, Scripted, Dialler]]:
    components = build(make_settings(DATABASE_URL=sqlite_url), clock=RunningClock())
    components.telephone = provider = Scripted()
    business = calling(components)
    dialler = Dialler(components)
    dialler.start()
    yield Desk(business, Simulated(business)), provider, dialler
    dialler.stop()
    components.dispose()


def states(desk: Desk) -> list[CallState]:
    with desk.desk.read() as session:
        return list(session.scalars(select(PhoneCall.state).order_by(PhoneCall.id)))


def test_a_call_is_placed_as_soon_as_it_is_asked_for(at_work: tuple[Desk, Scripted, Dialler]) -> None:
    """By what tells the worker of urgent texts: nobody ticks here."""
    desk, provider, dialler = at_work
    stopping = threading.Event()
    ears = threading.Thread(target=listen, args=(desk.desk, dialler.wake, stopping), daemon=True)
    ears.start()
    _, callback = desk.promised()
    desk.ask(callback)
    wait_until(lambda: states(desk) == [CallState.RINGING], what="the phone rings")
    stopping.set()
    ears.join()
    assert [each.to for each in provider.placed] == ["+447700900101"]


def test_a_provider_that_is_slow_for_one_holds_up_no_other(at_work: tuple[Desk, Scripted, Dialler]) -> None:
    desk, provider, dialler = at_work
    go_on = threading.Event()
    provider.on = lambda outgoing: None if outgoing.to != "+447700900101" else _wait(go_on)
    _, first = desk.promised()
    second = desk.book(desk.business.log(customer=NOOR))
    desk.ask(first)
    desk.ask(second, by="omar")
    dialler.wake()
    wait_until(lambda: states(desk) == [CallState.DIALLING, CallState.RINGING], what="the second goes on")
    go_on.set()
    wait_until(lambda: states(desk) == [CallState.RINGING] * 2, what="the first as well")


def _wait(go_on: threading.Event) -> None:
    assert go_on.wait(10)


@pytest.mark.parametrize(
    ("trouble", "state", "ending"),
    [
        (SendRefused(FaultCategory.PERMANENT, 21215, "no"), CallState.ENDED, CallEnd.REFUSED),
        (SendInDoubt(Doubt.NO_ANSWER, "?"), CallState.IN_DOUBT, None),
        (RuntimeError("our own mistake"), CallState.IN_DOUBT, None),
    ],
    ids=["refused", "in doubt", "broken"],
)
def test_whatever_comes_of_a_call_it_is_placed_once(
    at_work: tuple[Desk, Scripted, Dialler],
    plain_tracebacks: None,
    trouble: Exception,
    state: CallState,
    ending: CallEnd | None,
) -> None:
    desk, provider, dialler = at_work

    def raise_it(_: OutgoingCall) -> None:
        raise trouble

    provider.on = raise_it
    _, callback = desk.promised()
    desk.ask(callback)
    dialler.wake()
    wait_until(lambda: states(desk) == [state], what=f"it is {state}")
    dialler.wake()
    assert (desk.call().ending, len(provider.placed)) == (ending, 1)


def test_a_worker_that_stops_waits_for_the_answer(at_work: tuple[Desk, Scripted, Dialler]) -> None:
    desk, provider, dialler = at_work
    begun = threading.Event()
    provider.on = lambda _: begun.set()
    _, callback = desk.promised()
    desk.ask(callback)
    dialler.wake()
    assert begun.wait(10)
    dialler.stop()
    assert states(desk) == [CallState.RINGING]
