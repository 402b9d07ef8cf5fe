"""A text to a colleague that has not left yet: they leave, move, or have another number."""

from dataclasses import replace

import pytest

from recovery.domain.messages import MessageStatus
from recovery.models import Message, Ticket
from recovery.services.people.staff import NewStaff
from tests.factories import NOOR, OMAR, Business, refund
from tests.services.post import Post
from tests.services.test_leaving import become, leave

ELSEWHERE = replace(OMAR, sites=("quay",), phone="+44 7700 900102")


def asked(business: Business) -> Ticket:
    """Omar has to decide, and the text that tells him waits in the outbox."""
    return business.log(remedies=(refund(4500),))


def to(business: Business, ticket: Ticket, name: str) -> Message:
    [text] = [
        each
        for each in business.rows(Message, ticket)
        if (each.audience, each.staff_id) == ("staff", business.staff(name).id)
    ]
    return text


def test_who_left_is_not_told_of_what_goes_on_and_the_next_is(post: Post) -> None:
    ticket = asked(post.business)
    leave(post.business, "omar")
    post.send_all()
    text = to(post.business, ticket, "omar")
    assert (text.status, text.drop_reason, text.attempts) == (MessageStatus.DROPPED, "not_theirs", 0)
    assert to(post.business, ticket, "ada").status is MessageStatus.SENT


@pytest.mark.parametrize("new", [ELSEWHERE, replace(OMAR, phone="")], ids=["elsewhere", "no phone"])
def test_who_works_elsewhere_or_has_no_phone_gets_no_text_written_before(post: Post, new: NewStaff) -> None:
    ticket = asked(post.business)
    become(post.business, "omar", new)
    post.send_all()
    assert to(post.business, ticket, "omar").drop_reason == "not_theirs"


def test_a_new_number_takes_over_what_has_not_left(post: Post) -> None:
    """Also what a worker has in its hands already."""
    before = asked(post.business)
    post.send_all()
    after = post.business.log(customer=NOOR, remedies=(refund(4500),))
    claimed = post.claim()
    become(post.business, "omar", replace(OMAR, phone="07700 900177"))
    assert {departure.outgoing.to for departure in post.begin(*claimed)} == {"+447700900124", "+447700900177"}
    assert to(post.business, before, "omar").to_number == "+447700900102"
    assert to(post.business, after, "omar").to_number == "+447700900177"


def test_a_number_that_changed_behind_the_outbox_is_not_texted(post: Post) -> None:
    ticket = asked(post.business)
    text = to(post.business, ticket, "omar")
    post.set(text.id, to_number="+447700900188")
    post.send_all()
    assert post.text(text.id).drop_reason == "not_theirs"
