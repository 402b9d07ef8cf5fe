"""What comes back of a text, whoever the provider is: receipts in any order, repeated, and before the answer, through the
real provider's door and from the simulated one alike."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from recovery.app import create_app
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.simulated_phones import Fate, Habits, ReceiptOrder
from recovery.models import Receipt, Ticket
from recovery.services.simulating import phones
from recovery.services.simulating.phone_habits import set_habits
from tests.factories import Business
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, Fault
from tests.fixtures.serving import serve
from tests.fixtures.settings import MakeSettings
from tests.fixtures.waiting import free_port, wait_until
from tests.services.post import Post

SAM = "+447700900123"


@dataclass
class Line:
    """`play` says how the next receipts come, `settle` brings them."""

    post: Post
    play: Callable[[ReceiptOrder], None]
    settle: Callable[[], None]
    fail: Callable[[int], None]

    def send(self) -> None:
        for departure in self.post.begin(*self.post.claim(), real=False):
            self.post.finish(departure, self.post.desk.gateway.send(departure.outgoing, now=self.post.now))

    def ends_as(self, ticket: Ticket, status: MessageStatus) -> None:
        self.settle()
        wait_until(lambda: self.post.texts(ticket)[0].status is status, what=f"the text is {status}")

    def receipts(self) -> list[Receipt]:
        """As they came."""
        with self.post.desk.read() as session:
            return list(session.scalars(select(Receipt).order_by(Receipt.id)))


@pytest.fixture(params=["simulator", "twilio"])
def line(
    request: pytest.FixtureRequest, make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock
) -> Iterator[Line]:
    with ExitStack() as stack:
        make = _simulated if request.param == "simulator" else _over_http
        yield make(stack, make_settings, sqlite_url, clock)


def _simulated(stack: ExitStack, make_settings: MakeSettings, url: str, clock: FrozenClock) -> Line:
    desk = build(make_settings(DATABASE_URL=url), clock=clock)
    stack.callback(desk.dispose)
    post = Post(Business.opened(desk))

    def set_to(habits: Habits) -> None:
        desk.transact(lambda session: set_habits(session, SAM, habits))

    def ring() -> None:
        clock.advance(seconds=1)
        with desk.read() as session:
            arriving = phones.arriving(session, now=post.now)
        for text_id in arriving:
            desk.transact(lambda session, one=text_id: phones.arrive(session, one, now=post.now))

    return Line(
        post,
        lambda order: set_to(Habits(receipts=order)),
        ring,
        lambda code: set_to(Habits(fate=Fate.FAILS, code=code)),
    )


def _over_http(stack: ExitStack, make_settings: MakeSettings, url: str, clock: FrozenClock) -> Line:
    twilio = stack.enter_context(FakeTwilio())
    port = free_port()
    settings = make_settings(
        DATABASE_URL=url,
        PORT=port,
        SMS_GATEWAY="twilio",
        TWILIO_ACCOUNT_SID=ACCOUNT_SID,
        TWILIO_AUTH_TOKEN=AUTH_TOKEN,
        TWILIO_FROM="+447700900001",
        TWILIO_API_URL=twilio.url,
    )
    desk = build(settings, clock=clock)
    stack.callback(desk.dispose)
    stack.enter_context(serve(create_app(settings, desk), port))

    def play(order: ReceiptOrder) -> None:
        twilio.hooks.lifecycle = ["queued", "sent", "delivered"]
        twilio.hooks.shuffled = order is ReceiptOrder.SHUFFLED
        twilio.hooks.repeated = 3 if order is ReceiptOrder.REPEATED else 1
        twilio.plan(Fault("callback_first"))

    def settle() -> None:
        if code := failing.get("code"):
            twilio.hooks.receipt(twilio.accepted[-1], "undelivered", error_code=code)

    failing: dict[str, int] = {}
    return Line(Post(Business.opened(desk)), play, settle, lambda code: failing.update(code=code))


@pytest.mark.parametrize("order", ReceiptOrder)
def test_a_text_ends_where_it_got_to_in_whatever_order_that_is_told(line: Line, order: ReceiptOrder) -> None:
    line.play(order)
    ticket = line.post.ticket()
    line.send()
    line.ends_as(ticket, MessageStatus.DELIVERED)
    assert len(line.post.told(ticket, Tag.TEXT_DELIVERED)) == 1
    assert line.post.told(ticket, Tag.TEXT_CONTRADICTED) == []
    assert line.post.call_tasks(ticket) == []


@pytest.mark.parametrize("order", ReceiptOrder)
def test_what_tells_nothing_new_is_kept_and_changes_nothing(line: Line, order: ReceiptOrder) -> None:
    """Each that was applied says more than all before it."""
    line.play(order)
    ticket = line.post.ticket()
    line.send()
    line.ends_as(ticket, MessageStatus.DELIVERED)
    wait_until(lambda: {"sent", "delivered"} <= {each.status for each in line.receipts()}, what="all have come")
    known = 0
    for receipt in line.receipts():
        says = 2 if receipt.status == "delivered" else 1
        assert not receipt.applied or says > known, [(each.status, each.applied) for each in line.receipts()]
        known = max(known, says)
    assert [each.applied for each in line.receipts() if each.status == "delivered"] == [True]


@pytest.mark.parametrize("code", [30006, 31999])
def test_a_text_that_did_not_arrive_says_why_and_becomes_a_call(line: Line, code: int) -> None:
    line.fail(code)
    ticket = line.post.ticket()
    line.send()
    line.ends_as(ticket, MessageStatus.UNDELIVERED)
    assert line.post.texts(ticket)[0].error_code == str(code)
    assert line.post.call_tasks(ticket) == ["undelivered"]
