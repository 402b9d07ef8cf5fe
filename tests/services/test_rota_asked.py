"""What an alert asks of the rota: once for all people, never what it was before, and of nobody who has left."""

import pytest
from sqlalchemy import event, select

from recovery.models import Alert, Site, Staff
from recovery.services.alerting.rota import at_work, has_rota, on_shift, rota_of, set_rota
from recovery.services.people.staff import deactivate, locked_with_admins
from tests.factories import Business, shut
from tests.services.ladder_parts import logged, rota, staffed


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


def test_a_lapse_asks_for_the_rota_once_whoever_is_told(business: Business) -> None:
    shop = staffed(business)
    rota(shop, maya="mon-fri 06:00-14:00", omar="mon-fri 06:00-14:00")
    logged(shop)
    shop.later(minutes=16)
    asked: list[str] = []
    event.listen(shop.desk.writing, "before_cursor_execute", lambda *told: asked.append(told[2]))
    shop.tick("promises to lapse")
    assert len([statement for statement in asked if "staff_sites.shifts IS NOT NULL" in statement]) == 1


def test_whoever_is_put_on_the_rota_is_at_work_at_once(business: Business) -> None:
    maya, ada = business.staff("maya"), business.actor("ada")
    with business.desk.write() as session:
        site = session.get_one(Site, business.site().id)
        assert on_shift(session, site, now=business.now) == []
        set_rota(session, site, {maya.id: "mon-fri 06:00-14:00"}, now=business.now, by=ada)
        assert [person.id for person in on_shift(session, site, now=business.now)] == [maya.id]


def test_where_everybody_on_the_rota_has_left_there_is_none(business: Business) -> None:
    rota(business, maya="mon-fri 06:00-14:00")
    maya, ada = business.staff("maya").id, business.actor("ada")
    with business.desk.write() as session:
        deactivate(session, locked_with_admins(session, maya), now=business.now, by=ada)
    with business.desk.read() as session:
        assert not has_rota(session, business.site().id), "the others are texted by night as ever"


def test_nobody_is_at_work_on_a_day_on_which_the_site_is_shut(business: Business) -> None:
    """Who came in the night before stays until the morning."""
    shop = staffed(business)
    rota(shop, maya="tue-thu 06:00-14:00", tom="mon-fri 22:00-06:00")
    shut(shop, "2026-03-11", "Founders' Day")

    def working() -> list[str]:
        with shop.desk.read() as session:
            site, ada = session.get_one(Site, shop.site().id), shop.actor("ada")
            names = [person.first_name for person in on_shift(session, site, now=shop.now)]
            assert [name for _, name in at_work(session, by=ada, now=shop.now)] == names
            on_rota = rota_of(session, site, now=shop.now)
            assert [each.person.first_name for each in on_rota if each.is_on] == names
            return names

    assert working() == ["Maya"]  # Tuesday, 09:30
    shop.later(hours=20)
    assert working() == ["Tom"]  # Wednesday, 05:30: his night began on Tuesday
    shop.later(hours=4)
    assert working() == []
    shop.later(hours=13)
    assert working() == []  # 22:30: no night of his begins
    shop.later(hours=11)
    assert working() == ["Maya"]  # Thursday, 09:30


def test_a_lapse_on_a_holiday_does_not_rest_with_who_has_the_day_off(business: Business) -> None:
    shop = staffed(business)
    rota(shop, maya="mon-fri 06:00-14:00")
    ticket = logged(shop)
    shut(shop, "2026-03-10", "The boiler burst")
    shop.later(minutes=16)
    shop.tick("promises to lapse")
    with shop.desk.read() as session:
        alerts = select(Staff.name, Alert.how).join(Staff, Staff.id == Alert.staff_id)
        told = session.execute(alerts.where(Alert.ticket_id == ticket.id)).all()
    assert [tuple(row) for row in told] == [("Omar Haddad", "text")]
