"""A ticket's whole life in any order: whatever people, customers and the clock do, the promises hold after every step."""

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from recovery.domain.authority import LimitSpan
from recovery.domain.callbacks import LIVE as LIVE_CALLBACKS
from recovery.domain.callbacks import Outcome
from recovery.domain.errors import DomainError
from recovery.domain.messages import MessageStatus
from recovery.domain.remedies import COUNTED
from recovery.domain.tickets import Severity, TicketStatus
from recovery.models import Callback, Contact, Customer, Ledger, Message, Promise, Remedy, Ticket
from recovery.services.calling import attempts, booking
from recovery.services.deciding import remedies
from recovery.services.people.customers import NewCustomer
from recovery.services.proving.audit import verify
from recovery.services.proving.silence import silent
from recovery.services.texting import replies
from recovery.services.ticketing import reopening, tickets
from recovery.services.ticketing.tickets import Change
from recovery.services.timing import promises
from tests.factories import Business, refund

WHO = st.sampled_from(["maya", "omar", "ada"])
MONEY = st.sampled_from([100, 1500, 2500, 9000, 20_000])
ANY = st.integers(0, 9)
_numbers = itertools.count(300)
_sids = itertools.count()


class Life(RuleBasedStateMachine):
    """One customer; their ticket, and those that follow from it."""

    def __init__(self, business: Business) -> None:
        super().__init__()
        self.business = business
        self.version_by_people: dict[int, int] = {}

    @initialize(amount=MONEY)
    def log(self, amount: int) -> None:
        self.business.later(minutes=1)
        self.phone = f"07700 900{next(_numbers) % 1000:03}"
        self.customer = NewCustomer(self.phone, "Lee Chen")
        self.first = self.business.log(customer=self.customer, remedies=(refund(amount),))

    @rule(amount=MONEY, who=WHO)
    def log_another(self, amount: int, who: str) -> None:
        self.try_to(lambda: self.business.log(by=who, customer=self.customer, remedies=(refund(amount),)))

    @rule(amount=MONEY, who=WHO)
    def grant(self, amount: int, who: str) -> None:
        self.on_ticket(
            who, lambda session, ticket, by, now: remedies.propose(session, ticket, refund(amount), now=now, by=by)
        )

    @rule(
        which=ANY,
        who=WHO,
        act=st.sampled_from(["approve", "approve less", "refuse", "ready", "fulfil", "cancel", "fail"]),
    )
    def settle(self, which: int, who: str, act: str) -> None:
        found = self.business.rows(Remedy, self.ticket)
        if not found:
            return
        wanted = found[which % len(found)].id

        def settle(session: Any, ticket: Ticket, by: Any, now: Any) -> None:
            remedy = session.get_one(Remedy, wanted)
            common = {"now": now, "by": by}
            match act:
                case "approve":
                    remedies.approve(session, ticket, remedy, **common)
                case "approve less":
                    remedies.approve(session, ticket, remedy, amount=50, **common)
                case "refuse":
                    remedies.refuse(session, ticket, remedy, reason="too much", **common)
                case "ready":
                    remedies.make_ready(session, ticket, remedy, **common)
                case "fulfil":
                    remedies.fulfil(session, ticket, remedy, **common)
                case "cancel":
                    remedies.cancel(session, ticket, remedy, reason="changed", **common)
                case _:
                    remedies.fail(session, ticket, remedy, reason="card refused", **common)

        self.on_ticket(who, settle)

    @rule(who=WHO, minutes=st.sampled_from([None, 3, 40, 500]))
    def book(self, who: str, minutes: int | None) -> None:
        def book(session: Any, ticket: Ticket, by: Any, now: Any) -> None:
            due = None if minutes is None else now + timedelta(minutes=minutes)
            booking.book(session, ticket, due_at=due, now=now, by=by)

        self.on_ticket(who, book)

    @rule(which=ANY, who=WHO, outcome=st.sampled_from([*Outcome, None]))
    def call(self, which: int, who: str, outcome: Outcome | None) -> None:
        """None cancels it."""
        found = self.business.rows(Callback, self.ticket)
        if not found:
            return
        wanted = found[which % len(found)].id

        def call(session: Any, ticket: Ticket, by: Any, now: Any) -> None:
            callback = session.get_one(Callback, wanted)
            if outcome is None:
                booking.cancel(session, ticket, callback, now=now, by=by)
            else:
                attempts.attempt(session, ticket, callback, outcome=outcome, note=None, now=now, by=by)

        self.on_ticket(who, call)

    @rule(who=WHO, act=st.sampled_from(["resolve", "reopen", "wait", "resume", "void", "close", "write", "promise"]))
    def move(self, who: str, act: str) -> None:
        def move(session: Any, ticket: Ticket, by: Any, now: Any) -> None:
            common = {"now": now, "by": by}
            match act:
                case "resolve":
                    tickets.resolve(session, ticket, how="done", **common)
                case "reopen":
                    reopening.reopen(session, ticket, why="cold", **common)
                case "wait":
                    tickets.wait_for_customer(session, ticket, **common)
                case "resume":
                    tickets.resume(session, ticket, **common)
                case "void":
                    tickets.void(session, ticket, reason="twice", duplicate_of=None, **common)
                case "close":
                    tickets.close(session, ticket, cause="menu", action=None, **common)
                case "write":
                    tickets.write_to_customer(session, ticket, "On our way.", **common)
                case _:
                    due = now + timedelta(minutes=20)
                    promises.promise_by_hand(session, ticket, due_at=due, tell=True, **common)

        self.on_ticket(who, move)

    @rule(who=WHO, severity=st.sampled_from(Severity))
    def edit(self, who: str, severity: Severity) -> None:
        wanted = Change(severity=severity, note=f"now {severity}")
        self.on_ticket(who, lambda session, ticket, by, now: tickets.change(session, ticket, wanted, now=now, by=by))

    @rule(words=st.sampled_from(["1", "2", "CALL", "hello", "STOP", "START", "YES"]))
    def reply(self, words: str) -> None:
        number = f"+44{self.phone.replace(' ', '')[1:]}"
        inbound = replies.Inbound(number, self.business.desk.house.sender, words, f"SM-life-{next(_sids)}")
        self.business.desk.transact(lambda session: replies.receive(session, inbound, now=self.business.now))

    @rule()
    def texts_arrive(self) -> None:
        with self.business.desk.writing.begin() as connection:
            connection.execute(
                Message.__table__.update()
                .where(Message.status == MessageStatus.PENDING, Message.not_before <= self.business.now)
                .values(status=MessageStatus.DELIVERED, sending_at=self.business.now),
            )

    @rule(minutes=st.sampled_from([0.1, 1, 9, 16, 70, 600, 60 * 24 * 8]), ticks=st.booleans())
    def time_passes(self, minutes: float, ticks: bool) -> None:  # noqa: FBT001  # drawn by hypothesis
        self.business.later(minutes=minutes)
        if ticks:
            before = {ticket.id: ticket.version for ticket in self.all()}
            self.business.tick()
            assert {ticket.id: ticket.version for ticket in self.all()} == before, "the machine raised a version"

    @invariant()
    def all_is_well(self) -> None:
        """Read once after each step."""
        theirs = self.all()
        ids = [ticket.id for ticket in theirs]
        subjects = {*ids, *(ticket.customer_id for ticket in theirs)}
        with self.business.desk.read() as session:
            promised = session.scalars(select(Promise).where(Promise.ticket_id.in_(ids), Promise.ended_at.is_(None)))
            current = [(row.ticket_id, row.due_at) for row in promised]
            given = session.scalars(select(Remedy).where(Remedy.ticket_id.in_(ids))).all()
            counted = session.scalars(select(Ledger).where(Ledger.subject_id.in_(subjects))).all()
            calls = session.scalars(select(Callback).where(Callback.ticket_id.in_(ids))).all()
            assert silent(session) == [], "an open ticket is left to itself"
        self.every_live_ticket_has_one_current_promise_and_nothing_else_has_one(theirs, current)
        self.the_ledgers_are_the_sums_of_what_was_given(theirs, given, counted)
        self.at_most_one_call_with_the_customer_is_live_and_none_on_what_is_over(theirs, calls)

    @staticmethod
    def every_live_ticket_has_one_current_promise_and_nothing_else_has_one(
        theirs: Sequence[Ticket], current: Sequence[tuple[int, datetime]]
    ) -> None:
        for ticket in theirs:
            its = [due_at for ticket_id, due_at in current if ticket_id == ticket.id]
            assert its == ([ticket.promise_due_at] if ticket.is_live else []), ticket.status
            assert ticket.is_live == (ticket.promise_due_at is not None)

    @staticmethod
    def the_ledgers_are_the_sums_of_what_was_given(
        theirs: Sequence[Ticket], remedies_given: Sequence[Remedy], ledgers: Sequence[Ledger]
    ) -> None:
        given: Counter[tuple[LimitSpan, int]] = Counter()
        customers = {ticket.id: ticket.customer_id or 0 for ticket in theirs}
        for remedy in remedies_given:
            if remedy.status in COUNTED and remedy.amount:
                given[LimitSpan.TICKET, remedy.ticket_id] += remedy.amount
                given[LimitSpan.CUSTOMER_MONTH, customers[remedy.ticket_id]] += remedy.amount
        counted: Counter[tuple[LimitSpan, int]] = Counter()
        for row in ledgers:
            counted[row.span, row.subject_id] += row.total
        assert +counted == +given

    @staticmethod
    def at_most_one_call_with_the_customer_is_live_and_none_on_what_is_over(
        theirs: Sequence[Ticket], calls: Sequence[Callback]
    ) -> None:
        for ticket in theirs:
            live = [row for row in calls if row.ticket_id == ticket.id and row.status in LIVE_CALLBACKS]
            assert sum(not row.is_task for row in live) <= 1
            if ticket.status is TicketStatus.VOID:
                assert live == []

    @property
    def ticket(self) -> Ticket:
        """The newest that counts."""
        return self.all()[-1]

    def all(self) -> list[Ticket]:
        number = f"+44{self.phone.replace(' ', '')[1:]}"
        with self.business.desk.read() as session:
            customers = select(Customer.id).join(Contact, Contact.id == Customer.contact_id)
            theirs = customers.where(Contact.phone == number)
            return list(session.scalars(select(Ticket).where(Ticket.customer_id.in_(theirs)).order_by(Ticket.id)))

    def on_ticket(self, who: str, act: Callable[[Any, Ticket, Any, Any], object]) -> None:
        now, ticket = self.business.now, self.ticket
        self.try_to(lambda: self.business.on(ticket, lambda session, held, by: act(session, held, by, now), by=who))

    @staticmethod
    def try_to(act: Callable[[], object]) -> None:
        """What the business refuses is no bug."""
        with suppress(DomainError):
            act()


@pytest.mark.slow
def test_whatever_happens_to_a_ticket_the_promises_hold(business: Business) -> None:
    limits = settings(
        max_examples=12,
        stateful_step_count=25,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: Life(business), settings=limits)  # type: ignore[no-untyped-call]
    with business.desk.read() as session:
        verdict = verify(session, business.desk.house.audit_key)
    assert verdict.ok, (verdict.first_break, verdict.first_wrong_clock)
