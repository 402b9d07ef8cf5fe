"""A provider's code never stands alone on a page: beside it is what happened, and on the ticket what to do."""

import re

import pytest

from recovery.domain.provider_codes import KNOWN, fault_for
from recovery.sms.gateway import Accepted, SendRefused
from tests.factories import Business, NewCustomer
from tests.services.post import Post
from tests.web.pages import Visitor, words

A_CODE = re.compile(r"\b\d{5}\b(.{0,160})")
MANY = 40


@pytest.fixture
def post(business: Business) -> Post:
    return Post(business)


def test_a_text_that_did_not_arrive_says_why_and_what_to_do(business: Business, post: Post) -> None:
    ticket = post.ticket()
    post.finish(post.depart()[0], Accepted("SM1", "queued"))
    post.receipt("SM1", "undelivered", code="30006")
    page = words(Visitor.signed_in(business, "maya").open(f"/tickets/{ticket.reference}"))
    fault = fault_for(30006)
    assert f"{fault.words} {fault.advice}" in page


def test_an_unknown_code_is_shown_with_the_providers_own_words(business: Business, post: Post) -> None:
    ticket = post.ticket()
    refusal = SendRefused(fault_for(29999, 400).category, 29999, "Some new rule.")
    post.finish(post.depart()[0], refusal)
    page = words(Visitor.signed_in(business, "maya").open(f"/tickets/{ticket.reference}"))
    assert "for a reason that we do not know (code 29999). Some new rule. Call the customer instead." in page


@pytest.mark.parametrize("address", ["/tickets/{reference}", "/audit", "/undetected", "/"])
def test_no_code_stands_alone_on_a_page(business: Business, post: Post, address: str) -> None:
    reference = ""
    for number, fault in enumerate(KNOWN[:MANY]):
        customer = NewCustomer(f"07700 9002{number:02}", f"Customer {number}")
        ticket = post.ticket(customer)
        post.finish(post.depart()[0], Accepted(f"SM{number}", "queued"))
        post.receipt(f"SM{number}", "undelivered", code=str(fault.code))
        reference = reference or ticket.reference
    answer = Visitor.signed_in(business, "ada").open(address.format(reference=reference))
    assert answer.status_code == 200
    page = words(answer)
    known = {str(fault.code): fault.words for fault in KNOWN}
    bare = [
        found[0] for found in A_CODE.finditer(page) if found[0][:5] in known and known[found[0][:5]] not in found[1]
    ]
    assert bare == []
