"""Up the ladder: warned before the target, then told to the next, each step once, and to nobody who is asleep."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select

from recovery.domain.callbacks import Outcome
from recovery.domain.remedies import RemedyKind
from recovery.domain.tickets import Severity, Source
from recovery.models import Alert, Climb, Message, Site, Staff
from recovery.services.deciding.remedies import NewRemedy, propose
from recovery.services.people.sites import change_site
from recovery.services.ticketing import reopening, tickets
from recovery.services.timing.promises import promise_by_hand
from tests.factories import HARBOUR, Business
from tests.services.calls import book, tried
from tests.services.ladder_parts import (
    OMAR_MAIL,
    do,
    logged,
    pass_time,
    rota,
    staffed,
    told,
    wishes,
)


def test_the_owner_is_warned_then_the_next_hear_of_it_each_once(business: Business) -> None:
    shop = staffed(business)
    rota(shop, maya="mon-fri 06:00-14:00", tom="mon-fri 06:00-14:00")
    ticket = logged(shop)
    pass_time(shop, minutes=41)
    assert told(shop, ticket) == []
    pass_time(shop, minutes=200)
    assert told(shop, ticket) == [
        ("resolved", 1, "Maya", "not_wanted"),
        ("resolved", 2, "Maya", "not_wanted"),
        ("resolved", 4, "Omar", "text"),
        ("resolved", 4, "Rita", "text"),
        ("resolved", 5, "Ada", "text"),
    ]
    with shop.desk.read() as session:
        ats = session.execute(select(Alert.step, Alert.at).distinct()).all()
        assert {step: (at - ticket.logged_at) // timedelta(minutes=1) for step, at in ats} == {
            1: 42,
            2: 60,
            4: 90,
            5: 120,
        }
        assert session.scalar(select(func.count()).select_from(Climb)) == 0
    assert shop.again(ticket).target_passed_at == ticket.logged_at + timedelta(minutes=60)


def test_whoever_is_on_shift_hears_of_what_its_owner_left_behind(shop: Business) -> None:
    rota(shop, maya="mon-fri 06:00-09:40", tom="mon-fri 09:00-14:00")
    ticket = logged(shop)
    pass_time(shop, minutes=70)
    assert [(step, who) for _, step, who, _ in told(shop, ticket)] == [(1, "Maya"), (2, "Tom")]


def test_taking_it_leaves_the_others_on_shift_in_peace(shop: Business) -> None:
    rota(shop, maya="mon-fri 06:00-14:00", tom="mon-fri 06:00-14:00", omar="mon-fri 06:00-14:00")
    ticket = logged(shop)
    pass_time(shop, minutes=50)
    shop.on(ticket, lambda session, held, omar: tickets.take(session, held, now=shop.now, by=omar), by="omar")
    pass_time(shop, minutes=20)
    assert [(step, who) for _, step, who, _ in told(shop, ticket)] == [(1, "Maya"), (2, "Omar")]


def test_without_a_rota_the_list_of_the_site_is_told(shop: Business) -> None:
    ticket = logged(shop)
    pass_time(shop, minutes=130)
    assert [(step, who) for _, step, who, _ in told(shop, ticket)] == [
        (1, "Maya"),
        (2, "Omar"),
        (2, "Rita"),
        (5, "Ada"),
    ]


def test_a_deputy_comes_before_the_supervisors(shop: Business) -> None:
    with shop.desk.write() as session:
        session.scalars(select(Staff).where(Staff.email == OMAR_MAIL)).one().deputy_id = shop.staff("rita").id
    rota(shop, tom="mon-fri 06:00-14:00")
    ticket = logged(shop)
    pass_time(shop, minutes=100)
    assert [(step, who) for _, step, who, _ in told(shop, ticket)] == [
        (1, "Maya"),
        (2, "Tom"),
        (3, "Rita"),
        (4, "Omar"),
    ]


@pytest.mark.parametrize("end", ["resolve", "void", "close"])
def test_the_end_of_a_ticket_is_the_end_of_its_ladder(shop: Business, end: str) -> None:
    ticket = logged(shop)
    pass_time(shop, minutes=65)
    before = told(shop, ticket)
    if end == "void":
        do(shop, ticket, tickets.void, reason="twice", duplicate_of=None)
    else:
        do(shop, ticket, tickets.resolve, how=None)
    if end == "close":
        shop.on(ticket, lambda s, t, omar: tickets.close(s, t, cause="c", action="a", now=shop.now, by=omar), by="omar")
    pass_time(shop, minutes=240, every=30)
    assert told(shop, ticket) == before
    with shop.desk.read() as session:
        assert session.get(Climb, ticket.id) is None


def test_a_resolution_that_is_undone_goes_on_where_it_was(shop: Business) -> None:
    ticket = logged(shop)
    pass_time(shop, minutes=65)
    do(shop, ticket, tickets.resolve, how=None)
    shop.tick("clocks to look at")
    do(shop, ticket, reopening.undo_resolution)
    pass_time(shop, minutes=70)
    assert [step for _, step, _, _ in told(shop, ticket)] == [1, 2, 2, 5]


def test_what_is_reopened_climbs_by_its_promises(shop: Business) -> None:
    ticket = logged(shop)
    do(shop, ticket, tickets.resolve, how=None)
    shop.later(hours=30)
    do(shop, ticket, reopening.reopen, why="by_hand")
    pass_time(shop, minutes=180, every=15)
    assert told(shop, ticket) == []


def test_a_day_without_a_worker_is_one_alert_that_says_for_how_many_it_stands(shop: Business) -> None:
    ticket = logged(shop)
    shop.later(hours=26)
    shop.tick("clocks to look at")
    shop.tick("clocks to look at")
    assert told(shop, ticket) == [("resolved", 5, "Ada", "text")]
    (event,) = [each for each in shop.told(ticket) if each.tag == "ticket:ticket:escalated"]
    assert '"skipped":4' in event.payload


def test_closed_hours_and_waiting_for_the_customer_bring_nobody_out(shop: Business) -> None:
    shop.desk.transact(
        lambda session: change_site(
            session,
            session.get_one(Site, shop.site().id),
            type(HARBOUR)(HARBOUR.name, HARBOUR.timezone, "GBP", "GB", hours="mon-fri 08:00-10:00"),
            now=shop.now,
            by=shop.actor("ada"),
        )
    )
    night, waiting = logged(shop), logged(shop)
    do(shop, waiting, tickets.wait_for_customer)
    pass_time(shop, minutes=22 * 60, every=10)
    assert told(shop, night) == told(shop, waiting) == []
    pass_time(shop, minutes=70)
    assert [step for _, step, _, _ in told(shop, night)] == [1, 2, 2]
    assert told(shop, waiting) == []
    do(shop, waiting, tickets.resume)
    pass_time(shop, minutes=50)
    assert [step for _, step, _, _ in told(shop, waiting)] == [1]


def test_longer_hours_are_reckoned_with_at_once(shop: Business) -> None:
    def hours(typed: str) -> None:
        new = type(HARBOUR)(HARBOUR.name, HARBOUR.timezone, "GBP", "GB", hours=typed)
        site = shop.site().id
        shop.desk.transact(
            lambda session: change_site(session, session.get_one(Site, site), new, now=shop.now, by=shop.actor("ada"))
        )

    hours("mon-fri 08:00-10:00")
    ticket = logged(shop)
    pass_time(shop, minutes=35)
    hours("mon-fri 08:00-20:00")
    pass_time(shop, minutes=12)
    assert [step for _, step, _, _ in told(shop, ticket)] == [1]


def test_a_remedy_gets_ready_only_where_one_was_granted(shop: Business) -> None:
    without, granted = logged(shop), logged(shop, remedies=(NewRemedy(RemedyKind.REMAKE),))
    pass_time(shop, minutes=25)
    assert told(shop, without) == []
    assert told(shop, granted) == [("remedy_ready", 1, "Maya", "not_wanted")]
    pass_time(shop, minutes=100)
    late = logged(shop)
    pass_time(shop, minutes=35)
    do(shop, late, propose, new=NewRemedy(RemedyKind.REMAKE))
    pass_time(shop, minutes=1)
    assert [(clock, step) for clock, step, _, _ in told(shop, late)] == [("remedy_ready", 2), ("remedy_ready", 2)]


def test_who_turns_out_severe_is_looked_at_at_once(shop: Business) -> None:
    targets = shop.desk.house.policy.targets
    kind = next(iter(targets.by_kind))._replace(severity="severe")
    shop.set_policy(targets=type(targets)({**targets.by_kind, kind: {"resolved": 10}}))
    ticket = logged(shop)
    pass_time(shop, minutes=12)
    assert told(shop, ticket) == []
    do(shop, ticket, tickets.change, wanted=tickets.Change(severity=Severity.SEVERE))
    pass_time(shop, minutes=1)
    assert [step for _, step, _, _ in told(shop, ticket)] == [2, 2]


def test_one_who_was_texted_a_moment_ago_is_not_texted_again(shop: Business) -> None:
    ticket = logged(shop)
    for _ in range(14):
        shop.later(minutes=5)
        shop.tick()
    alerts = [row for row in shop.rows(Message, ticket) if row.template == "staff_alert"]
    by_person: dict[int | None, list[Any]] = {}
    for row in alerts:
        by_person.setdefault(row.staff_id, []).append(row.created_at)
    gaps = [later - earlier for times in by_person.values() for earlier, later in pairwise(times)]
    assert all(gap >= timedelta(minutes=10) for gap in gaps)
    assert {how for _, _, who, how in told(shop, ticket) if who == "Omar"} == {"text"}


def test_a_sensitive_ticket_is_told_to_nobody_who_may_not_open_it(shop: Business) -> None:
    rota(shop, tom="mon-fri 06:00-14:00")
    ticket = logged(shop, failure="rude")
    pass_time(shop, minutes=65)
    assert "Tom" not in {who for _, _, who, _ in told(shop, ticket)}


def test_quiet_hours_keep_the_phone_still_and_the_next_who_is_awake_hears_too(shop: Business) -> None:
    rota(shop, maya="mon-fri 06:00-14:00")
    for name in ("omar", "rita"):
        wishes(shop, name, quiet_hours="09:00-12:00")
    ticket, severe = logged(shop), logged(shop, severity=Severity.SEVERE)
    pass_time(shop, minutes=95)
    assert told(shop, ticket)[2:] == [
        ("resolved", 4, "Ada", "text"),
        ("resolved", 4, "Omar", "quiet"),
        ("resolved", 4, "Rita", "quiet"),
    ]
    assert told(shop, severe)[2:] == [("resolved", 4, "Omar", "text"), ("resolved", 4, "Rita", "text")]


def test_at_a_site_with_a_rota_the_house_sleeps_by_night_but_for_those_at_work(shop: Business) -> None:
    shop.later(hours=13)
    rota(shop, maya="tue 20:00-06:00", omar="tue 20:00-06:00")
    wishes(shop, "maya")
    ticket = logged(shop)
    pass_time(shop, minutes=125)
    assert [(step, who, how) for _, step, who, how in told(shop, ticket)] == [
        (1, "Maya", "text"),
        (2, "Maya", "text"),
        (4, "Omar", "text"),
        (4, "Rita", "quiet"),
        (5, "Ada", "quiet"),
    ]
    texts = [row for row in shop.rows(Message, ticket) if row.template == "staff_alert"]
    assert all(row.not_before - row.created_at < timedelta(seconds=1) for row in texts)


def test_with_a_rota_a_broken_promise_is_told_first_to_whoever_is_on_shift(shop: Business) -> None:
    rota(shop, tom="mon-fri 06:00-14:00")
    ticket = logged(shop)
    for _ in range(2):
        shop.later(minutes=16)
        shop.tick("promises to lapse")
    with shop.desk.read() as session:
        rows = session.execute(
            select(Staff.name, Alert.how).join(Staff, Staff.id == Alert.staff_id).order_by(Alert.at)
        ).all()
    assert [tuple(row) for row in rows] == [("Tom Reed", "not_wanted"), ("Omar Haddad", "text")]
    assert ticket.id


def test_a_redial_that_nobody_made_is_told_to_the_supervisor_though_its_owner_is_on_shift(shop: Business) -> None:
    rota(shop, maya="mon-fri 08:00-16:00")
    ticket = logged(shop)
    book(shop, ticket)
    tried(shop, ticket, Outcome.DISCONNECTED)
    shop.later(minutes=3)
    shop.tick()
    with shop.desk.read() as session:
        alerted = session.scalars(select(Alert.staff_id).where(Alert.about == "callback_missed")).all()
    assert alerted == [shop.staff("omar").id]


@pytest.mark.parametrize("source", [Source.STORE_WALK, Source.DRILL])
def test_nobody_is_alerted_about_what_owes_nobody_anything(shop: Business, source: Source) -> None:
    ticket = logged(shop, source=source)
    pass_time(shop, minutes=90, every=30)
    assert told(shop, ticket) == []


def test_a_missed_call_and_a_late_word_in_one_look_are_one_text(shop: Business) -> None:
    """Each stands in the trail and on the desk of whoever is up next."""
    ticket = logged(shop)
    book(shop, ticket, minutes=20)
    word = shop.now + timedelta(minutes=29)
    shop.on(
        ticket, lambda session, held, by: promise_by_hand(session, held, due_at=word, tell=True, now=shop.now, by=by)
    )
    shop.later(minutes=31)
    shop.tick("callbacks come due", "callbacks missed", "promises to lapse")
    with shop.desk.read() as session:
        alerts = session.execute(select(Alert.about, Alert.how).where(Alert.ticket_id == ticket.id)).all()
    assert sorted(tuple(row) for row in alerts) == [("callback_missed", "text"), ("promise_lapsed", "told_already")]
    assert [text.audience for text in shop.rows(Message, ticket)].count("staff") == 1
