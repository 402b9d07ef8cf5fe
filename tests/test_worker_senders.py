"""Several senders at one worker: each has a line of its own, and trouble with one is nobody else's."""

import threading
from dataclasses import replace

from sqlalchemy import select

from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.messages import MessageStatus
from recovery.domain.pacing import LATEST, SECOND
from recovery.domain.provider_codes import FaultCategory
from recovery.domain.senders import Rates, SenderKind
from recovery.models import Message, SendGate, Site
from recovery.services.people.sites import change_site
from recovery.services.sending.answers import Answer
from recovery.services.texting.replies import Inbound, receive
from recovery.sms.gateway import OutgoingText, SendRefused
from recovery.worker.boarding import Boarding
from recovery.worker.calling import Ownership
from recovery.worker.lines import Lines
from tests.factories import LEE, NOOR, QUAY, Business, NewCustomer
from tests.fixtures.settings import MakeSettings
from tests.fixtures.waiting import wait_until
from tests.fixtures.works import Works
from tests.services.post import Post

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


def test_who_wrote_stop_to_the_last_sender_gets_nothing_from_todays(works: Works) -> None:
    works.sender.stop()
    desk = works.desk
    desk.house = replace(desk.house, sender="+447700900061")
    works.restart()
    works.post.ticket(LEE)
    works.wait_for_ends()
    works.sender.stop()
    opted_out = Inbound("+447700900124", "+447700900061", "STOP", "SM-stop", provider_has_answered=True)
    desk.transact(lambda session: receive(session, opted_out, now=works.post.now))
    desk.house = replace(desk.house, sender="+447700900062")
    ticket = works.post.ticket(NOOR)  # before anybody has looked at the settings
    works.restart()
    (text_id,) = (text.id for text in works.post.texts(ticket) if text.template == "logged")
    wait_until(lambda: works.sender.wake() or works.post.status(text_id).final, what="the text has its end")
    assert works.post.text(text_id).drop_reason == "opted_out"


def test_a_text_that_missed_its_slot_goes_back_where_another_has_its_second(
    make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock
) -> None:
    post = Post(Business.opened(build(make_settings(DATABASE_URL=sqlite_url), clock=clock)))
    post.business.set_policy(rates=Rates({SenderKind.SIMULATOR: 1}, {}))
    for person in PEOPLE[:2]:
        post.ticket(person)
    (first,) = post.depart()
    assert first.slot is not None
    clock.set(first.slot.at + LATEST + SECOND * first.slot.segments)
    (second,) = post.depart()
    assert second.slot is not None
    lines, never = Lines(post.desk), threading.Event()
    assert lines.turn("simulator", second.slot, never) == second.slot
    assert lines.turn("simulator", first.slot, never) is None
    clock.advance(seconds=0.5)
    later = lines.turn("simulator", second.slot, never)
    assert later is not None, "nobody has that second: it is moved"
    assert later.at > clock.now()
    post.desk.dispose()


def test_in_the_next_slot_leaves_what_is_urgent_whoever_it_was_given_to(
    make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock
) -> None:
    post = Post(Business.opened(build(make_settings(DATABASE_URL=sqlite_url), clock=clock)))
    post.business.set_policy(rates=Rates({SenderKind.SIMULATOR: 100}, {}))
    old = [post.texts(post.ticket(person))[0].id for person in PEOPLE[:3]]
    clock.advance(minutes=11)  # nobody waits for these any more as for an answer
    begun = post.depart()
    urgent = post.texts(post.ticket(LEE))[0].id
    begun += post.depart()
    boarding = Boarding()
    boarding.add([(departure, Ownership(departure, clock, clock.monotonic())) for departure in begun])
    left = []
    for departure in begun:
        kind, slot = boarding.next_slot() or (None, None)
        assert kind is not None
        assert slot == departure.slot
        boarded, ownership = boarding.board(kind, slot)
        assert ownership.slot == slot
        left.append(boarded.message_id)
    assert left == [urgent, *old]
    post.desk.dispose()


def test_a_text_that_had_left_before_the_pause_does_not_end_it(
    make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock
) -> None:
    post = Post(Business.opened(build(make_settings(DATABASE_URL=sqlite_url), clock=clock)))
    for person in PEOPLE[:2]:
        post.ticket(person)
    refused, accepted = post.depart()
    post.finish(refused, SendRefused(FaultCategory.RETRY, 20429, "slow down", retry_after=30))
    lines = Lines(post.desk)
    assert lines.room({"simulator"}, most=8, busy={}) == {"simulator": 0}
    lines.hear([Answer(accepted, post.accept())])
    assert lines.room({"simulator"}, most=8, busy={}) == {"simulator": 0}, "the provider asked for thirty seconds"
    clock.advance(seconds=31)
    assert lines.room({"simulator"}, most=8, busy={}) == {"simulator": 8}
    post.desk.dispose()
