"""What holds a text back is said where people look: on its ticket, in the log's preview, on every page."""

from dataclasses import replace

from sqlalchemy import insert

from recovery.domain.callbacks import CallReason
from recovery.domain.text_limits import Spending
from recovery.models import Callback, Spend
from recovery.services.ticketing.tickets import write_to_customer
from tests.factories import NO_CAPS, Business, NewCustomer
from tests.web.pages import Visitor, words
from tests.web.ticket_parts import answer_by_text, fresh

LIMIT = Spending(month_limit_micros=1_000_000, warn_at_percent=80)


def spend(business: Business, micros: int) -> None:
    row = {"month": f"{business.now:%Y-%m}", "site_id": 0, "template": "x", "country": "GB", "texts": 1, "segments": 1}
    with business.desk.writing.begin() as connection:
        connection.execute(insert(Spend).values(row | {"micros": micros}))


def test_money_that_runs_out_is_told_on_every_page(business: Business) -> None:
    maya = Visitor.signed_in(business, "maya")
    business.set_policy(spending=LIMIT)
    assert "money for texts" not in words(maya.open("/"))
    spend(business, 850_000)
    assert "85 % of this month's money for texts is spent." in words(maya.open("/"))
    business.set_policy(spending=replace(LIMIT, month_limit_micros=850_000))
    assert "only what is urgent goes" in words(maya.open("/tickets"))


def test_a_text_that_waits_for_money_says_so_on_its_ticket(business: Business) -> None:
    ticket = business.log()
    business.set_policy(spending=LIMIT)
    spend(business, 1_000_000)
    business.on(ticket, lambda session, t, maya: write_to_customer(session, t, "Soon.", now=business.now, by=maya))
    page = words(Visitor.signed_in(business, "maya").open(f"/tickets/{ticket.reference}"))
    assert "The month's money for texts is spent" in page
    assert "quiet hours" not in page


def test_a_text_too_many_says_so_on_its_ticket(business: Business) -> None:
    ticket = business.log()
    business.set_policy(caps=replace(NO_CAPS, ticket=1))
    business.on(ticket, lambda session, t, maya: write_to_customer(session, t, "Soon.", now=business.now, by=maya))
    page = words(Visitor.signed_in(business, "maya").open(f"/tickets/{ticket.reference}"))
    assert "No text goes: there have been very many about this ticket" in page


def test_what_could_not_be_said_from_its_page_is_a_call_and_nothing_typed_is_lost(business: Business) -> None:
    """As from the API: that it was tried stands on the ticket."""
    ticket = business.log()
    answer_by_text(business, "Is anybody there?")
    business.set_policy(caps=replace(NO_CAPS, ticket=1))
    maya = Visitor.signed_in(business, "maya")
    answer = maya.act(ticket.reference, "messages", body="Nearly there.", version=str(fresh(business, ticket).version))
    assert answer.status_code == 422
    assert "No text can go to them: call instead. What you wrote is still here." in words(answer)
    assert "Nearly there." in words(answer)
    assert [call.reason for call in business.rows(Callback, ticket)] == [CallReason.UNDELIVERED]
    assert "text:withheld" in business.tags(ticket)
    assert fresh(business, ticket).unread == 1, "nobody has answered"


def test_a_country_that_is_not_texted_is_said_on_the_ticket(business: Business) -> None:
    ticket = business.log(customer=NewCustomer("+353 85 012 3456", "Aoife"))
    page = words(Visitor.signed_in(business, "maya").open(f"/tickets/{ticket.reference}"))
    assert "No texts: the number is of a country that we do not text." in page
