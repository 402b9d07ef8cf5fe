"""What somebody wishes for themselves: texts or not, and when not to be woken."""

from sqlalchemy import select

from recovery.models import Event
from tests.factories import Business
from tests.web.pages import Visitor, words


def test_who_leads_is_texted_until_they_say_otherwise(business: Business, maya: Visitor, omar: Visitor) -> None:
    assert 'name="by_text" value="1" checked' in omar.open("/me").text
    assert 'name="by_text" value="1" checked' not in maya.open("/me").text
    assert maya.post("/me", by_text="1", quiet_from="22:00", quiet_until="07:30").status_code == 303
    person = business.staff("maya")
    assert (person.wants_alerts, person.quiet_hours) == (True, "22:00-07:30")
    page = maya.open("/me").text
    assert 'value="22:00"' in page
    assert 'value="07:30"' in page
    with business.desk.read() as session:
        told = session.scalars(
            select(Event).where(Event.stream_id == person.id, Event.tag == "staff:staff:changed")
        ).all()
    assert [event.payload for event in told] == [
        '{"after":"yes","before":"no","field":"alerts_by_text"}',
        '{"after":"22:00-07:30","before":"","field":"quiet_hours"}',
    ]


def test_it_is_taken_back_by_emptying_it(business: Business, omar: Visitor) -> None:
    omar.post("/me", by_text="1", quiet_from="22:00", quiet_until="07:30")
    omar.post("/me", quiet_from="", quiet_until="")
    person = business.staff("omar")
    assert (person.wants_alerts, person.quiet_hours) == (False, None)


def test_half_of_it_is_refused_with_what_was_typed(business: Business, omar: Visitor) -> None:
    answer = omar.post("/me", by_text="1", quiet_from="22:00", quiet_until="")
    assert answer.status_code == 422
    assert "leave both empty" in words(answer)
    assert 'value="22:00"' in answer.text
    assert business.staff("omar").quiet_hours is None
