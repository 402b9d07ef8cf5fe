"""Who works when, week by week, and who is on shift now."""

import re
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import Invalid
from recovery.domain.opening_hours import OpeningHours
from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs
from recovery.models import Site
from recovery.services.access import visible_site
from recovery.services.alerting.rota import LONGEST_SHIFTS, OnRota, rota_of, set_rota
from recovery.services.people.directory import sites_of
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import SiteBrief
from recovery.web.forms import Form, Line, loaded, typed
from recovery.web.hours_view import hours_in_words
from recovery.web.rows import clock
from recovery.web.saying import say
from recovery.web.session import now, transact
from recovery.web.shell import chosen_site

blueprint = Blueprint("rota", __name__, url_prefix="/rota")

FIELD = re.compile(r"shifts-(\d{1,18})")
EXAMPLES = (
    ("mon-fri 08:00-16:00", "Weekdays"),
    ("mon-fri 08:00-12:00 17:00-21:00; sat 10:00-14:00", "Twice a day, and Saturday"),
    ("thu-sat 18:00-02:00", "Past midnight"),
    ("", "Left empty: not on the rota"),
)


@blueprint.get("")
@needs(Permission.SEE, of="site")
def show() -> ResponseReturnValue:
    with components().read() as session:
        return _page(session, request.args.get("site"))


@blueprint.post("/<slug>")
@needs(Permission.LEAD, of="site")
def change(slug: str) -> ResponseReturnValue:
    def act(session: DeskSession) -> int:
        site = visible_site(session, slug, by=actor())
        wanted = _shifts_typed(rota_of(session, site, now=now()))
        return len(set_rota(session, site, wanted, now=now(), by=actor()))

    try:
        changed = transact(act)
    except Invalid as wrong:
        with components().read() as session:
            rota = rota_of(session, visible_site(session, slug, by=actor()), now=now())
            return _page(session, slug, form=typed(kept=_kept(rota)), errors=wrong.first_sentences), 422
    say("Saved: it holds from now on." if changed else "Nothing was different, so nothing changed.")
    return redirect(url_for("rota.show", site=slug), 303)


def _shifts_typed(rota: Sequence[OnRota]) -> dict[int, str]:
    """By staff member. Raises Invalid for a line that is too long, for one that somebody else changed meanwhile, and for a
    field that is none of these."""
    names = [name for name in typed() if FIELD.fullmatch(name)]
    form: Any = Form.from_dict({name: Line(LONGEST_SHIFTS, load_default="") for name in names})
    return {int(name.removeprefix("shifts-")): text for name, text in loaded(form, kept=_kept(rota)).items()}


def _page(
    session: DeskSession, slug: str | None, *, form: dict[str, Any] | None = None, errors: dict[str, str] | None = None
) -> str:
    sites = sites_of(session, by=actor())
    brief = _chosen(sites, slug)
    site = visible_site(session, slug or (brief.slug if brief else ""), by=actor())
    rota = rota_of(session, site, now=now())
    return render_template(
        "rota/show.html",
        site={"name": site.name, "slug": site.slug, "zone": site.timezone},
        sites=[{"value": each.slug, "label": each.name} for each in sites],
        people=[_person(each, site, form or {}) for each in rota],
        on_shift=[each.person.first_name for each in rota if each.is_on],
        has_rota=any(each.shifts for each in rota),
        may={"change": actor().may(Permission.LEAD)},
        examples=EXAMPLES,
        errors=errors or {},
        names={_field(each): each.person.name for each in rota},
    )


def _kept(rota: Sequence[OnRota]) -> dict[str, str]:
    return {_field(each): each.shifts for each in rota}


def _field(each: OnRota) -> str:
    return f"shifts-{each.id}"


def _chosen(sites: Sequence[SiteBrief], slug: str | None) -> SiteBrief | None:
    return next((site for site in sites if site.slug == slug), None) or chosen_site(sites)


def _person(each: OnRota, site: Site, form: dict[str, Any]) -> dict[str, Any]:
    field = _field(each)
    brief = SiteBrief(site.id, site.slug, site.name, site.timezone, site.currency, site.country, site.hours)
    until = f"on shift until {clock(each.until, brief)}" if each.until else "on shift"
    return {
        "name": each.person.name,
        "role": each.person.role.label,
        "field": field,
        "kept": each.shifts,
        "shifts": form.get(field, each.shifts),
        "words": hours_in_words(OpeningHours.parse(each.shifts)) if each.shifts else [],
        "now": until if each.is_on else "",
    }
