"""Waiting for a free colleague: the line of each site, who is put into it, and what is done when it is their turn."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import DomainError, Invalid, NotFound
from recovery.domain.permissions import Permission
from recovery.domain.tickets import LONGEST_NAME
from recovery.domain.waits import OVER, WaitStatus
from recovery.edge import actor, components, needs, status_of
from recovery.services.access import ticket_of_wait
from recovery.services.people.customers import NewCustomer
from recovery.services.people.directory import sites_of
from recovery.services.running.submissions import Submission, earlier, keep
from recovery.services.session import DeskSession
from recovery.services.waiting import turns
from recovery.services.waiting.joining import LONGEST_WHAT_FOR, NewWait, join
from recovery.services.waiting.wait_lists import waits
from recovery.web.forms import JoinForm, loaded, typed
from recovery.web.polling import answer_beat, beat_of
from recovery.web.saying import say
from recovery.web.session import now, transact
from recovery.web.shell import SITE, chosen_site
from recovery.web.waiting_view import line_row
from recovery.web.wording import counted

blueprint = Blueprint("waiting", __name__, url_prefix="/waiting")
WAIT = "wait"
Act = Callable[..., None]


@blueprint.get("")
@needs(Permission.SEE)
def index() -> ResponseReturnValue:
    return line()


@blueprint.get("/rows")
@needs(Permission.SEE)
def rows() -> ResponseReturnValue:
    return answer_beat("waiting/rows.html", url_for("waiting.rows"), _values)


@blueprint.get("/new")
@needs(Permission.LOG)
def add() -> ResponseReturnValue:
    return _form({})


@blueprint.post("")
@needs(Permission.LOG, of="site")
def save() -> ResponseReturnValue:
    try:
        form = loaded(JoinForm)
        is_new = transact(lambda writing: _joined(writing, form))
    except DomainError as wrong:
        return _form(typed(), wrong=wrong), status_of(wrong)
    session[SITE] = form["site"]
    say("They are in line." if is_new else "They were put in line already: nothing was doubled.")
    return redirect(url_for("waiting.index"))


@blueprint.post("/<row_id:wait_id>/readiness")
@needs(Permission.WORK, of="wait")
def ready(wait_id: int) -> ResponseReturnValue:
    return _on_wait(wait_id, turns.ready, said="They are called. Call them by name too, if they are near.")


@blueprint.post("/<row_id:wait_id>/help")
@needs(Permission.WORK, of="wait")
def helped(wait_id: int) -> ResponseReturnValue:
    return _on_wait(wait_id, turns.helped, said="Helped.")


@blueprint.post("/<row_id:wait_id>/departure")
@needs(Permission.WORK, of="wait")
def leave(wait_id: int) -> ResponseReturnValue:
    return _on_wait(wait_id, turns.not_coming, said="They are out of the line.")


@blueprint.post("/<row_id:wait_id>/return")
@needs(Permission.WORK, of="wait")
def come_back(wait_id: int) -> ResponseReturnValue:
    return _on_wait(wait_id, turns.back, said="They are at the front of the line again.")


def line(*, wrong: str = "") -> str:
    etag = beat_of(url_for("waiting.rows"))
    return render_template(
        "waiting/index.html",
        **_values(),
        wrong=wrong,
        add_url=url_for("waiting.add"),
        poll_url=url_for("waiting.rows"),
        etag=etag,
    )


def _values() -> dict[str, Any]:
    by = actor()
    with components().read() as reading:
        page = waits(reading, by=by)
    with_site = by.is_admin or len(by.site_ids) > 1
    in_line = sum(row.status is WaitStatus.WAITING for row in page.items)
    return {
        "headline": f"{counted(in_line, 'customer waits', 'customers wait')}." if in_line else "Nobody waits.",
        "rows": [line_row(row, with_site=with_site) for row in page.items],
        "more": page.next_cursor is not None,
    }


def _on_wait(wait_id: int, act: Act, *, said: str) -> ResponseReturnValue:
    """Without a version: whose turn it is does not wait for a note that somebody else wrote."""

    def whole(writing: DeskSession) -> tuple[str, dict[str, str]]:
        by = actor()
        ticket, wait = ticket_of_wait(writing, wait_id, by=by)
        act(writing, ticket, wait, now=now(), by=by)
        if wait.status not in OVER or ticket.resolved_by_id != by.id:
            return "", {}
        return url_for("tickets.undo_resolution", reference=ticket.reference), {
            "version": str(ticket.version),
            "back": "waiting",
        }

    try:
        undo, fields = transact(whole)
    except NotFound:
        raise
    except DomainError as error:
        return line(wrong=error.detail), status_of(error)
    say(said, undo=undo, undo_fields=fields)
    return redirect(url_for("waiting.index"))


def _joined(writing: DeskSession, form: Mapping[str, Any]) -> bool:
    """False where this form was sent before."""
    by, instant = actor(), now()
    spelt = json.dumps({name: value for name, value in form.items() if name != "submission"}, sort_keys=True)
    submission = Submission(by.id or 0, form["submission"], hashlib.sha256(spelt.encode()).hexdigest())
    known = earlier(writing, submission, thing=WAIT, now=instant)
    if known is not None:
        if known.fingerprint != submission.fingerprint:
            raise Invalid("This form was sent already. Send it once more if this is somebody else.")
        return False
    customer = NewCustomer(form["phone"], form["name"], form["language"])
    wait = join(writing, NewWait(form["site"], customer, form["note"]), now=instant, by=by)
    keep(writing, submission, thing_id=wait.id)
    return True


def _form(form: Mapping[str, Any], *, wrong: DomainError | None = None) -> str:
    with components().read() as reading:
        sites = sites_of(reading, by=actor())
    site = next((each for each in sites if each.slug == form.get("site")), None) or chosen_site(sites)
    used = isinstance(wrong, Invalid) and not wrong.errors
    return render_template(
        "waiting/new.html",
        form={"site": site.slug if site else ""} | dict(form),
        errors=_errors(wrong),
        sites=[{"value": each.slug, "label": each.name, "country": each.country} for each in sites],
        country=site.country if site else "",
        submission=secrets.token_urlsafe(16) if used else form.get("submission") or secrets.token_urlsafe(16),
        recall_url=url_for("log.recall"),
        longest_name=LONGEST_NAME,
        longest_note=LONGEST_WHAT_FOR,
    )


def _errors(wrong: DomainError | None) -> dict[str, str]:
    if wrong is None:
        return {}
    if not isinstance(wrong, Invalid) or not wrong.errors:
        return {"phone": wrong.detail}
    return {field.removeprefix("customer."): sentence for field, sentence in wrong.first_sentences.items()}
