"""What a line of the trail says: whose account, whose limit, and what it was before. On SQLite: it is about words."""

import re
from dataclasses import replace

from recovery.domain.authority import LimitSpan
from recovery.domain.targets import EVERYTHING
from recovery.models import Site
from recovery.services.access import visible_site
from recovery.services.deciding.authority import set_limit
from recovery.services.people.staff import change_staff, deactivate, locked_person, locked_with_admins
from recovery.services.people.team import give_link
from recovery.services.session import DeskSession
from recovery.services.ticketing import tickets
from recovery.services.timing.targets import set_target
from tests.factories import MAYA, Business
from tests.web.pages import Visitor


def newest_line(business: Business, of: str) -> str:
    """As Ada reads it, from what happened to what stands below it."""
    page = Visitor.signed_in(business, "ada").open(f"/audit?action={of}").text
    line = page[page.index('<li class="trail-line">') :].partition("</li>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", line).split())


def harbour(session: DeskSession, business: Business) -> Site:
    return visible_site(session, "harbour-st", by=business.actor("ada"))


def limit_of_mayas(business: Business, minor_units: int | None) -> None:
    who = {"whom": "frontline", "span": LimitSpan.STAFF_DAY, "now": business.now, "by": business.actor("ada")}
    with business.desk.write() as session:
        set_limit(session, harbour(session, business), minor_units=minor_units, **who)


def test_a_changed_limit_says_whose_it_is_and_what_of(business: Business) -> None:
    limit_of_mayas(business, 5000)
    line = newest_line(business, "settings:limits:changed")
    assert "limit £100.00 → £50.00" in line
    assert "span staff day" in line
    assert "whom frontline" in line


def test_a_limit_that_is_taken_away_is_no_limit_and_not_nothing(business: Business) -> None:
    limit_of_mayas(business, None)
    assert "limit £100.00 → no limit" in newest_line(business, "settings:limits:changed")
    business.later(minutes=1)
    limit_of_mayas(business, 7500)
    assert "limit no limit → £75.00" in newest_line(business, "settings:limits:changed")


def test_a_target_that_is_taken_back_is_as_the_house_has_it(business: Business) -> None:
    ada = business.actor("ada")
    for minutes, said in ((45, "as the house has it → 45"), (None, "45 → as the house has it")):
        business.later(minutes=1)
        with business.desk.write() as session:
            set_target(session, harbour(session, business), EVERYTHING, "resolved", minutes, now=business.now, by=ada)
        assert f"minutes {said}" in newest_line(business, "settings:target:changed")


def test_a_change_of_somebodys_account_says_whose_it_is(business: Business) -> None:
    ada, maya, omar = business.actor("ada"), business.staff("maya"), business.actor("omar")
    with business.desk.write() as session:
        give_link(session, maya.id, now=business.now, by=omar)
        deactivate(session, locked_person(session, maya.id), now=business.now, by=ada)
    assert "Omar Haddad account Maya Okafor expires Thu 12 Mar 09:30 UTC" in newest_line(business, "staff:link:issued")
    assert "Ada Lind account Maya Okafor active yes → no" in newest_line(business, "staff:staff:changed")
    assert "account" not in newest_line(business, "staff:session:opened")


def test_a_new_name_is_told_as_a_change_and_not_as_nothing(business: Business) -> None:
    ada, renamed = business.actor("ada"), replace(MAYA, name="Maya Reed")
    with business.desk.write() as session:
        change_staff(session, locked_with_admins(session, business.staff("maya").id), renamed, now=business.now, by=ada)
    line = newest_line(business, "staff:staff:changed")
    assert "account Maya Reed name kept apart from the trail" in line
    assert "nothing" not in line


def test_a_closure_keeps_its_cause_apart_and_shows_no_key_of_it(business: Business) -> None:
    ticket, now = business.log(), business.now

    def close(session: DeskSession, row: tickets.Ticket, omar: tickets.Actor) -> None:
        tickets.resolve(session, row, how=None, now=now, by=omar)
        tickets.close(session, row, cause="the new till", action=None, now=now, by=omar)

    business.on(ticket, close, by="omar")
    line = newest_line(business, "ticket:ticket:closed")
    assert "cause kept apart from the trail" in line
    assert not re.search(r"[0-9a-f]{32}", line)
