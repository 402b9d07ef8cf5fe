"""What the provider tells and asks during a call that we placed, in any order and as often as it likes.

Each change is made under the ticket's lock and the call's, and only forward.
"""

from dataclasses import dataclass
from datetime import datetime

from recovery.domain.callbacks import CallbackStatus
from recovery.domain.messages import Direction
from recovery.domain.phone_calls import HANG_UP, CallEnd, CallState, Dial, Script, end_of, is_further
from recovery.domain.speech.parts import Speech
from recovery.domain.wording import spelt_out, subject_words
from recovery.models import Callback, PhoneCall, Ticket
from recovery.services.session import DeskSession
from recovery.services.telephony.call_lines import known_call, locked_call
from recovery.services.telephony.ending import advance, end_call, likeliest_end
from recovery.services.texting.messages import WRONG_NUMBER, first_word
from recovery.services.wording.spoken import speech_with_staff

LEFT_OPEN = frozenset({CallEnd.NO_ANSWER, CallEnd.CANCELLED})
"""Of the customer's leg: whether they did not answer or we gave up, only the end of the whole tells."""
IN_VAIN = frozenset({CallEnd.BUSY, CallEnd.NO_ANSWER})
OVER = "completed"
SOUNDS = {"ringing": CallState.RINGING, "in-progress": CallState.ANSWERED}
"""Of our side's leg, while it goes on."""


@dataclass(frozen=True, slots=True)
class Told:
    """One callback. `status` is the provider's word for the leg that it speaks of, `whole` for the call of our side."""

    provider_sid: str = ""
    status: str = ""
    ref: str | None = None
    seconds: str = ""
    code: str = ""
    """The telephone network's own answer, where the provider tells it."""
    whole: str = ""
    answered_by: str = ""

    @property
    def length(self) -> int | None:
        return int(self.seconds) if self.seconds.isdecimal() and len(self.seconds) <= len("999999") else None


def hear_near(session: DeskSession, told: Told, *, now: datetime) -> bool:
    """Of our colleague's leg, or of the one on which a customer called us. False for a call that nobody knows."""
    found = _found(session, told)
    if found is None:
        return False
    ticket, call = found
    call.provider_sid = call.provider_sid or told.provider_sid or None
    if told.status in SOUNDS:
        advance(call, SOUNDS[told.status], now=now)
    elif (end := end_of(told.status)) is not None:
        _near_is_over(session, ticket, call, end, now=now)
    return True


def script(session: DeskSession, told: Told, *, now: datetime) -> Script:
    """Our colleague picked up: they alone hear whom they are about to speak to, and say by a key that it is they."""
    found = _found(session, told)
    if found is None:
        return HANG_UP
    ticket, call = found
    call.provider_sid = call.provider_sid or told.provider_sid or None
    advance(call, CallState.ANSWERED, now=now)
    if ticket is None or call.state is not CallState.ANSWERED:
        return HANG_UP
    speech = speech_with_staff(ticket.site)
    return Script(_whisper(ticket, speech), speech.language.value, asks_key=True)


def connection(session: DeskSession, told: Told, *, now: datetime) -> Script:
    """They pressed a key: the customer is dialled, if the call is still to be made."""
    found = _found(session, told)
    ticket, call = found or (None, None)
    if ticket is None or call is None:
        return HANG_UP
    speech = speech_with_staff(ticket.site)
    callback = session.get_one(Callback, call.callback_id, populate_existing=True)
    if is_further(call.state, CallState.CONNECTING) and call.state is not CallState.TALKING:
        return HANG_UP
    if callback.ended_at is not None or call.far_number is None or ticket.no_text_reason == WRONG_NUMBER:
        end_call(session, ticket, call, CallEnd.UNCONNECTED, now=now)
        return Script(speech.calls["settled"], speech.language.value)
    advance(call, CallState.CONNECTING, now=now)
    dial = Dial(call.far_number, call.our_number, finds_machines=session.house.finds_machines)
    return Script(language=speech.language.value, dial=dial)


def hear_far(session: DeskSession, told: Told, *, now: datetime) -> bool:
    """Of the customer's leg. False for a call that nobody knows."""
    found = _found(session, told)
    if found is None:
        return False
    ticket, call = found
    end = end_of(told.status, told.code)
    if told.status == "in-progress" and advance(call, CallState.TALKING, now=now):
        call.talking_since = now
    elif end in LEFT_OPEN and call.state is not CallState.ENDED:
        call.far_end = end.value
        if call.left_at is not None:
            end_call(session, ticket, call, CallEnd.CANCELLED, now=now)
    elif end is not None and end not in LEFT_OPEN:
        _conclude(session, ticket, call, end, told, now=now)
    return True


