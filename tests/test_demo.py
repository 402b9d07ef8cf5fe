"""The demo business: true, the same every time, of nobody real, and gone without a trace but the trail's own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from config.settings import Settings, SettingsError
from recovery.app import create_app
from recovery.bootstrap import Components, build
from recovery.clock import FrozenClock
from recovery.domain.actors import MACHINE
from recovery.domain.callbacks import CallbackStatus, Outcome
from recovery.domain.errors import Refused
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.domain.remedies import RemedyStatus
from recovery.domain.tickets import LIVE
from recovery.models import (
    Anchor,
    Attempt,
    AwaitingAnchor,
    Base,
    Callback,
    Climb,
    Contact,
    Customer,
    Event,
    Message,
    Promise,
    Remedy,
    Site,
    Staff,
    Task,
    Ticket,
    TicketClock,
)
from recovery.models.triggers import EXPECTED, count_triggers, drop_triggers, make_triggers
from recovery.services.demo.business import DOMAIN, SITES
from recovery.services.demo.chance import Chance
from recovery.services.demo.loading import load
from recovery.services.demo.plans import plan
from recovery.services.demo.removing import remove
from recovery.services.demo.right_now import IN_LINE, SCENES
from recovery.services.demo.seasons import moments
from recovery.services.demo.standing import refuse_demo_beside_real_texts, standing
from recovery.services.people.sites import NewSite, add_site
from recovery.services.people.staff import NewStaff, add_staff
from recovery.services.proving.anchors import make_anchors
from recovery.services.proving.audit import verify
from recovery.services.session import DeskSession
from recovery.services.ticketing.logging_mistakes import NewTicket, log
from tests.fixtures.settings import MakeSettings

A_FEW = tuple(replace(site, tickets=7) for site in SITES)
FICTION = ("+447700900", "+3363998")


@pytest.fixture
def desk(settings: Settings, clock: FrozenClock) -> Iterator[Components]:
    desk = build(settings, clock=clock)
    yield desk
    desk.dispose()


@pytest.fixture
def small_desk(make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock) -> Iterator[Components]:
    """On SQLite alone: what is in the demo does not depend on the database; that all of it is there, and goes, may."""
    desk = build(make_settings(DATABASE_URL=sqlite_url), clock=clock)
    yield desk
    desk.dispose()


def told(desk: Components) -> int:
    return load(desk, now=desk.clock.now(), password_hash="-", tell=lambda *_: None, sites=A_FEW)


def test_its_trail_is_whole_and_its_clocks_are_what_the_trail_says(desk: Components) -> None:
    tickets = told(desk)
    with desk.read() as session:
        verdict = verify(session, desk.house.audit_key)
        assert verdict.ok, (verdict.first_break, verdict.first_wrong_clock)
    with desk.read() as session:
        assert tickets == 21 + len(SCENES) + len(IN_LINE) == session.scalar(select(func.count(Ticket.id)))


def test_all_of_it_is_anchored_though_it_tells_of_ninety_days_ago(desk: Components) -> None:
    told(desk)
    with desk.read() as session:
        assert session.scalar(select(func.count()).select_from(AwaitingAnchor)) == 0
        assert session.scalar(select(func.count()).select_from(Anchor)) == 1


def test_right_now_there_is_one_of_each_thing_that_a_desk_deals_with(
    small_desk: Components, clock: FrozenClock
) -> None:
    clock.advance(hours=3)  # noon at the café
    told(small_desk)
    now = small_desk.clock.now()
    with small_desk.read() as session:
        live = session.scalars(select(Ticket).where(Ticket.status.in_(LIVE)).order_by(Ticket.id)).all()
        assert [ticket.failure for ticket in live if ticket.lapses == 4] == ["wrong_order", "late"]
        assert [ticket.failure for ticket in live if ticket.unread] == ["missing_item"]
        assert session.scalars(select(Remedy.amount).where(Remedy.status == RemedyStatus.PENDING_APPROVAL)).all() == [
            3250
        ]
        booked = session.scalars(select(Callback.due_at).where(Callback.status == CallbackStatus.BOOKED)).all()
        assert min(booked) - now == timedelta(minutes=6)
        cut = session.scalars(select(Attempt).order_by(Attempt.at.desc()).limit(1)).one()
        assert (cut.outcome, now - cut.at) == (Outcome.DISCONNECTED, timedelta(seconds=40))
        late = [ticket.failure for ticket in live if ticket.promise_due_at and ticket.promise_due_at <= now]
        assert late == ["wrong_order", "late"]
        asked = session.execute(select(Task.list, Task.status).order_by(Task.list)).all()
        assert [tuple(row) for row in asked] == [("it", "taken"), ("kitchen", "waiting")]


@pytest.mark.parametrize("hours", [0, 14])
def test_somebody_is_late_at_any_hour(small_desk: Components, clock: FrozenClock, hours: int) -> None:
    clock.advance(hours=hours)
    told(small_desk)
    with small_desk.read() as session:
        late = select(Ticket.failure).where(Ticket.status.in_(LIVE), Ticket.promise_due_at <= clock.now())
        assert session.scalars(late).all() == ["late"]


def test_everybody_in_it_is_made_up_and_every_row_says_so(small_desk: Components) -> None:
    told(small_desk)
    with small_desk.read() as session:
        for table in (Ticket, Customer, Site, Staff):
            assert session.scalars(select(table.is_demo).distinct()).all() == [True]
        assert session.scalars(select(Message.is_demo).where(Message.ticket_id.is_not(None)).distinct()).all() == [True]
        numbers = [number for number in session.scalars(select(Contact.phone)) if number]
        numbers += [number for number in session.scalars(select(Staff.phone)) if number]
        assert numbers
        assert [number for number in numbers if not number.startswith(FICTION) and "55501" not in number] == []
        assert [email for email in session.scalars(select(Staff.email)) if not email.endswith(f"@{DOMAIN}")] == []


def test_no_text_of_the_past_is_still_to_be_sent(small_desk: Components) -> None:
    told(small_desk)
    with small_desk.read() as session:
        due = select(func.count()).where(
            Message.status.in_((MessageStatus.PENDING, MessageStatus.HELD)), Message.not_before < small_desk.clock.now()
        )
        assert session.scalar(due) == 0


def test_it_is_the_same_every_time(clock: FrozenClock) -> None:
    def drawn() -> list[object]:
        now = clock.now()
        return [
            plan(site, number, at, now=now)
            for site in SITES
            for number, at in enumerate(moments(site, now=now, random=Chance("demo")))
        ]

    assert drawn() == drawn()
    assert len(drawn()) == 1500


def test_it_looks_like_life(clock: FrozenClock) -> None:
    cafe, now = SITES[0], clock.now()
    at = moments(cafe, now=now, random=Chance("demo"))
    rush, afternoon = (sum(1 for each in at if each.hour == hour) for hour in (8, 16))
    assert rush > 2 * afternoon
    bad = sum(1 for each in at if timedelta(days=31) < now - each <= timedelta(days=38))
    good = sum(1 for each in at if timedelta(days=45) < now - each <= timedelta(days=52))
    assert bad > 2 * good
    assert max(at) < now


def test_taken_away_it_leaves_nothing_but_what_the_trail_says_of_it(desk: Components) -> None:
    tickets = told(desk)
    desk.transact(lambda session: make_anchors(session, now=desk.clock.now()))
    assert desk.transact(lambda session: remove(session, now=desk.clock.now())) == tickets
    with desk.read() as session:
        left = {
            table.name
            for table in Base.metadata.sorted_tables
            if session.scalar(select(func.count()).select_from(table))
        }
        assert left == {"events", "settings_stream", "anchors", "awaiting_anchor"}
        assert session.scalars(select(Event.tag).order_by(Event.seq)).all() == [
            Tag.SITE_ADDED,
            *[Tag.SITE_CHANGED] * 2,  # the number that the café calls from, and the phone that rings there
            *[Tag.SITE_ADDED] * 2,
            *[Tag.ROTA_CHANGED] * 7,
            *[Tag.TARGET_CHANGED] * 2,
            Tag.DEMO_LOADED,
            Tag.DEMO_REMOVED,
        ]
        assert count_triggers(session.connection()) == EXPECTED
    with desk.read() as session:
        assert verify(session, desk.house.audit_key).ok
    assert told(desk) == tickets


def test_a_real_ticket_that_went_with_it_is_found(desk: Components) -> None:
    """Removal excuses the streams that it names, and no other."""
    told(desk)
    ticket = a_real_ticket(desk, by="quinn@example.com")
    desk.transact(lambda session: make_anchors(session, now=desk.clock.now()))
    desk.transact(lambda session: remove(session, now=desk.clock.now()))
    with desk.read() as session:
        assert verify(session, desk.house.audit_key).ok
    with desk.writing.begin() as connection:
        drop_triggers(connection)
        for table in (Event, TicketClock, Promise, Climb, Ticket):
            column = {Event: Event.stream_id, Ticket: Ticket.id}.get(table, getattr(table, "ticket_id", None))
            connection.execute(delete(table.__table__).where(column == ticket.id))
        make_triggers(connection)
    with desk.read() as session:
        verdict = verify(session, desk.house.audit_key)
    assert verdict.first_break is not None
    assert str(ticket.id) in verdict.first_break.why


def test_people_of_the_demo_stay_where_they_worked_on_a_real_ticket(desk: Components) -> None:
    told(desk)
    a_real_ticket(desk, by="ada@demo.example")
    with pytest.raises(Refused, match="worked on real tickets"):
        desk.transact(lambda session: remove(session, now=desk.clock.now()))
    with desk.read() as session:
        assert standing(session).is_whole
        assert count_triggers(session.connection()) == EXPECTED


def a_real_ticket(desk: Components, *, by: str) -> Ticket:
    quay = NewSite("The Quay", "Europe/London", "GBP", "GB", slug="quay")
    quinn = NewStaff("quinn@example.com", "Quinn", "frontline", ("quay",))

    def work(session: DeskSession) -> Ticket:
        now = desk.clock.now()
        add_site(session, quay, now=now, by=MACHINE)
        session.flush()
        add_staff(session, quinn, now=now, by=MACHINE)
        session.flush()
        who = session.scalars(select(Staff).where(Staff.email == by)).one().as_actor()
        return log(session, NewTicket(site="quay", failure="late"), now=now, by=who)

    return desk.transact(work)


def test_nothing_starts_with_a_real_gateway_beside_it(small_desk: Components) -> None:
    with small_desk.read() as session:
        refuse_demo_beside_real_texts(session, real_gateway=True)
    told(small_desk)
    with small_desk.read() as session:
        refuse_demo_beside_real_texts(session, real_gateway=False)
        with pytest.raises(Refused, match="SMS_GATEWAY=twilio"):
            refuse_demo_beside_real_texts(session, real_gateway=True)


def test_one_that_was_cut_off_is_known_as_such(desk: Components) -> None:
    class Killed(Exception):
        pass

    def cut(*_: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        load(desk, now=desk.clock.now(), password_hash="-", tell=cut, sites=A_FEW)
    with desk.read() as session:
        found = standing(session)
    assert (found.has_demo, found.is_whole) == (True, False)
    desk.transact(lambda session: remove(session, now=desk.clock.now()))
    told(desk)
    with desk.read() as session:
        assert standing(session).is_whole


def test_the_web_does_not_start_with_real_texts_beside_the_demo(small_desk: Components) -> None:
    told(small_desk)
    real = replace(
        small_desk.settings,
        sms_gateway="twilio",
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_tokens=("a token of nobody",),
        twilio_from="+447700900001",
    )
    with pytest.raises(SettingsError, match="demo --remove"):
        create_app(real)
    assert create_app(small_desk.settings).extensions["desk"].dispose() is None
