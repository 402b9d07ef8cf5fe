"""Adding a site, changing it, and what its people may grant alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from recovery.bootstrap import CALL_HOOK
from recovery.domain.authority import LimitSpan
from recovery.domain.calendars import local_day
from recovery.domain.errors import Invalid
from recovery.domain.languages import Language
from recovery.domain.money import MINOR_DIGITS, SYMBOLS, format_money
from recovery.domain.opening_hours import OpeningHours
from recovery.domain.permissions import Permission, Role
from recovery.edge import actor, components, needs
from recovery.models import Site
from recovery.services.access import visible_site
from recovery.services.deciding.authority import CUSTOMER, limits_of, policy_limits, set_limit
from recovery.services.people import escalation
from recovery.services.people.sites import add_site, change_site
from recovery.services.people.special_days import special_days_of
from recovery.services.session import DeskSession
from recovery.services.telephony.line_settings import set_line
from recovery.web.admin_forms import (
    LIMITS,
    LineForm,
    PlaceForm,
    SiteForm,
    limit_field,
    limits_typed,
    new_site,
    shown_limit,
)
from recovery.web.forms import loaded, typed
from recovery.web.hours_view import EXAMPLES, day_in_words, times_of, week_of
from recovery.web.session import now, transact
from recovery.web.shut_calls import changed_with_calls, warn_of_calls

blueprint = Blueprint("admin_sites", __name__, url_prefix="/admin/sites")

SPAN_LABELS = {
    LimitSpan.TICKET: "on one ticket",
    LimitSpan.STAFF_DAY: "one person, one day",
    LimitSpan.CUSTOMER_MONTH: "one customer, one month",
}
SHOWN_DAYS = 3
"""Of those to come; the others stand on their own page."""
USUAL_CURRENCIES = ("EUR", "GBP", "USD")


@blueprint.get("/new")
@needs(Permission.ADMINISTER)
def begin() -> ResponseReturnValue:
    return _new({}, {})


@blueprint.post("")
@needs(Permission.ADMINISTER)
def add() -> ResponseReturnValue:
    try:
        form = new_site(loaded(SiteForm))
        slug = transact(lambda session: add_site(session, form, now=now(), by=actor()).slug)
    except Invalid as wrong:
        return _new(typed(), wrong.first_sentences), 422
    flash("The site is there. Add its people next, or set what they may grant alone.", "ok")
    return redirect(url_for("admin_sites.show", slug=slug), 303)


@blueprint.get("/<slug>")
@needs(Permission.ADMINISTER, of="site")
def show(slug: str) -> ResponseReturnValue:
    with components().read() as session:
        return _one(session, visible_site(session, slug, by=actor()))


@blueprint.post("/<slug>")
@needs(Permission.ADMINISTER, of="site")
def change(slug: str) -> ResponseReturnValue:
    def act(session: DeskSession) -> tuple[list[str], Sequence[tuple[str, datetime]]]:
        site = visible_site(session, slug, by=actor())
        form = new_site(loaded(SiteForm, kept=_kept(site)) | {"slug": slug})
        return changed_with_calls(session, site, lambda: change_site(session, site, form, now=now(), by=actor()))

    try:
        changed, calls = transact(act)
    except Invalid as wrong:
        with components().read() as session:
            site = visible_site(session, slug, by=actor())
            return _one(session, site, form=typed(kept=_kept(site)), errors=wrong.first_sentences), 422
    flash("Saved." if changed else "Nothing was different, so nothing changed.", "ok")
    warn_of_calls(calls)
    return redirect(url_for("admin_sites.show", slug=slug), 303)


@blueprint.post("/<slug>/limits")
@needs(Permission.ADMINISTER, of="site")
def change_limits(slug: str) -> ResponseReturnValue:
    try:
        changed = transact(lambda session: _set_limits(session, visible_site(session, slug, by=actor())))
    except Invalid as wrong:
        with components().read() as session:
            site = visible_site(session, slug, by=actor())
            given = typed(kept=_kept_limits(session, site))
            return _one(session, site, limits=given, errors=wrong.first_sentences), 422
    flash(f"{changed} limits changed, from now on." if changed else "The limits stay as they were.", "ok")
    return redirect(url_for("admin_sites.show", slug=slug, _anchor="limits"), 303)


@blueprint.post("/<slug>/line")
@needs(Permission.ADMINISTER, of="site")
def change_line(slug: str) -> ResponseReturnValue:
    """Which number calls, and which phone rings when somebody calls it."""

    def act(session: DeskSession) -> list[str]:
        site = visible_site(session, slug, by=actor())
        return set_line(session, site, **loaded(LineForm, kept=_line(site)), now=now(), by=actor())

    try:
        changed = transact(act)
    except Invalid as wrong:
        with components().read() as session:
            site = visible_site(session, slug, by=actor())
            return _one(session, site, line=typed(kept=_line(site)), errors=wrong.first_sentences), 422
    flash("From now on calls go so." if changed else "Nothing was different, so nothing changed.", "ok")
    return redirect(url_for("admin_sites.show", slug=slug, _anchor="line"), 303)


@blueprint.post("/<slug>/escalation")
@needs(Permission.ADMINISTER, of="site")
def give_place(slug: str) -> ResponseReturnValue:
    def act(session: DeskSession) -> bool:
        form = loaded(PlaceForm)
        site = visible_site(session, slug, by=actor())
        return escalation.give_place(session, site, form["staff"], form["rung"], now=now(), by=actor())

    moved = transact(act)
    flash("The new order holds from now on." if moved else "That was the order already.", "ok")
    return redirect(url_for("admin_sites.show", slug=slug, _anchor="escalation"), 303)


def _set_limits(session: DeskSession, site: Site) -> int:
    asked = limits_typed(site, _kept_limits(session, site))
    wanted = {key: value for key, value in asked.items() if value != _in_force(session, site, *key)}
    for (whom, span), minor_units in wanted.items():
        set_limit(session, site, whom=whom, span=span, minor_units=minor_units, now=now(), by=actor())
    return len(wanted)


def _in_force(session: DeskSession, site: Site, whom: str, span: LimitSpan) -> int | None:
    return limits_of(session, site, _role(whom)).of(span)


def _role(whom: str) -> Role:
    """What one customer may get is kept beside the limits of the role that gives it."""
    return Role.FRONTLINE if whom == CUSTOMER else Role(whom)


def _new(form: dict[str, Any], errors: dict[str, str]) -> str:
    return render_template("admin/new_site.html", form=form, errors=errors, **_choices())


def _one(
    session: DeskSession,
    site: Site,
    *,
    form: dict[str, Any] | None = None,
    limits: dict[str, str] | None = None,
    line: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
) -> str:
    kept, kept_limits = _kept(site), _kept_limits(session, site)
    return render_template(
        "admin/site.html",
        site={"name": site.name, "slug": site.slug, "sign": SYMBOLS.get(site.currency, site.currency)},
        kept=kept,
        form=form or kept,
        kept_line=_line(site),
        line=line or _line(site),
        house_voice=session.house.voice_number,
        call_hook=f"{session.house.public_url}{CALL_HOOK}",
        errors=errors or {},
        week=week_of(OpeningHours.parse(site.hours)),
        days=[
            {"words": day_in_words(each.day), "times": times_of(each), "name": each.name}
            for each in special_days_of(site).since(local_day(now(), site.timezone))
        ][:SHOWN_DAYS],
        supervisors=_supervisors(session, site),
        admins=[person.name for person in escalation.admins(session)],
        kept_limits=kept_limits,
        limits=[_limit(session, site, *key, limits or kept_limits) for key in LIMITS],
        **_choices(),
    )


def _kept(site: Site) -> dict[str, Any]:
    """As its form shows it."""
    names = ("name", "timezone", "currency", "country", "hours", "sender", "language", "calls_at_once")
    return {name: getattr(site, name) for name in names} | {"folds_texts": "1" if site.folds_texts else "0"}


def _line(site: Site) -> dict[str, Any]:
    return {"voice_number": site.voice_number, "line_number": site.line_number}


def _kept_limits(session: DeskSession, site: Site) -> dict[str, str]:
    return {limit_field(*key): shown_limit(_in_force(session, site, *key), site.currency) for key in LIMITS}


def _supervisors(session: DeskSession, site: Site) -> list[dict[str, Any]]:
    """In the order in which they are asked; the step of whoever stands first has none above it, and so on."""
    line = escalation.supervisors(session, site.id)
    return [
        {
            "id": person.id,
            "name": person.name,
            "url": url_for("admin_staff.show", staff_id=person.id),
            "above": number - 1,
            "below": number + 1 if number < len(line) else 0,
        }
        for number, person in enumerate(line, start=1)
    ]


def _limit(session: DeskSession, site: Site, whom: str, span: LimitSpan, given: dict[str, str]) -> dict[str, Any]:
    name = limit_field(whom, span)
    policy = policy_limits(session, site, _role(whom)).of(span)
    usual = "no limit" if policy is None else format_money(policy, site.currency)
    return {
        "name": name,
        "whom": whom,
        "label": SPAN_LABELS[span],
        "value": given.get(name, ""),
        "hint": f"The house's rule: {usual}.",
    }


def _choices() -> dict[str, Any]:
    codes = [*USUAL_CURRENCIES, *sorted(MINOR_DIGITS.keys() - set(USUAL_CURRENCIES))]
    return {
        "currencies": [{"value": code, "label": code} for code in codes],
        "zones": sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")),
        "examples": EXAMPLES,
        "house_sender": components().house.sender,
        "house_calls": components().house.policy.calls_at_once,
        "languages": [{"value": each.value, "label": each.label} for each in Language],
        "letters": [{"value": "1", "label": "Plain: á as a"}, {"value": "0", "label": "As they are written"}],
    }
