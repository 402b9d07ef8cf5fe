"""Fields of the API: strict, clean, and with complaints that a person can act on."""

import re
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from marshmallow import RAISE, Schema, ValidationError, fields

from recovery.domain.ids import LARGEST_ID
from recovery.edge import REFERENCE

LONGEST_LINE = 200
LARGEST_NUMBER = 10**9
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Outside of this a time is a slip, and far outside no database keeps it."""
SPOKEN = re.compile(r"true|false")
DIGITS = re.compile(r"[0-9]{1,10}")

MISSING = "This is needed."
NULL = "This cannot be null: leave it out instead."


class Strict(Schema):
    """A body or a query: what is not known is refused, so that a slip of the pen never goes unnoticed."""

    class Meta:
        unknown = RAISE

    error_messages = {  # noqa: RUF012  # marshmallow reads it from the class
        "unknown": "There is no such field here.",
        "type": "Send a JSON object: {…}.",
    }

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        """One never changes, and what describes a call is copied with each word that is added to it."""
        return self


class Said(fields.Field[Any]):
    """A field with a way of its own to read what was sent."""

    default_error_messages = {"required": MISSING, "null": NULL}  # noqa: RUF012  # marshmallow reads it from the class

    def read(self, value: Any) -> Any:
        """Raises ValidationError with a sentence."""
        return value

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return self.read(value)


class Text(Said, fields.String):
    """What people write: trimmed, and without what no database or telephone takes."""

    def __init__(self, longest: int = LONGEST_LINE, *, needed: bool = False, **options: Any) -> None:
        """`needed`: it may not be empty."""
        metadata = {"maxLength": longest} | ({"minLength": 1} if needed else {}) | options.pop("metadata", {})
        super().__init__(metadata=metadata, **options)
        self.longest, self.needed = longest, needed

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Send text, in quotation marks.")
        text = cleaned(value)
        if len(text) > self.longest:
            raise ValidationError(f"That is {len(text)} characters long: keep it to {self.longest}.")
        if self.needed and not text:
            raise ValidationError("Write something: this cannot be empty.")
        return text


class WholeNumber(Said, fields.Integer):
    """2.9, 1e400, true and "2" are no whole numbers."""

    def __init__(self, smallest: int = 0, largest: int = LARGEST_NUMBER, **options: Any) -> None:
        metadata = {"minimum": smallest, "maximum": largest} | options.pop("metadata", {})
        super().__init__(strict=True, metadata=metadata, **options)
        self.smallest, self.largest = smallest, largest

    def read(self, value: Any) -> int:
        if type(value) is not int:
            raise ValidationError("Send a whole number, without a fraction or quotation marks.")
        if not self.smallest <= value <= self.largest:
            raise ValidationError(f"Choose a number from {self.smallest} to {self.largest}.")
        return value


class SpokenNumber(WholeNumber):
    """In a query everything is text."""

    def read(self, value: Any) -> int:
        if not DIGITS.fullmatch(str(value)):
            raise ValidationError(f"Choose a whole number from {self.smallest} to {self.largest}.")
        return super().read(int(value))


class Flag(Said, fields.Boolean):
    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Send true or false, without quotation marks.")
        return value


class SpokenFlag(Said, fields.Boolean):
    def read(self, value: Any) -> bool:
        if not SPOKEN.fullmatch(str(value)):
            raise ValidationError("Choose true or false.")
        return str(value) == "true"


class Instant(Said, fields.DateTime):
    """RFC 3339 with its zone; a time without one would have to be guessed."""

    def read(self, value: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
            moment = moment.astimezone(UTC) if moment.tzinfo else moment
        except (TypeError, ValueError, OverflowError):
            raise ValidationError("Send a time such as 2026-05-12T13:26:00Z.") from None
        if moment.tzinfo is None:
            raise ValidationError("Say the zone of the time: end it with Z, or with an offset such as +01:00.")
        if not EARLIEST <= moment < LATEST:
            raise ValidationError("That time lies too far away: check the year.")
        return moment


class Choice(Said, fields.String):
    def __init__(self, kind: type[StrEnum], **options: Any) -> None:
        self.kind = kind
        super().__init__(metadata={"enum": [each.value for each in kind]} | options.pop("metadata", {}), **options)

    def read(self, value: Any) -> StrEnum:
        try:
            return self.kind(value)
        except ValueError:
            raise ValidationError(f"Choose one of: {', '.join(self.kind)}.") from None


class RowId(Said, fields.String):
    """An id of ours: digits, in quotation marks because many languages lose the last of so many."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"pattern": "^[0-9]{1,19}$"} | options.pop("metadata", {}), **options)

    def read(self, value: Any) -> int:
        if (
            not isinstance(value, str)
            or not value.isascii()
            or not value.isdigit()
            or len(value) > len(str(LARGEST_ID))
        ):
            raise ValidationError("Send an id as the API gave it: digits, in quotation marks.")
        return min(int(value), LARGEST_ID)


class TicketReference(Said, fields.String):
    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"example": "RD-7K3M9Q"} | options.pop("metadata", {}), **options)

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or not REFERENCE.fullmatch(value.strip()):
            raise ValidationError("Send a ticket's reference, such as RD-7K3M9Q.")
        return value.strip().upper()


def cleaned(text: str) -> str:
    """Trimmed. Raises ValidationError for what cannot be kept: NUL, other control characters, half a character."""
    for letter in text:
        if letter < " " and letter not in "\n\r\t":
            raise ValidationError("Take out the control character: it cannot be kept.")
        if unicodedata.category(letter) == "Cs":
            raise ValidationError("Half a character is in it (a lone surrogate): send whole ones.")
    return text.strip()
