"""A note is as long as the longest way in allows, and can be sent back from the page whole."""

import random

from recovery.domain.tickets import LONGEST_NAME, LONGEST_NOTE
from recovery.services.people.customers import NewCustomer
from tests.factories import Business
from tests.web.pages import Visitor, reference_in, value_of, words
from tests.web.ticket_parts import fresh


def test_a_ticket_with_the_longest_note_can_still_change_hands(
    business: Business, maya: Visitor, omar: Visitor
) -> None:
    note = "x" * LONGEST_NOTE
    ticket = business.log(note=note)
    page = omar.open(f"/tickets/{ticket.reference}")
    assert f'maxlength="{LONGEST_NOTE}"' in page.text
    mine = str(business.staff("omar").id)
    answer = omar.act(ticket.reference, "change", note=note, owner=mine)
    assert answer.status_code == 302, words(answer)
    assert fresh(business, ticket).owner_id == int(mine)
    assert fresh(business, ticket).note == note


def test_the_log_page_takes_what_the_api_takes(business: Business, maya: Visitor) -> None:
    note, name = "x" * LONGEST_NOTE, "N" * LONGEST_NAME
    page = maya.open("/log").text
    assert f'maxlength="{LONGEST_NOTE}"' in page
    assert f'maxlength="{LONGEST_NAME}"' in page
    reference = reference_in(maya.log(note=note, name=name))
    assert value_of(maya.open(f"/tickets/{reference}").text, "version") == "1"


def test_the_longest_note_outlives_a_sign_out(business: Business, maya: Visitor) -> None:
    """Sealed it is longest where every letter takes four bytes and no two are alike."""
    chance = random.Random(1)
    note = "".join(chr(0x20000 + chance.randrange(0xA000)) for _ in range(LONGEST_NOTE))
    ticket = business.log(customer=NewCustomer("07700 900123", "Sam"))
    token = maya.token()
    maya.client.post("/sign-out", data={"csrf_token": token})
    answer = maya.client.post(
        f"/tickets/{ticket.reference}/change",
        data={"csrf_token": token, "version": "1", "note": note},
        headers={"Origin": "http://localhost"},
    )
    assert value_of(answer.text, "held")
