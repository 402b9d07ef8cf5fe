"""The call that stands in for a text that did not arrive says what the text would have said, why, and which number to call."""

from dataclasses import replace
from typing import Any

import pytest

from recovery.domain.provider_codes import fault_for
from recovery.domain.text_limits import Spending
from recovery.services.deciding import remedies
from recovery.services.texting.replies import Inbound, receive
from recovery.sms.gateway import Accepted
from tests.factories import NO_CAPS, Business, NewCustomer
from tests.services.post import Post
from tests.web.pages import Visitor, words


@pytest.fixture
def post(business: Business) -> Post:
    return Post(business)


def calls_on(business: Business, reference: str) -> str:
    """What the page says under Calls."""
    page = words(Visitor.signed_in(business, "maya").open(f"/tickets/{reference}"))
    return page.partition(" Calls ")[2].partition(" How did it go? ")[0]


def test_the_words_the_reason_and_the_number_stand_on_the_call(business: Business, post: Post) -> None:
    ticket = post.ticket()
    post.finish(post.depart()[0], Accepted("SM1", "queued"))
    post.receipt("SM1", "undelivered", code="30006")
    call = calls_on(business, ticket.reference)
    assert " ".join((post.texts(ticket)[0].body or "-").split()) in call
    assert f"{fault_for(30006).words} {fault_for(30006).advice}" in call
    assert "07700 900123" in call


def test_what_waited_when_they_opted_out_stands_on_the_call(business: Business, post: Post) -> None:
    ticket = post.ticket()
    post.say(ticket, "Your coffee is ready, Sam.")
    inbound = Inbound("+447700900123", "simulator", "STOP", "SM2")
    business.desk.transact(lambda session: receive(session, inbound, now=post.now))
    call = calls_on(business, ticket.reference)
    assert "Your coffee is ready, Sam." in call
    assert "They have asked for no texts." in call


@pytest.mark.parametrize(
    ("act", "more", "why"),
    [
        (remedies.fulfil, {}, "No longer true: they have it."),
        (remedies.cancel, {"reason": "They changed their mind."}, "No longer true: it was taken back."),
        (remedies.fail, {"reason": "Out of milk."}, "No longer true: it could not be done."),
    ],
)
def test_a_text_about_a_remedy_that_is_not_so_any_more_says_why_it_did_not_go(
    business: Business, act: Any, more: dict[str, str], why: str
) -> None:
    ticket = business.log()
    for each, how in ((remedies.make_ready, {}), (act, more)):
        business.on(
            ticket,
            lambda session, held, maya, each=each, how=how: each(
                session, held, remedies.remedies_of(session, held)[0], now=business.now, by=maya, **how
            ),
        )
    assert why in words(Visitor.signed_in(business, "maya").open(f"/tickets/{ticket.reference}"))


def test_what_was_never_written_is_named(business: Business) -> None:
    ticket = business.log(customer=None)
    business.on(
        ticket,
        lambda session, held, maya: remedies.make_ready(
            session, held, remedies.remedies_of(session, held)[0], now=business.now, by=maya
        ),
    )
    assert "They have not been told that it is ready." in calls_on(business, ticket.reference)


def test_so_is_what_was_not_written_for_the_country_of_the_number(business: Business) -> None:
    ticket = business.log(customer=NewCustomer("+353 85 012 3456", "Aoife"))
    assert "They have not been told that we are sorry, and by when they hear from us." in calls_on(
        business, ticket.reference
    )


def test_and_for_one_text_too_many(business: Business) -> None:
    business.set_policy(caps=replace(NO_CAPS, ticket=0))
    ticket = business.log()
    assert "They have not been told that we are sorry" in calls_on(business, ticket.reference)


def test_what_waits_for_the_months_money_stands_on_the_call_that_is_made_instead(
    business: Business, post: Post
) -> None:
    ticket = post.ticket()
    post.send_all()
    business.set_policy(spending=Spending(month_limit_micros=1, warn_at_percent=80))
    post.say(ticket, "Your coffee is ready, Sam.")
    call = calls_on(business, ticket.reference)
    assert "Your coffee is ready, Sam." in call
    assert "it goes when an admin allows more, or next month. Call instead." in call
