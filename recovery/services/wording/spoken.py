"""In which language and in which zone somebody is spoken to: a customer in their own, staff in that of their site."""

from recovery.domain.speech.parts import Speech
from recovery.domain.wording import speech_in
from recovery.models import Site, Ticket


def speech_with_customer(ticket: Ticket) -> Speech:
    return speech_in(ticket.customer.language if ticket.customer else None, ticket.site.language)


def speech_with_staff(site: Site) -> Speech:
    return speech_in(site.language)


def zone_of(ticket: Ticket) -> str:
    """That of the customer's clock: of every time that they are told, and of the night in which they are left alone. What
    staff read, and all that is counted, goes by the site's."""
    return (ticket.customer.timezone if ticket.customer else None) or ticket.site.timezone
