"""A site may have a sender of its own: its texts leave from it, and a STOP to it is about it alone."""

import itertools
from dataclasses import replace

from sqlalchemy import select

from recovery.domain.events import Tag
from recovery.domain.messages import Direction, MessageStatus
from recovery.domain.provider_codes import FaultCategory
from recovery.models import Event, Message, OptOut, Site, Ticket
from recovery.services.people.directory import customers_with
from recovery.services.people.erasing import erase
from recovery.services.people.sites import change_site
from recovery.services.running.health import checks
from recovery.services.sending import lanes
from recovery.services.sending.outbox import Lane, Lanes
from recovery.services.texting.consent import follow_house_sender
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing.reading_tickets import ticket_rows_by_id
from recovery.services.ticketing.tickets import resolve
from recovery.sms.gateway import SendRefused
from tests.factories import HARBOUR, LEE, NOOR, QUAY, SAM, Business, NewCustomer
from tests.services.post import Post

HARBOURS, QUAYS, HOUSES = "+447700900001", "MG" + "0a" * 16, "simulator"
SAMS = "+447700900123"
_sids = itertools.count()


def give_sender(business: Business, sender: str, slug: str = "harbour-st") -> None:
    new = replace(HARBOUR if slug == "harbour-st" else QUAY, sender=sender)
    ada = business.actor("ada")

    def work(session: object) -> None:
        site = session.scalars(select(Site).where(Site.slug == slug)).one()  # type: ignore[attr-defined]
        change_site(session, site, new, now=business.now, by=ada)  # type: ignore[arg-type]

    business.desk.transact(work)


def writes(business: Business, words: str, to: str, *, service: str = "") -> Message:
    inbound = Inbound(SAMS, to, words, f"SM-senders-{next(_sids)}", service=service)
    return business.desk.transact(lambda session: receive(session, inbound, now=business.now))


def at_both_sites(post: Post) -> tuple[Ticket, Ticket]:
    """Sam is a customer of each; the harbour has a sender of its own."""
    give_sender(post.business, HARBOURS)
    return post.ticket(), post.business.log(site="quay", by="nell", customer=NewCustomer("+44 7700 900123", "Sam"))


def test_a_text_leaves_from_the_sender_of_its_tickets_site(post: Post) -> None:
    harbour, quay = at_both_sites(post)
    senders = {post.texts(ticket)[0].id: sender for ticket, sender in ((harbour, HARBOURS), (quay, HOUSES))}
    left = {}
    while departures := post.depart():
        for departure in departures:
            left[departure.message_id] = departure.outgoing.from_
            post.finish(departure, post.accept())
    assert left == senders


def test_a_messaging_service_is_named_as_one(post: Post) -> None:
    give_sender(post.business, QUAYS)
    post.ticket()
    outgoing = post.depart()[0].outgoing
    assert (outgoing.messaging_service, outgoing.from_) == (QUAYS, None)


def test_a_stop_to_one_sender_leaves_the_other_sites_texts_alone(post: Post) -> None:
    harbour, quay = at_both_sites(post)
    writes(post.business, "STOP", HARBOURS)
    assert post.texts(harbour)[0].drop_reason == "opted_out"
    assert post.reread(harbour).no_text_reason == "opted_out"
    assert post.reread(quay).no_text_reason is None
    assert post.call_tasks(quay) == []
    post.send_all()
    assert post.texts(quay)[0].status is MessageStatus.SENT


def test_a_stop_between_claim_and_sending_is_about_its_own_sender(post: Post) -> None:
    harbour, quay = at_both_sites(post)
    token, first = post.claim()
    writes(post.business, "STOP", HARBOURS)
    post.begin(token, first)
    post.send_all()
    assert [post.texts(ticket)[0].drop_reason for ticket in (harbour, quay)] == ["opted_out", None]


def test_what_is_shown_before_anybody_types_is_about_the_sites_own_sender(post: Post) -> None:
    harbour, quay = at_both_sites(post)
    writes(post.business, "STOP", HARBOURS)
    ada = post.business.actor("ada")
    with post.desk.read() as session:
        rows = ticket_rows_by_id(session, [harbour.id, quay.id])
        shown = {row.id: row.customer.opted_out for row in rows.values() if row.customer}
        found = {each.site: each.opted_out for each in customers_with(session, [SAMS], by=ada)}
    assert shown == {harbour.id: True, quay.id: False}
    assert found == {"harbour-st": True, "quay": False}


def test_a_confirmation_comes_from_the_number_that_was_written_to(post: Post) -> None:
    at_both_sites(post)
    for to in (HARBOURS, HOUSES):
        writes(post.business, "HELP", to)
    with post.desk.read() as session:
        helped = session.scalars(select(Message.sender).where(Message.template == "help").order_by(Message.id)).all()
    assert helped == [HARBOURS, HOUSES]


