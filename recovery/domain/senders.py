"""What texts leave from: a number, a short code or a messaging service, as somebody types it."""

import re

from recovery.domain.errors import Invalid
from recovery.domain.phones import parse_phone

SIMULATED = "simulator"
"""The sender of an organisation without a real one: its texts end on simulated phones."""
SERVICE = re.compile(r"MG[0-9a-f]{32}", re.IGNORECASE)
SHORT_CODE = re.compile(r"[0-9]{3,6}")
NOWHERE = "GB"
"""A number with its country code is read the same everywhere."""
NOT_A_SENDER = (
    "Give a number with its country code, as in +44 7700 900123, a short code, or the SID of a messaging service, "
    "which is MG and 32 letters and digits."
)


def parse_sender(text: str, *, field: str = "sender") -> str | None:
    """Gives E.164, the digits of a short code, or the SID; None where nothing was typed. Raises Invalid with one sentence.

    Letters as a sender are refused: nobody can answer to a name, nor write STOP to it.
    """
    typed = "".join(text.split())
    if not typed:
        return None
    if SERVICE.fullmatch(typed):
        return typed[:2].upper() + typed[2:].lower()
    if SHORT_CODE.fullmatch(typed):
        return typed
    try:
        number = parse_phone(text, NOWHERE, field=field) if typed.startswith("+") else None
    except Invalid:
        number = None
    if number is None:
        raise Invalid.field(field, NOT_A_SENDER)
    return number
