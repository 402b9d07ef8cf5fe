"""`verify` finds whatever was done to the trail behind our backs, and says where. The triggers are dropped first, as
somebody with the database's password would."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from recovery.bootstrap import build
from recovery.domain.errors import Invalid
from recovery.domain.event_chain import chain_hash
from recovery.domain.remedies import RemedyKind
from recovery.models import Anchor, Event, Remedy, Ticket
from recovery.services.access import ticket_of_remedy, visible_site, visible_ticket
from recovery.services.deciding.remedies import NewRemedy, refuse
from recovery.services.people.sites import change_site
from recovery.services.proving.audit import Verdict, search, trail, verify
from recovery.services.ticketing.tickets import Change, change, resolve, void
from tests.factories import HARBOUR, NOOR, SAM, Business, refund
from tests.fixtures.settings import MakeSettings
from tests.services.tampering import tamper


def verdict_of(business: Business, **more: Any) -> Verdict:
    with business.desk.read() as session:
        return verify(session, business.desk.house.audit_key, **more)


def sql(statement: str, **values: Any) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(text(statement), values)


@pytest.fixture
def busy(business: Business) -> Business:
    """Two tickets with a history, and what falls due by itself."""
    for customer in (SAM, NOOR):
        business.log(customer=customer, remedies=(refund(4500),))
    business.later(minutes=12)
    business.tick()
    return business


def newest(business: Business) -> Ticket:
    with business.desk.read() as session:
        return session.scalars(select(Ticket).order_by(Ticket.id.desc())).first()  # type: ignore[return-value]


def test_an_untouched_trail_is_whole(busy: Business) -> None:
    verdict = verdict_of(busy)
    assert verdict.ok, (verdict.first_break, verdict.first_wrong_clock)
    with busy.desk.read() as session:
        assert verdict.events == len(session.scalars(select(Event.seq)).all())
    assert verdict.streams == 2 + 4 + 1
    assert verdict.covered_until == busy.now


def test_an_edited_event_is_found(busy: Business) -> None:
    ticket = newest(busy)
    tamper(
        busy, sql("UPDATE events SET payload = replace(payload, '4500', '9900') WHERE stream_id = :id", id=ticket.id)
    )
    broken = verdict_of(busy).first_break
    assert broken is not None
    assert broken.where.startswith(f"{ticket.reference}, event ")
    assert "edited" in broken.why


@pytest.mark.parametrize("column", ["at", "actor_id", "tag", "site_id", "actor_kind"])
def test_no_column_of_an_event_can_be_changed_unseen(busy: Business, column: str) -> None:
    ticket = newest(busy)
    to = {
        "at": "at = (SELECT max(at) FROM events WHERE stream_id <> :id)",
        "actor_id": "actor_id = 1",
        "tag": "tag = 'ticket:ticket:viewed'",
        "site_id": "site_id = 1",
        "actor_kind": "actor_kind = 'customer'",
    }[column]
    tamper(busy, sql(f"UPDATE events SET {to} WHERE stream_id = :id AND seq = 1", id=ticket.id))
    broken = verdict_of(busy).first_break
    assert broken is not None
    assert broken.where == f"{ticket.reference}, event 1"


def test_a_deleted_event_is_found_by_the_gap(busy: Business) -> None:
    ticket = newest(busy)
    tamper(busy, sql("DELETE FROM events WHERE stream_id = :id AND seq = 3", id=ticket.id))
    broken = verdict_of(busy).first_break
    assert broken is not None
    assert (broken.where, "missing" in broken.why) == (f"{ticket.reference}, event 3", True)


def test_two_swapped_events_are_found(busy: Business) -> None:
    ticket = newest(busy)

    def swap(connection: Connection) -> None:
        for before, after in ((2, 99), (3, 2), (99, 3)):
            sql("UPDATE events SET seq = :b WHERE stream_id = :id AND seq = :a", a=before, b=after, id=ticket.id)(
                connection
            )

    tamper(busy, swap)
    broken = verdict_of(busy).first_break
    assert broken is not None
    assert broken.where == f"{ticket.reference}, event 2"


def test_events_made_again_without_the_key_are_found(busy: Business) -> None:
    ticket = newest(busy)
    tamper(busy, lambda connection: _made_again(connection, ticket, b"not the key of this house"))
    broken = verdict_of(busy).first_break
    assert broken is not None
    assert broken.where == f"{ticket.reference}, event 1"


def test_a_cut_tail_is_found_because_the_ticket_says_how_long_it_was(busy: Business) -> None:
    ticket = newest(busy)
    tamper(busy, sql("DELETE FROM events WHERE stream_id = :id AND seq > 4", id=ticket.id))
    broken = verdict_of(busy).first_break
    assert broken is not None
    assert broken.where == ticket.reference


def test_a_tail_cut_together_with_the_tickets_own_record_is_found_by_the_anchor(busy: Business) -> None:
    ticket = newest(busy)

    def cut(connection: Connection) -> None:
        head = connection.scalar(text("SELECT hash FROM events WHERE stream_id = :id AND seq = 4"), {"id": ticket.id})
        sql("DELETE FROM events WHERE stream_id = :id AND seq > 4", id=ticket.id)(connection)
        sql("UPDATE tickets SET event_seq = 4, event_head = :head WHERE id = :id", head=head, id=ticket.id)(connection)
        sql("DELETE FROM ticket_clocks WHERE ticket_id = :id", id=ticket.id)(connection)

    tamper(busy, cut)
    broken = verdict_of(busy).first_break
    assert broken is not None
    assert broken.where.startswith("the anchor of ")


@pytest.mark.parametrize("with_its_events", [False, True])
def test_a_deleted_ticket_is_found(busy: Business, with_its_events: bool) -> None:  # noqa: FBT001  # a parameter of the test
    ticket = newest(busy)

    def delete_it(connection: Connection) -> None:
        sql("DELETE FROM ticket_clocks WHERE ticket_id = :id", id=ticket.id)(connection)
        sql("DELETE FROM tickets WHERE id = :id", id=ticket.id)(connection)
        if with_its_events:
            sql("DELETE FROM events WHERE stream_id = :id", id=ticket.id)(connection)

    tamper(busy, delete_it)
    broken = verdict_of(busy).first_break
    assert broken is not None
    assert broken.where.startswith("the anchor of " if with_its_events else "stream ")


def test_a_ticket_without_its_events_is_found(busy: Business) -> None:
    ticket = newest(busy)
    tamper(busy, sql("DELETE FROM events WHERE stream_id = :id", id=ticket.id))
    broken = verdict_of(busy).first_break
    assert broken is not None
    assert broken.where == ticket.reference


def test_an_edited_anchor_is_found(busy: Business) -> None:
    tamper(busy, sql("UPDATE anchors SET heads = '{}'"))
    broken = verdict_of(busy).first_break
    assert broken is not None
    assert broken.where.startswith("the anchor of ")


def test_an_older_copy_put_back_is_found_by_what_was_told_outside(busy: Business) -> None:
    with busy.desk.read() as session:
        told = [
            json.dumps({"at": anchor.at.isoformat(timespec="microseconds"), "hash": anchor.hash})
            for anchor in session.scalars(select(Anchor))
        ]
    assert verdict_of(busy, outside=told).ok
    tamper(busy, sql("DELETE FROM anchors"))
    assert verdict_of(busy).ok
    broken = verdict_of(busy, outside=told).first_break
    assert broken is not None
    assert "older copy" in broken.why


def test_another_key_verifies_nothing(busy: Business) -> None:
    with busy.desk.read() as session:
        verdict = verify(session, b"the key of somebody else")
    assert verdict.first_break is not None
    assert "another audit key" in verdict.first_break.why


def test_a_row_of_the_reports_that_the_trail_does_not_give_is_found(busy: Business) -> None:
    ticket = newest(busy)
    tamper(busy, sql("UPDATE ticket_clocks SET promises_kept = 7 WHERE ticket_id = :id", id=ticket.id))
    verdict = verdict_of(busy)
    assert verdict.first_break is None
    assert verdict.first_wrong_clock is not None
    assert verdict.first_wrong_clock.where == ticket.reference
    assert "promises kept 7" in verdict.first_wrong_clock.why


def test_new_opening_hours_rewrite_nothing_that_has_happened(busy: Business) -> None:
    ticket = newest(busy)
    omar, ada = busy.actor("omar"), busy.actor("ada")
    (remedy,) = busy.rows(Remedy, ticket)
    with busy.desk.write() as session:
        refuse(session, *ticket_of_remedy(session, remedy.id, by=omar), reason="no", now=busy.now, by=omar)
    busy.on(ticket, lambda session, held, maya: resolve(session, held, how=None, now=busy.now, by=maya))
    busy.later(days=1)
    with busy.desk.write() as session:
        afternoons = replace(HARBOUR, hours="mon-sun 14:00-15:00")
        change_site(session, visible_site(session, "harbour-st", by=ada), afternoons, now=busy.now, by=ada)
    assert verdict_of(busy).ok


def test_voided_tickets_and_idle_ticks_keep_the_trail_whole(busy: Business) -> None:
    ticket = busy.log(remedies=())
    busy.on(
        ticket, lambda session, held, maya: void(session, held, reason="x", duplicate_of=None, now=busy.now, by=maya)
    )
    busy.tick()
    assert busy.tick("anchor") == 0
    verdict = verdict_of(busy)
    assert verdict.ok, (verdict.first_break, verdict.first_wrong_clock)


def test_anchors_are_told_to_the_file_outside(business: Business, make_settings: MakeSettings, tmp_path: Path) -> None:
    file = tmp_path / "anchors.jsonl"
    file.touch()
    desk = build(
        make_settings(DATABASE_URL=business.desk.settings.database_url, AUDIT_ANCHOR_FILE=file),
        clock=business.desk.clock,
    )
    watched = Business(desk)
    for _ in range(2):
        watched.log()
        assert watched.tick("anchor") == 1
        watched.later(minutes=5)
    lines = file.read_text().splitlines()
    assert len(lines) == 2
    assert json.loads(lines[1])["previous"] == json.loads(lines[0])["hash"]
    assert verdict_of(watched, outside=lines).ok
    desk.dispose()


def test_the_trail_tells_in_words_who_did_what_and_what_it_was_before(business: Business) -> None:
    ticket = business.log(remedies=(NewRemedy(RemedyKind.REFUND, 4500),))
    omar = business.staff("omar")
    wanted = Change(owner_id=omar.id, note="call her first")
    business.on(ticket, lambda session, held, by: change(session, held, wanted, now=business.now, by=by), by="omar")
    with business.desk.read() as session:
        rows = trail(session, visible_ticket(session, ticket.reference, by=business.actor("omar")))
    asked = next(row for row in rows if row.words == "approval asked")
    assert asked.by is not None
    assert asked.by.name == "Maya Okafor"
    assert {detail.name: detail.value for detail in asked.details}["asked of"] == "Omar Haddad"
    assert {detail.name: detail.value for detail in asked.details}["limit"] == "£20.00"
    owner, note = (row.details[0] for row in rows[-2:])
    assert (owner.name, owner.before, owner.value) == ("owner", "Maya Okafor", "Omar Haddad")
    assert "call her" not in note.value


def test_the_audit_page_is_searched_by_person_action_ticket_and_time(business: Business) -> None:
    first = business.log()
    business.later(hours=1)
    second = business.log(by="omar")
    omar, now = business.actor("omar"), business.now
    with business.desk.read() as session:
        mine = search(session, by=omar, staff=business.staff("omar").id).items
        logged = search(session, by=omar, tag="ticket:ticket:logged").items
        of_first = search(session, by=omar, reference=first.reference.lower()).items
        recent = search(session, by=omar, since=now).items
    assert {row.reference for row in mine} == {second.reference}
    assert [row.reference for row in logged] == [second.reference, first.reference]
    assert {row.reference for row in of_first} == {first.reference}
    assert {row.reference for row in recent} == {second.reference}


def test_pages_of_the_audit_follow_one_another_without_a_gap(business: Business) -> None:
    business.log()
    business.log()
    ada = business.actor("ada")
    with business.desk.read() as session:
        whole = search(session, by=ada, limit=200).items
        pages, cursor = [], None
        while True:
            page = search(session, by=ada, limit=3, cursor=cursor)
            pages += page.items
            if (cursor := page.next_cursor) is None:
                break
    assert [(row.stream_id, row.seq) for row in pages] == [(row.stream_id, row.seq) for row in whole]


@pytest.mark.parametrize(
    "plain",
    [
        "1:99999999999999999999:1",
        "1:1:99999999999999999999",
        "99999999999999999999999:1:1",
        "9000000000000000000:1:1",
        "1:1",
        "2026-03-10T09:30:00 1 1",
    ],
)
def test_a_cursor_that_was_made_up_is_refused_in_a_sentence(business: Business, plain: str) -> None:
    business.log()
    forged = base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")
    with business.desk.read() as session, pytest.raises(Invalid) as refused:
        search(session, by=business.actor("ada"), cursor=forged)
    assert "none of ours" in str(refused.value.errors)


def test_a_supervisor_reads_nothing_of_another_site(business: Business) -> None:
    ticket = business.log()
    nell = business.actor("nell")
    with business.desk.read() as session:
        assert {row.site for row in search(session, by=nell).items} == {"The Quay Hotel"}
        assert search(session, by=nell, reference=ticket.reference).items == []


def _made_again(connection: Connection, ticket: Ticket, key: bytes) -> None:
    """As somebody would who knows how the chain is made, and not the key."""
    previous = ""
    rows = connection.execute(select(Event.__table__).where(Event.stream_id == ticket.id).order_by(Event.seq)).all()
    for row in rows:
        event = Event(**dict(row._mapping) | {"previous": previous})
        previous = chain_hash(key, event.fields())
        sql(
            "UPDATE events SET hash = :hash, previous = :previous WHERE stream_id = :id AND seq = :seq",
            hash=previous,
            previous=event.previous,
            id=ticket.id,
            seq=event.seq,
        )(connection)
    sql("UPDATE tickets SET event_head = :hash WHERE id = :id", hash=previous, id=ticket.id)(connection)
