from enum import StrEnum

from recovery.domain.statuses import check_move


class CallbackStatus(StrEnum):
    BOOKED = "booked"
    DUE = "due"
    REACHED = "reached"
    MISSED = "missed"
    UNREACHED = "unreached"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return {CallbackStatus.DUE: "due now", CallbackStatus.UNREACHED: "not reached"}.get(self, self.value)


LIVE = frozenset({CallbackStatus.BOOKED, CallbackStatus.DUE, CallbackStatus.MISSED})
"""Somebody still has to call: a missed one stays on the list until a person has called or cancelled it."""

MOVES: dict[CallbackStatus, frozenset[CallbackStatus]] = {
    CallbackStatus.BOOKED: frozenset(
        {
            CallbackStatus.BOOKED,
            CallbackStatus.DUE,
            CallbackStatus.REACHED,
            CallbackStatus.UNREACHED,
            CallbackStatus.CANCELLED,
        },
    ),
    CallbackStatus.DUE: frozenset(
        {
            CallbackStatus.BOOKED,
            CallbackStatus.DUE,
            CallbackStatus.REACHED,
            CallbackStatus.MISSED,
            CallbackStatus.UNREACHED,
            CallbackStatus.CANCELLED,
        },
    ),
    CallbackStatus.MISSED: frozenset(
        {
            CallbackStatus.BOOKED,
            CallbackStatus.DUE,
            CallbackStatus.REACHED,
            CallbackStatus.UNREACHED,
            CallbackStatus.CANCELLED,
        },
    ),
    CallbackStatus.REACHED: frozenset({CallbackStatus.DUE}),
    CallbackStatus.UNREACHED: frozenset({CallbackStatus.DUE}),
    CallbackStatus.CANCELLED: frozenset({CallbackStatus.BOOKED, CallbackStatus.DUE, CallbackStatus.MISSED}),
}
"""Only an undone resolution leads back from a cancelled call, to what it was before; and only a person who says that it
went otherwise than was inferred from one that has ended."""


def move(current: CallbackStatus, to: CallbackStatus) -> CallbackStatus:
    return check_move(MOVES, thing="callback", current=current, to=to)


class CallReason(StrEnum):
    """Why we call. All but the customer's own wish are call tasks, due at once."""

    BOOKED = "booked"
    UNDELIVERED = "undelivered"
    OPTED_OUT = "opted_out"
    NO_PHONE = "no_phone"
    LAPSED = "lapsed"
    DROPPED = "dropped"

    @property
    def label(self) -> str:
        return {
            CallReason.BOOKED: "asked for a call",
            CallReason.UNDELIVERED: "our text did not arrive",
            CallReason.OPTED_OUT: "wants no texts",
            CallReason.NO_PHONE: "no number: find them in person",
            CallReason.LAPSED: "our promise lapsed",
            CallReason.DROPPED: "called us and did not get through",
        }[self]


WITH_CUSTOMER = frozenset({CallReason.BOOKED, CallReason.DROPPED})
"""Promised to them, where all others are tasks of ours: a ticket has at most one that is live."""


class Outcome(StrEnum):
    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    VOICEMAIL = "voicemail"
    DISCONNECTED = "disconnected"
    WRONG_NUMBER = "wrong_number"

    @property
    def label(self) -> str:
        return {
            Outcome.NO_ANSWER: "no answer",
            Outcome.DISCONNECTED: "we got cut off",
            Outcome.WRONG_NUMBER: "wrong number",
        }.get(self, self.value)


REDIAL_SECONDS = 120
"""After a cut line the same person calls again within two minutes."""
