"""Ten seconds, three choices: the log page, the customer that it recalls, the text that it shows."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import DomainError, Invalid
from recovery.domain.ids import LARGEST_ID
from recovery.domain.permissions import Permission
from recovery.domain.tickets import LONGEST_NAME, LONGEST_NOTE
from recovery.edge import actor, components, needs, status_of
from recovery.models import Site, Ticket
from recovery.services.access import visible_site, visible_ticket
from recovery.services.hearing.strangers import stranger_phone
from recovery.services.people.directory import sites_of
from recovery.services.people.recall import FROM_DIGITS, known_customer
from recovery.services.running.submissions import Submission, earlier, keep
from recovery.services.session import DeskSession
from recovery.services.texting.previews import first_text, why_not_texted
from recovery.services.ticketing.logging_mistakes import log
from recovery.web.forms import LogForm, RecallForm, loaded, typed
from recovery.web.log_choices import authority_words, choices, half_ticket, last_time, new_ticket, preview_words
from recovery.web.polling import fragment
from recovery.web.saying import say
from recovery.web.session import allow_viewing, now, transact
from recovery.web.shell import SITE, chosen_site
from recovery.web.throttle import RECALL, throttle

blueprint = Blueprint("log", __name__, url_prefix="/log")
UNDONE = "undone right after it was logged"


@blueprint.get("")
@needs(Permission.LOG)
def show() -> ResponseReturnValue:
    with components().read() as reading:
        linked = _linked(reading, request.args.get("beside", ""))
        form = {"linked_to": linked.reference, "phone": _phone(linked), "name": _name(linked)} if linked else {}
        form |= _stranger(reading, request.args.get("stranger", ""))
        return _page(reading, form, linked=linked)


@blueprint.post("")
@needs(Permission.LOG, of="site")
def save() -> ResponseReturnValue:
    if request.form.get("do") in {"find", "preview"}:
        return _filled_without_script()
    try:
        form = loaded(LogForm)
        ticket, is_new = _logged(form)
    except DomainError as wrong:
        with components().read() as reading:
            return _page(reading, typed(), wrong=wrong), status_of(wrong)
    session[SITE] = form["site"]
    if is_new:
        allow_viewing(ticket.id)  # who logs it has just written what is in it
        fields = {"version": str(ticket.version), "reason": UNDONE}
        undo = url_for("tickets.void", reference=ticket.reference)
        say(f"Saved as {ticket.reference}.", undo=undo, undo_fields=fields)
    else:
        say(f"This was saved already, as {ticket.reference}: nothing was doubled.")
    return redirect(url_for("tickets.show", reference=ticket.reference))


@blueprint.post("/recall")
@needs(Permission.LOG, of="site")
def recall() -> ResponseReturnValue:
    """The number travels in the body: addresses end up in logs."""
    with components().read() as reading:
        return fragment("tickets/known.html", {"known": _recalled(reading, loaded(RecallForm))})


@blueprint.post("/preview")
@needs(Permission.LOG, of="site")
def preview() -> ResponseReturnValue:
    with components().read() as reading:
        return fragment("tickets/preview.html", {"text": _preview(reading, loaded(RecallForm))})


def _logged(form: Mapping[str, Any]) -> tuple[Ticket, bool]:
    """The ticket, and whether this submission made it. Raises DomainError."""
    spelt = json.dumps({name: value for name, value in form.items() if name != "submission"}, sort_keys=True)
    fingerprint = hashlib.sha256(spelt.encode()).hexdigest()

    def work(writing: DeskSession) -> tuple[Ticket, bool]:
        by, instant = actor(), now()
        submission = Submission(by.id or 0, form["submission"], fingerprint)
        known = earlier(writing, submission, thing="ticket", now=instant)
        if known is not None:
            return _saved_before(writing, known.thing_id, same=known.fingerprint == submission.fingerprint), False
        site = visible_site(writing, form["site"], by=by)
        ticket = log(writing, new_ticket(form, site), now=instant, by=by)
        keep(writing, submission, thing_id=ticket.id)
        return ticket, True

    return transact(work)


def _saved_before(writing: DeskSession, ticket_id: int | None, *, same: bool) -> Ticket:
    ticket = writing.get_one(Ticket, ticket_id)
    if not same:
        raise Invalid(
            f"This form was saved already, as {ticket.reference}. Save once more if this is another mistake.",
        )
    return ticket


def _filled_without_script() -> ResponseReturnValue:
    with components().read() as reading:
        form, now_typed = loaded(RecallForm), typed()
        known = _recalled(reading, form)
        if known:
            now_typed |= {"phone": known["phone"], "name": now_typed.get("name") or known["name"] or ""}
        return _page(reading, now_typed, known=known)


def _page(
    reading: DeskSession,
    form: dict[str, Any],
    *,
    wrong: DomainError | None = None,
    known: dict[str, Any] | None = None,
    linked: Ticket | None = None,
) -> str:
    sites = sites_of(reading, by=actor())
    site = _site_of(reading, form) or _site_of(reading, {})
    linked = linked or _linked(reading, form.get("linked_to", ""))
    repeated = isinstance(wrong, Invalid) and not wrong.errors
    return render_template(
        "tickets/log.html",
        action=url_for("log.save"),
        form={"site": site.slug if site else ""} | form,
        errors=_errors(wrong),
        submission=secrets.token_urlsafe(16) if repeated else form.get("submission") or secrets.token_urlsafe(16),
        sites=[{"value": each.slug, "label": each.name, "country": each.country} for each in sites],
        authority=authority_words(reading, site, actor()) if site else "",
        linked=_linked_words(linked),
        known=known,
        text=_preview(reading, form) if form.get("failure") else None,
        recall_url=url_for("log.recall"),
        preview_url=url_for("log.preview"),
        longest_name=LONGEST_NAME,
        longest_note=LONGEST_NOTE,
        **choices(site),
    )


def _errors(wrong: DomainError | None) -> dict[str, str]:
    """By the names that the form uses; what belongs to no field stands at the remedies, where it can be mended."""
    if wrong is None:
        return {}
    if not isinstance(wrong, Invalid) or not wrong.errors:
        return {"remedies": wrong.detail}
    names = {
        "customer.phone": "phone",
        "customer.language": "language",
        "order.amount": "order_amount",
        "due_at": "promise_minutes",
    }
    return {
        "remedies" if field.startswith("remedies.") else names.get(field, field): sentence
        for field, sentence in wrong.first_sentences.items()
    }


def _recalled(reading: DeskSession, form: Mapping[str, Any]) -> dict[str, Any] | None:
    site = _site_of(reading, form)
    if site is None or not form["phone"] or not throttle().count(RECALL, "recall", str(actor().id)):
        return None
    customer = known_customer(reading, site, form["phone"])
    return last_time(reading, customer, site, now=now(), by=actor()) if customer else None


def _preview(reading: DeskSession, form: Mapping[str, Any]) -> dict[str, Any] | None:
    """That no text goes is said as soon as there is a number, before a mistake is chosen."""
    site = _site_of(reading, form)
    phone = form.get("phone") or ""
    if site is None or sum(letter.isdecimal() for letter in phone) not in {0, *range(FROM_DIGITS, 20)}:
        return None
    half = half_ticket(form, site)
    if half is None:
        why_not = why_not_texted(reading, site, phone)
        return {"why_not": why_not} if why_not else None
    return preview_words(first_text(reading, half, now=now(), by=actor()), half)


def _site_of(reading: DeskSession, form: Mapping[str, Any]) -> Site | None:
    sites = sites_of(reading, by=actor())
    wanted = form.get("site")
    brief = next((site for site in sites if site.slug == wanted), None) if wanted else chosen_site(sites)
    return reading.get(Site, brief.id) if brief else None


def _linked(reading: DeskSession, reference: str) -> Ticket | None:
    if not reference:
        return None
    try:
        return visible_ticket(reading, reference, by=actor())
    except DomainError:
        return None


def _stranger(reading: DeskSession, stranger_id: str) -> dict[str, str]:
    """The number of somebody who wrote without a ticket."""
    is_number = stranger_id.isascii() and stranger_id.isdecimal() and len(stranger_id) <= len(str(LARGEST_ID))
    key = int(stranger_id) if is_number else 0
    phone = stranger_phone(reading, key, by=actor()) if 0 < key <= LARGEST_ID else None
    return {"phone": phone} if phone else {}


def _linked_words(linked: Ticket | None) -> dict[str, str] | None:
    if linked is None:
        return None
    url = url_for("tickets.show", reference=linked.reference)
    return {"reference": linked.reference, "url": url, "who": _name(linked) or "the same customer"}


def _name(ticket: Ticket) -> str:
    return (ticket.customer.name if ticket.customer else None) or ""


def _phone(ticket: Ticket) -> str:
    return (ticket.customer.phone if ticket.customer else None) or ""
