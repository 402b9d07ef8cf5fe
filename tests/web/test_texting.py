"""The page *Texts*: what waits, what nobody can say, what did not arrive and why, and what to do about each."""

import pytest
from sqlalchemy import event

from recovery.clock import FrozenClock
from recovery.domain.provider_codes import FaultCategory, fault_for
from recovery.services.hearing import missed
from recovery.services.reporting.spending import in_money, spend_standing
from recovery.services.running.tallies import HOOKS_REFUSED, count
from recovery.services.sending import asking
from recovery.services.texting.replies import Inbound, receive
from recovery.sms.gateway import Accepted, SendRefused
from tests.factories import LEE, NOOR, Business, NewCustomer
from tests.services.post import NO_ANSWER, Post
from tests.web.pages import Visitor, words

MOST_QUERIES = 11
"""Of the page itself; what stands around it asks on its own."""


@pytest.fixture
def post(business: Business) -> Post:
    return Post(business)


@pytest.fixture
def ada(business: Business) -> Visitor:
    return Visitor.signed_in(business, "ada")


def page(ada: Visitor) -> str:
    answer = ada.open("/admin/texting")
    assert answer.status_code == 200
    return words(answer)


def lost(post: Post, number: int, code: str) -> str:
    """The reference of a ticket whose text did not arrive."""
    ticket = post.ticket(NewCustomer(f"07700 9002{number:02}", f"Customer {number}"))
    (departure,) = post.depart()
    sid = post.accept().provider_sid
    post.finish(departure, Accepted(sid, "queued"))
    post.receipt(sid, "undelivered", code=code)
    return ticket.reference


def test_only_an_admin_sees_it_and_an_empty_page_says_that_all_is_well(business: Business, ada: Visitor) -> None:
    for who in ("maya", "omar"):
        assert Visitor.signed_in(business, who).open("/admin/texting").status_code == 403
    shown = page(ada)
    for sentence in (
        "Texts leave as they should.",
        "No text waits.",
        "Of every text we know whether it went.",
        "Every text of the last thirty days arrived",
        "None in the last thirty days.",
        "None was ever refused.",
        "None: every reply was brought to us at once. The first look is yet to come.",
    ):
        assert sentence in shown


def test_reasons_are_counted_over_a_week_and_a_month_with_what_to_do(
    ada: Visitor, post: Post, clock: FrozenClock
) -> None:
    lost(post, 1, "30005")
    clock.advance(days=40)
    old = lost(post, 2, "30006")
    clock.advance(days=10)
    new = [lost(post, number, "30006") for number in (3, 4)]
    unknown = lost(post, 5, "31999")
    shown = page(Visitor.signed_in(post.business, "ada"))
    fault = fault_for(30006)
    references = " , ".join((*reversed(new), old))
    assert f"{fault.words} {fault.advice} Provider's code 30006. 2 3 {references}" in shown
    assert f"(code 31999). Call the customer instead. Provider's code 31999. 1 1 {unknown}" in shown
    assert fault_for(30005).words not in shown, "of more than a month ago"


def test_a_queue_that_stands_says_since_when_and_what_is_wrong(ada: Visitor, post: Post, clock: FrozenClock) -> None:
    post.ticket()
    post.ticket(NOOR)
    post.finish(post.depart(limit=1)[0], SendRefused(FaultCategory.STOP_LINE, 20003, "Authenticate"))
    clock.advance(minutes=4)
    shown = page(ada)
    assert "Texts are not leaving." in shown
    assert "closed for 4 min 2 texts wait to leave, the oldest for 4 min." in shown
    assert f"{fault_for(20003).words} {fault_for(20003).advice} The next try is now." in shown


def test_a_text_in_doubt_says_since_when_and_what_will_happen(ada: Visitor, post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.finish(post.depart()[0], NO_ANSWER)
    clock.advance(seconds=70)
    shown = page(ada)
    assert "Of some texts nobody knows yet." in shown
    assert f"{ticket.reference} 70 s We look for it in the provider's list in 50 s" in shown
    post.set(post.texts(ticket)[0].id, looks=1, look_at=clock.now())
    assert "we look once more now. If it is not there either, it is sent once more." in page(ada)


def test_a_text_that_was_never_heard_of_again_leads_to_its_ticket(ada: Visitor, post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket(LEE)
    post.finish(post.depart()[0], Accepted("SM1", "queued"))
    clock.advance(hours=12)
    message_id = post.texts(ticket)[0].id
    post.desk.transact(lambda session: asking.give_up(session, message_id, now=post.now))
    assert f"{ticket.reference} sent 12 h ago" in page(Visitor.signed_in(post.business, "ada"))


def test_callbacks_that_were_refused_say_what_to_compare(ada: Visitor, post: Post, clock: FrozenClock) -> None:
    post.desk.transact(lambda session: count(session, HOOKS_REFUSED, times=3, now=post.now))
    clock.advance(minutes=5)
    shown = page(ada)
    assert "3 so far, the last 5 min ago." in shown
    assert "TWILIO_AUTH_TOKEN" in shown


def test_replies_that_were_found_late_say_where_to_look(ada: Visitor, post: Post, clock: FrozenClock) -> None:
    post.ticket()
    post.send_all()
    written_at = clock.advance(minutes=5)
    text = Inbound("+447700900123", "simulator", "Is anybody there?", "SMlate", written_at=written_at)
    clock.advance(minutes=5)
    post.desk.transact(lambda session: receive(session, text, now=post.now))
    look = post.desk.transact(lambda session: missed.start_look(session, thorough=True, now=post.now))
    assert look is not None
    post.desk.transact(lambda session: missed.went_well(session, look, cut_at=None, now=post.now))
    clock.advance(seconds=90)
    shown = page(ada)
    assert "1 reply was found late so far, the last 90 s ago." in shown
    assert "could not reach http://127.0.0.1:8000/hooks/twilio/messages when they were written" in shown
    assert "We know of all that was written until 90 s ago." in shown


def test_what_texts_cost_stands_by_site_and_month_beside_the_limit(
    ada: Visitor, business: Business, post: Post, clock: FrozenClock
) -> None:
    shown = page(ada)
    assert "this month, and no limit is set." in shown
    assert "No text was counted yet." in shown
    post.ticket()
    post.finish(post.depart()[0], post.accept())
    text = post.texts(post.ticket())[0]
    shown = page(ada)
    assert f"Harbour St Coffee March 2026 1 {text.segments} " in shown
    with business.desk.read() as session:
        spent = spend_standing(session, now=business.now)
    assert in_money(spent.micros, spent.currency) in shown


def test_however_much_is_on_it_the_page_asks_little(ada: Visitor, post: Post, clock: FrozenClock) -> None:
    for number, code in enumerate(("30003", "30005", "30006", "30007", "31999")):
        lost(post, number, code)
    post.ticket()
    post.finish(post.depart(limit=1)[0], NO_ANSWER)
    ada.open("/admin/texting")
    asked: list[str] = []
    event.listen(post.desk.reading, "before_cursor_execute", lambda *told: asked.append(told[2]))
    ada.open("/admin/erasure")
    around = len([statement for statement in asked if statement.startswith("SELECT")])
    asked.clear()
    ada.open("/admin/texting")
    assert len([statement for statement in asked if statement.startswith("SELECT")]) - around <= MOST_QUERIES
