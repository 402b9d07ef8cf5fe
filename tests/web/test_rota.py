"""Who works when: read by everybody at the site, written by its supervisors, and what it says on the desk."""

import re

from sqlalchemy import select

from recovery.models import Event, StaffSite
from tests.factories import Business
from tests.web.pages import Visitor, made_from, words


def shifts_of(business: Business, name: str) -> str | None:
    with business.desk.read() as session:
        return session.scalar(select(StaffSite.shifts).where(StaffSite.staff_id == business.staff(name).id))


def field_of(business: Business, name: str) -> str:
    return f"shifts-{business.staff(name).id}"


def test_a_supervisor_plans_and_the_desk_says_who_is_on(business: Business, maya: Visitor, omar: Visitor) -> None:
    assert "There is no rota yet" in words(omar.open("/rota"))
    assert "On shift" not in words(maya.open("/"))
    answer = omar.post(
        "/rota/harbour-st",
        **{
            field_of(business, "maya"): "Mon - Fri 8:00-12:00, 13:00-16:00",
            field_of(business, "omar"): "sat 9:00-12:00",
        },
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/rota?site=harbour-st")
    assert shifts_of(business, "maya") == "mon-fri 08:00-12:00 13:00-16:00"
    page = words(omar.open("/rota"))
    assert "Saved: it holds from now on." in page
    assert "On shift now Maya." in page
    assert "On shift until 12:00" in page
    assert "On shift now: Maya." in words(maya.open("/"))
    for hours, is_said in ((3, False), (1, True)):
        business.later(hours=hours)
        desk = words(Visitor.signed_in(business, "maya", maya).open("/"))
        assert "calls to make" in desk
        assert ("On shift now: Maya." in desk) is is_said


def test_each_change_is_told_and_an_empty_line_takes_somebody_off(business: Business, omar: Visitor) -> None:
    field = field_of(business, "maya")
    omar.post("/rota/harbour-st", **{field: "mon-fri 08:00-16:00"})
    assert "Nothing was different" in words(
        omar.open(omar.post("/rota/harbour-st", **{field: "mon-fri 8:00-16:00"}).headers["Location"])
    )
    omar.post("/rota/harbour-st", **{field: ""})
    assert shifts_of(business, "maya") is None
    with business.desk.read() as session:
        told = session.scalars(select(Event).where(Event.tag == "settings:rota:changed").order_by(Event.seq)).all()
    assert [event.actor_id for event in told] == [business.staff("omar").id] * 2
    assert '"after":"","before":"mon-fri 08:00-16:00"' in told[1].payload


def test_what_cannot_be_read_is_said_by_name_and_nothing_is_lost(business: Business, omar: Visitor) -> None:
    maya, own = field_of(business, "maya"), field_of(business, "omar")
    answer = omar.post("/rota/harbour-st", **{maya: "someday 9-5", own: "mon 08:00-12:00"})
    assert answer.status_code == 422
    page = words(answer)
    assert "Maya Okafor: “9-5” is not a span of time" in page
    assert 'value="someday 9-5"' in answer.text
    assert 'value="mon 08:00-12:00"' in answer.text
    assert shifts_of(business, "omar") is None
    assert omar.post("/rota/harbour-st", **{maya: "mon-sun 00:00-24:00"}).status_code == 422


def test_two_who_plan_at_once_take_nothing_back_from_one_another(business: Business, omar: Visitor) -> None:
    maya, own = field_of(business, "maya"), field_of(business, "omar")
    page = made_from(omar.open("/rota").text)
    omar.post("/rota/harbour-st", **{maya: "mon-fri 08:00-16:00", own: ""}, **page)
    omar.post("/rota/harbour-st", **{maya: "", own: "sat 09:00-12:00"}, **page)
    assert (shifts_of(business, "maya"), shifts_of(business, "omar")) == ("mon-fri 08:00-16:00", "sat 09:00-12:00")
    answer = omar.post("/rota/harbour-st", **{maya: "sun 10:00-12:00", own: ""}, **page)
    assert answer.status_code == 422
    assert "it is “mon-fri 08:00-16:00” now: save again to keep yours." in words(answer)
    omar.post("/rota/harbour-st", **{maya: "sun 10:00-12:00", own: "sat 09:00-12:00"}, **made_from(answer.text))
    assert (shifts_of(business, "maya"), shifts_of(business, "omar")) == ("sun 10:00-12:00", "sat 09:00-12:00")


def test_maya_reads_it_and_cannot_change_it(business: Business, maya: Visitor, omar: Visitor) -> None:
    omar.post("/rota/harbour-st", **{field_of(business, "maya"): "mon-fri 08:00-16:00"})
    page = maya.open("/rota").text
    assert "Mon–Fri 08:00–16:00" in page
    assert not re.search(r'name="shifts-', page)
    assert maya.post("/rota/harbour-st", **{field_of(business, "maya"): ""}).status_code == 403


def test_another_sites_rota_is_nothing(business: Business, omar: Visitor) -> None:
    assert omar.open("/rota?site=quay").status_code == 404
    assert omar.post("/rota/quay", **{field_of(business, "nell"): ""}).status_code == 404


def test_a_line_for_somebody_from_elsewhere_changes_nothing(business: Business, omar: Visitor) -> None:
    omar.post("/rota/harbour-st", **{field_of(business, "nell"): "mon-fri 08:00-16:00"})
    assert shifts_of(business, "nell") is None
