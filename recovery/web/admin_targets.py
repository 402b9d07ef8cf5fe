"""How soon a site ought to put things right: for everything, a severity, a failure, or both."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import Invalid
from recovery.domain.permissions import Permission
from recovery.domain.targets import CLOCK_LABELS, CLOCKS, EVERYTHING, LONGEST_TARGET, Kind
from recovery.domain.tickets import FAILURES, Severity
from recovery.edge import actor, components, needs
from recovery.models import Site
from recovery.services.access import visible_site
from recovery.services.session import DeskSession
from recovery.services.timing.targets import own_targets, set_target
from recovery.web.admin_forms import TargetForm, TargetGoneForm
from recovery.web.forms import loaded, typed
from recovery.web.session import now, transact

blueprint = Blueprint("admin_targets", __name__, url_prefix="/admin/sites/<slug>/targets")


@blueprint.get("")
@needs(Permission.ADMINISTER, of="site")
def show(slug: str) -> ResponseReturnValue:
    with components().read() as session:
        return _page(session, visible_site(session, slug, by=actor()))


@blueprint.post("")
@needs(Permission.ADMINISTER, of="site")
def keep(slug: str) -> ResponseReturnValue:
    def act(session: DeskSession) -> bool:
        form = loaded(TargetForm)
        kind = Kind(form["failure"], form["severity"])
        site = visible_site(session, slug, by=actor())
        return set_target(session, site, kind, form["clock"], form["minutes"], now=now(), by=actor())

    try:
        changed = transact(act)
    except Invalid as wrong:
        with components().read() as session:
            site = visible_site(session, slug, by=actor())
            return _page(session, site, form=typed(), errors=wrong.first_sentences), 422
    flash(
        "Saved: it holds for what is logged from now on." if changed else "Nothing was different, so nothing changed.",
        "ok",
    )
    return redirect(url_for("admin_targets.show", slug=slug), 303)


@blueprint.post("/removal")
@needs(Permission.ADMINISTER, of="site")
def drop(slug: str) -> ResponseReturnValue:
    def act(session: DeskSession) -> bool:
        form = loaded(TargetGoneForm)
        kind = Kind(form["failure"], form["severity"])
        site = visible_site(session, slug, by=actor())
        return set_target(session, site, kind, form["clock"], None, now=now(), by=actor())

    gone = transact(act)
    flash("It is as the house has it again, for what is logged from now on." if gone else "It was gone already.", "ok")
    return redirect(url_for("admin_targets.show", slug=slug), 303)


def _page(
    session: DeskSession, site: Site, *, form: dict[str, Any] | None = None, errors: dict[str, str] | None = None
) -> str:
    own, house = own_targets(session, site, now=now()), session.house.policy.targets
    return render_template(
        "admin/targets.html",
        site={"name": site.name, "slug": site.slug},
        usual=[
            {
                "label": CLOCK_LABELS[clock],
                "minutes": own.get((EVERYTHING, clock)) or house.of(EVERYTHING, clock),
                "is_own": (EVERYTHING, clock) in own,
            }
            for clock in CLOCKS
        ],
        own=[_shown(kind, clock, minutes) | {"is_own": True} for (kind, clock), minutes in own.items()],
        house=[
            _shown(kind, clock, minutes)
            for kind, by_clock in sorted(house.by_kind.items(), key=lambda each: -each[0].rank)
            for clock, minutes in by_clock.items()
            if kind != EVERYTHING and (kind, clock) not in own
        ],
        form=form or {},
        errors=errors or {},
        clocks=[{"value": clock, "label": label} for clock, label in CLOCK_LABELS.items()],
        failures=[
            {"value": "", "label": "Whatever went wrong"},
            *({"value": each.code, "label": each.label} for each in FAILURES.values()),
        ],
        severities=[
            {"value": "", "label": "However bad"},
            *({"value": each.value, "label": each.label.capitalize()} for each in Severity),
        ],
        longest=LONGEST_TARGET,
    )


def _shown(kind: Kind, clock: str, minutes: int) -> dict[str, Any]:
    return {
        "failure": kind.failure,
        "severity": kind.severity,
        "clock": clock,
        "words": kind_words(kind),
        "label": CLOCK_LABELS[clock],
        "minutes": minutes,
    }


def kind_words(kind: Kind) -> str:
    """Give "Wrong order, severe", "Severe, whatever went wrong", "Everything"."""
    failure = FAILURES[kind.failure].label if kind.failure else ""
    if not kind.severity:
        return failure or "Everything"
    return f"{failure}, {kind.severity}" if failure else f"{kind.severity.capitalize()}, whatever went wrong"
