"""The simulated phones: what our customers and colleagues would hold in their hands. Here only with the simulator, on loopback."""

import re
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from recovery.domain.calendars import local_time
from recovery.domain.errors import Invalid
from recovery.domain.messages import Direction
from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs
from recovery.models import SimulatedText
from recovery.services.session import DeskSession
from recovery.services.texting import phone_book, phones
from recovery.services.texting.phone_book import Phone
from recovery.web.polling import answer, etag_of
from recovery.web.session import now, transact

blueprint = Blueprint("simulator", __name__, url_prefix="/simulator")

LINK = re.compile(r"https?://[^\s<>\"]+")
QUICK = ("1", "2", "CALL", "STOP", "START")
ARRIVING = "queued"
LONGEST_HINT = 60


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


@blueprint.post("/replies")
@needs(Permission.SEE, of="phone")
def reply() -> ResponseReturnValue:
    number = request.form.get("number", "")
    words = request.form.get("quick") or request.form.get("body", "")

    def act(session: DeskSession) -> None:
        phone_book.phone(session, number, by=actor())
        phones.reply_from_phone(session, number, words, now=now())

    try:
        transact(act)
    except Invalid as wrong:
        return _rendered(number, wrong=wrong.detail, typed=words), 422
    return redirect(url_for("simulator.show", number=number, _anchor="newest"), 303)


def _rendered(number: str, *, wrong: str = "", typed: str = "") -> str:
    with components().read() as session:
        known = phone_book.phones_of(session, by=actor())
        number = number or (known[0].number if known else "")
        held = phone_book.phone(session, number, by=actor()) if number else None
        texts = _screen(session, held) if held else []
    listed = _list(known, held.number if held else "")
    return render_template(
        "simulator/show.html",
        phones=listed,
        phone=held,
        texts=texts,
        quick=QUICK,
        wrong=wrong,
        typed=typed,
        list_etag=etag_of({"phones": listed}),
        screen_etag=etag_of({"texts": texts}),
    )


def _list(known: Any, number: str) -> list[dict[str, Any]]:
    return [
        {
            "number": phone.number,
            "name": phone.owner.name,
            "what": phone.owner.what,
            "hint": phone.last.body[:LONGEST_HINT],
            "at": _clock(phone.last, phone),
            "url": url_for("simulator.show", number=phone.number, _anchor="newest"),
            "is_held": phone.number == number,
        }
        for phone in known
    ]


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
                "arriving": text.status == ARRIVING,
                "day": here if here != day else "",
            },
        )
        day = here
    return shown


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
