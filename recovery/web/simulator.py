"""The simulated phones: what our customers and colleagues would hold in their hands. Here only with the simulator, on loopback."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from recovery.domain.calendars import local_time
from recovery.domain.errors import Invalid
from recovery.domain.messages import Direction
from recovery.domain.permissions import Permission
from recovery.domain.provider_codes import FIRST_RECEIPT_CODE, KNOWN, fault_of
from recovery.domain.simulated_phones import USUAL, Fate, Habits, ReceiptOrder
from recovery.edge import actor, components, needs
from recovery.models import SimulatedText
from recovery.services.session import DeskSession
from recovery.services.simulating import phone_book, phones
from recovery.services.simulating.phone_book import Phone
from recovery.services.simulating.phone_habits import habits_of, set_habits
from recovery.web.forms import HabitsForm, loaded, typed
from recovery.web.polling import answer, etag_of
from recovery.web.session import now, transact
from recovery.web.simulated_calls import NO_CALL, call_screen

blueprint = Blueprint("simulator", __name__, url_prefix="/simulator")

LINK = re.compile(r"https?://[^\s<>\"]+")
KEYWORDS = ("CALL", "STOP", "START")
READY = {"spilled": "A spilled coffee", "torn": "A torn parcel"}
"""Photos for whoever has none at hand, by the name of their file."""
TICKS = {
    phones.QUEUED: ("sent", "check"),
    phones.SENT: ("sent, and no receipt", "check"),
    phones.DELIVERED: ("delivered", "check-double"),
    phones.UNDELIVERED: ("did not arrive", "cross"),
    phones.REFUSED: ("refused by the provider", "cross"),
    phones.RECEIVED: ("sent", "check-double"),
}
"""By the provider's state of the text: in words, and the mark beside them."""
CODES = [
    {"value": str(fault.code), "label": f"{fault.words} ({fault.code})", "in_receipt": fault.code >= FIRST_RECEIPT_CODE}
    for fault in KNOWN
    if fault.code is not None
]
LONGEST_HINT = 60
ON_A_CALL = "rings, or talks"


@blueprint.get("")
@needs(Permission.SEE)
def show() -> ResponseReturnValue:
    return _rendered(request.args.get("number", ""))


@blueprint.get("/list")
@needs(Permission.SEE)
def numbers() -> ResponseReturnValue:
    with components().read() as session:
        values = {"phones": _list(phone_book.phones_of(session, by=actor()), request.args.get("number", ""))}
    return answer("simulator/list.html", values)


@blueprint.get("/screen")
@needs(Permission.SEE, of="phone")
def screen() -> ResponseReturnValue:
    with components().read() as session:
        values = {"texts": _screen(session, phone_book.phone(session, request.args.get("number", ""), by=actor()))}
    return answer("simulator/screen.html", values)


@blueprint.get("/quick")
@needs(Permission.SEE, of="phone")
def quick() -> ResponseReturnValue:
    with components().read() as session:
        held = phone_book.phone(session, request.args.get("number", ""), by=actor())
        values = {"quick": _quick(session, held)}
    return answer("simulator/quick.html", values)


@blueprint.post("/replies")
@needs(Permission.SEE, of="phone")
def reply() -> ResponseReturnValue:
    number = request.form.get("number", "")
    words = request.form.get("quick") or request.form.get("body", "")
    away = _desk_is_away()

    def act(session: DeskSession) -> None:
        phone = phone_book.phone(session, number, by=actor())
        phones.reply_from_phone(session, phone.number, words, desk_is_away=away, now=now())

    try:
        transact(act)
    except Invalid as wrong:
        return _rendered(number, wrong=wrong.detail, words=words), 422
    return _sent(number, away=away)


@blueprint.post("/photos")
@needs(Permission.SEE, of="phone")
def send_photo() -> ResponseReturnValue:
    """As a picture message: the desk hears of it as of any text, and a worker fetches it."""
    number, words = request.form.get("number", ""), request.form.get("words", "")
    away = _desk_is_away()

    def act(session: DeskSession) -> None:
        phone = phone_book.phone(session, number, by=actor())
        phones.reply_from_phone(session, phone.number, words, photo=photo, desk_is_away=away, now=now())

    try:
        photo = _photo()
        transact(act)
    except Invalid as wrong:
        return _rendered(number, photo_wrong=wrong.detail, photo_words=words), 422
    return _sent(number, away=away)


def _desk_is_away() -> bool:
    """The provider has the text, and finds nobody at our door."""
    return "desk_is_away" in request.form


def _sent(number: str, *, away: bool) -> ResponseReturnValue:
    if away:
        flash("The desk was away. Within three minutes it reads the provider's list, and finds your text there.", "ok")
    return redirect(url_for("simulator.show", number=number, _anchor="newest"), 303)


def _photo() -> bytes:
    """One that lies ready, or what was chosen in the browser. Raises Invalid where it is neither."""
    ready = request.form.get("ready", "")
    if ready in READY:
        return Path(current_app.root_path, "static", "img", f"photo-{ready}.jpg").read_bytes()
    chosen = request.files.get("photo")
    sent = chosen.read() if chosen else b""
    if not sent:
        raise Invalid.field("photo", "Choose a photo first, or take one of the two that lie ready.")
    return sent


