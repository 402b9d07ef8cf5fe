"""Where the provider asks for patience or stops our account, all workers wait at one gate, and try it one at a time."""

import re
from datetime import timedelta

import pytest

from recovery.clock import FrozenClock
from recovery.domain.messages import MessageStatus
from recovery.domain.provider_codes import FaultCategory, fault_for
from recovery.services.running.health import Check, checks
from recovery.services.running.tallies import LINE_STOPPED, counted
from recovery.services.sending import gates
from recovery.services.sending.gates import standing
from recovery.sms.gateway import SendRefused
from tests.factories import NOOR, NewCustomer
from tests.services.post import TOO_MANY, Post


def test_after_too_many_requests_all_workers_wait_at_one_gate(post: Post, clock: FrozenClock) -> None:
    people = [NewCustomer(f"07700 9003{number:02}", f"Customer {number}") for number in range(8)]
    for person in people:
        post.ticket(person)
    leaving = post.depart()
    clock.advance(seconds=0.1)
    for departure in leaving:
        post.finish(departure, TOO_MANY)
    with post.desk.read() as session:
        gate = standing(session, "simulator")
    assert gate.refusals == 1, "eight refused at once are one refusal"
    assert gate.is_closed(clock.now())
    assert gate.closed_until is not None
    assert gate.closed_until <= clock.now() + timedelta(seconds=1)
    assert post.texts(post.ticket(NOOR))[0].status is MessageStatus.PENDING


def test_each_refusal_in_a_row_doubles_the_pause_up_to_a_bound(post: Post, clock: FrozenClock) -> None:
    post.ticket()
    pauses = []
    for _ in range(6):
        departure = post.depart()[0]
        post.finish(departure, TOO_MANY)
        with post.desk.read() as session:
            closed_until = standing(session, "simulator").closed_until
        assert closed_until is not None
        pauses.append((closed_until - clock.now()).total_seconds())
        clock.advance(seconds=60)
    assert pauses == [0.5, 1, 2, 4, 5, 5]


def test_the_provider_may_name_the_pause_itself(post: Post, clock: FrozenClock) -> None:
    post.ticket()
    post.finish(post.depart()[0], SendRefused(FaultCategory.RETRY, 20429, "slow down", retry_after=17))
    with post.desk.read() as session:
        assert standing(session, "simulator").closed_until == clock.now() + timedelta(seconds=17)


@pytest.mark.parametrize("asked", [99_999_999_999_999_999.0, float("inf"), 1e308])
def test_a_pause_beyond_all_reason_is_an_hour(post: Post, clock: FrozenClock, asked: float) -> None:
    post.ticket()
    post.finish(post.depart()[0], SendRefused(FaultCategory.RETRY, 20429, "slow down", retry_after=asked))
    with post.desk.read() as session:
        assert standing(session, "simulator").closed_until == clock.now() + timedelta(hours=1)


def test_a_gate_closed_by_a_clock_that_was_wrong_is_open(post: Post, clock: FrozenClock) -> None:
    post.ticket(days=29)
    clock.advance(days=20)
    post.finish(post.depart()[0], SendRefused(FaultCategory.RETRY, 20429, "slow down", retry_after=3600))
    with post.desk.read() as session:
        gate = standing(session, "simulator")
    assert gate.is_closed(clock.now())
    clock.set(clock.now() - timedelta(days=20))
    assert not gate.is_closed(clock.now())
    post.ticket(NOOR)
    post.finish(post.depart()[0], TOO_MANY)
    with post.desk.read() as session:
        assert standing(session, "simulator").is_closed(clock.now()), "and can be closed again"


def test_an_accepted_text_opens_the_line_again(post: Post, clock: FrozenClock) -> None:
    post.ticket()
    post.finish(post.depart()[0], TOO_MANY)
    clock.advance(minutes=1)
    post.desk.transact(lambda session: gates.reopen(session, "simulator", began=clock.now()))
    with post.desk.read() as session:
        assert standing(session, "simulator").refusals == 0
    assert post.send_all() == 1


def test_of_all_workers_one_at_a_time_tries_the_line_again(post: Post, clock: FrozenClock) -> None:
    def takes_turn() -> bool:
        return post.desk.transact(lambda session: gates.take_turn(session, "simulator", now=clock.now()))

    post.ticket()
    post.finish(post.depart()[0], TOO_MANY)
    assert not takes_turn(), "the provider's pause comes first"
    clock.advance(seconds=1)
    assert [takes_turn() for _ in range(3)] == [True, False, False]
    clock.advance(seconds=2)
    assert [takes_turn() for _ in range(2)] == [True, False], "whoever does not come back holds up nobody"
    post.finish(post.depart()[0], TOO_MANY)
    clock.advance(seconds=60)
    assert takes_turn(), "an answer ends the turn"


def test_a_fault_of_our_account_stops_the_line_and_is_counted(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.finish(post.depart()[0], SendRefused(FaultCategory.STOP_LINE, 20003, "Authenticate"))
    assert post.texts(ticket)[0].status is MessageStatus.PENDING
    with post.desk.read() as session:
        gate = standing(session, "simulator")
        assert counted(session, LINE_STOPPED) == 1
    assert gate.is_closed(clock.now() + timedelta(seconds=14))
    assert gate.why == "Authenticate"
    assert post.call_tasks(ticket) == []


def test_a_country_that_is_not_allowed_costs_one_text_and_stops_nobody_else(post: Post, clock: FrozenClock) -> None:
    """As the provider answers it: what the code means for the line is read from our own table."""
    code = 21408
    post.business.set_policy(countries=frozenset({"GB", "IE"}))
    abroad, sam = post.ticket(NewCustomer("+353 85 012 3456", "Aoife")), post.ticket()
    first, second = post.depart()
    post.finish(first, SendRefused(fault_for(code, 400).category, code, "no permission for this region"))
    assert [text.status for text in post.texts(abroad)] == [MessageStatus.FAILED]
    assert post.call_tasks(abroad) == ["undelivered"]
    with post.desk.read() as session:
        assert standing(session, "simulator") == gates.OPEN
    post.finish(second, post.accept())
    assert [text.status for text in post.texts(sam)] == [MessageStatus.SENT]


def test_the_admin_is_told_which_countries_are_not_allowed_and_no_number(post: Post, clock: FrozenClock) -> None:
    post.business.set_policy(countries=frozenset({"GB", "IE", "US"}))
    for number in ("+353 85 012 3456", "+353 85 012 3457", "+1 202 555 0143"):
        post.ticket(NewCustomer(number))
    post.send_all(lambda: SendRefused(FaultCategory.PERMANENT_NUMBER, 21408, "no permission for this region"))
    told = countries(post)
    assert (told.state, "3 texts of the last day" in told.words, "(+1, +353)" in told.words) == ("soon", True, True)
    assert not re.search("0123|555", told.words)
    clock.advance(hours=25)
    assert countries(post).state == "ok"


def countries(post: Post) -> Check:
    with post.desk.read() as session:
        return next(check for check in checks(session, now=post.now) if check.what == "Countries")


def test_a_text_that_stops_the_line_lets_others_try_first(post: Post, clock: FrozenClock) -> None:
    """Or one text that our sender cannot send would be tried for ever, and nothing else."""
    post.ticket()
    post.finish(post.depart()[0], SendRefused(FaultCategory.STOP_LINE, 21606, "not a number of ours"))
    noor = post.texts(post.ticket(NOOR))[0].id
    clock.advance(seconds=20)
    assert post.claim()[1] == [noor]