def dialled(session: DeskSession, told: Told, *, now: datetime) -> Script:
    """Of the whole: the customer's leg is over, and our colleague may still be on the line."""
    found = _found(session, told)
    end = end_of(told.status, told.code)
    if found is None or end is None:
        return HANG_UP
    ticket, call = found
    if end in LEFT_OPEN and (told.whole == OVER or end is CallEnd.CANCELLED):
        end = CallEnd.CANCELLED
    _conclude(session, ticket, call, end, told, now=now)
    return _afterwards(ticket, call)


def hear_answerer(session: DeskSession, told: Told, *, now: datetime) -> bool:
    """Whether a person or a machine picked up there, as the provider guesses while they talk."""
    found = _found(session, told)
    if found is None:
        return False
    _, call = found
    if call.state is not CallState.ENDED and told.answered_by:
        call.answered_by, call.heard_at = told.answered_by[:40], now
    return True


def give_up(session: DeskSession, call_id: int, *, now: datetime) -> None:
    """Nothing more is heard of it."""
    ticket, call = locked_call(session, call_id)
    if call.state is not CallState.ENDED:
        end, seconds = likeliest_end(call)
        end_call(session, ticket, call, end, seconds=seconds, now=now)


def _near_is_over(session: DeskSession, ticket: Ticket | None, call: PhoneCall, end: CallEnd, *, now: datetime) -> None:
    if call.state in {CallState.CONNECTING, CallState.TALKING}:
        call.left_at = call.left_at or now
        if call.far_end is not None:
            end_call(session, ticket, call, CallEnd.CANCELLED, now=now)
    elif call.state is not CallState.ENDED:
        away = end is not CallEnd.COMPLETED
        end_call(session, ticket, call, CallEnd.STAFF_AWAY if away else CallEnd.UNCONNECTED, now=now)


def _conclude(
    session: DeskSession, ticket: Ticket | None, call: PhoneCall, end: CallEnd, told: Told, *, now: datetime
) -> None:
    seconds = None
    if end is CallEnd.COMPLETED:
        since = call.talking_since
        seconds = told.length if told.length is not None else int((now - since).total_seconds()) if since else None
    end_call(session, ticket, call, end, seconds=seconds, code=told.code or None, now=now)


def _afterwards(ticket: Ticket | None, call: PhoneCall) -> Script:
    """To a colleague who is still on the line, or to the customer who called us."""
    speech = speech_with_staff(call.site)
    if call.direction is Direction.INBOUND and call.ending is not CallEnd.COMPLETED:
        words = speech.calls["nobody" if call.far_number else "sorry"]
        return Script(words.format(site=call.site.name), speech.language.value)
    if ticket is None or call.ending is None:
        return HANG_UP
    cut = call.ending is CallEnd.COMPLETED and call.callback is not None and call.callback.ended_at is None
    words = speech.calls["cut_off"] if cut else speech.calls.get(call.ending.value, "")
    if call.ending in IN_VAIN and call.callback is not None:
        words = " ".join((words, *(speech.calls[each] for each in _what_next(call.callback))))
    return Script(words, speech.language.value)


def _what_next(callback: Callback) -> tuple[str, ...]:
    """Nothing where the call ended otherwise meanwhile."""
    if callback.ended_at is None:
        return ("next_try",)
    return ("last_try",) if callback.status is CallbackStatus.UNREACHED else ()


def _whisper(ticket: Ticket, speech: Speech) -> str:
    """Who it is, why, and which ticket; of a sensitive one nothing but whose it is. A phone may lie open on a table."""
    name = first_word(ticket.customer.name) if ticket.customer else ""
    words = speech.calls["whisper_private" if ticket.is_sensitive else "whisper"]
    return words.format(
        name=name or speech.calls["a_customer"],
        subject=subject_words(ticket.failure, speech),
        reference=spelt_out(ticket.reference),
    )


def _found(session: DeskSession, told: Told) -> tuple[Ticket | None, PhoneCall] | None:
    call_id = known_call(session, told.ref, told.provider_sid)
    return None if call_id is None else locked_call(session, call_id)