def test_a_reply_finds_the_ticket_whose_site_has_the_number(post: Post) -> None:
    harbour, quay = at_both_sites(post)
    assert writes(post.business, "Where are you?", HARBOURS).ticket_id == harbour.id
    assert writes(post.business, "Where are you?", HOUSES).ticket_id == quay.id


def test_a_number_of_a_service_stands_for_the_service_that_we_send_from(post: Post) -> None:
    give_sender(post.business, QUAYS)
    ticket = post.ticket()
    writes(post.business, "STOP", "+447700900099", service=QUAYS)
    assert post.texts(ticket)[0].drop_reason == "opted_out"
    with post.desk.read() as session:
        assert session.scalars(select(OptOut.sender)).all() == [QUAYS]


def test_a_stop_to_a_service_and_to_a_number_of_it_is_one_to_both(post: Post) -> None:
    give_sender(post.business, QUAYS, "quay")
    give_sender(post.business, HARBOURS)
    writes(post.business, "STOP", HARBOURS, service=QUAYS)
    with post.desk.read() as session:
        assert set(session.scalars(select(OptOut.sender))) == {QUAYS, HARBOURS}


def test_a_stop_to_a_number_that_we_gave_up_is_heard(post: Post) -> None:
    ticket = post.ticket()
    writes(post.business, "STOP", "+447700900098")
    assert post.texts(ticket)[0].drop_reason == "opted_out"


def test_a_stop_to_the_number_that_a_site_had_is_one_to_the_number_that_it_has(post: Post) -> None:
    """The word that confirms it says that this site writes no more."""
    give_sender(post.business, HARBOURS)
    ticket = post.ticket()
    post.send_all()
    give_sender(post.business, "+447700900055")
    writes(post.business, "STOP", HARBOURS)
    with post.desk.read() as session:
        assert session.scalars(select(OptOut.sender)).all() == ["+447700900055"]
    assert post.texts(ticket)[-1].body.startswith("You're off our list: Harbour St Coffee won't text you again.")
    assert post.reread(ticket).no_text_reason == "opted_out"
    writes(post.business, "START", HARBOURS)
    assert post.reread(ticket).no_text_reason is None


def test_who_wrote_stop_stays_without_texts_when_the_site_gets_another_sender(post: Post) -> None:
    post.ticket()
    post.ticket(NOOR)
    writes(post.business, "STOP", HOUSES)
    give_sender(post.business, HARBOURS)
    with post.desk.read() as session:
        rows = session.execute(select(OptOut.sender, OptOut.how).order_by(OptOut.id)).all()
    assert [tuple(row) for row in rows] == [(HOUSES, "keyword"), (HARBOURS, "carried")]
    later = post.ticket()
    assert [text for text in post.texts(later) if text.direction is Direction.OUTBOUND] == []
    writes(post.business, "START", HARBOURS)
    assert post.texts(post.ticket())[0].sender == HARBOURS


def house_sends_from(post: Post, sender: str) -> int:
    """As after a start with other settings; gives how many opt-outs were carried over."""
    post.desk.house = replace(post.desk.house, sender=sender)
    return post.desk.transact(lambda session: follow_house_sender(session, now=post.now))


def told_of_senders(post: Post) -> list[str]:
    with post.desk.read() as session:
        told = select(Event.payload).where(Event.tag == Tag.SENDER_CHANGED.value).order_by(Event.seq)
        return list(session.scalars(told))


def test_who_wrote_stop_stays_without_texts_when_the_organisation_gets_another_sender(post: Post) -> None:
    assert house_sends_from(post, HARBOURS) == 0
    writes(post.business, "STOP", HARBOURS)  # from a number that nobody knows yet
    assert house_sends_from(post, QUAYS) == 1
    assert house_sends_from(post, QUAYS) == 0, "once"
    ticket = post.ticket()
    assert [text for text in post.texts(ticket) if text.direction is Direction.OUTBOUND] == []
    assert post.reread(ticket).no_text_reason == "opted_out"
    writes(post.business, "START", "+447700900099", service=QUAYS)
    assert house_sends_from(post, QUAYS) == 0, "and who wants texts again gets them"
    assert post.texts(post.ticket())[0].sender == QUAYS
    assert told_of_senders(post) == [
        f'{{"after":"{HARBOURS}","before":"","opt_outs":0}}',
        f'{{"after":"{QUAYS}","before":"{HARBOURS}","opt_outs":1}}',
    ]


def test_the_stop_to_a_sites_own_sender_stays_its_own_when_the_organisations_changes(post: Post) -> None:
    house_sends_from(post, HARBOURS)
    give_sender(post.business, "+447700900055", "quay")
    writes(post.business, "STOP", "+447700900055")
    assert house_sends_from(post, QUAYS) == 0


