"""More rows than a page has room for: what a headline counts is how many there are, and the rest is a page further."""

import re
from typing import Any

from sqlalchemy import insert

from recovery.clock import FrozenClock
from recovery.domain.ids import new_id
from recovery.models import Alert, Base, Event, Ticket
from recovery.services.cursors import ONE_PAGE
from recovery.services.ticketing.undetected import COUNTED_UP_TO
from recovery.web.desk import LANE
from tests.factories import NOOR, SAM, Business, refund
from tests.web.pages import Visitor, words

RUSH = LANE + 4


def logged(business: Business, clock: FrozenClock, count: int = RUSH) -> None:
    for _ in range(count):
        clock.advance(seconds=1)
        business.log(customer=None, remedies=())


def test_a_rush_that_is_late_is_counted_on_the_desk_as_on_the_board(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    logged(business, clock)
    clock.advance(minutes=20)
    said = f"{RUSH} customers are waiting"
    assert f"{said}. {RUSH} are late." in words(maya.open("/board"))
    assert f"{said} too long." in words(maya.open("/"))


def test_a_rush_that_is_nearly_due_is_more_than_a_lane_has_room_for(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    logged(business, clock)
    clock.advance(minutes=12)
    assert f"More than {LANE} promises are nearly due." in words(maya.open("/"))


def test_what_somebody_was_alerted_about_is_not_said_to_be_nearly_due(
    business: Business, omar: Visitor, clock: FrozenClock
) -> None:
    """It stands in the first lane all the same."""
    ticket = business.log(customer=NOOR)
    with business.desk.write() as session:
        alert = {"ticket_id": ticket.id, "about": "promise_lapsed", "step": 9, "how": "text"}
        session.execute(insert(Alert).values(**alert, staff_id=business.staff("omar").id, at=business.now))
    page = words(omar.open("/"))
    assert "One alert stands on your desk. Nobody is late." in page
    assert "nearly due" not in page
    clock.advance(minutes=5)
    business.log(customer=SAM, failure="unsafe")
    clock.advance(minutes=5, seconds=1)
    page = words(omar.open("/"))
    assert "One customer is waiting too long." in page
    assert "close to it" not in page


def test_the_undetected_board_does_not_say_a_number_at_which_it_has_stopped_counting(
    business: Business, maya: Visitor
) -> None:
    ticket = business.log(customer=None, remedies=())
    last = business.told(ticket)[-1]
    ids = [new_id(business.now) for _ in range(COUNTED_UP_TO + 1)]
    alike = [{"id": id_, "reference": f"RD-{number:06}", "owner_id": None} for number, id_ in enumerate(ids)]
    with business.desk.writing.begin() as connection:
        connection.execute(insert(Event.__table__), [_columns(last) | {"stream_id": id_} for id_ in ids])
        connection.execute(insert(Ticket.__table__), [_columns(ticket) | each for each in alike])
    assert f"More than {COUNTED_UP_TO - 1} customers are overlooked." in words(maya.open("/undetected"))


def test_every_question_is_reached_however_many_there_are(
    business: Business, omar: Visitor, clock: FrozenClock
) -> None:
    for _ in range(ONE_PAGE + 1):
        clock.advance(seconds=1)
        business.log(customer=None, remedies=(refund(4500),))
    first = omar.open("/approvals")
    assert f"{ONE_PAGE + 1} answers are waited for." in words(first)
    following = re.search(r'href="([^"]+)" rel="next"', first.text)
    assert following
    second = omar.open(following[1])
    questions = [set(re.findall(r"/approvals/(\d+)/approval", page.text)) for page in (first, second)]
    assert (len(questions[0]), len(questions[1]), len(questions[0] & questions[1])) == (ONE_PAGE, 1, 0)
    assert omar.open("/approvals?cursor=made-up").status_code == 200
    assert f"More than {LANE} answers are waited for." in words(omar.open("/"))


def _columns(row: Base) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}
