"""Every change tells of itself, in its own transaction, once, and in an order that nobody can change."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from recovery.domain.actors import MACHINE
from recovery.domain.event_chain import GENESIS, chain_hash
from recovery.domain.events import Tag
from recovery.models import Event, Ticket
from recovery.services.access import lock_ticket
from recovery.services.proving.trail import record
from recovery.services.session import DeskSession, UnprovenChange
from recovery.services.ticketing.tickets import Change, change
from tests.factories import Business


def test_each_event_carries_the_hash_of_the_one_before_it(business: Business) -> None:
    ticket = business.log()
    key, before = business.desk.house.audit_key, GENESIS
    events = business.told(ticket)
    for seq, event in enumerate(events, start=1):
        assert (event.seq, event.previous) == (seq, before)
        assert event.hash == chain_hash(key, event.fields())
        before = event.hash
    assert (business.again(ticket).event_seq, business.again(ticket).event_head) == (len(events), before)


def test_a_change_that_nobody_tells_of_is_refused(business: Business) -> None:
    ticket = business.log()
    with pytest.raises(UnprovenChange), business.desk.write() as session:
        lock_ticket(session, ticket.id).note = "silent"
    assert business.again(ticket).note is None


def test_a_change_in_bulk_is_refused_because_it_tells_of_nothing(business: Business) -> None:
    business.log()
    with pytest.raises(UnprovenChange), business.desk.write() as session:
        session.execute(update(Ticket).values(note="silent"))


def change_then_save(session: DeskSession, ticket: Ticket) -> None:
    lock_ticket(session, ticket.id).note = "silent"
    session.begin_nested().commit()


def test_a_savepoint_that_is_released_forgets_nothing_of_what_changed_before_it(business: Business) -> None:
    ticket = business.log()
    with pytest.raises(UnprovenChange):
        business.desk.transact(lambda session: change_then_save(session, ticket))


def test_a_savepoint_that_is_rolled_back_takes_only_its_own_events_with_it(business: Business) -> None:
    ticket = business.log()
    with business.desk.write() as session:
        held = lock_ticket(session, ticket.id)
        held.note = "told of"
        record(session, held, Tag.TICKET_CHANGED, by=MACHINE, at=business.now, field="note", before="", after="x")
        savepoint = session.begin_nested()
        held.cause = "never"
        record(session, held, Tag.TICKET_CHANGED, by=MACHINE, at=business.now, field="cause", before="", after="x")
        savepoint.rollback()
    again = business.again(ticket)
    assert (again.note, again.cause) == ("told of", None)
    assert business.tags(ticket)[-1] == "ticket:changed"
    assert again.event_seq == len(business.told(ticket))


def test_a_person_raises_the_version_once_a_transaction_however_much_they_change(business: Business) -> None:
    ticket = business.log()
    assert ticket.version == 1
    wanted = Change(note="two", cause="sticker machine")
    business.on(ticket, lambda session, held, maya: change(session, held, wanted, now=business.now, by=maya))
    assert business.again(ticket).version == 2
    assert business.tags(ticket)[-2:] == ["ticket:changed", "ticket:changed"]


def test_the_machine_never_raises_it_so_that_a_lapse_costs_nobody_their_form(business: Business) -> None:
    ticket = business.log()
    business.later(minutes=16)
    assert business.tick("promises to lapse") == 1
    assert business.again(ticket).version == 1


@pytest.mark.parametrize("table", ["events", "anchors"])
@pytest.mark.parametrize("change_it", ["UPDATE {} SET hash = ''", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_or_delete_a_line_of_the_trail(
    business: Business, table: str, change_it: str
) -> None:
    business.log()
    business.tick("anchor")
    with pytest.raises(DBAPIError, match=f"{table} are only added"), business.desk.writing.begin() as connection:
        connection.execute(text(change_it.format(table)))


def test_a_ticket_cannot_claim_an_event_that_is_not_there(business: Business) -> None:
    ticket = business.log()
    with pytest.raises(DBAPIError), business.desk.writing.begin() as connection:
        connection.execute(text("UPDATE tickets SET event_seq = 99 WHERE id = :id"), {"id": ticket.id})


def test_no_name_number_or_word_of_the_customer_stands_in_the_trail(business: Business) -> None:
    business.log(note="Allergic to the almond milk")
    business.later(minutes=20)
    business.tick()
    with business.desk.read() as session:
        told = " ".join(session.scalars(select(Event.payload)))
    assert '"failure":"wrong_order"' in told.replace(" ", "")
    for secret in ("Whitfield", "Sam", "7700900123", "almond", "Maya", "Okafor"):
        assert secret not in told


def test_times_in_the_trail_never_go_back(business: Business) -> None:
    ticket = business.log()
    for _ in range(3):
        business.later(minutes=40)
        business.tick()
    times = [event.at for event in business.told(ticket)]
    assert times == sorted(times)
    assert times[-1] - times[0] >= timedelta(minutes=40)