def test_what_was_tried_on_the_simulated_phones_is_carried_nowhere(post: Post) -> None:
    post.ticket()
    writes(post.business, "STOP", HOUSES)
    assert house_sends_from(post, HARBOURS) == 0
    assert house_sends_from(post, HOUSES) == 0
    assert house_sends_from(post, HARBOURS) == 0
    assert len(told_of_senders(post)) == 1, "to try it out in between changes nothing"


def test_a_stop_is_carried_over_also_of_somebody_who_was_erased(post: Post) -> None:
    ticket, ada = post.ticket(), post.business.actor("ada")
    writes(post.business, "STOP", HOUSES)
    post.business.on(ticket, lambda session, held, by: resolve(session, held, how=None, now=post.now, by=by))
    post.desk.transact(lambda session: erase(session, SAMS, now=post.now, by=ada))
    give_sender(post.business, HARBOURS)
    again = post.ticket()
    assert post.reread(again).no_text_reason == "opted_out"


def test_an_opt_out_that_only_the_provider_knew_is_from_the_texts_own_sender(post: Post) -> None:
    at_both_sites(post)
    post.finish(post.depart()[0], SendRefused(FaultCategory.PERMANENT_NUMBER, 21610, "opted out"))
    with post.desk.read() as session:
        sender = session.scalars(select(Message.sender).where(Message.status == MessageStatus.FAILED)).one()
        assert session.scalars(select(OptOut.sender)).all() == [sender]


def test_what_waits_for_a_sender_that_is_gone_leaves_from_todays(post: Post) -> None:
    give_sender(post.business, HARBOURS)
    text_id = post.texts(post.ticket())[0].id
    give_sender(post.business, "")
    with post.desk.read() as session:
        gone = lanes.strangers(session, lanes.due_lanes(session, now=post.now))
    assert gone == {HARBOURS}
    post.desk.transact(lambda session: lanes.give_todays_sender(session, gone))
    assert post.text(text_id).sender == HOUSES
    assert [departure.outgoing.from_ for departure in post.depart()] == [HOUSES]


def test_one_sites_burst_keeps_no_other_sites_text_waiting(post: Post) -> None:
    for number in range(12):
        post.ticket(NewCustomer(f"07700 9003{number:02}", f"Customer {number}"))
    post.business.later(seconds=1)
    other = post.business.log(site="quay", by="nell", customer=NewCustomer("+1 555 555 0100", "Lee"))
    assert post.texts(other)[0].id in post.claim(limit=2)[1]


def test_of_each_sender_the_site_after_the_last_one_is_served_next() -> None:
    due = (Lane("a", 1), Lane("a", 2), Lane("a", 3), Lane("b", 2))
    ordered = lanes.in_turn(Lanes((), due), {"a": 1}).every
    assert ordered == [Lane("a", 2), Lane("b", 2), Lane("a", 3), Lane("a", 1)]


def test_a_sender_without_room_gives_nothing_and_the_others_do(post: Post) -> None:
    harbour, quay = at_both_sites(post)
    noor = post.ticket(NOOR)
    assert post.claim(room={HARBOURS: 0, HOUSES: 8})[1] == []
    assert post.claim(room={HARBOURS: 1, HOUSES: 8})[1] == [post.texts(harbour)[0].id]
    assert post.claim()[1] == [post.texts(noor)[0].id], "Sam gets one text at a time, whoever sends it"
    assert post.texts(quay)[0].status is MessageStatus.PENDING


def test_a_text_that_a_stopped_sender_cannot_send_holds_up_no_other_senders_for_long(post: Post) -> None:
    """Its line may be closed for days: that is no matter of the other site's."""
    harbour, quay = at_both_sites(post)
    stopped = SendRefused(FaultCategory.STOP_LINE, 30034, "not registered")
    for _ in range(3):
        (departure,) = post.begin(*post.claim(room={HARBOURS: 1}))
        post.finish(departure, stopped)
        post.business.later(minutes=6)
    assert post.claim(room={HARBOURS: 0, HOUSES: 8})[1] == [post.texts(quay)[0].id]
    assert post.texts(harbour)[0].status is MessageStatus.PENDING


def test_each_sender_has_its_line_in_the_doctors_answer(post: Post) -> None:
    give_sender(post.business, HARBOURS)
    post.ticket(LEE)
    post.ticket(SAM)
    post.finish(post.depart()[0], SendRefused(FaultCategory.RETRY, 20429, "slow down", retry_after=30))
    with post.desk.read() as session:
        said = [(check.state, check.words) for check in checks(session, now=post.now) if check.what == "Line"]
    assert said[0] == ("ok", "Simulated phones: nothing leaves this machine.")
    assert said[1] == (
        "soon",
        f"{HARBOURS} (Harbour St Coffee): the provider asked us to wait (slow down). We go on in 30 s.",
    )
