"""Numbers as people say them."""

MINUTE, HOUR, DAY = 60, 3600, 86_400
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def counted(count: int, one: str, many: str) -> str:
    """Give "One customer is", "12 customers are"."""
    number = NUMBERS[count] if count < len(NUMBERS) else str(count)
    return f"{number} {one if count == 1 else many}"


def length(seconds: int) -> str:
    """Whole units, as one says it: 45 s, 34 min, 3 h 05, 2 days 3 h. A day is told in hours until there are two."""
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR} h {seconds % HOUR // MINUTE:02d}"
    return f"{seconds // DAY} days {seconds % DAY // HOUR} h"
