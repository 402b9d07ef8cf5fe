"""Every route by every person, from the route table itself: a route that nobody thought of here fails.

Maya works at the counter of Harbour St, Omar is its supervisor, Ada the admin; Nell is a supervisor of another site.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import MetaData, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from recovery.app import WITHOUT_DEMAND, create_app
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.permissions import GRANTED, Permission, Role
from recovery.edge import demand_of
from recovery.services.texting.links import customer_token
from tests.api.calling import LOGGED, Desk, photo_on
from tests.factories import Business
from tests.fixtures.settings import MakeSettings
from tests.web.pages import Visitor

ROLES = {"maya": Role.FRONTLINE, "omar": Role.SUPERVISOR, "ada": Role.ADMIN, "nell": Role.SUPERVISOR}
OBJECTS = frozenset({"ticket", "remedy", "callback", "photo", "task", "wait"})
"""Of one site: to anybody from another it is nothing."""
READING = ("GET", "HEAD", "OPTIONS")
FORGED = "A" * 34
STRANGE = {
    "reference": "%00",
    "remedy_id": "9" * 30,
    "callback_id": "9" * 30,
    "task_id": "9" * 30,
    "wait_id": "9" * 30,
    "photo_id": "9" * 30,
    "message_id": "9" * 30,
    "stranger_id": "9" * 30,
    "handover_id": "9" * 30,
    "number": "9" * 30,
    "attempt_number": "9" * 30,
    "token": "%00",
}
"""What fits no column: refused by whatever it meets, and never our mistake."""
PLACE = re.compile(r"<(?:[^<>]*:)?(\w+)>")
CSRF_TOKEN = re.compile(r'name="csrf_token" value="[^"]*"')
NOTHING = {
    "reference": "RD-222222",
    "remedy_id": "2" * 18,
    "callback_id": "3" * 18,
    "photo_id": "4" * 18,
    "task_id": "5" * 18,
    "wait_id": "6" * 18,
    "message_id": "1",
    "number": "8" * 18,
    "attempt_number": "9" * 18,
}


@dataclass(frozen=True)
class Road:
    rule: Rule
    method: str
    permission: Permission
    scope: str

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}"

    @property
    def is_api(self) -> bool:
        return self.rule.rule.startswith("/api/v1/")

    def address(self, values: dict[str, str]) -> str:
        unknown = self.rule.arguments - values.keys()
        assert not unknown, f"{self}: say in this test what {unknown} is"
        return PLACE.sub(lambda place: values[place[1]], self.rule.rule)


@pytest.fixture
def desk(make_settings: MakeSettings, database_url: str, clock: FrozenClock) -> Iterator[Desk]:
    components = build(make_settings(DATABASE_URL=database_url), clock=clock)
    yield Desk(Business.opened(components), create_app(components.settings, components))
    components.dispose()


@pytest.fixture
def small_desk(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> Iterator[Desk]:
    components = build(make_settings(DATABASE_URL=sqlite_url), clock=clock)
    yield Desk(Business.opened(components), create_app(components.settings, components))
    components.dispose()


def roads(desk: Desk) -> list[Road]:
    found = []
    with desk.app.app_context():
        for rule in desk.app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
                demand = demand_of(rule.endpoint, method)
                if rule.endpoint not in WITHOUT_DEMAND:
                    assert demand is not None, f"{method} {rule} says nothing of who may"
                    found.append(Road(rule, method, *demand))
    return found


def things_of_harbour_st(desk: Desk) -> dict[str, str]:
    """A ticket with a remedy that waits for approval, a call and a task, a wait; and what else addresses name."""
    logged = desk.done("maya", "POST", "/tickets", LOGGED | {"remedies": [{"kind": "refund", "amount": 4500}]})
    call = desk.done("maya", "POST", f"/tickets/{logged['reference']}/callbacks", {})
    task = desk.done("maya", "POST", f"/tickets/{logged['reference']}/tasks", {"list": "kitchen", "words": "A latte"})
    wait = desk.done("maya", "POST", "/waits", {"site": "harbour-st", "customer": {"name": "Kim"}})
    return {
        "reference": logged["reference"],
        "remedy_id": logged["remedies"][0]["id"],
        "callback_id": call["id"],
        "photo_id": photo_on(desk),
        "task_id": task["id"],
        "wait_id": wait["id"],
        "handover_id": "1",
        "message_id": "1",
        "stranger_id": "1",
        "number": "6" * 18,
        "attempt_number": "7" * 18,
        "token": FORGED,
        "slug": "harbour-st",
        "staff_id": str(desk.business.staff("maya").id),
        "token_id": "1",
        "decision": "approval",
        "_act": "callback",
        "language": "en",
        "name": "logged",
    }


class People:
    """Each of them at a page and with a token."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.visitors: dict[str, Visitor] = {}

    def ask(self, who: str | None, road: Road, values: dict[str, str], method: str = "") -> TestResponse:
        address, method = road.address(values), method or road.method
        if road.is_api:
            return self.desk.call(who, method, address.removeprefix("/api/v1"))
        if who is None:
            return self.desk.app.test_client().open(address, method=method)
        visitor = self._visitor(who)
        if method == "POST":
            return visitor.post(address)
        return visitor.client.open(address, method=method)

    def _visitor(self, who: str) -> Visitor:
        if who not in self.visitors:
            self.visitors[who] = Visitor.signed_in(self.desk.business, who)
        return self.visitors[who]


