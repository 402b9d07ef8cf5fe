"""The addresses that texts carry."""

import re

from recovery.domain.links import make_token
from recovery.models import Approval, Ticket
from recovery.services.session import House
from recovery.services.ticketing.rows import TicketRow

CUSTOMER = "c"
APPROVAL = "a"
APPROVAL_LINK = re.compile(rf"\S+/{APPROVAL}/[\w-]{{8,}}")


def customer_token(house: House, ticket: Ticket | TicketRow) -> str:
    return make_token(house.secret_key, CUSTOMER, ticket.id, ticket.link_generation)


def customer_url(house: House, ticket: Ticket | TicketRow) -> str:
    return f"{house.public_url}/c/{customer_token(house, ticket)}"


def approval_url(house: House, approval: Approval) -> str:
    return (
        f"{house.public_url}/a/{make_token(house.secret_key, APPROVAL, approval.remedy_id, approval.link_generation)}"
    )


def without_approval_links(text: str) -> str:
    """For wherever a text to a colleague is shown: only on the phone that it went to does its link decide something."""
    return APPROVAL_LINK.sub("…", text)


def ticket_url(house: House, ticket: Ticket | TicketRow) -> str:
    return f"{house.public_url}/tickets/{ticket.reference}"
