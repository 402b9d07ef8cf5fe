"""A small business with its people: Maya at the counter, Omar the supervisor, Ada the admin; Sam, Noor and Lee as customers.

Everything is made by the services that the product uses, so that chains, ledgers and promises are true.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Select, Table, select
from sqlalchemy.orm import joinedload

from recovery.bootstrap import Components
from recovery.clock import FrozenClock
from recovery.domain.actors import MACHINE, Actor
from recovery.domain.remedies import RemedyKind
from recovery.domain.special_days import special_day
from recovery.domain.text_limits import Caps
from recovery.models import Base, Event, Site, Staff, Ticket
from recovery.services.access import locked_ticket, visible_site
from recovery.services.deciding.remedies import NewRemedy
from recovery.services.people.customers import NewCustomer
from recovery.services.people.sign_in import hash_password
from recovery.services.people.sites import NewSite, add_site
from recovery.services.people.special_days import set_day
from recovery.services.people.staff import NewStaff, add_staff
from recovery.services.session import DeskSession
from recovery.services.ticketing.logging_mistakes import NewTicket, log
from recovery.services.timing.due_work import DUE_WORK

HARBOUR = NewSite("Harbour St Coffee", "Europe/London", "GBP", "GB", slug="harbour-st")
QUAY = NewSite("The Quay Hotel", "America/New_York", "USD", "US", slug="quay")
MAYA = NewStaff("maya@example.com", "Maya Okafor", "frontline", ("harbour-st",), phone="07700 900101")
OMAR = NewStaff("omar@example.com", "Omar Haddad", "supervisor", ("harbour-st",), phone="07700 900102")
ADA = NewStaff("ada@example.com", "Ada Lind", "admin", phone="+44 7700 900103")
NELL = NewStaff("nell@example.com", "Nell Ruiz", "supervisor", ("quay",))
"""At the other site: what is Harbour St's is nothing to her."""
PASSWORD = "a password for tests"

SAM = NewCustomer("07700 900123", "Sam Whitfield")
NOOR = NewCustomer("07700 900124", "Noor Aziz")
LEE = NewCustomer("07700 900125", "Lee Chen")
REMAKE = NewRemedy(RemedyKind.REMAKE)

NO_CAPS = Caps(None, None, None, None, None)

Result = TypeVar("Result")
Row = TypeVar("Row")


def refund(amount: int) -> NewRemedy:
    return NewRemedy(RemedyKind.REFUND, amount)


Rows = Mapping[Table, Sequence[dict[str, Any]]]
_OPENED: dict[tuple[datetime, bytes], Rows] = {}
"""Parents first. Their ids tell the time, and their events are signed: so by time and by key."""


def _has_happened(desk: Components) -> bool:
    with desk.read() as session:
        return session.scalar(select(Event.seq).limit(1)) is not None


def _open(desk: Components) -> None:
    with desk.write() as session:
        for site in (HARBOUR, QUAY):
            add_site(session, site, now=desk.clock.now(), by=MACHINE)
        for new in (MAYA, OMAR, ADA, NELL):
            person = add_staff(session, new, now=desk.clock.now(), by=MACHINE)
            person.password_hash = hash_password(PASSWORD, cheap=True)


def _rows_of(desk: Components) -> Rows:
    with desk.reading.connect() as connection:
        found = {table: connection.execute(select(table)).mappings().all() for table in Base.metadata.sorted_tables}
    return {table: [dict(row) for row in rows] for table, rows in found.items() if rows}


def _whole(ticket_id: int) -> Select[Ticket]:
    together = (joinedload(Ticket.site), joinedload(Ticket.customer), joinedload(Ticket.owner))
    return select(Ticket).where(Ticket.id == ticket_id).options(*together)


