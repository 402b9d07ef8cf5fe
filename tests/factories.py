"""A small business with its people: Maya at the counter, Omar the supervisor, Ada the admin; Sam, Noor and Lee as customers.

Everything is made by the services that the product uses, so that chains, ledgers and promises are true.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select

from recovery.bootstrap import Components
from recovery.domain.actors import MACHINE, Actor
from recovery.domain.remedies import RemedyKind
from recovery.models import Site, Staff, Ticket
from recovery.services.access import locked_ticket
from recovery.services.customers import NewCustomer
from recovery.services.logging_mistakes import NewTicket, log
from recovery.services.remedies import NewRemedy
from recovery.services.session import DeskSession
from recovery.services.sign_in import hash_password
from recovery.services.sites import NewSite, add_site
from recovery.services.staff import NewStaff, add_staff

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

Result = TypeVar("Result")


def refund(amount: int) -> NewRemedy:
    return NewRemedy(RemedyKind.REFUND, amount)


@dataclass(frozen=True, slots=True)
class Business:
    """Two sites and four people over the components of a test; the clock of the test says when."""

    desk: Components

    @classmethod
    def opened(cls, desk: Components) -> "Business":
        with desk.write() as session:
            for site in (HARBOUR, QUAY):
                add_site(session, site, now=desk.clock.now(), by=MACHINE)
            for new in (MAYA, OMAR, ADA, NELL):
                person = add_staff(session, new, now=desk.clock.now(), by=MACHINE)
                person.password_hash = hash_password(PASSWORD, cheap=True)
        return cls(desk)

    @property
    def now(self) -> datetime:
        return self.desk.clock.now()

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
    ) -> Ticket:
        new = NewTicket(site=site, failure=failure, customer=customer, remedies=remedies)
        actor = self.actor(by)
        return self.desk.transact(lambda session: log(session, new, now=self.now, by=actor))

    def on(self, ticket: Ticket, act: Callable[[DeskSession, Ticket, Actor], Result], *, by: str = "maya") -> Result:
        """`business.on(ticket, lambda session, ticket, maya: resolve(session, ticket, how=None, now=…, by=maya))`"""
        actor = self.actor(by)
        return self.desk.transact(
            lambda session: act(session, locked_ticket(session, ticket.reference, by=actor), actor)
        )
