"""A screen asks every few seconds whether anything has changed: mostly nothing has, and asking must cost next to nothing;
and whatever it would show otherwise, it is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from recovery.models import AwaitingAnchor, Task, Ticket
from recovery.services.access import visible_site
from recovery.services.backstage import tasks
from recovery.services.calling.booking import book
from recovery.services.people.sites import change_site
from recovery.services.people.staff import change_staff, locked_person
from recovery.services.proving.anchors import make_anchors
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing.tickets import resolve
from tests.factories import HARBOUR, LEE, NOOR, OMAR, Business, refund
from tests.services.task_parts import act, asked
from tests.web.pages import Visitor, words

SCREENS = (
    "/desk/lanes",
    "/desk/lanes?calls=all",
    "/board/rows",
    "/board/rows?wall=1",
    "/tasks/rows",
    "/tasks/rows?list=kitchen",
)
PAGES = ("/", "/?calls=all", "/board", "/board?wall=1", "/tasks", "/tasks?list=kitchen")
MOST = 2
"""Who asks, and whether anything has happened."""


def busy(business: Business) -> None:
    """Something stands on every screen."""
    ticket = business.log(remedies=(refund(4500),))
    asked(business, ticket)
    business.on(ticket, lambda session, held, by: book(session, held, due_at=None, now=business.now, by=by))


@contextmanager
def statements(business: Business) -> Iterator[list[str]]:
    told: list[str] = []

    def note(*asked: object) -> None:
        if asked[2] != "BEGIN":  # SQLite's own
            told.append(str(asked[2]))

    engines = (business.desk.reading, business.desk.writing)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield told
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("page", "screen"), list(zip(PAGES, SCREENS, strict=True)))
def test_an_unchanged_screen_costs_one_304_and_two_queries(
    business: Business, maya: Visitor, omar: Visitor, page: str, screen: str
) -> None:
    busy(business)
    for visitor in (maya, omar, Visitor.signed_in(business, "ada", maya)):
        etag = visitor.open(screen).headers["ETag"]
        assert etag in visitor.open(page).text.replace("&#34;", '"')
        business.later(seconds=5)
        with statements(business) as told:
            again = visitor.open(screen, headers={"If-None-Match": etag, "X-Poll": "1"})
        assert (again.status_code, again.data) == (304, b"")
        assert len(told) <= MOST, "\n".join(told)


def test_each_person_and_each_screen_has_a_mark_of_its_own(business: Business, maya: Visitor, omar: Visitor) -> None:
    busy(business)
    marks = [visitor.open(screen).headers["ETag"] for visitor in (maya, omar) for screen in SCREENS]
    assert len(set(marks)) == len(marks)


def test_what_happens_elsewhere_beats_for_nobody_here(business: Business, maya: Visitor, omar: Visitor) -> None:
    busy(business)
    nell = Visitor.signed_in(business, "nell", maya)
    here, there = (visitor.open("/board/rows").headers["ETag"] for visitor in (omar, nell))
    business.log(by="nell", site="quay", customer=None, remedies=())
    assert omar.open("/board/rows").headers["ETag"] == here
    assert nell.open("/board/rows").headers["ETag"] != there


def replied(business: Business) -> None:
    inbound = Inbound("+447700900123", "simulator", "Where are you?", "SM1")
    business.desk.transact(lambda session: receive(session, inbound, now=business.now))


def resolved(business: Business) -> None:
    with business.desk.read() as session:
        ticket = session.scalars(select(Ticket).order_by(Ticket.id.desc()).limit(1)).one()
    business.on(ticket, lambda session, held, by: resolve(session, held, how=None, now=business.now, by=by))


def renamed(business: Business) -> None:
    def work(session: Any) -> None:
        person = locked_person(session, business.staff("omar").id)
        change_staff(session, person, replace(OMAR, name="Amr Haddad"), now=business.now, by=business.actor("ada"))

    business.desk.transact(work)


def moved(business: Business) -> None:
    ada = business.actor("ada")
    west = replace(HARBOUR, timezone="America/New_York")
    business.desk.transact(
        lambda session: change_site(
            session, visible_site(session, "harbour-st", by=ada), west, now=business.now, by=ada
        )
    )


def taken(business: Business) -> None:
    with business.desk.read() as session:
        task = session.scalars(select(Task)).one()
    act(business, task, tasks.take, by="omar")


HAPPENINGS: dict[str, Callable[[Business], object]] = {
    "somebody logs": lambda business: business.log(customer=LEE),
    "a known customer is called otherwise": lambda business: business.log(
        customer=replace(LEE, phone="07700 900123"), remedies=()
    ),
    "a reply": replied,
    "the worker warns, asks again and lapses": lambda business: (business.later(minutes=16), business.tick()),
    "somebody resolves": resolved,
    "a task is taken": taken,
    "the site is elsewhere": moved,
}


@pytest.mark.parametrize("happens", HAPPENINGS.values(), ids=HAPPENINGS)
def test_whatever_shows_otherwise_has_another_mark(
    business: Business, omar: Visitor, happens: Callable[[Business], object]
) -> None:
    busy(business)
    business.log(customer=NOOR, remedies=())
    before = {screen: omar.open(screen) for screen in SCREENS}
    happens(business)
    changed = 0
    for screen, was in before.items():
        now = omar.open(screen)
        changed += now.text != was.text
        assert now.text == was.text or now.headers["ETag"] != was.headers["ETag"], screen
    assert changed, "nothing showed otherwise: this proves nothing"


def test_a_colleague_who_is_renamed_beats_though_it_happens_at_no_site(business: Business, maya: Visitor) -> None:
    busy(business)
    taken(business)
    before = maya.open("/tasks/rows")
    renamed(business)
    after = maya.open("/tasks/rows")
    assert "Amr has it" not in words(before)
    assert "Amr has it" in words(after)
    assert after.headers["ETag"] != before.headers["ETag"]


def test_a_promise_that_comes_near_and_lapses_beats_by_itself(business: Business, maya: Visitor) -> None:
    """No worker is at work, nothing else is near, and everything is read again at other times."""
    business.log(customer=NOOR, remedies=(), promise_minutes=12)
    for seconds in (8 * 60, 150):  # warned of at 8:24, due at 12:00
        business.later(seconds=seconds)
        before = maya.open("/desk/lanes")
        business.later(seconds=60)
        after = maya.open("/desk/lanes")
        assert words(before) != words(after)
        assert before.headers["ETag"] != after.headers["ETag"]


def test_who_is_on_shift_is_read_again_within_minutes(business: Business, maya: Visitor, omar: Visitor) -> None:
    """A shift begins by the time of day alone."""
    omar.post("/rota/harbour-st", **{f"shifts-{business.staff('maya').id}": "mon-sun 09:36-12:00"})
    before = maya.open("/desk/lanes")
    business.later(minutes=10)
    after = maya.open("/desk/lanes")
    assert "On shift now" not in words(before)
    assert "On shift now: Maya." in words(after)
    assert before.headers["ETag"] != after.headers["ETag"]


def test_a_call_that_comes_near_and_comes_due_beats_by_itself(business: Business, maya: Visitor) -> None:
    """Nothing else is near: the call took the promise's place."""
    ticket, due = business.log(customer=NOOR, remedies=()), business.now + timedelta(hours=4, minutes=12)
    business.on(ticket, lambda session, held, by: book(session, held, due_at=due, now=business.now, by=by))
    business.later(minutes=11)
    far = maya.open("/desk/lanes")
    business.later(minutes=2)
    near = maya.open("/desk/lanes")
    assert "Asked for a call" not in words(far)
    assert "Asked for a call" in words(near)
    assert near.headers["ETag"] != far.headers["ETag"]


def test_an_anchor_that_takes_the_list_away_hides_no_change(business: Business, omar: Visitor) -> None:
    """As many changes after it as before it, and still another mark."""
    busy(business)
    business.desk.transact(lambda session: make_anchors(session, now=business.now))
    business.log(customer=LEE)
    before, waiting = omar.open("/board/rows").headers["ETag"], awaiting(business)
    business.later(seconds=1)
    business.desk.transact(lambda session: make_anchors(session, now=business.now))
    business.log(customer=NOOR)
    assert awaiting(business) == waiting
    assert omar.open("/board/rows").headers["ETag"] != before


def awaiting(business: Business) -> int:
    with business.desk.read() as session:
        return session.scalar(select(func.count()).select_from(AwaitingAnchor)) or 0
