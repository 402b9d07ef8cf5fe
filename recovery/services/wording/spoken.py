"""In which language somebody is spoken to: a customer in their own where we speak it, staff in that of their site."""

from recovery.domain.speech.parts import Speech
from recovery.domain.wording import speech_in
from recovery.models import Site, Ticket


def speech_with_customer(ticket: Ticket) -> Speech:
    return speech_in(ticket.customer.language if ticket.customer else None, ticket.site.language)


def speech_with_staff(site: Site) -> Speech:
    return speech_in(site.language)
