"""The admin's first page, how the desk is, and erasing a customer."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import DomainError, Invalid
from recovery.domain.opening_hours import OpeningHours
from recovery.domain.permissions import Permission
from recovery.domain.phones import masked, parse_phone
from recovery.edge import actor, components, needs, status_of
from recovery.models import Site, Staff
from recovery.services.people.erasing import erase
from recovery.services.people.sites import all_sites
from recovery.services.people.staff import everybody
from recovery.services.running.health import checks
from recovery.services.session import DeskSession
from recovery.web.admin_forms import ErasureForm
from recovery.web.forms import loaded, typed
from recovery.web.hours_view import hours_in_words
from recovery.web.people_view import person_row
from recovery.web.session import now, transact

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

WORST_FIRST = {"late": 0, "soon": 1, "ok": 2}
HEADLINES = {
    "ok": "The desk is well.",
    "soon": "The desk works; something wants a look.",
    "late": "The desk needs a person.",
}


@blueprint.get("")
@needs(Permission.ADMINISTER)
def show() -> ResponseReturnValue:
    with components().read() as session:
        found = sorted(checks(session, now=now()), key=lambda check: WORST_FIRST[check.state])
        sites, people = all_sites(session), everybody(session)
        by_id = {site.id: site.name for site in sites}
        return render_template(
            "admin/show.html",
            headline=HEADLINES[found[0].state],
            checks=found,
            sites=[_site(site) for site in sites],
            people=[_person(person, by_id) for person in people],
        )


@blueprint.get("/erasure")
@needs(Permission.ADMINISTER)
def ask_erasure() -> ResponseReturnValue:
    return render_template("admin/erasure.html", form={}, errors={})


@blueprint.post("/erasure")
@needs(Permission.ADMINISTER, of="customer")
def erase_customer() -> ResponseReturnValue:
    try:
        form = loaded(ErasureForm)
        phone = _confirmed(form)
        done = transact(lambda session: erase(session, phone, now=now(), by=actor()))
    except DomainError as wrong:
        return render_template("admin/erasure.html", form=typed(), errors=_errors(wrong)), status_of(wrong)
    flash(
        f"{masked(phone)} is forgotten: {done.tickets} tickets keep their figures, {done.texts} texts their times.",
        "ok",
    )
    return redirect(url_for("admin.show"), 303)


def _confirmed(form: dict[str, Any]) -> str:
    with components().read() as session:
        country = _first_country(session)
    phone = parse_phone(form["phone"], country)
    if phone is None:
        raise Invalid.field("phone", "Write the number of the customer who asked to be forgotten.")
    if not form["sure"]:
        raise Invalid.field("sure", "Tick that you are sure: it cannot be undone.")
    return phone


def _first_country(session: DeskSession) -> str:
    sites = all_sites(session)
    return sites[0].country if sites else "GB"


def _errors(wrong: DomainError) -> dict[str, str]:
    return wrong.first_sentences if isinstance(wrong, Invalid) and wrong.errors else {"phone": wrong.detail}


def _site(site: Site) -> dict[str, Any]:
    return {
        "name": site.name,
        "url": url_for("admin_sites.show", slug=site.slug),
        "zone": site.timezone,
        "currency": site.currency,
        "hours": hours_in_words(OpeningHours.parse(site.hours)),
    }


def _person(person: Staff, sites: dict[int, str]) -> dict[str, Any]:
    row = person_row(person, sites, url=url_for("admin_staff.show", staff_id=person.id))
    return row | {"sites": row["sites"] or "every site"}
