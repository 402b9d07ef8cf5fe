"""What one person does at one moment, by the services that pages and the API use. What the business refuses is counted."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from recovery.bootstrap import Components
from recovery.domain.actors import Actor
from recovery.domain.errors import DomainError
from recovery.models import Ticket
from recovery.services.access import lock_ticket, locked_ticket
from recovery.services.people.customers import NewCustomer
from recovery.services.session import DeskSession
from recovery.services.texting.links import customer_token
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing import customer_page
from recovery.services.ticketing.logging_mistakes import NewTicket, log
from tests.month.town import Place

Script = Iterator[timedelta]
"""A story told in order: what it yields is how long it goes on after."""


@dataclass
class Scene:
    """The desk, its clock, and who does what next."""

    desk: Components
    counts: Counter[str] = field(default_factory=Counter)
    agenda: list[tuple[datetime, int, Script]] = field(default_factory=list)
    away: set[int | None] = field(default_factory=set)
    """Staff who do not work here at the moment."""

    def __post_init__(self) -> None:
        self._order, self._sids = itertools.count(), itertools.count()

    @property
    def now(self) -> datetime:
        return self.desk.clock.now()

    def begin(self, at: datetime, script: Script) -> None:
        heapq.heappush(self.agenda, (at, next(self._order), script))

    def next_act(self) -> datetime | None:
        return self.agenda[0][0] if self.agenda else None

    def act(self) -> None:
        at, _, script = heapq.heappop(self.agenda)
        pause = next(script, None)
        if pause is not None:
            self.begin(at + pause, script)

    def do(self, what: str, work: Callable[[DeskSession], Any]) -> Any:
        """None where the business says no."""
        try:
            done = self.desk.transact(work)
        except DomainError as refusal:
            self.counts[f"refused: {type(refusal).__name__}: {what}"] += 1
            return None
        self.counts[what] += 1
        return done

    def write(self, number: str, words: str) -> None:
        """A text from somebody's phone."""
        inbound = Inbound(number, self.desk.house.sender, words, f"SMin{next(self._sids):028d}")
        self.do("texts from customers", lambda session: receive(session, inbound, now=self.now))


@dataclass
class Case:
    """One mistake, as those who know of it see it."""

    scene: Scene
    place: Place
    chance: Random
    at: datetime
    logged_by: Actor
    customer: NewCustomer | None
    new: dict[str, Any]
    reference: str = ""
    id: int = 0
    number: str | None = None
    """E.164."""

    @property
    def now(self) -> datetime:
        return self.scene.now

    @property
    def me(self) -> Actor:
        """Who logged it, or whoever leads while they are away."""
        return self.boss if self.logged_by.id in self.scene.away else self.logged_by

    @property
    def boss(self) -> Actor:
        return self.place.supervisors[0]

    def chances(self, share: float) -> bool:
        return self.chance.random() < share

    def minutes(self, least: float, most: float) -> timedelta:
        """Never the same second as anybody else's."""
        return timedelta(seconds=self.chance.uniform(least * 60, most * 60))

    def until_open(self, pause: timedelta) -> timedelta:
        """So long, and longer where nobody is there then."""
        wanted = self.now + pause
        opening = self.place.calendar.next_opening(wanted)
        return opening - self.now + (self.minutes(2, 25) if opening > wanted else timedelta())

    def log(self) -> bool:
        """False where it was refused."""
        ticket = self.scene.do("tickets logged", self._log)
        if ticket is None:
            return False
        self.id, self.reference, self.number = ticket
        return True

    def _log(self, session: DeskSession) -> tuple[int, str, str | None]:
        new = NewTicket(site=self.place.slug, customer=self.customer, **self.new)
        ticket = log(session, new, now=self.now, by=self.me)
        return ticket.id, ticket.reference, ticket.customer.phone if ticket.customer else None

    def staff(self, what: str, act: Callable[[DeskSession, Ticket], Any], *, by: Actor | None = None) -> Any:
        who = by or self.me
        return self.scene.do(what, lambda session: act(session, locked_ticket(session, self.reference, by=who)))

    def page(self, what: str, act: Callable[[DeskSession, Ticket], Any]) -> Any:
        """The customer, by the link in their texts."""

        def work(session: DeskSession) -> Any:
            token = customer_token(session.house, lock_ticket(session, self.id))
            return act(session, customer_page.locked_ticket_of_link(session, token, now=self.now))

        return self.scene.do(what, work)

    def texts(self, words: str) -> None:
        if self.number:
            self.scene.write(self.number, words)
