"""Several senders at one worker: each has a line of its own, and trouble with one is nobody else's."""

from dataclasses import replace

from sqlalchemy import select

from recovery.domain.messages import MessageStatus
from recovery.domain.provider_codes import FaultCategory
from recovery.models import Message, SendGate, Site
from recovery.services.people.sites import change_site
from recovery.sms.gateway import OutgoingText, SendRefused
from tests.factories import LEE, QUAY, NewCustomer
from tests.fixtures.waiting import wait_until
from tests.fixtures.works import Works

QUAYS = "+15555550199"
PEOPLE = tuple(NewCustomer(f"+1 555 555 02{number:02}", f"Customer {number}") for number in range(6))


def give_the_quay_a_sender(works: Works) -> None:
    ada = works.post.business.actor("ada")

    def work(session: object) -> None:
        site = session.scalars(select(Site).where(Site.slug == "quay")).one()  # type: ignore[attr-defined]
        change_site(session, site, replace(QUAY, sender=QUAYS), now=works.post.now, by=ada)  # type: ignore[arg-type]

    works.desk.transact(work)


def states(works: Works, sender: str) -> set[MessageStatus]:
    works.sender.wake()
    with works.desk.read() as session:
        return set(session.scalars(select(Message.status).where(Message.sender == sender)))


def log_at_the_quay(works: Works) -> None:
    for person in PEOPLE:
        works.post.business.log(site="quay", by="nell", customer=person)


def test_a_closed_gate_of_one_sender_stops_no_other(works: Works) -> None:
    give_the_quay_a_sender(works)

    def refuse_the_quay(outgoing: OutgoingText) -> None:
        if outgoing.from_ == QUAYS:
            raise SendRefused(FaultCategory.STOP_LINE, 30034, "not registered", retry_after=600)

    works.provider.on = refuse_the_quay
    log_at_the_quay(works)
    wait_until(lambda: works.sender.wake() or gate_of(works) is not None, what="the quay's line is closed")
    works.post.ticket(LEE)
    wait_until(lambda: states(works, "simulator") == {MessageStatus.SENT}, what="the harbour's text has left")
    assert states(works, QUAYS) <= {MessageStatus.PENDING, MessageStatus.SENDING}
    assert {text.from_ for text in works.provider.accepted} == {"simulator"}


def gate_of(works: Works) -> SendGate | None:
    with works.desk.read() as session:
        return session.get(SendGate, QUAYS)


def test_a_text_for_a_sender_that_is_gone_leaves_from_todays(works: Works) -> None:
    works.sender.stop()
    give_the_quay_a_sender(works)
    log_at_the_quay(works)
    ada = works.post.business.actor("ada")

    def take_away(session: object) -> None:
        site = session.scalars(select(Site).where(Site.slug == "quay")).one()  # type: ignore[attr-defined]
        change_site(session, site, QUAY, now=works.post.now, by=ada)  # type: ignore[arg-type]

    works.desk.transact(take_away)
    works.restart()
    works.wait_for_ends()
    assert {text.from_ for text in works.provider.accepted} == {"simulator"}
