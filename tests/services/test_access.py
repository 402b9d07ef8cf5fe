"""Two people at one ticket: the second is told what the first changed, and nothing is silently overwritten."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from recovery.domain.errors import NotFound, Stale
from recovery.domain.permissions import Scope
from recovery.domain.tickets import Severity
from recovery.models import Ticket
from recovery.services.access import locked_ticket, may_see, tickets_visible_to
from recovery.services.ticketing.reading_tickets import read_tickets, select_tickets
from recovery.services.ticketing.tickets import Change, change, resolve
from recovery.services.timing.promises import promise_by_hand
from tests.factories import Business


def changed(business: Business, ticket: object, wanted: Change, *, by: str = "maya") -> None:
    business.on(ticket, lambda session, held, who: change(session, held, wanted, now=business.now, by=who), by=by)  # type: ignore[arg-type]


def test_the_second_of_two_editors_sees_both(business: Business) -> None:
    ticket = business.log()
    changed(business, ticket, Change(severity=Severity.SERIOUS, note="She wants a call"), by="omar")
    with business.desk.write() as session, pytest.raises(Stale) as stale:
        locked_ticket(
            session, ticket.reference, by=business.actor("maya"), version=1, yours={"note": "He wants a remake"}
        )
    assert stale.value.current == 2
    omar, at = business.staff("omar").id, business.now
    assert stale.value.changed == [
        {"field": "note", "yours": "He wants a remake", "theirs": "She wants a call", "by": omar, "at": at},
        {"field": "severity", "yours": None, "theirs": "serious", "by": omar, "at": at},
    ]


def test_only_what_was_missed_is_listed_and_each_field_once(business: Business) -> None:
    ticket = business.log()
    changed(business, ticket, Change(note="one", severity=Severity.SEVERE))
    for words in ("two", "three"):
        business.later(minutes=1)
        changed(business, ticket, Change(note=words))
    with business.desk.write() as session, pytest.raises(Stale) as stale:
        locked_ticket(session, ticket.reference, by=business.actor("maya"), version=2)
    (only,) = stale.value.changed
    assert (only["field"], only["theirs"], only["at"]) == ("note", "three", business.now)


def test_a_new_owner_is_told_by_name_and_a_resolution_by_the_status(business: Business) -> None:
    ticket = business.log()
    changed(business, ticket, Change(owner_id=business.staff("omar").id), by="omar")
    business.later(minutes=1)
    business.on(
        ticket, lambda session, held, omar: resolve(session, held, how=None, now=business.now, by=omar), by="omar"
    )
    with business.desk.write() as session, pytest.raises(Stale) as stale:
        locked_ticket(session, ticket.reference, by=business.actor("maya"), version=1)
    told = {each["field"]: each["theirs"] for each in stale.value.changed}
    assert (told["owner"], told["status"]) == ("Omar Haddad", "resolved")


def test_a_new_promise_is_a_change_that_is_told(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=1)
    due = business.now + timedelta(hours=1)
    business.on(
        ticket,
        lambda session, held, maya: promise_by_hand(session, held, due_at=due, tell=False, now=business.now, by=maya),
    )
    with business.desk.write() as session, pytest.raises(Stale) as stale:
        locked_ticket(session, ticket.reference, by=business.actor("omar"), version=1)
    assert [each["field"] for each in stale.value.changed] == ["promise"]


def test_what_the_machine_did_costs_nobody_their_form(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=16)
    business.tick()
    with business.desk.write() as session:
        assert locked_ticket(session, ticket.reference, by=business.actor("maya"), version=1)


def test_another_sites_ticket_is_the_same_as_none(business: Business) -> None:
    ticket = business.log()
    sentences = []
    for reference in (ticket.reference, "RD-222222"):
        with business.desk.write() as session, pytest.raises(NotFound) as nothing:
            locked_ticket(session, reference, by=business.actor("nell"))
        sentences.append(nothing.value.detail)
    assert sentences[0] == sentences[1]


def test_a_sensitive_ticket_is_seen_by_who_logged_it_and_by_supervisors(business: Business) -> None:
    ticket = business.log(by="omar", failure="unsafe")
    with business.desk.write() as session, pytest.raises(NotFound):
        locked_ticket(session, ticket.reference, by=business.actor("maya"))
    for who in ("omar", "ada"):
        with business.desk.write() as session:
            assert locked_ticket(session, ticket.reference, by=business.actor(who))


def test_a_supervisor_reads_them_by_a_token_that_may_only_read_and_maya_does_not(business: Business) -> None:
    ticket = business.log(by="omar", failure="unsafe")
    for who, sees in (("omar", True), ("ada", True), ("maya", False), ("nell", False)):
        by = replace(business.actor(who), scopes=frozenset({Scope.READ}))
        with business.desk.read() as session:
            found = session.scalars(select(Ticket.id).where(tickets_visible_to(by), Ticket.id == ticket.id)).all()
            (row,) = read_tickets(session, select_tickets().where(Ticket.id == ticket.id))
        assert (bool(found), may_see(row, by=by)) == (sees, sees)