@blueprint.post("/habits")
@needs(Permission.SEE, of="phone")
def change_habits() -> ResponseReturnValue:
    """What the provider is to do with texts for this phone."""
    number = request.form.get("number", "")

    def act(session: DeskSession) -> None:
        phone = phone_book.phone(session, number, by=actor())
        form = loaded(HabitsForm)
        set_habits(session, phone.number, _habits(form, habits_of(session, phone.number)))

    try:
        transact(act)
    except Invalid as problem:
        return _rendered(number, problems=problem.first_sentences, habits=typed()), 422
    flash("From now on that is what happens to texts for this phone.", "ok")
    return redirect(url_for("simulator.show", number=number), 303)


def _habits(form: dict[str, Any], before: Habits) -> Habits:
    code = form["other_code"] or form["code"]
    return Habits(
        Fate(form["fate"]),
        timedelta(seconds=form["seconds"]),
        int(code) if code.isdecimal() else None,
        ReceiptOrder(form["receipts"]),
        form["answers_stop"],
        (before.opted_out_at or now()) if form["opted_out"] else None,
    )


def _shown(habits: Habits) -> dict[str, Any]:
    """As the form would send it."""
    known = any(str(habits.code) == each["value"] for each in CODES)
    return {
        "fate": habits.fate.value,
        "seconds": habits.wait // timedelta(seconds=1),
        "code": str(habits.code or ""),
        "other_code": "" if known or habits.code is None else str(habits.code),
        "receipts": habits.receipts.value,
        "answers_stop": habits.answers_stop,
        "opted_out": habits.opted_out_at is not None,
    }


def _rendered(
    number: str,
    *,
    wrong: str = "",
    words: str = "",
    photo_wrong: str = "",
    photo_words: str = "",
    problems: dict[str, str] | None = None,
    habits: dict[str, Any] | None = None,
) -> str:
    with components().read() as session:
        known = phone_book.phones_of(session, by=actor())
        number = number or (known[0].number if known else "")
        held = phone_book.phone(session, number, by=actor()) if number else None
        texts = _screen(session, held) if held else []
        answers = _quick(session, held) if held else []
        call = call_screen(session, held.number, now=now()) if held else NO_CALL
        standing = habits_of(session, held.number) if held else USUAL
    listed = _list(known, held.number if held else "")
    return render_template(
        "simulator/show.html",
        phones=listed,
        phone=held,
        texts=texts,
        **call,
        call_etag=etag_of({**call, "number": held.number if held else ""}),
        quick=answers,
        quick_etag=etag_of({"quick": answers}),
        wrong=wrong,
        typed=words,
        ready=READY,
        photo_wrong=photo_wrong,
        photo_words=photo_words,
        habits=habits or _shown(standing),
        is_usual=standing == USUAL,
        problems=problems or {},
        fates=list(Fate),
        orders=[{"value": each.value, "label": each.label} for each in ReceiptOrder],
        codes=CODES,
        list_etag=etag_of({"phones": listed}),
        screen_etag=etag_of({"texts": texts}),
    )


def _list(known: Any, number: str) -> list[dict[str, Any]]:
    return [
        {
            "number": phone.number,
            "name": phone.owner.name,
            "what": phone.owner.what,
            "hint": phone.last.body[:LONGEST_HINT] if phone.last else ON_A_CALL,
            "at": _clock(phone.last, phone) if phone.last else "",
            "url": url_for("simulator.show", number=phone.number, _anchor="newest"),
            "is_held": phone.number == number,
        }
        for phone in known
    ]


def _quick(session: DeskSession, phone: Phone) -> list[str]:
    return [*(str(digit) for digit in phones.digits_asked(session, phone.number, now=now())), *KEYWORDS]


def _screen(session: DeskSession, phone: Phone) -> list[dict[str, Any]]:
    shown = []
    day = ""
    for text in phones.thread(session, phone.number):
        here = _day(text, phone)
        shown.append(
            {
                "id": str(text.id),
                "from_us": text.direction is Direction.OUTBOUND,
                "body": _with_links(text.body),
                "at": _clock(text, phone),
                **_ticks(text),
                "day": here if here != day else "",
            },
        )
        day = here
    return shown


def _ticks(text: SimulatedText) -> dict[str, str]:
    """One: sent; two: delivered; a cross: what went wrong, in words."""
    state, mark = TICKS[text.status]
    fault = fault_of(text.error_code) if text.error_code else None
    wrong = f"{fault.words} ({fault.code})" if fault else ""
    return {"state": state, "mark": mark, "wrong": wrong}


def _with_links(body: str) -> Markup:
    """On the phone a link can be pressed; everything else is plain letters."""
    parts, end = [], 0
    for found in LINK.finditer(body):
        address = found.group().rstrip(".,)")
        parts.append(escape(body[end : found.start()]))
        parts.append(Markup('<a href="{0}" target="_blank" rel="noopener">{0}</a>').format(address))
        end = found.start() + len(address)
    return Markup("").join([*parts, escape(body[end:])])


def _clock(text: SimulatedText, phone: Phone) -> str:
    return f"{local_time(text.at, phone.owner.timezone):%H:%M}"


def _day(text: SimulatedText, phone: Phone) -> str:
    local = local_time(text.at, phone.owner.timezone)
    return f"{local:%A} {local.day} {local:%B}"
