"""What texts leave from: a number, a short code or a messaging service, as somebody types it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from recovery.domain.errors import Invalid
from recovery.domain.phones import parse_phone

SIMULATED = "simulator"
"""The sender of an organisation without a real one: its texts end on simulated phones."""
SERVICE = re.compile(r"MG[0-9a-f]{32}", re.IGNORECASE)
SHORT_CODE = re.compile(r"[0-9]{3,6}")
NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
TOLL_FREE = re.compile(r"\+18(00|33|44|55|66|77|88)")
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


def is_sender(text: str) -> bool:
    """Also a name in letters, which the organisation may have, and spelt exactly as it is kept."""
    try:
        return bool(NAME.fullmatch(text)) or parse_sender(text) == text
    except Invalid:
        return False


class SenderKind(StrEnum):
    """What decides how much a sender carries; as `[texts.rates]` of the policy names them."""

    LONG_CODE = "long_code"
    TOLL_FREE = "toll_free"
    SHORT_CODE = "short_code"
    MESSAGING_SERVICE = "messaging_service"
    NAME = "name"
    SIMULATOR = "simulator"


def kind_of(sender: str) -> SenderKind:
    if sender == SIMULATED:
        return SenderKind.SIMULATOR
    if sender.startswith("MG"):
        return SenderKind.MESSAGING_SERVICE
    if sender.startswith("+"):
        return SenderKind.TOLL_FREE if TOLL_FREE.match(sender) else SenderKind.LONG_CODE
    return SenderKind.SHORT_CODE if sender.isdecimal() else SenderKind.NAME


@dataclass(frozen=True, slots=True)
class Rates:
    """Segments a second. Who stands in neither table has no limit."""

    by_kind: Mapping[SenderKind, int]
    own: Mapping[str, int]

    def of(self, sender: str, *, simulated: bool) -> int | None:
        """`simulated`: whatever its name, it is the simulator that carries it."""
        kind = SenderKind.SIMULATOR if simulated else kind_of(sender)
        return self.own.get(sender, self.by_kind.get(kind))
