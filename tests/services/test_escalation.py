"""Who is asked first, and who is alerted next, is what an admin says, in the order that the site's page shows."""

import pytest
from sqlalchemy import select

from recovery.domain.errors import Forbidden, NotFound
from recovery.models import Approval, Event, Site, Staff
from recovery.services.people.escalation import escalation_list, first_approver, give_place
from recovery.services.people.staff import NewStaff, add_staff, deactivate, locked_with_admins
from tests.factories import Business, refund


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


@pytest.fixture
def four(business: Business) -> Business:
    """Omar, and after him Rita, Sol and Tess, as they were added."""
    for name in ("rita", "sol", "tess"):
        business.later(minutes=1)
        new = NewStaff(f"{name}@example.com", f"{name.capitalize()} Fox", "supervisor", ("harbour-st",))
        business.desk.transact(
            lambda session, new=new: add_staff(session, new, now=business.now, by=business.actor("ada"))
        )
    return business


def order(business: Business) -> list[str]:
    with business.desk.read() as session:
        return [person.first_name for person in escalation_list(session, business.site().id)]


def place(business: Business, name: str, rung: int, *, by: str = "ada", site: str = "harbour-st") -> bool:
    return business.desk.transact(
        lambda session: give_place(
            session,
            session.get_one(Site, business.site(site).id),
            business.staff(name).id,
            rung,
            now=business.now,
            by=business.actor(by),
        )
    )


def test_until_somebody_says_otherwise_it_is_the_order_in_which_they_came(four: Business) -> None:
    assert order(four) == ["Omar", "Rita", "Sol", "Tess", "Ada"]


@pytest.mark.parametrize(
    ("name", "rung", "then"),
    [
        ("sol", 1, ["Sol", "Omar", "Rita", "Tess"]),
        ("omar", 3, ["Rita", "Sol", "Omar", "Tess"]),
        ("omar", 99, ["Rita", "Sol", "Tess", "Omar"]),
        ("tess", 3, ["Omar", "Rita", "Tess", "Sol"]),
    ],
)
def test_somebody_gets_a_place_and_the_others_close_up(four: Business, name: str, rung: int, then: list[str]) -> None:
    assert place(four, name, rung)
    assert order(four) == [*then, "Ada"]


def test_it_says_who_is_asked_and_who_is_alerted(four: Business) -> None:
    place(four, "sol", 1)
    ticket = four.log(remedies=(refund(4500),))
    with four.desk.read() as session:
        site, sol = four.site().id, four.staff("sol").id
        assert session.scalars(select(Approval.asked_of_id).where(Approval.ticket_id == ticket.id)).one() == sol
        assert [person.id for person in escalation_list(session, site)][:2] == [sol, four.staff("omar").id]
        assert (
            _id(first_approver(session, site, besides=sol, enough={four.staff("omar").role})) == four.staff("omar").id
        )


def _id(person: Staff | None) -> int | None:
    return person.id if person else None


def test_who_came_later_stands_behind_and_who_left_is_left_out(four: Business) -> None:
    place(four, "tess", 1)
    four.later(minutes=1)
    new = NewStaff("uma@example.com", "Uma Fox", "supervisor", ("harbour-st",))
    ada = four.actor("ada")
    four.desk.transact(lambda session: add_staff(session, new, now=four.now, by=ada))
    four.desk.transact(
        lambda session: deactivate(session, locked_with_admins(session, four.staff("omar").id), now=four.now, by=ada)
    )
    assert order(four) == ["Tess", "Rita", "Sol", "Uma", "Ada"]
    place(four, "uma", 2)
    assert order(four) == ["Tess", "Uma", "Rita", "Sol", "Ada"]


def test_each_move_is_told_and_a_place_that_they_have_is_none(four: Business) -> None:
    assert place(four, "sol", 1)
    assert not place(four, "sol", 1)
    with four.desk.read() as session:
        (told,) = session.scalars(select(Event).where(Event.tag == "settings:escalation:ordered"))
    assert told.actor_id == four.staff("ada").id
    assert told.site_id == four.site().id
    assert f'"rung":1,"site":{four.site().id},"staff":{four.staff("sol").id},"was":3' in told.payload


def test_only_an_admin_orders_and_only_supervisors_of_the_site(four: Business) -> None:
    with pytest.raises(Forbidden):
        place(four, "sol", 1, by="omar")
    for stranger in ("nell", "maya", "ada"):
        with pytest.raises(NotFound):
            place(four, stranger, 1)
    assert order(four) == ["Omar", "Rita", "Sol", "Tess", "Ada"]