@dataclass(frozen=True, slots=True)
class Business:
    """Two sites and four people over the components of a test; the clock of the test says when."""

    desk: Components

    @classmethod
    def opened(cls, desk: Components) -> "Business":
        """By the services, once in a process; from then on as the very rows that they wrote."""
        like = (desk.clock.now(), desk.house.audit_key)
        if _has_happened(desk):
            _open(desk)
        elif like in _OPENED:
            with desk.writing.begin() as connection:
                for table, rows in _OPENED[like].items():
                    connection.execute(table.insert(), rows)
        else:
            before = _rows_of(desk)
            _open(desk)
            _OPENED[like] = {table: rows for table, rows in _rows_of(desk).items() if table not in before}
        return cls(desk)

    @property
    def now(self) -> datetime:
        return self.desk.clock.now()

    def later(self, **by: float) -> datetime:
        """Time passes: `business.later(minutes=10)`. Nothing else happens; see `tick`."""
        assert isinstance(self.desk.clock, FrozenClock)
        return self.desk.clock.advance(**by)

    def tick(self, *names: str) -> int:
        """What falls due by itself, all of it or the lines named, as a worker does it; gives how many rows it handled."""
        due = [work for work in DUE_WORK if not names or work.name in names]
        return sum(work.run(self.desk, self.now) for work in due)

    def set_policy(self, **values: Any) -> None:
        """As another policy file would: `business.set_policy(countries=frozenset({"GB"}))`."""
        self.desk.house = replace(self.desk.house, policy=replace(self.desk.house.policy, **values))

    def staff(self, name: str) -> Staff:
        with self.desk.read() as session:
            return session.scalars(select(Staff).where(Staff.email == f"{name}@example.com")).one()

    def actor(self, name: str) -> Actor:
        return self.staff(name).as_actor()

    def site(self, slug: str = "harbour-st") -> Site:
        with self.desk.read() as session:
            return session.scalars(select(Site).where(Site.slug == slug)).one()

    def log(
        self,
        *,
        by: str = "maya",
        site: str = "harbour-st",
        failure: str = "wrong_order",
        customer: NewCustomer | None = SAM,
        remedies: tuple[NewRemedy, ...] = (REMAKE,),
        **more: Any,
    ) -> Ticket:
        """`more` is anything else that a `NewTicket` takes."""
        new = NewTicket(site=site, failure=failure, customer=customer, remedies=remedies, **more)
        actor = self.actor(by)
        return self.desk.transact(lambda session: log(session, new, now=self.now, by=actor))

    def again(self, ticket: Ticket) -> Ticket:
        """The ticket as it stands now."""
        with self.desk.read() as session:
            return session.scalars(_whole(ticket.id)).one()

    def rows(self, kind: type[Row], ticket: Ticket) -> list[Row]:
        """A ticket's promises, remedies, callbacks, messages or attempts, in the order in which they were made."""
        with self.desk.read() as session:
            found = session.scalars(select(kind).where(kind.ticket_id == ticket.id).order_by(kind.id))  # type: ignore[attr-defined]
            return list(found)

    def told(self, ticket: Ticket) -> list[Event]:
        """The ticket's trail."""
        with self.desk.read() as session:
            return list(session.scalars(select(Event).where(Event.stream_id == ticket.id).order_by(Event.seq)))

    def tags(self, ticket: Ticket) -> list[str]:
        """Without the word that every one of them begins with: `promise:made`."""
        return [event.tag.removeprefix("ticket:") for event in self.told(ticket)]

    def on(self, ticket: Ticket, act: Callable[[DeskSession, Ticket, Actor], Result], *, by: str = "maya") -> Result:
        """`business.on(ticket, lambda session, ticket, maya: resolve(session, ticket, how=None, now=…, by=maya))`"""
        actor = self.actor(by)
        return self.desk.transact(
            lambda session: act(session, locked_ticket(session, ticket.reference, by=actor), actor)
        )


def shut(business: Business, day: str, name: str) -> None:
    """Harbour St for a day of its calendar: `shut(business, "2026-03-11", "Founders' Day")`."""
    ada, special = business.actor("ada"), special_day(date.fromisoformat(day), "shut", name)
    with business.desk.write() as session:
        set_day(session, visible_site(session, "harbour-st", by=ada), special, now=business.now, by=ada)
