"""How remedies are said to people, in one place for texts and pages."""

from collections.abc import Sequence

from recovery.domain.money import format_money
from recovery.domain.remedies import RemedyKind


def remedy_words(kind: RemedyKind, amount: int | None, currency: str | None, detail: str | None = None) -> str:
    """`amount` in minor units. "a remake", "£4.50 back", "a £5.00 voucher"."""
    money = format_money(amount, currency) if amount is not None and currency else None
    match kind:
        case RemedyKind.REFUND:
            return f"{money} back" if money else "your money back"
        case RemedyKind.VOUCHER:
            return f"a {money} voucher" if money else "a voucher"
        case RemedyKind.GESTURE:
            return detail or "something on us"
        case RemedyKind.REMAKE:
            return "a fresh one, made again"
        case RemedyKind.REPLACEMENT:
            return "a replacement"


def joined(parts: Sequence[str]) -> str:
    """Give "a, b and c"."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
