"""A desk whose provider has a list of what was written to it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from config.settings import Settings
from recovery.bootstrap import Components, build
from recovery.clock import FrozenClock
from recovery.domain.messages import Direction
from recovery.domain.photos import Media
from recovery.domain.senders import Rates
from recovery.models import Message, Ticket
from recovery.services.hearing import missed
from recovery.services.running.health import checks
from recovery.services.running.tallies import counted
from recovery.sms.gateway import Heard, Hearing, LookupFailed
from recovery.worker.listening import listen_again
from tests.factories import Business
from tests.fixtures.works import Provider
from tests.services.post import Post
from tests.services.texting_parts import SAMS

US, QUAYS = "+447700900001", "+15550100200"
BROKEN = LookupFailed("The provider gave no usable answer (503).")


@dataclass
class Library(Provider):
    """A provider with a list of what was written to us; each text was written some time before `now`."""

    written: list[Heard] = field(default_factory=list)
    asked: list[Mapping[str, datetime]] = field(default_factory=list)
    trouble: Exception | None = None
    media_trouble: Exception | None = None
    cut_at: datetime | None = None
    during: Callable[[], object] = field(default=lambda: None)
    """What goes on elsewhere while the provider is asked."""

    def hears(self, body: str, at: datetime, *, number: str = SAMS, to: str = US, photos: int = 0) -> str:
        sid = f"SMin{len(self.written):04}"
        text = Heard(provider_sid=sid, from_number=number, to=to, body=body, written_at=at, photos=photos)
        self.written.append(text)
        return sid

    def heard(self, since: Mapping[str, datetime]) -> Hearing:
        self.asked.append(since)
        self.during()
        if self.trouble:
            raise self.trouble
        theirs = [text for text in self.written if text.to in since and text.written_at >= since[text.to]]
        return Hearing(sorted(theirs, key=lambda text: text.written_at), self.cut_at)

    def media_of(self, provider_sid: str) -> Sequence[Media]:
        self.during()
        if self.media_trouble:
            raise self.media_trouble
        return [Media(f"https://api.twilio.com/{provider_sid}/0", "image/png")]


@dataclass
class Desk:
    post: Post
    library: Library

    @property
    def components(self) -> Components:
        return self.post.desk

    @property
    def now(self) -> datetime:
        return self.post.now

    def later(self, **by: float) -> datetime:
        return self.post.business.later(**by)

    def look(self, *, thorough: bool = False) -> bool | None:
        return listen_again(self.components, thorough=thorough, stopping=threading.Event())

    def is_due(self) -> bool:
        with self.components.read() as session:
            return missed.is_due(session, now=self.now)

    def ticket(self) -> Ticket:
        """Its first text has left, so that this number is known to be ours."""
        ticket = self.post.ticket()
        self.post.send_all()
        return ticket

    def inbound(self) -> list[str]:
        with self.components.read() as session:
            query = select(Message.body).where(Message.direction == Direction.INBOUND).order_by(Message.created_at)
            return [body or "" for body in session.scalars(query)]

    def counted(self, name: str) -> int:
        with self.components.read() as session:
            return counted(session, name)

    def check(self) -> tuple[str, str]:
        with self.components.read() as session:
            (found,) = (each for each in checks(session, now=self.now) if each.what == "Replies that we missed")
        return found.state, found.words


def opened(settings: Settings, clock: FrozenClock) -> Desk:
    components = build(settings, clock=clock)
    components.gateway = library = Library()
    business = Business.opened(components)
    business.set_policy(rates=Rates({}, {}))
    return Desk(Post(business), library)


REAL = {
    "RECOVERY_TEST_CHEAP_HASH": 0,
    "SMS_GATEWAY": "twilio",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "t",
    "TWILIO_FROM": US,
}
