"""What the log page offers, and how what was chosen becomes a ticket."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from recovery.domain.actors import Actor
from recovery.domain.errors import Invalid
from recovery.domain.languages import Language, chosen_language
from recovery.domain.money import SYMBOLS, format_money, parse_amount
from recovery.domain.permissions import Role
from recovery.domain.phones import pretty
from recovery.domain.remedies import RemedyKind
from recovery.domain.tickets import FAILURES, Severity
from recovery.models import Customer, Site
from recovery.services.deciding.authority import limits_of
from recovery.services.deciding.remedies import NewRemedy
from recovery.services.people.customers import NewCustomer, last_recovery
from recovery.services.session import DeskSession
from recovery.services.texting.messages import standing_opt_out
from recovery.services.texting.previews import FirstText
from recovery.services.ticketing.logging_mistakes import NewTicket, Order
from recovery.web.segment_view import segment_words
from recovery.web.wording import length

FAILURE_ORDER = (
    "wrong_order",
    "missing_item",
    "late",
    "cold_or_damaged",
    "overcharged",
    "dropped_call",
    "unsafe",
    "rude",
    "not_as_booked",
    "other",
)
"""By what a counter meets most; the first eight stand open."""
AS_USUAL = {"value": "", "label": "As usual for it"}
AS_KNOWN = {"value": "", "label": "As usual"}
"""What they chose the last time, else the site's."""
MOST_PROMISED = 60 * 24 * 30


def choices(site: Site | None) -> dict[str, Any]:
    sign = SYMBOLS.get(site.currency, site.currency) if site else ""
    return {
        "sign": sign,
        "country": site.country if site else "",
        "failures": [{"value": code, "label": FAILURES[code].label, "icon": code} for code in FAILURE_ORDER],
        "remedies": [
            {
                "value": kind.value,
                "label": kind.label,
                "icon": kind.value,
                "amount": kind.is_money,
            }
            for kind in RemedyKind
        ],
        "languages": [AS_KNOWN, *({"value": each.value, "label": each.label} for each in Language)],
        "severities": [AS_USUAL, *({"value": each.value, "label": each.label.capitalize()} for each in Severity)],
    }


def authority_words(reading: DeskSession, site: Site, by: Actor) -> str:
    limit = limits_of(reading, site, by.role or Role.FRONTLINE).per_ticket
    if limit is None:
        return "You may grant any amount."
    return f"You may grant up to {_short_money(limit, site.currency)} alone."


def new_ticket(form: Mapping[str, Any], site: Site) -> NewTicket:
    """Raises Invalid naming every field whose amount cannot be read."""
    errors: dict[str, list[str]] = {}

    def amount(name: str) -> int | None:
        try:
            return parse_amount(form[name], site.currency, field=name) if form[name] else None
        except Invalid as wrong:
            errors.update(wrong.errors)
            return None

    remedies = tuple(
        NewRemedy(kind, amount(f"amount_{kind.value}") if kind.is_money else None) for kind in _chosen(form)
    )
    order = Order(form["order_reference"], amount("order_amount"), None, form["order_kept"])
    for remedy in remedies:
        name = f"amount_{remedy.kind.value}"
        if remedy.kind.is_money and remedy.amount is None and name not in errors:
            errors[name] = [f"A {remedy.kind.value} needs an amount: enter how much."]
    if errors:
        raise Invalid(next(iter(errors.values()))[0], errors)
    return NewTicket(
        site=site.slug,
        failure=form["failure"],
        severity=Severity(form["severity"]) if form["severity"] else None,
        customer=NewCustomer(form["phone"], form["name"], form["language"]),
        order=order,
        note=form["note"],
        remedies=remedies,
        promise_minutes=form["promise_minutes"],
        apologised_in_person=form["apologised"],
        linked_to=form["linked_to"],
    )


def half_ticket(form: Mapping[str, Any], site: Site) -> NewTicket | None:
    """While it is being filled: what cannot be read yet is left out. None until a mistake has been chosen."""
    if form.get("failure") not in FAILURES:
        return None
    remedies = []
    for kind in _chosen(form):
        amount = _half_amount(form.get(f"amount_{kind.value}"), site.currency)
        if amount is not None or not kind.is_money:
            remedies.append(NewRemedy(kind, amount))
    minutes = str(form.get("promise_minutes") or "")
    promised = int(minutes) if minutes.isascii() and minutes.isdecimal() and 0 < int(minutes) <= MOST_PROMISED else None
    return NewTicket(
        site=site.slug,
        failure=form["failure"],
        severity=Severity(form["severity"]) if form.get("severity") in set(Severity) else None,
        customer=NewCustomer(form.get("phone"), form.get("name"), form.get("language")),
        remedies=tuple(remedies),
        promise_minutes=promised,
    )


def last_time(reading: DeskSession, customer: Customer, site: Site, *, now: datetime, by: Actor) -> dict[str, Any]:
    """What tickets/known.html shows."""
    ticket = last_recovery(reading, customer, by=by)
    sender = reading.house.sender_of(site)
    opted_out = customer.contact_id is not None and standing_opt_out(reading, customer.contact_id, sender)
    last = ""
    if ticket is not None:
        label = "something private" if ticket.is_sensitive else FAILURES[ticket.failure].label.lower()
        last = f"Last time: {label}, {_ago(now - ticket.logged_at)}"
        if ticket.resolved_at is not None:
            last += f", made right in {length(int((ticket.resolved_at - ticket.logged_at).total_seconds()))}"
    phone = customer.phone or ""
    return {
        "name": customer.name,
        "phone": pretty(phone, site.country),
        "last": last,
        "opted_out": bool(opted_out),
        "reads": "" if customer.language == site.language else chosen_language(customer.language, site.language).label,
    }


def preview_words(first: FirstText, new: NewTicket) -> dict[str, Any]:
    """What tickets/preview.html shows."""
    if first.text is None:
        return {"why_not": first.why_not}
    typed = (new.customer.name if new.customer else None) or ""
    return {
        "to": first.to,
        "body": first.text.body,
        "segments": segment_words(first.text.segments, typed, cost=first.cost),
        "why_not": "",
    }


def _chosen(form: Mapping[str, Any]) -> list[RemedyKind]:
    """Each once, in the order of the page, whatever the form says twice."""
    wanted = form.get("remedy") or []
    return [kind for kind in RemedyKind if kind.value in wanted]


def _half_amount(text: str | None, currency: str) -> int | None:
    try:
        return parse_amount(text, currency) if text else None
    except Invalid:
        return None


def _short_money(amount: int, currency: str) -> str:
    return format_money(amount, currency).removesuffix(".00")


def _ago(span: timedelta) -> str:
    if span < timedelta(hours=1):
        return "just now"
    if span < timedelta(days=1):
        return "today"
    days = span.days
    if days < 14:  # noqa: PLR2004  # people say days up to two weeks
        return "yesterday" if days == 1 else f"{days} days ago"
    return f"{days // 7} weeks ago" if days < 60 else f"{days // 30} months ago"  # noqa: PLR2004  # and weeks up to two months
