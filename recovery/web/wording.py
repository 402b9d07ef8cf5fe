"""Numbers as people say them, and whether a text tells the customer."""

from recovery.domain.messages import MessageStatus
from recovery.models import Message

MINUTE, HOUR, DAY = 60, 3600, 86_400
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def counted(count: int, one: str, many: str) -> str:
    """Give "One customer is", "12 customers are"."""
    number = NUMBERS[count] if count < len(NUMBERS) else str(count)
    return f"{number} {one if count == 1 else many}"


def when_told(text: Message | None) -> str:
    """`now`, `later` for what waits for the morning, `by_hand` where no text goes, or money holds it for who knows how
    long."""
    if text is None or text.held_for:
        return "by_hand"
    return "later" if text.status is MessageStatus.HELD else "now"


def told_words(text: Message | None) -> str:
    """To who has just done what the text tells of."""
    return {
        "now": "They are told by text.",
        "later": "Texts wait for the morning now: they are told then.",
        "by_hand": "No text can tell them now: tell them yourself.",
    }[when_told(text)]


def length(seconds: int) -> str:
    """Whole units, as one says it: 45 s, 34 min, 3 h 05, 2 days 3 h. A day is told in hours until there are two."""
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR} h {seconds % HOUR // MINUTE:02d}"
    return f"{seconds // DAY} days {seconds % DAY // HOUR} h"
