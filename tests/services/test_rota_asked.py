"""What an alert asks of the rota: once for all people, never what it was before, and of nobody who has left."""

import pytest
from sqlalchemy import event

from recovery.models import Site
from recovery.services.alerting.rota import has_rota, on_shift, set_rota
from recovery.services.people.staff import deactivate, locked_with_admins
from tests.factories import Business
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
