"""The trail on a page: whoever may read it finds who did what, before and after, and proves that nobody changed it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from recovery.clock import FrozenClock
from recovery.domain.tickets import Severity
from recovery.models.triggers import drop_triggers
from recovery.services.calling.booking import book
from recovery.services.proving import verifying
from recovery.services.ticketing import tickets
from tests.factories import Business, NewCustomer
from tests.fixtures.waiting import wait_until
from tests.web.pages import Visitor


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def verified(business: Business, visitor: Visitor) -> str:
    """Presses the button, waits for the proof, and gives what the page then says."""
    assert visitor.post("/audit/verification").status_code == 303

    def is_done() -> bool:
        with business.desk.read() as session:
            found = verifying.standing(session, now=business.now)
        return found is not None and found.state != verifying.RUNNING

    wait_until(is_done, what="the trail was verified")
    return words_of(visitor.open("/audit").text)


def test_maya_does_not_read_the_trail(business: Business) -> None:
    maya = Visitor.signed_in(business, "maya")
    assert maya.open("/audit").status_code == 403
    assert maya.post("/audit/verification").status_code == 403


def test_who_did_what_and_when_newest_first(business: Business, clock: FrozenClock) -> None:
    ticket = business.log()
    clock.advance(minutes=3)
    business.on(ticket, lambda session, row, maya: tickets.resolve(session, row, how=None, now=business.now, by=maya))
    page = words_of(Visitor.signed_in(business, "omar").open("/audit").text)
    assert f"09:33:00 Ticket resolved · Maya Okafor · {ticket.reference}" in page
    assert f"09:30:00 Ticket logged · Maya Okafor · {ticket.reference}" in page
    assert page.index("Ticket resolved ·") < page.index("Ticket logged ·")


def test_a_change_stands_before_and_after(business: Business) -> None:
    ticket = business.log()
    business.on(
        ticket,
        lambda session, row, maya: tickets.change(
            session, row, tickets.Change(severity=Severity.SEVERE), now=business.now, by=maya
        ),
    )
    page = Visitor.signed_in(business, "omar").open("/audit").text
    assert "<del>minor</del>" in page
    assert "<ins>severe</ins>" in page


def test_a_call_that_was_moved_stands_before_and_after_in_the_sites_own_time(business: Business) -> None:
    ticket, later = business.log(), business.now + timedelta(hours=2)
    for due_at in (business.now + timedelta(hours=1), later):
        business.on(
            ticket, lambda session, row, maya, due=due_at: book(session, row, due_at=due, now=business.now, by=maya)
        )
    page = Visitor.signed_in(business, "omar").open("/audit").text
    assert "<del>Tue 10 Mar 10:30</del>" in page
    assert "<ins>Tue 10 Mar 11:30</ins>" in page


def test_the_trail_shows_no_keys_of_machines(business: Business) -> None:
    business.log()
    page = words_of(Visitor.signed_in(business, "omar").open("/audit").text)
    assert "Text queued" in page
    assert ":logged" not in page


def test_filters_by_person_action_ticket_and_day(business: Business, clock: FrozenClock) -> None:
    first = business.log()
    clock.advance(days=1)
    second = business.log(by="omar")
    omar = Visitor.signed_in(business, "omar")

    def shown(query: str) -> set[str]:
        page = omar.open(f"/audit?{query}").text
        return {reference for reference in (first.reference, second.reference) if reference in page.partition("<ol")[2]}

    assert shown("") == {first.reference, second.reference}
    assert shown(f"person={business.staff('maya').id}") == {first.reference}
    assert shown(f"ticket={second.reference.lower()}") == {second.reference}
    assert shown("from=2026-03-11") == {second.reference}
    assert shown("until=2026-03-10") == {first.reference}
    assert shown("action=ticket:ticket:resolved") == set()
    assert shown("action=ticket:ticket:logged&from=2026-03-11") == {second.reference}


def test_the_list_goes_on_where_the_page_ends(business: Business) -> None:
    references = [business.log(remedies=()).reference for _ in range(20)]
    omar = Visitor.signed_in(business, "omar")
    seen, address = "", "/audit"
    for _ in range(20):
        page = omar.open(address).text
        seen += page
        found = re.search(r'href="(/audit\?after=[^"]+)" rel="next"', page)
        if found is None:
            break
        address = found[1].replace("&amp;", "&")
    assert all(reference in seen for reference in references)
    assert seen.count("Ticket logged</strong>") == 20


def test_a_supervisor_reads_their_own_sites_and_an_admin_all_of_it(business: Business) -> None:
    ours = business.log()
    theirs = business.log(by="nell", site="quay", customer=NewCustomer("+1 212 555 0123", "Gus"))
    omar, ada = Visitor.signed_in(business, "omar"), Visitor.signed_in(business, "ada")
    page = omar.open("/audit").text
    assert ours.reference in page
    assert theirs.reference not in page
    assert "Staff added</strong>" not in page
    assert "The Quay Hotel" not in page
    assert theirs.reference not in omar.open(f"/audit?ticket={theirs.reference}").text.partition("<ol")[2]
    whole = ada.open("/audit").text
    assert ours.reference in whole
    assert "Staff added</strong>" in whole
    assert theirs.reference in whole


@pytest.mark.parametrize(
    "query",
    [
        "person=x",
        "person=99999999999999999999",
        "person=" + "0" * 20 + "9" * 30,
        "action=mood",
        "from=soon",
        "after=nonsense",
    ],
)
def test_nonsense_in_a_filter_gets_one_sentence(business: Business, query: str) -> None:
    answer = Visitor.signed_in(business, "omar").open(f"/audit?{query}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_the_chain_is_verified_from_the_page(business: Business) -> None:
    business.log()
    omar = Visitor.signed_in(business, "omar")
    assert "The chain has not been verified from here yet." in omar.open("/audit").text
    assert "Chain verified at 09:30 on 10 March 2026" in verified(business, omar)


def test_an_edited_event_shows_and_only_an_admin_reads_where(business: Business) -> None:
    ticket = business.log()
    with business.desk.writing.begin() as connection:
        drop_triggers(connection)
        connection.execute(
            text("UPDATE events SET payload = '{}' WHERE stream_id = :id AND seq = 1"), {"id": ticket.id}
        )
    ada = Visitor.signed_in(business, "ada")
    page = verified(business, ada)
    assert "The chain is broken" in page
    assert ticket.reference in page.partition("The chain is broken")[2][:200]
    supervisors = words_of(Visitor.signed_in(business, "nell").open("/audit").text)
    assert "The chain is broken" in supervisors
    assert ticket.reference not in supervisors


def test_a_second_press_waits_for_the_first(business: Business) -> None:
    business.desk.transact(lambda session: verifying.tell(session, 4000, now=business.now))
    omar = Visitor.signed_in(business, "omar")
    assert omar.post("/audit/verification").status_code == 303
    assert "Verifying: 4,000 events so far." in omar.open("/audit/verification").text


def test_a_proof_whose_process_died_is_told_so(business: Business, clock: FrozenClock) -> None:
    business.desk.transact(lambda session: verifying.tell(session, 4000, now=business.now))
    clock.advance(minutes=3)
    page = words_of(Visitor.signed_in(business, "omar").open("/audit").text)
    assert "before its end, which proves nothing: verify once more." in page


def test_the_whole_trail_stands_on_the_ticket_for_who_may_read_it(business: Business) -> None:
    ticket = business.log()
    address = f"/tickets/{ticket.reference}"
    assert "Promise made</strong>" in Visitor.signed_in(business, "omar").open(address).text
    assert "The whole trail" not in Visitor.signed_in(business, "maya").open(address).text
