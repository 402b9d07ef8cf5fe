from enum import StrEnum

from recovery.domain.statuses import check_move


class RemedyKind(StrEnum):
    REMAKE = "remake"
    REPLACEMENT = "replacement"
    REFUND = "refund"
    VOUCHER = "voucher"
    GESTURE = "gesture"

    @property
    def label(self) -> str:
        return self.value.capitalize()

    @property
    def is_money(self) -> bool:
        """Needs an amount: without one nobody can say whether it is within a limit."""
        return self in {RemedyKind.REFUND, RemedyKind.VOUCHER}


class RemedyStatus(StrEnum):
    PENDING_APPROVAL = "pending_approval"
    GRANTED = "granted"
    READY = "ready"
    FULFILLED = "fulfilled"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return "waiting for approval" if self is RemedyStatus.PENDING_APPROVAL else self.value


COUNTED = frozenset({RemedyStatus.GRANTED, RemedyStatus.READY, RemedyStatus.FULFILLED})
"""These stand in the ledgers: money that was given, or that the customer was told they will get."""

MOVES: dict[RemedyStatus, frozenset[RemedyStatus]] = {
    RemedyStatus.PENDING_APPROVAL: frozenset({RemedyStatus.GRANTED, RemedyStatus.REFUSED, RemedyStatus.CANCELLED}),
    RemedyStatus.GRANTED: frozenset(
        {RemedyStatus.READY, RemedyStatus.FULFILLED, RemedyStatus.CANCELLED, RemedyStatus.FAILED},
    ),
    RemedyStatus.READY: frozenset({RemedyStatus.FULFILLED, RemedyStatus.CANCELLED, RemedyStatus.FAILED}),
    RemedyStatus.FULFILLED: frozenset(),
    RemedyStatus.REFUSED: frozenset(),
    RemedyStatus.CANCELLED: frozenset(),
    RemedyStatus.FAILED: frozenset(),
}


def move(current: RemedyStatus, to: RemedyStatus) -> RemedyStatus:
    return check_move(MOVES, thing="remedy", current=current, to=to)


SAID_WHILE: dict[str, frozenset[RemedyStatus]] = {
    "asked": frozenset({RemedyStatus.PENDING_APPROVAL}),
    "granted": frozenset({RemedyStatus.GRANTED, RemedyStatus.READY}),
    "ready": frozenset({RemedyStatus.READY}),
}
"""What a text may say of a remedy, and the states in which that is so."""


def conditions_met(remedy_id: int, status: RemedyStatus) -> list[str]:
    """What is true of it, as texts carry it: `remedy:812:ready`."""
    return [condition_of(remedy_id, said) for said, states in SAID_WHILE.items() if status in states]


def condition_of(remedy_id: int, said: str) -> str:
    return f"remedy:{remedy_id}:{said}"
