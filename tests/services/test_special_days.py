"""Holidays and odd days of a site: an admin's act, told in the trail, from now on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from recovery.domain.errors import Forbidden, Invalid
from recovery.domain.special_days import special_day
from recovery.models import Event, FormerCalendar, Site
from recovery.services.access import visible_site
from recovery.services.people.special_days import drop_day, set_day, shut_for_holidays, special_days_of
from recovery.services.session import DeskSession
from recovery.services.timing.calendars import calendar_of
from tests.domain.open_times import open_seconds
from tests.factories import Business
from tests.fixtures.locks import is_waited_for
from tests.fixtures.waiting import wait_until

FOUNDERS_DAY = date(2026, 3, 12)


def harbour(session: DeskSession, business: Business) -> Site:
    return visible_site(session, "harbour-st", by=business.actor("ada"))


def set_for(business: Business, day: date, times: str, name: str = "", *, by: str = "ada") -> bool:
    with business.desk.write() as session:
        new = special_day(day, times, name)
        return set_day(session, harbour(session, business), new, now=business.now, by=business.actor(by))


def kept(business: Business) -> list[str]:
    with business.desk.read() as session:
        return str(special_days_of(harbour(session, business))).splitlines()


def test_a_day_is_set_set_anew_and_dropped(business: Business) -> None:
    assert set_for(business, FOUNDERS_DAY, "shut", "Founders' day")
    assert not set_for(business, FOUNDERS_DAY, "shut", "Founders' day")
    assert set_for(business, FOUNDERS_DAY, "10:00-12:00", "Founders' day")
    assert kept(business) == ["2026-03-12 10:00-12:00 Founders' day"]
    with business.desk.write() as session:
        assert drop_day(session, harbour(session, business), FOUNDERS_DAY, now=business.now, by=business.actor("ada"))
    assert kept(business) == []


@pytest.mark.postgres
def test_two_who_add_a_day_at_the_same_time_keep_both(on_postgres: Business) -> None:
    business = on_postgres
    other, new = FOUNDERS_DAY + timedelta(days=1), special_day(FOUNDERS_DAY, "shut")
    with ThreadPoolExecutor(1) as pool:
        with business.desk.write() as session:
            set_day(session, harbour(session, business), new, now=business.now, by=business.actor("ada"))
            session.flush()
            second = pool.submit(set_for, business, other, "10:00-12:00")
            wait_until(lambda: is_waited_for(business.desk.reading), what="the second waits")
        assert second.result()
    assert kept(business) == ["2026-03-12 shut", "2026-03-13 10:00-12:00"]


def test_the_site_is_shut_that_day_and_the_trail_tells_who_said_so(business: Business) -> None:
    set_for(business, FOUNDERS_DAY, "shut", "Founders' day")
    with business.desk.read() as session:
        calendar = calendar_of(harbour(session, business))
        assert open_seconds(calendar, business.now, business.now + timedelta(days=3)) == 2 * 86_400
        told = session.scalars(select(Event).where(Event.tag == "settings:site:changed")).one()
        assert '"after":"2026-03-12 shut Founders\' day","before":"","field":"special_days"' in told.payload
        assert told.actor_id == business.actor("ada").id


def test_a_day_that_has_gone_by_stays_as_it_was(business: Business) -> None:
    with pytest.raises(Invalid, match="That day has gone by"):
        set_for(business, date(2026, 3, 9), "shut")
    set_for(business, FOUNDERS_DAY, "shut")
    business.later(days=5)
    set_for(business, date(2026, 3, 20), "shut")
    assert kept(business) == ["2026-03-20 shut"]
    with business.desk.read() as session:
        former = session.scalars(select(FormerCalendar.special_days).order_by(FormerCalendar.until)).all()
        assert former == ["", "2026-03-12 shut"]


def test_what_began_yesterday_goes_on_past_midnight_though_another_day_is_set_then(business: Business) -> None:
    with business.desk.write() as session:
        harbour(session, business).hours = "mon-fri 08:00-16:00"
    set_for(business, business.now.date(), "18:00-02:00", "Late night")
    business.later(hours=16)
    set_for(business, date(2026, 3, 20), "shut")
    with business.desk.read() as session:
        assert calendar_of(harbour(session, business)).is_open(business.now), "it is half past one"


def test_holidays_leave_what_was_said_of_their_days(business: Business) -> None:
    set_for(business, date(2026, 4, 3), "10:00-14:00", "Good Friday brunch")
    holidays = [(date(2026, 1, 1), "New Year"), (date(2026, 4, 3), "Good Friday"), (date(2026, 4, 6), "Easter Monday")]
    with business.desk.write() as session:
        site = harbour(session, business)
        assert shut_for_holidays(session, site, holidays, now=business.now, by=business.actor("ada")) == 1
    assert kept(business) == ["2026-04-03 10:00-14:00 Good Friday brunch", "2026-04-06 shut Easter Monday"]


@pytest.mark.parametrize("name", ["maya", "omar"])
def test_only_an_admin_sets_them(business: Business, name: str) -> None:
    with pytest.raises(Forbidden):
        set_for(business, FOUNDERS_DAY, "shut", by=name)
    assert kept(business) == []
