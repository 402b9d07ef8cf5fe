"""A shop with a rota, people with wishes, and a worker that looks at its clocks."""

from typing import Any

from sqlalchemy import select

from recovery.models import Alert, Site, Staff, Ticket
from recovery.services.alerting.rota import set_rota
from recovery.services.alerting.wishes import wish
from recovery.services.people.staff import NewStaff, add_staff
from tests.factories import Business

RITA = NewStaff("rita@example.com", "Rita Fox", "supervisor", ("harbour-st",), phone="07700 900104")
TOM = NewStaff("tom@example.com", "Tom Reed", "frontline", ("harbour-st",), phone="07700 900105")
Told = tuple[str, int, str, str]


def staffed(business: Business) -> Business:
    ada = business.actor("ada")
    business.desk.transact(lambda session: [add_staff(session, new, now=business.now, by=ada) for new in (RITA, TOM)])
    return business


def logged(business: Business, **more: Any) -> Ticket:
    return business.log(**{"remedies": ()} | more)


def told(business: Business, ticket: Ticket) -> list[Told]:
    """(clock, step, first name, how) in the order in which they were told; promises apart."""
    with business.desk.read() as session:
        rows = session.execute(
            select(Alert.about, Alert.step, Staff.name, Alert.how)
            .join(Staff, Staff.id == Alert.staff_id)
            .where(Alert.ticket_id == ticket.id, Alert.about.in_(("first_response", "remedy_ready", "resolved")))
            .order_by(Alert.at, Alert.step, Staff.name)
        )
        return [(about, step, name.split()[0], how) for about, step, name, how in rows]


def pass_time(business: Business, *, minutes: int, every: int = 1) -> None:
    """With a worker that looks at the clocks alone."""
    for _ in range(minutes // every):
        business.later(minutes=every)
        business.tick("clocks to look at")


def ladder(business: Business, **values: Any) -> None:
    policy = business.desk.house.policy
    business.set_policy(
        ladder=type(policy.ladder)(**{name: getattr(policy.ladder, name) for name in policy.ladder.__slots__} | values)
    )


def rota(business: Business, **shifts: str) -> None:
    wanted = {business.staff(name).id: typed for name, typed in shifts.items()}
    business.desk.transact(
        lambda session: set_rota(
            session, session.get_one(Site, business.site().id), wanted, now=business.now, by=business.actor("ada")
        )
    )


def wishes(business: Business, name: str, *, by_text: bool = True, quiet_hours: str | None = None) -> None:
    by = business.actor(name)
    business.desk.transact(
        lambda session: wish(session, by_text=by_text, quiet_hours=quiet_hours, now=business.now, by=by)
    )


def do(business: Business, ticket: Ticket, act: Any, **more: Any) -> Any:
    return business.on(ticket, lambda session, held, maya: act(session, held, now=business.now, by=maya, **more))


OMAR_MAIL = "omar@example.com"
