"""The call screen of a simulated phone: it rings, is answered, declined, hung up, and can call our lines."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import DomainError, Invalid, NotFound
from recovery.domain.ids import LARGEST_ID
from recovery.domain.permissions import Permission
from recovery.domain.phones import country_of, pretty
from recovery.edge import actor, components, needs
from recovery.models import SimulatedCall
from recovery.services.session import DeskSession
from recovery.services.simulating import calls, phone_book
from recovery.services.simulating.calls import RINGING, TALKING, OnPhone
from recovery.services.telephony.line_settings import voice_numbers
from recovery.web.polling import answer
from recovery.web.session import now, transact

blueprint = Blueprint("simulated_calls", __name__, url_prefix="/simulator/calls")

NO_CALL: Mapping[str, Any] = MappingProxyType({"call": None, "lines": []})
ACTS = {"pick_up": calls.pick_up, "press_key": calls.press_key, "put_down": calls.put_down}
ANSWER = {"act": "pick_up", "label": "Answer", "look": ""}
DECLINE = {"act": "put_down", "label": "Decline", "look": "grave"}
PRESS = {"act": "press_key", "label": "Press a key", "look": ""}
HANG_UP = {"act": "put_down", "label": "Hang up", "look": "grave"}
MINUTE = 60


@blueprint.get("")
@needs(Permission.SEE, of="phone")
def show() -> ResponseReturnValue:
    with components().read() as session:
        phone = phone_book.phone(session, request.args.get("number", ""), by=actor())
        values = call_screen(session, phone.number, now=now()) | {"number": phone.number}
    return answer("simulator/call.html", values)


@blueprint.post("")
@needs(Permission.SEE, of="phone")
def call_us() -> ResponseReturnValue:
    """From this phone, one of our lines."""
    number, called = request.form.get("number", ""), request.form.get("called", "")

    def act(session: DeskSession) -> None:
        phone = phone_book.phone(session, number, by=actor())
        if called not in voice_numbers(session):
            raise Invalid.field("called", "Choose one of our lines.")
        calls.call_us(session, phone.number, called, now=now())

    return _done(number, act)


@blueprint.post("/acts")
@needs(Permission.SEE, of="phone")
def act() -> ResponseReturnValue:
    """What somebody does who holds this phone."""
    number, wanted = request.form.get("number", ""), ACTS.get(request.form.get("act", ""))
    leg = request.form.get("leg", "")

    def work(session: DeskSession) -> None:
        phone = phone_book.phone(session, number, by=actor())
        if wanted is None or not leg.isdecimal() or int(leg[:20]) > LARGEST_ID:
            raise Invalid("Use one of the buttons on the phone.")
        held = session.get(SimulatedCall, int(leg))
        if held is None or held.number != phone.number:
            raise NotFound("There is no such call on this phone.")
        wanted(session, held.id, now=now())

    return _done(number, work)


def _done(number: str, work: Any) -> ResponseReturnValue:
    """What does not work any more is said on the phone's page, which shows how things stand."""
    try:
        transact(work)
    except NotFound:
        raise
    except DomainError as wrong:
        flash(wrong.detail, "late")
    return redirect(url_for("simulator.show", number=number), 303)


def call_screen(session: DeskSession, number: str, *, now: datetime) -> dict[str, Any]:
    """What simulator/call.html expects, but the number itself."""
    busy = calls.on_phone(session, number, now=now)
    lines = [
        {"value": each, "label": f"{_shown(each)}{' · ' + ', '.join(names) if names else ''}"}
        for each, names in voice_numbers(session).items()
        if each != number
    ]
    return {"call": _call(busy, now=now) if busy else None, "lines": lines}


def _call(busy: OnPhone, *, now: datetime) -> dict[str, Any]:
    leg = busy.leg
    over = leg.ended_at is not None
    return {
        "id": str(leg.id),
        "with": _shown(leg.shows),
        "state": "Call ended" if over else _state(busy, now=now),
        "words": leg.words,
        "acts": [] if over else _acts(leg),
        "rings": not over and leg.answered_at is None,
    }


def _state(busy: OnPhone, *, now: datetime) -> str:
    leg, other = busy.leg, busy.other
    if leg.answered_at is None:
        return "Ringing…"
    if leg.asks_key:
        return "A voice says"
    if other is not None and other.status == RINGING:
        return "Ringing there…"
    since = max(leg.answered_at, other.answered_at) if other is not None and other.answered_at else leg.answered_at
    seconds = max(0, int((now - since).total_seconds()))
    return f"Talking {seconds // MINUTE}:{seconds % MINUTE:02d}"


def _acts(leg: SimulatedCall) -> list[dict[str, str]]:
    if leg.status != TALKING:
        return [ANSWER, DECLINE]
    return [PRESS, HANG_UP] if leg.asks_key else [HANG_UP]


def _shown(number: str) -> str:
    return pretty(number, country_of(number) or "GB")
