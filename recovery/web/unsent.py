"""Why a text did not get there, in words for whoever looks at its ticket."""

from recovery.domain.messages import MessageStatus
from recovery.domain.provider_codes import fault_of
from recovery.models import Message
from recovery.services.reporting.spending import SPEND


def waits_for_money(message: Message) -> bool:
    return message.held_for == SPEND and message.status is MessageStatus.HELD


def trouble(message: Message) -> str:
    """What went wrong with a text, and what to do; empty where nothing did."""
    if waits_for_money(message):
        return "The month's money for texts is spent: it goes when an admin allows more, or next month. Call instead."
    if message.error_code:
        fault = fault_of(message.error_code, message.error)
        return f"{fault.words} {fault.advice}"
    return DROPPED.get(message.drop_reason or "", "") if message.drop_reason else (message.error or "")


DROPPED = {
    "opted_out": "They have asked for no texts.",
    "undone": "Undone before it left.",
    "void": "The ticket was logged in error.",
    "resolved": "No longer true: the ticket was resolved.",
    "expired": "It would have come too late to be of use.",
    "demo": "Demo texts never leave.",
    "no_longer_true": "No longer true when it was to leave.",
    "not_theirs": "Whom it was for has left, works elsewhere, or has no number any more.",
    "erased": "Number and words were erased before it left.",
    "restored": "A backup was put back, and it may have gone before: a person says it.",
    "wrong_number": "The number is somebody else's.",
    "answered": "No longer true: what was asked for is decided.",
    "handed_over": "No longer true: they have it.",
    "cancelled": "No longer true: it was taken back.",
    "failed": "No longer true: it could not be done.",
}
