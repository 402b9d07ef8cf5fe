"""What can be played on a simulated phone: each fate of a text by hand, through the doors that the real provider uses."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from recovery.clock import FrozenClock
from recovery.domain.errors import Invalid
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.provider_codes import fault_for
from recovery.domain.simulated_phones import USUAL, Fate, Habits, ReceiptOrder
from recovery.models import OptOut, Receipt, SimulatedText, Ticket
from recovery.services.lines.line_trouble import line_trouble
from recovery.services.simulating import phones
from recovery.services.simulating.phone_habits import habits_of, set_habits
from recovery.sms.gateway import OutgoingText, SendRefused
from tests.services.post import Post
from tests.services.test_phones import SAM, ring, send, statuses, type_reply


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


def play(post: Post, fate: Fate = Fate.ARRIVES, **habits: object) -> None:
    wanted = Habits(fate=fate, **habits)  # type: ignore[arg-type]  # of several types
    post.desk.transact(lambda session: set_habits(session, SAM, wanted))


def try_to_send(post: Post) -> None:
    """As the worker does: a refusal is an answer."""
    while (claimed := post.claim())[1]:
        for departure in post.begin(*claimed):
            try:
                post.finish(departure, post.desk.gateway.send(departure.outgoing, now=post.now))
            except SendRefused as refusal:
                post.finish(departure, refusal)


def on_the_phone(post: Post) -> list[SimulatedText]:
    with post.desk.read() as session:
        return phones.thread(session, SAM)


def sent(post: Post, clock: FrozenClock, seconds: float = 1) -> Ticket:
    ticket = post.ticket()
    send(post)
    clock.advance(seconds=seconds)
    ring(post)
    return ticket


def test_a_phone_is_as_usual_until_somebody_chooses(post: Post) -> None:
    with post.desk.read() as session:
        assert habits_of(session, SAM) == USUAL


def test_a_text_may_be_on_its_way_for_a_while(post: Post, clock: FrozenClock) -> None:
    play(post, wait=timedelta(seconds=30))
    ticket = sent(post, clock, seconds=29)
    assert statuses(post, ticket) == [MessageStatus.SENT]
    clock.advance(seconds=1)
    assert ring(post) == 1
    assert statuses(post, ticket) == [MessageStatus.DELIVERED]


@pytest.mark.parametrize("code", [30006, 30003, 31999])
def test_a_text_may_fail_with_any_code(post: Post, clock: FrozenClock, code: int) -> None:
    play(post, Fate.FAILS, code=code)
    ticket = sent(post, clock)
    (text,) = post.texts(ticket)
    assert (text.status, text.error_code) == (MessageStatus.UNDELIVERED, str(code))
    assert post.call_tasks(ticket) == ["undelivered"]
    assert on_the_phone(post)[0].error_code == str(code)


def test_nobody_may_ever_hear_of_a_text(post: Post, clock: FrozenClock) -> None:
    play(post, Fate.SILENT)
    ticket = sent(post, clock)
    assert statuses(post, ticket) == [MessageStatus.SENT]
    status = post.desk.gateway.fetch(post.texts(ticket)[0].provider_sid or "")
    assert status is not None
    assert status.status == "sent", "nor does the provider know when it is asked"
    with post.desk.read() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 0


@pytest.mark.parametrize(("order", "kept"), [(ReceiptOrder.SHUFFLED, 3), (ReceiptOrder.REPEATED, 2)])
def test_receipts_may_come_in_any_order_and_often(
    post: Post, clock: FrozenClock, order: ReceiptOrder, kept: int
) -> None:
    play(post, receipts=order)
    ticket = sent(post, clock)
    assert statuses(post, ticket) == [MessageStatus.DELIVERED]
    assert len(post.told(ticket, Tag.TEXT_DELIVERED)) == 1
    with post.desk.read() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == kept


def test_a_text_may_be_refused_at_once_and_is_never_taken(post: Post, clock: FrozenClock) -> None:
    play(post, Fate.REFUSED, code=21614)
    ticket = post.ticket()
    try_to_send(post)
    (text,) = post.texts(ticket)
    assert (text.status, text.error) == (MessageStatus.FAILED, fault_for(21614).words)
    (shown,) = on_the_phone(post)
    assert (shown.status, shown.error_code) == (phones.REFUSED, "21614")
    clock.advance(seconds=5)
    assert ring(post) == 0
    refused = OutgoingText(to=SAM, body=shown.body, ref=shown.ref, validity_seconds=60, from_="simulator")
    assert post.desk.gateway.find(refused, post.now) is None, "nor is it in any list of the provider's"


def test_a_refusal_may_stop_the_whole_line_until_it_is_taken_back(post: Post, clock: FrozenClock) -> None:
    play(post, Fate.REFUSED, code=20003)
    ticket = post.ticket(days=1)
    for _ in range(3):
        try_to_send(post)
        clock.advance(minutes=10)
    assert [text.status for text in on_the_phone(post)] == [phones.REFUSED], "one bubble, however often it is tried"
    with post.desk.read() as session:
        assert [trouble.fault.code for trouble in line_trouble(session, now=post.now)] == [20003]
    play(post)
    try_to_send(post)
    clock.advance(seconds=1)
    ring(post)
    assert statuses(post, ticket) == [MessageStatus.DELIVERED]
    with post.desk.read() as session:
        assert not line_trouble(session, now=post.now)


def test_a_stop_that_only_the_provider_knows_is_learnt_from_its_refusal(post: Post, clock: FrozenClock) -> None:
    play(post, opted_out_at=clock.now())
    ticket = post.ticket()
    try_to_send(post)
    with post.desk.read() as session:
        assert [row.how for row in session.scalars(select(OptOut))] == ["code"]
    assert "opted_out" in post.call_tasks(ticket)


def test_a_provider_may_answer_stop_and_start_itself(post: Post, clock: FrozenClock) -> None:
    play(post, answers_stop=True)
    ticket = sent(post, clock)
    type_reply(post, "STOP")
    try_to_send(post)
    assert [text.body for text in on_the_phone(post)][1:] == ["STOP", phones.STOPPED], "we stay silent"
    assert post.reread(ticket).no_text_reason == "opted_out"
    with post.desk.read() as session:
        assert phones.refusal(session, SAM) == fault_for(21610)
    type_reply(post, "START")
    with post.desk.read() as session:
        assert phones.refusal(session, SAM) is None
    assert post.reread(ticket).no_text_reason is None


@pytest.mark.parametrize("code", [None, 7, 123456])
def test_a_fault_without_a_code_is_refused_with_a_sentence(post: Post, code: int | None) -> None:
    with pytest.raises(Invalid, match="five digits"):
        play(post, Fate.FAILS, code=code)


def test_nobody_waits_for_a_day(post: Post) -> None:
    with pytest.raises(Invalid, match="3600"):
        play(post, wait=timedelta(days=1))
