"""The database is away, the web answers 503, customers write all the same: afterwards each text is on its ticket, once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from recovery.app import create_app
from recovery.bootstrap import build
from recovery.clock import FrozenClock, SystemClock
from recovery.domain.messages import Direction
from recovery.domain.senders import Rates
from recovery.models import Message, Photo, Ticket
from recovery.services.running.tallies import LISTS_UNREAD, counted
from recovery.worker.sending import Sender
from recovery.worker.ticks import Station, fetch_photos, listen_again
from tests.factories import Business, NewCustomer
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, Fault, Served
from tests.fixtures.serving import serve
from tests.fixtures.settings import MakeSettings
from tests.fixtures.waiting import free_port
from tests.photos import png
from tests.services.post import Post

US, PUBLIC = "+447700900001", "https://desk.example.com"
HOOK = f"{PUBLIC}/hooks/twilio/messages"
CUSTOMERS = 20


@dataclass
class Outage:
    post: Post
    twilio: FakeTwilio
    station: Station

    def write(self, number: int, body: str, **more: str) -> int | None:
        """As a phone does: the provider has the text from then on, whatever we answer it."""
        kept = self.twilio.text_from(phone(number), US, body, media=["image/png"] if more else [])
        return self.twilio.hooks.inbound(HOOK, from_=phone(number), to=US, body=body, sid=kept.sid, **more)

    def take_the_database_away(self) -> None:
        self._rename("messages", "elsewhere")

    def bring_it_back(self) -> None:
        self._rename("elsewhere", "messages")

    def _rename(self, table: str, other: str) -> None:
        with self.post.desk.write() as session:
            session.execute(text(f"ALTER TABLE {table} RENAME TO {other}"))

    def look(self) -> None:
        clock = self.post.desk.clock
        assert isinstance(clock, FrozenClock)
        clock.advance(minutes=25)
        listen_again(self.station)

    def written_on(self, ticket: Ticket) -> list[str]:
        with self.post.desk.read() as session:
            of = (Message.ticket_id == ticket.id, Message.direction == Direction.INBOUND)
            return [body or "" for body in session.scalars(select(Message.body).where(*of))]


def phone(number: int) -> str:
    return f"+447700{900300 + number}"


@pytest.fixture
def outage(make_settings: MakeSettings, sqlite_url: str) -> Iterator[Outage]:
    with FakeTwilio() as twilio:
        settings = make_settings(
            DATABASE_URL=sqlite_url,
            PUBLIC_URL=PUBLIC,
            RECOVERY_TEST_CHEAP_HASH=0,
            SMS_GATEWAY="twilio",
            TWILIO_ACCOUNT_SID=ACCOUNT_SID,
            TWILIO_AUTH_TOKEN=AUTH_TOKEN,
            TWILIO_FROM=US,
            TWILIO_API_URL=twilio.url,
            TWILIO_TIMEOUT_SECONDS=30,
        )
        # the provider's clock is the machine's: ours has to be near it
        desk = build(settings, clock=FrozenClock(SystemClock().now() - timedelta(minutes=1)))
        post = Post(Business.opened(desk))
        post.business.set_policy(rates=Rates({}, {}))
        with serve(create_app(settings, desk), free_port()) as url:
            twilio.hooks.deliver_to = url
            yield Outage(post, twilio, Station(desk, Sender(desk), "worker:test"))
        desk.dispose()


def test_twenty_customers_who_wrote_while_the_database_was_away_are_heard_once(outage: Outage) -> None:
    outage.twilio.record.page_size = 6
    tickets = [outage.post.ticket(NewCustomer(phone(number), f"Customer {number}")) for number in range(CUSTOMERS)]
    outage.post.send_all()
    assert {outage.write(number, "Before.") for number in range(5)} == {200}
    outage.take_the_database_away()
    assert {outage.write(number, f"Is anybody there? {number}") for number in range(CUSTOMERS)} == {503}
    outage.bring_it_back()
    assert {outage.write(number, "After.") for number in range(5, 10)} == {200}
    outage.twilio.reading_faults.add(Fault.too_many(), Fault("ok"), Fault("broken"))
    for _ in range(4):
        outage.look()
    for number, ticket in enumerate(tickets):
        before, after = ["Before."] * (number < 5), ["After."] * (5 <= number < 10)
        assert sorted(outage.written_on(ticket)) == [*after, *before, f"Is anybody there? {number}"]
        assert outage.post.reread(ticket).unread == len(before + after) + 1
    with outage.post.desk.read() as session:
        assert counted(session, LISTS_UNREAD) == 2


def test_a_photo_that_nobody_brought_comes_along(outage: Outage) -> None:
    ticket = outage.post.ticket(NewCustomer(phone(0), "Sam"))
    outage.post.send_all()
    outage.take_the_database_away()
    assert outage.write(0, "Look at this!", NumMedia="1") == 503
    outage.bring_it_back()
    sid = outage.twilio.record.texts()[-1].sid
    address = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{sid}/Media/ME{sid[2:-2]}00"
    outage.twilio.media[address] = Served(png())
    outage.look()
    fetch_photos(outage.station)
    assert outage.written_on(ticket) == ["Look at this!"]
    with outage.post.desk.read() as session:
        assert session.scalars(select(Photo.state)).all() == ["kept"]
