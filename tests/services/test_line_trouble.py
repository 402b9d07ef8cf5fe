"""What is wrong with our account stops the line: the queue is kept, the admins are told once, and it heals by itself."""

import threading
from datetime import timedelta

import pytest

from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.provider_codes import FaultCategory, fault_for
from recovery.models import Event
from recovery.services.lines.line_trouble import LineTrouble, line_trouble
from recovery.services.running.health import BAD, LOOK, WELL, checks
from recovery.services.running.measures import gauges
from recovery.services.sending import gates
from recovery.services.sending.gates import RECEIPT_WITHIN, standing
from recovery.services.session import DeskSession
from recovery.sms.gateway import Accepted, SendRefused
from tests.factories import LEE, NOOR, SAM, Business
from tests.fixtures.locks import is_waited_for
from tests.fixtures.waiting import wait_until
from tests.services.post import TOO_MANY, Post
from tests.services.test_senders import HARBOURS, give_sender

CREDENTIALS = SendRefused(FaultCategory.STOP_LINE, 20003, "Authenticate")
UNREGISTERED = "30034"


def troubles(post: Post) -> list[LineTrouble]:
    with post.desk.read() as session:
        return list(line_trouble(session, now=post.now))


def told(post: Post) -> list[str]:
    """What the settings' trail says of the line."""
    tags = (Tag.LINE_STOPPED.value, Tag.LINE_HEALED.value)
    with post.desk.read() as session:
        return [event.tag for event in session.query(Event).where(Event.tag.in_(tags)).order_by(Event.seq)]


def state(post: Post) -> tuple[str, str]:
    with post.desk.read() as session:
        (check,) = (check for check in checks(session, now=post.now) if check.what == "Account at the provider")
    return check.state, check.words


def stopped_lines(post: Post) -> float:
    """As a machine is told that watches us."""
    with post.desk.read() as session:
        (gauge,) = (each for each in gauges(session, now=post.now) if each.name == "recovery_desk_stopped_lines")
    return gauge.values[()]


def is_closed(post: Post) -> bool:
    with post.desk.read() as session:
        return standing(session, "simulator").is_closed(post.now)


