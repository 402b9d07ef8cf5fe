"""Closing a shift on the page: who takes what, and the sheet that the next shift finds."""

import re

import pytest

from recovery.models import Ticket
from recovery.services.people.leaving import release
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing import tickets
from tests.factories import LEE, SAM, Business
from tests.web.pages import Visitor, value_of, words

PAGE = "/undetected/handover"


def unread(business: Business, by: str = "maya") -> Ticket:
    """Stands on the board whoever owns it."""
    ticket = business.log(customer=LEE, by=by)
    inbound = Inbound("+447700900125", "simulator", "Hello?", f"SM{ticket.id}")
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))
    return ticket


def nobodys(business: Business, **how: object) -> Ticket:
    ticket = business.log(**how)  # type: ignore[arg-type]
    business.on(ticket, lambda session, held, _: release(session, held, now=business.now), by="omar")
    return ticket


def to(business: Business, ticket: Ticket, name: str = "") -> str:
    return f"{ticket.id}:{business.staff(name).id if name else ''}"


def offered(page: str, ticket: Ticket) -> list[str]:
    """What may be chosen for this row, the chosen one with a star."""
    _, _, rest = page.partition(f'id="f-{ticket.reference}"')
    options = re.findall(r"<option value=\"[^\"]*\"\s*(selected)?>([^<]*)</option>", rest.partition("</select>")[0])
    return [f"{label}*" if chosen else label for chosen, label in options]


def hand_over(visitor: Visitor, *takers: str, **fields: str) -> str:
    """Gives what the page says then."""
    after = value_of(visitor.open(PAGE).text, "after")
    answer = visitor.post(PAGE, **({"site": "harbour-st", "after": after, "note": "", "taker": list(takers)} | fields))
    if answer.status_code == 303:
        return words(visitor.open(answer.headers["Location"]))
    return f"{answer.status_code} {words(answer)}"


def test_the_board_leads_to_the_end_of_the_shift_and_an_empty_one_closes_at_once(maya: Visitor) -> None:
    page = maya.open("/undetected").text
    assert 'action="/undetected/handover"' in page
    assert value_of(page, "site") == "harbour-st"
    assert "Nobody is overlooked" in words(maya.open(f"{PAGE}?site=harbour-st"))
    said = hand_over(maya)
    assert "The shift is closed. Nobody was overlooked." in said
    assert "Closed at 09:30 by Maya: nobody was overlooked" in said


def test_each_row_is_handed_over_by_name_and_the_next_shift_finds_the_sheet(
    business: Business, maya: Visitor, omar: Visitor
) -> None:
    mine, free = unread(business), nobodys(business, customer=SAM)
    page = maya.open(PAGE)
    assert "Two rows to hand over" in words(page)
    assert "A reply nobody has read." in words(page)
    assert offered(page.text, free) == ["Choose a person*", "Ada Lind", "Maya Okafor (you)", "Omar Haddad"]
    said = hand_over(maya, to(business, mine, "omar"), to(business, free, "omar"), note="The oven is hot")
    assert "The shift is closed. Two rows are handed over." in said
    said = words(omar.open("/undetected"))
    assert "Handed over at 09:30 by Maya: two rows 1 still to do" in said
    assert "The oven is hot" in said
    assert "A reply nobody has read. Wrong order You not read yet" in said
    assert said.count("off the board") == 1
    business.on(mine, lambda session, held, by: tickets.mark_read(session, held, now=business.now, by=by), by="omar")
    said = words(omar.open("/undetected"))
    assert "two rows All done" in said
    assert said.count("off the board") == 2


def test_who_is_named_says_that_they_have_read_it(business: Business, maya: Visitor, omar: Visitor) -> None:
    ticket = unread(business)
    hand_over(maya, to(business, ticket, "omar"))
    assert "I have read it" not in words(maya.open("/undetected"))
    address = re.search(r'action="(/undetected/handover/\d+/taking)"', omar.open("/undetected").text)
    assert address
    assert omar.post(address[1]).status_code == 303
    said = words(omar.open("/undetected"))
    assert "They are yours now." in said
    assert "You read 09:30" in said
    assert "I have read it" not in said
    story = words(omar.open(f"/tickets/{ticket.reference}"))
    assert "handed it over to Omar for the next shift" in story
    assert "read the sheet of the shift before" in story


