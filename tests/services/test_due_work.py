"""What falls due by itself happens once, whoever looks, however late; and looking alone writes nothing."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text

from recovery.domain.callbacks import CallbackStatus, Outcome
from recovery.models import (
    Approval,
    Callback,
    IdempotencyKey,
    LoginSession,
    Message,
    Promise,
    Remedy,
    SignInLink,
    Staff,
    Ticket,
)
from recovery.services.calling import attempts, booking
from recovery.services.people.staff import NewStaff, add_staff
from recovery.services.running import sweeping
from recovery.services.ticketing.tickets import resolve
from recovery.services.timing import due_rows
from recovery.services.timing.due_work import DUE_WORK
from tests.factories import NOOR, SAM, Business, refund
from tests.fixtures.plans import plan_of
from tests.services.texting_parts import delivered


def booked(business: Business, ticket: Ticket, **ahead: float) -> Callback:
    due = business.now + timedelta(**ahead)
    return business.on(
        ticket, lambda session, held, maya: booking.book(session, held, due_at=due, now=business.now, by=maya)
    )


def templates(business: Business, ticket: Ticket) -> list[str | None]:
    return [message.template for message in business.rows(Message, ticket) if message.audience == "customer"]


def test_an_idle_tick_never_opens_a_transaction_that_could_write(business: Business) -> None:
    business.log()
    business.tick()
    while business.tick("nightly check"):
        pass
    business.tick("nightly check")
    written: list[Any] = []
    event.listen(business.desk.writing, "begin", written.append)
    assert business.tick() == 0
    assert written == []


def test_staff_are_warned_once_before_a_promise_lapses(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=10)
    assert business.tick("promises to warn") == 0
    business.later(minutes=1)
    assert business.tick("promises to warn") == 1
    assert business.tick("promises to warn") == 0
    assert business.tags(ticket).count("promise:warned") == 1


def test_a_promise_that_is_past_is_told_as_late_and_not_warned_of(business: Business) -> None:
    ticket = business.log()
    delivered(business)
    business.later(minutes=20)
    business.tick()
    assert "promise:warned" not in business.tags(ticket)
    assert business.tags(ticket).count("promise:lapsed") == 1
    assert templates(business, ticket) == ["logged", "late"]


def test_a_lapse_is_renewed_three_times_and_then_left_to_a_person(business: Business) -> None:
    ticket = business.log()
    delivered(business)
    dues = []
    for minutes in (16, 16, 31, 61, 600):
        business.later(minutes=minutes)
        business.tick()
        dues.append(business.again(ticket).promise_due_at)
    promises = business.rows(Promise, ticket)
    assert [promise.renewal for promise in promises] == [0, 1, 2, 3]
    assert [promise.outcome for promise in promises] == ["broken", "broken", "broken", None]
    assert dues[3] == dues[4] == promises[-1].due_at
    assert business.again(ticket).lapses == 4
    assert [call.reason for call in business.rows(Callback, ticket)] == ["lapsed"]
    assert templates(business, ticket).count("late") == 3


def test_each_lapse_alerts_the_next_person_up(business: Business) -> None:
    ticket = business.log()
    for minutes in (16, 16):
        business.later(minutes=minutes)
        business.tick("promises to lapse")
    alerted = [row.staff_id for row in business.rows(Message, ticket) if row.template == "staff_alert"]
    assert alerted == [business.staff("omar").id, business.staff("ada").id]


def test_a_call_is_reminded_of_comes_due_and_is_missed_each_once(business: Business) -> None:
    ticket = business.log()
    booked(business, ticket, hours=2)
    for minutes in (100, 6, 15, 11, 60):
        business.later(minutes=minutes)
        business.tick()
        business.tick()
    tags = business.tags(ticket)
    assert [tags.count(f"callback:{verb}") for verb in ("reminded", "due", "missed")] == [1, 1, 1]
    assert tags.index("callback:reminded") < tags.index("callback:due") < tags.index("callback:missed")
    assert templates(business, ticket).count("callback_reminder") == 1


def test_a_call_minutes_after_its_booking_needs_no_reminder(business: Business) -> None:
    ticket = business.log()
    booked(business, ticket, minutes=12)
    business.later(minutes=1)
    business.tick()
    assert "callback:booked" in business.tags(ticket)
    assert "callback:reminded" not in business.tags(ticket)


def test_a_call_moved_to_a_few_minutes_from_now_is_not_reminded_of_either(business: Business) -> None:
    ticket = business.log()
    call = booked(business, ticket, hours=5)
    business.later(hours=1)
    soon = business.now + timedelta(minutes=10)
    business.on(
        ticket,
        lambda session, held, maya: booking.reschedule(
            session, held, session.get_one(Callback, call.id), due_at=soon, now=business.now, by=maya
        ),
    )
    business.later(minutes=1)
    business.tick()
    assert "callback:moved" in business.tags(ticket)
    assert "callback:reminded" not in business.tags(ticket)


def test_a_redial_after_a_cut_line_is_missed_after_two_minutes(business: Business) -> None:
    ticket = business.log()
    call = booked(business, ticket, minutes=1)
    business.later(minutes=1)
    business.tick()
    business.on(
        ticket,
        lambda session, held, maya: attempts.attempt(
            session,
            held,
            session.get_one(Callback, call.id),
            outcome=Outcome.DISCONNECTED,
            note=None,
            now=business.now,
            by=maya,
        ),
    )
    business.later(minutes=2)
    business.tick("callbacks missed")
    (row,) = business.rows(Callback, ticket)
    assert row.status is CallbackStatus.MISSED


def test_after_26_hours_without_a_worker_two_do_each_due_thing_once_and_no_stale_reminder_leaves(
    business: Business,
) -> None:
    called, waiting = business.log(customer=SAM), business.log(customer=NOOR)
    asked = business.log(remedies=(refund(4500),))
    booked(business, called, hours=3)
    business.later(hours=26)
    for _ in range(2):
        with ThreadPoolExecutor(2) as workers:
            list(workers.map(lambda _: business.tick(), range(2)))
    tags = business.tags(called)
    assert "callback:reminded" not in tags
    assert tags.count("text:withheld") == 1, "and the trail says why"
    assert [tags.count(f"callback:{verb}") for verb in ("due", "missed")] == [1, 1]
    assert business.tags(waiting).count("promise:lapsed") == 1
    late = business.rows(Promise, waiting)[-1]
    assert late.due_at == business.now + timedelta(minutes=15), "told from now, not from when it should have been"
    assert business.tags(asked).count("approval:passed_on") == 1


def test_an_unanswered_approval_goes_to_the_deputy_then_to_the_admins_each_of_them_once(business: Business) -> None:
    with business.desk.write() as session:
        new = NewStaff("dina@example.com", "Dina Roth", "supervisor", ("harbour-st",), phone="07700 900109")
        dina = add_staff(session, new, now=business.now, by=business.actor("ada"))
        session.get_one(Staff, business.staff("omar").id).deputy_id = dina.id
    ticket = business.log(remedies=(refund(4500),))
    asked = []
    for _ in range(5):
        business.later(minutes=10)
        business.tick("approvals overdue")
        (remedy,) = business.rows(Remedy, ticket)
        with business.desk.read() as session:
            asked.append(session.get_one(Approval, remedy.id).asked_of_id)
    people = [dina.id, business.staff("ada").id]
    assert asked == [*people, people[-1], people[-1], people[-1]]
    assert business.tags(ticket).count("approval:passed_on") == 2
    assert business.tags(ticket).count("approval:exhausted") == 1


def test_a_deputy_who_may_not_decide_it_is_passed_over(business: Business) -> None:
    with business.desk.write() as session:
        session.get_one(Staff, business.staff("omar").id).deputy_id = business.staff("nell").id  # of another site
    ticket = business.log(remedies=(refund(4500),))
    business.later(minutes=10)
    business.tick("approvals overdue")
    (remedy,) = business.rows(Remedy, ticket)
    with business.desk.read() as session:
        assert session.get_one(Approval, remedy.id).asked_of_id == business.staff("ada").id


def test_a_resolved_ticket_of_which_nothing_is_heard_closes_after_seven_days(business: Business) -> None:
    ticket = business.log()
    business.on(ticket, lambda session, held, maya: resolve(session, held, how=None, now=business.now, by=maya))
    business.later(days=6, hours=23)
    assert business.tick("resolved to close") == 0
    business.later(hours=1)
    assert business.tick("resolved to close") == 1
    assert business.again(ticket).status == "closed"
    assert business.again(ticket).closed_at == business.now


def test_old_keys_sessions_and_links_are_swept_and_young_ones_stay(business: Business) -> None:
    maya, now = business.staff("maya").id, business.now
    with business.desk.write() as session:
        for name, age in (("old", timedelta(days=8)), ("young", timedelta(days=6))):
            session.add(
                IdempotencyKey(
                    owner="staff:1", key=name, fingerprint="", status=201, thing="ticket", kept_at=now - age
                ),
            )
            times = {"staff_id": maya, "token_hash": name, "ends_at": now - age + timedelta(days=6, hours=12)}
            session.add(LoginSession(id=len(name), opened_at=now, last_used_at=now, **times))
            session.add(SignInLink(id=len(name), issued_at=now, **times))
    assert business.tick("old idempotency keys", "ended sessions", "ended sign-in links") == 3
    with business.desk.read() as session:
        assert session.scalars(select(IdempotencyKey.key)).all() == ["young"]
        assert session.scalars(select(LoginSession.token_hash)).all() == ["young"]
        assert session.scalars(select(SignInLink.token_hash)).all() == ["young"]


def test_more_than_a_thousand_old_keys_go_in_one_run(business: Business) -> None:
    old = business.now - timedelta(days=8)
    with business.desk.write() as session:
        session.add_all(
            IdempotencyKey(owner="staff:1", key=str(n), fingerprint="", status=201, thing="t", kept_at=old)
            for n in range(sweeping.AT_ONCE + 50)
        )
    assert business.tick("old idempotency keys") == sweeping.AT_ONCE + 50


def test_a_row_that_cannot_be_handled_holds_up_no_other(business: Business, caplog: pytest.LogCaptureFixture) -> None:
    broken, sound = business.log(customer=SAM), business.log(customer=NOOR)
    with business.desk.writing.begin() as connection:  # a zone that no longer exists
        site = business.site("quay").id
        connection.execute(text("UPDATE sites SET timezone = 'Atlantis/Centre' WHERE id = :id"), {"id": site})
        connection.execute(text("UPDATE tickets SET site_id = :site WHERE id = :id"), {"site": site, "id": broken.id})
    business.later(minutes=20)
    assert business.tick("promises to lapse") == 1
    assert business.tags(sound).count("promise:lapsed") == 1
    assert business.tags(broken).count("promise:lapsed") == 0
    assert business.tick("promises to lapse") == 0, "it is tried again, and holds up nothing"


@pytest.mark.parametrize("workers", [4])
def test_several_workers_that_tick_at_once_double_nothing(business: Business, workers: int) -> None:
    tickets = [business.log(customer=customer) for customer in (SAM, NOOR) for _ in range(4)]
    for number, ticket in enumerate(tickets[:4]):
        booked(business, ticket, minutes=20 + 20 * (number // 2))  # two at a time is what the site calls
    business.later(minutes=45)
    start = threading.Barrier(workers)
    failures: list[BaseException] = []

    def tick() -> None:
        try:
            start.wait()
            business.tick()
        except BaseException as error:  # noqa: BLE001  # told by the test below
            failures.append(error)

    threads = [threading.Thread(target=tick) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for ticket in tickets[:4]:
        assert business.tags(ticket).count("callback:due") == 1
    for ticket in tickets[4:]:
        assert business.tags(ticket).count("promise:lapsed") == 1
    with business.desk.read() as session:
        meanings = session.scalars(select(Message.meaning)).all()
    assert len(meanings) == len(set(meanings))


QUERIES: dict[str, tuple[Callable[..., Any], str]] = {
    "lapse": (due_rows.promises_to_lapse, "ix_promises_to_lapse"),
    "warn": (due_rows.promises_to_warn, "ix_promises_to_warn"),
    "come due": (due_rows.callbacks_come_due, "ix_callbacks_booked"),
    "remind": (due_rows.callbacks_to_remind, "ix_callbacks_to_remind"),
    "miss": (due_rows.callbacks_missed, "ix_callbacks_to_miss"),
    "approvals": (due_rows.approvals_overdue, "ix_approvals_overdue"),
    "waits": (due_rows.waits_to_go_on, "ix_waits_due"),
    "tasks": (due_rows.tasks_to_be_late, "ix_tasks_to_be_late"),
    "close": (due_rows.resolved_to_close, "ix_tickets_resolved_open"),
}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_each_look_is_served_by_its_partial_index(business: Business, name: str) -> None:
    find, index = QUERIES[name]
    with business.desk.write() as session:
        query = find(session, business.now)
        bound = query.compile(session.get_bind(), compile_kwargs={"render_postcompile": True})
        if not business.desk.is_sqlite:
            session.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        values = bound.construct_params() and _values(bound)
        assert index in plan_of(session, str(bound), values, index=index)


def _values(bound: Any) -> Any:
    """As the driver takes them."""
    processed = {
        name: processor(value) if (processor := bound._bind_processors.get(name)) else value
        for name, value in bound.params.items()
    }
    return tuple(processed[name] for name in bound.positiontup) if bound.positiontup else processed


def test_every_line_of_the_table_has_a_name_of_its_own_and_a_pace() -> None:
    assert len({work.name for work in DUE_WORK}) == len(DUE_WORK)
    assert all(work.every >= 1 for work in DUE_WORK)