def test_wrong_credentials_are_said_in_words_and_nothing_is_lost(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.ticket(NOOR)
    began = clock.now()
    assert (state(post)[0], stopped_lines(post)) == (WELL, 0)
    post.finish(post.depart(limit=1)[0], CREDENTIALS)
    (trouble,) = troubles(post)
    assert (trouble.fault, trouble.since, trouble.waiting, trouble.stops) == (fault_for(20003), began, 2, True)
    assert post.texts(ticket)[0].status is MessageStatus.PENDING
    found, words = state(post)
    assert (found, stopped_lines(post)) == (BAD, 1)
    assert f"{fault_for(20003).words} {fault_for(20003).advice} 2 texts wait." in words


def test_it_is_told_once_however_many_texts_are_refused(post: Post, clock: FrozenClock) -> None:
    for customer in (SAM, NOOR, LEE):
        post.ticket(customer, days=1)
    for departure in post.depart():
        post.finish(departure, CREDENTIALS)
    for _ in range(3):
        clock.advance(minutes=10)
        post.finish(post.depart(limit=1)[0], CREDENTIALS)
    assert told(post) == [Tag.LINE_STOPPED.value]
    assert clock.now() - troubles(post)[0].since == timedelta(minutes=30), "since the first of them"


def test_the_first_text_that_is_taken_ends_it(post: Post, clock: FrozenClock) -> None:
    post.ticket()
    post.finish(post.depart()[0], CREDENTIALS)
    clock.advance(minutes=2)
    assert post.send_all() == 1
    assert troubles(post) == []
    assert (state(post)[0], stopped_lines(post)) == (WELL, 0)
    assert told(post) == [Tag.LINE_STOPPED.value, Tag.LINE_HEALED.value]


def test_being_asked_to_slow_down_alarms_nobody_and_hides_no_alarm(post: Post, clock: FrozenClock) -> None:
    post.ticket()
    post.finish(post.depart()[0], TOO_MANY)
    assert troubles(post) == []
    clock.advance(minutes=1)
    post.finish(post.depart()[0], CREDENTIALS)
    clock.advance(minutes=5)
    post.finish(post.depart()[0], TOO_MANY)
    assert [trouble.fault.code for trouble in troubles(post)] == [20003]


def test_a_limit_for_the_day_is_said_and_stops_nothing_for_good(post: Post) -> None:
    post.ticket()
    post.finish(post.depart()[0], SendRefused(FaultCategory.RETRY_LATER, 63038, "daily limit"))
    assert [trouble.stops for trouble in troubles(post)] == [False]
    assert state(post)[0] == LOOK


def test_our_own_settings_may_be_what_is_wrong(post: Post) -> None:
    post.ticket()
    post.finish(post.depart()[0], SendRefused(FaultCategory.STOP_LINE, None, "Our settings stop us from sending: no."))
    assert "Our settings stop us from sending: no." in state(post)[1]


def refused_by_receipt(post: Post) -> None:
    """Accepted, and then not let through: as an unregistered sender shows."""
    (departure,) = post.depart(limit=1)
    sid = post.accept().provider_sid
    post.finish(departure, Accepted(sid, "queued"))
    post.receipt(sid, "undelivered", code=UNREGISTERED)


def test_a_sender_that_is_not_registered_shows_by_a_receipt_and_stops_the_line_as_well(
    post: Post, clock: FrozenClock
) -> None:
    ticket = post.ticket()
    post.ticket(NOOR)
    refused_by_receipt(post)
    assert is_closed(post)
    assert [trouble.fault.code for trouble in troubles(post)] == [30034]
    assert post.call_tasks(ticket) == ["undelivered"], "whose text it was is called"
    assert told(post) == [Tag.LINE_STOPPED.value]


def test_then_only_a_text_that_arrives_opens_the_line_again(post: Post, clock: FrozenClock) -> None:
    for customer in (NOOR, LEE):
        post.ticket(customer)
    post.ticket()
    refused_by_receipt(post)
    clock.advance(minutes=1)
    (departure,) = post.depart(limit=1)
    sid = post.accept().provider_sid
    post.finish(departure, Accepted(sid, "queued"))
    post.desk.transact(lambda session: gates.reopen(session, "simulator", began=clock.now()))  # as the worker does
    assert is_closed(post), "its receipt is waited for, so that not all texts run into the same wall"
    assert troubles(post)
    clock.advance(seconds=RECEIPT_WITHIN.total_seconds() / 2)
    post.receipt(sid, "delivered")
    assert troubles(post) == []
    assert told(post) == [Tag.LINE_STOPPED.value, Tag.LINE_HEALED.value]
    assert standing_refusals(post) == 0


def test_a_text_that_had_left_before_the_fault_showed_ends_nothing_by_arriving(post: Post, clock: FrozenClock) -> None:
    for customer in (NOOR, LEE):
        post.ticket(customer)
    sids = []
    for departure in post.depart():
        sids.append(post.accept().provider_sid)
        post.finish(departure, Accepted(sids[-1], "queued"))
    clock.advance(seconds=3)
    post.receipt(sids[0], "undelivered", code=UNREGISTERED)
    clock.advance(seconds=3)
    post.receipt(sids[1], "delivered")
    assert is_closed(post)
    assert [trouble.fault.code for trouble in troubles(post)] == [30034]
    assert told(post) == [Tag.LINE_STOPPED.value]


def test_nor_by_being_taken(post: Post, clock: FrozenClock) -> None:
    for customer in (NOOR, LEE):
        post.ticket(customer)
    refused, taken = post.depart()
    clock.advance(seconds=1)
    post.finish(refused, CREDENTIALS)
    post.finish(taken, post.accept())
    post.desk.transact(lambda session: gates.reopen(session, "simulator", began=taken.began))
    assert [trouble.fault.code for trouble in troubles(post)] == [20003]
    assert told(post) == [Tag.LINE_STOPPED.value]


@pytest.mark.postgres
def test_two_workers_that_are_refused_at_once_tell_of_it_once(on_postgres: Business) -> None:
    post = Post(on_postgres)

    def stop_line(session: DeskSession) -> None:
        fault = FaultCategory.STOP_LINE
        gates.close(session, "simulator", fault, why="Authenticate", code=20003, began=post.now, now=post.now)

    post.ticket()
    post.finish(post.depart()[0], TOO_MANY)  # so that the gate's row is there
    with post.desk.write() as session:
        stop_line(session)
        session.flush()
        other = threading.Thread(target=lambda: post.desk.transact(stop_line))
        other.start()
        wait_until(lambda: is_waited_for(post.desk.reading), what="the other waits")
    other.join()
    assert told(post) == [Tag.LINE_STOPPED.value]
    post.desk.dispose()


def standing_refusals(post: Post) -> int:
    with post.desk.read() as session:
        return standing(session, "simulator").refusals


def test_a_sender_that_was_exchanged_for_another_is_no_trouble_any_more(post: Post) -> None:
    """Nothing leaves from it, so that no text could ever end the alarm."""
    give_sender(post.business, HARBOURS)
    post.ticket()
    post.finish(post.depart()[0], SendRefused(FaultCategory.STOP_LINE, 21606, "not ours"))
    assert [trouble.sender for trouble in troubles(post)] == [HARBOURS]
    give_sender(post.business, "+447700900055")
    assert troubles(post) == []
    assert state(post)[0] == WELL


def test_where_no_receipt_comes_another_text_tries_it_after_a_while(post: Post, clock: FrozenClock) -> None:
    post.ticket(NOOR)
    post.ticket()
    refused_by_receipt(post)
    clock.advance(minutes=1)
    post.finish(post.depart(limit=1)[0], post.accept())
    clock.advance(seconds=RECEIPT_WITHIN.total_seconds())
    assert not is_closed(post)


@pytest.mark.parametrize("code", ["30003", "30005", "30007", "29999", ""])
def test_what_is_wrong_with_one_phone_stops_no_line(post: Post, code: str) -> None:
    post.ticket()
    post.finish(post.depart()[0], Accepted("SM1", "queued"))
    post.receipt("SM1", "undelivered", code=code)
    assert troubles(post) == []
    assert not is_closed(post)
