"""The trail: who did what and when, before and after; and the proof that nobody changed it."""

import logging
import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.bootstrap import Components
from recovery.domain.calendars import day_bounds, day_typed
from recovery.domain.errors import Invalid
from recovery.domain.ids import LARGEST_ID
from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs
from recovery.services.people.directory import sites_of, staff_of
from recovery.services.people.staff import everybody
from recovery.services.proving import verifying
from recovery.services.proving.audit import search, verify
from recovery.services.session import DeskSession
from recovery.web import audit_view as view
from recovery.web.polling import answer
from recovery.web.session import now, transact

blueprint = Blueprint("audit", __name__, url_prefix="/audit")

log = logging.getLogger(__name__)

FILTERS = ("person", "action", "ticket", "from", "until")


@blueprint.get("")
@needs(Permission.AUDIT)
def show() -> ResponseReturnValue:
    with components().read() as session:
        zone = _zone(session)
        try:
            found = search(session, by=actor(), **_wanted(zone), cursor=request.args.get("after"))
        except Invalid as wrong:
            return render_template(
                "audit/show.html", **_values(session, zone), rows=[], errors=wrong.first_sentences
            ), 422
        following = url_for("audit.show", **_typed(), after=found.next_cursor) if found.next_cursor else ""
        return render_template(
            "audit/show.html",
            **_values(session, zone),
            rows=view.lines(found.items, zone),
            errors={},
            next_url=following,
            first_url=url_for("audit.show", **_typed()) if request.args.get("after") else "",
        )


@blueprint.get("/verification")
@needs(Permission.AUDIT)
def progress() -> ResponseReturnValue:
    with components().read() as session:
        return answer("audit/_proof.html", {"proof": _proof(session, _zone(session))})


@blueprint.post("/verification")
@needs(Permission.AUDIT)
def prove() -> ResponseReturnValue:
    """A long trail takes a while to read: the work goes on beside the request, and the page says how far it is."""
    if transact(lambda session: verifying.begin(session, now=now(), by=actor())):
        threading.Thread(target=_prove, args=(components(),), name="verification", daemon=True).start()
    return redirect(url_for("audit.show", _anchor="proof"), 303)


def _prove(desk: Components) -> None:
    def tell(events: int) -> None:
        desk.transact(lambda session: verifying.tell(session, events, now=desk.clock.now()))

    try:
        with desk.read() as session:
            verdict = verify(session, desk.house.audit_key, outside=_told_outside(desk), tell=tell)
        desk.transact(lambda session: verifying.finish(session, verdict, now=desk.clock.now()))
    except Exception:
        log.exception("verifying the trail came to no end")
        desk.transact(lambda session: verifying.give_up(session, now=desk.clock.now()))


def _told_outside(desk: Components) -> list[str]:
    file = desk.settings.audit_anchor_file
    return file.read_text(encoding="utf-8").splitlines() if file is not None and file.exists() else []


def _values(session: DeskSession, zone: str) -> dict[str, Any]:
    return {
        "typed": _typed(),
        "people": _people(session),
        "actions": view.actions(),
        "proof": _proof(session, zone),
        "zone": zone.rpartition("/")[2].replace("_", " "),
    }


def _proof(session: DeskSession, zone: str) -> dict[str, Any]:
    return view.proof(verifying.standing(session, now=now()), zone, sees_all=actor().is_admin)


def _people(session: DeskSession) -> list[dict[str, str]]:
    """An admin may look for somebody who has left."""
    if actor().is_admin:
        return [{"value": str(person.id), "label": person.name} for person in everybody(session)]
    return [{"value": str(person.id), "label": person.name} for person in staff_of(session, by=actor())]


def _typed() -> dict[str, Any]:
    return {name: request.args[name] for name in FILTERS if request.args.get(name)}


def _zone(session: DeskSession) -> str:
    sites = sites_of(session, by=actor())
    return sites[0].timezone if sites else "UTC"


def _wanted(zone: str) -> dict[str, Any]:
    """As `search` takes it. Raises Invalid by field."""
    typed = _typed()
    days = _Days.read(typed)
    return {
        "staff": _staff_id(typed.get("person", "")),
        "tag": typed.get("action"),
        "reference": typed.get("ticket"),
        "since": days.begins(zone),
        "until": days.ends(zone),
    }


@dataclass(frozen=True, slots=True)
class _Days:
    first: date | None
    last: date | None

    @classmethod
    def read(cls, typed: dict[str, str]) -> "_Days":
        return cls(_day(typed, "from"), _day(typed, "until"))

    def begins(self, zone: str) -> datetime | None:
        return day_bounds(self.first, zone)[0] if self.first else None

    def ends(self, zone: str) -> datetime | None:
        return day_bounds(self.last + timedelta(days=1), zone)[0] if self.last else None


def _day(typed: dict[str, str], name: str) -> date | None:
    text = typed.get(name)
    return day_typed(text, field=name) if text else None


def _staff_id(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID)) and int(text) <= LARGEST_ID):
        raise Invalid.field("person", "Choose somebody from the list.")
    return int(text)