def test_what_was_chosen_and_written_stays_while_a_row_has_nobody(business: Business, maya: Visitor) -> None:
    first, second = unread(business), nobodys(business, customer=SAM)
    answer = maya.post(
        PAGE,
        site="harbour-st",
        after="0",
        note="The oven is hot",
        taker=[to(business, first, "omar"), to(business, second)],
    )
    assert answer.status_code == 422
    assert "1 row has nobody yet: say who takes each, or clear it first." in words(answer)
    assert "Say who takes it, or clear it first." in words(answer)
    assert "Omar Haddad*" in offered(answer.text, first)
    assert "Choose a person*" in offered(answer.text, second)
    assert ">The oven is hot</textarea>" in answer.text
    assert business.again(first).owner_id == business.staff("maya").id


def test_one_choice_stands_for_all_that_have_none_of_their_own(business: Business, maya: Visitor) -> None:
    rows = [nobodys(business, customer=None) for _ in range(4)]
    late = nobodys(business, customer=SAM)
    assert "Everything that is not chosen below goes to" in words(maya.open(PAGE))
    rest = str(business.staff("omar").id)
    takers = [to(business, rows[0], "maya"), *(to(business, row) for row in rows[1:])]
    assert hand_over(maya, *takers, rest=rest).startswith("422")  # a row that came later has nobody: it was never seen
    hand_over(maya, *takers, to(business, late), rest=rest)
    owners = [business.again(row).owner for row in (*rows, late)]
    assert [owner.first_name for owner in owners if owner] == ["Maya", "Omar", "Omar", "Omar", "Omar"]


def test_a_colleagues_row_is_offered_to_them_alone_and_to_a_supervisor_for_anybody(
    business: Business, maya: Visitor, omar: Visitor
) -> None:
    theirs, hers = unread(business, by="omar"), nobodys(business, customer=SAM)
    assert offered(maya.open(PAGE).text, theirs) == ["Stays with Omar Haddad*"]
    answer = hand_over(maya, to(business, theirs, "maya"), to(business, hers, "maya"))
    assert answer.startswith("403")
    assert f"A colleague has {theirs.reference}" in answer
    business.on(hers, lambda session, held, by: tickets.take(session, held, now=business.now, by=by))
    mine = unread(business)
    assert offered(omar.open(PAGE).text, mine)[:2] == ["Choose a person", "Stays with Maya Okafor*"]
    assert "Ada Lind" in offered(omar.open(PAGE).text, mine)


def test_a_row_that_is_kept_private_needs_a_supervisor(business: Business, maya: Visitor, omar: Visitor) -> None:
    nobodys(business, by="omar", failure="unsafe")
    page = maya.open(PAGE)
    assert "One row is kept private from you. Ask a supervisor to close this shift." in words(page)
    assert "Close the shift</button>" not in page.text
    assert hand_over(maya).startswith("403")
    assert "Kept private" in words(omar.open(PAGE))


def test_a_shift_that_somebody_closed_meanwhile_is_not_closed_again(
    business: Business, maya: Visitor, omar: Visitor
) -> None:
    ticket = unread(business)
    hand_over(maya, to(business, ticket, "omar"))
    answer = hand_over(omar, to(business, ticket, "maya"), after="0")
    assert answer.startswith("409")
    assert "This shift was closed meanwhile" in answer


def test_whoever_works_at_several_sites_says_which_and_another_is_nothing(business: Business, maya: Visitor) -> None:
    ada = Visitor.signed_in(business, "ada", maya)
    page = ada.open("/undetected").text
    assert '<option value="quay">The Quay Hotel</option>' in page
    assert "The Quay Hotel." in words(ada.open(f"{PAGE}?site=quay"))
    assert maya.open(f"{PAGE}?site=quay").status_code == 404
    assert maya.post(PAGE, site="quay", after="0", note="").status_code == 404
    nell = Visitor.signed_in(business, "nell", maya)
    hand_over(maya)
    assert "by Maya" not in words(nell.open("/undetected"))
    assert "by Maya" in words(ada.open("/undetected"))


@pytest.mark.parametrize("fields", [{"taker": "x"}, {"taker": "1:-2"}, {"after": "soon"}, {"rest": "0"}])
def test_a_form_that_is_not_ours_changes_nothing_and_says_so(
    business: Business, maya: Visitor, fields: dict[str, str]
) -> None:
    unread(business)
    answer = maya.post(PAGE, **({"site": "harbour-st", "after": "0", "note": "Kept", "taker": ""} | fields))
    assert answer.status_code == 422
    assert "Kept" in answer.text
    assert "Handed over" not in words(maya.open("/undetected"))