def test_every_view_says_whom_it_is_for(small_desk: Desk) -> None:
    assert len(roads(small_desk)) > 80


def test_every_view_about_something_of_a_site_says_of_what(small_desk: Desk) -> None:
    silent = [
        str(road)
        for road in roads(small_desk)
        if {"reference", "remedy_id", "callback_id", "photo_id", "task_id", "wait_id"} & road.rule.arguments
        and road.scope not in OBJECTS
    ]
    assert silent == []


def test_a_stranger_gets_nowhere_but_where_everybody_may(small_desk: Desk) -> None:
    people, values = People(small_desk), things_of_harbour_st(small_desk)
    wrong = []
    for road in roads(small_desk):
        answer = people.ask(None, road, values)
        if road.permission is Permission.PUBLIC:
            fine = answer.status_code < 500
        elif road.is_api:
            fine = answer.status_code == 401
        else:
            fine = answer.status_code in {302, 400, 401}
        if not fine:
            wrong.append(f"{road}: {answer.status_code}")
    assert wrong == []


@pytest.mark.parametrize("who", ROLES)
def test_every_road_opens_for_whom_the_table_of_permissions_says(small_desk: Desk, who: str) -> None:
    people, values = People(small_desk), things_of_harbour_st(small_desk)
    wrong = []
    for road in roads(small_desk):
        if road.rule.endpoint in {"sign_in.leave", "admin_staff.deactivate"}:
            continue  # afterwards nobody would be there to ask the rest
        may = road.permission is Permission.PUBLIC or road.permission in GRANTED[ROLES[who]]
        answer = people.ask(who, road, values)
        fine = answer.status_code not in {401, 500} if may else answer.status_code == 403
        if not fine:
            wrong.append(f"{road} ({road.permission}): {answer.status_code}")
    assert wrong == []


def test_another_sites_things_are_byte_for_byte_nothing(small_desk: Desk) -> None:
    people, values = People(small_desk), things_of_harbour_st(small_desk)
    nothing = values | NOTHING
    version = small_desk.ticket(values["reference"])["version"]
    wrong, seen = [], 0
    for road in roads(small_desk):
        if road.scope in OBJECTS and road.permission in GRANTED[Role.SUPERVISOR]:
            theirs, none = people.ask("nell", road, values), people.ask("nell", road, nothing)
            seen += 1
            if (theirs.status_code, _said(theirs, values)) != (none.status_code, _said(none, nothing)):
                wrong.append(f"{road}: {theirs.status_code} is not {none.status_code}")
            if theirs.status_code not in {404, 422, 302, 400}:
                wrong.append(f"{road}: {theirs.status_code}")
    assert wrong == []
    assert seen > 40
    assert small_desk.ticket(values["reference"])["version"] == version


def _said(answer: TestResponse, values: dict[str, str]) -> str:
    """Without the address that was asked for, which a redirect repeats, and the token of a form, which has the second in it."""
    text = f"{answer.headers.get('Location', '')} {answer.get_data(as_text=True)}"
    text = CSRF_TOKEN.sub("", text)
    for name in NOTHING:
        text = text.replace(values[name], name)
    return text


@pytest.mark.parametrize("who", [None, "omar"])
def test_what_fits_no_column_is_never_our_mistake(desk: Desk, who: str | None) -> None:
    people, values = People(desk), things_of_harbour_st(desk) | STRANGE
    wrong = []
    for road in roads(desk):
        if set(STRANGE) & road.rule.arguments:
            answer = people.ask(who, road, values)
            if answer.status_code >= 500:
                wrong.append(f"{road}: {answer.status_code}")
    assert wrong == []


@pytest.mark.parametrize("who", [None, *ROLES])
def test_reading_changes_nothing(small_desk: Desk, who: str | None) -> None:
    people, values = People(small_desk), things_of_harbour_st(small_desk)
    with small_desk.business.desk.read() as session:
        ticket = small_desk.business.log()
        values["token"] = customer_token(session.house, ticket)
    if who is not None:
        small_desk.token(who)
        people.ask(who, next(road for road in roads(small_desk) if road.rule.endpoint == "desk.show"), values)
    states = [everything(small_desk)]
    for road in {road.rule.rule: road for road in roads(small_desk)}.values():
        for method in READING:
            people.ask(who, road, values, method)
    small_desk.app.extensions["refusals"].write_down()
    states.append(everything(small_desk))
    assert all(before == after for before, after in pairwise(states))


def everything(desk: Desk) -> dict[str, list[Any]]:
    """All rows of all tables."""
    engine = desk.business.desk.reading
    metadata = MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }
