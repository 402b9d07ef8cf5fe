"""The days on which a site is not open as its week says."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.calendars import SpecialDay, day_typed, local_day
from recovery.domain.errors import Invalid
from recovery.domain.permissions import Permission
from recovery.domain.public_holidays import public_holidays, regions_of
from recovery.domain.special_days import special_day
from recovery.edge import actor, components, needs
from recovery.models import Site
from recovery.services.access import visible_site
from recovery.services.people.special_days import drop_day, set_day, shut_for_holidays, special_days_of
from recovery.services.session import DeskSession
from recovery.web.admin_forms import DayForm, DayGoneForm, HolidaysForm
from recovery.web.forms import loaded, typed
from recovery.web.hours_view import day_in_words, times_of
from recovery.web.session import now, transact
from recovery.web.shut_calls import changed_with_calls, warn_of_calls

Typed = TypeVar("Typed", date, SpecialDay)

blueprint = Blueprint("admin_days", __name__, url_prefix="/admin/sites/<slug>/days")


@blueprint.get("")
@needs(Permission.ADMINISTER, of="site")
def show(slug: str) -> ResponseReturnValue:
    with components().read() as session:
        return _page(visible_site(session, slug, by=actor()), region=request.args.get("region"))


@blueprint.post("")
@needs(Permission.ADMINISTER, of="site")
def keep(slug: str) -> ResponseReturnValue:
    return _carried_out(
        slug,
        lambda session, site: set_day(session, site, _day_typed(), now=now(), by=actor()),
        lambda changed: "Saved: it holds from now on." if changed else "Nothing was different, so nothing changed.",
    )


@blueprint.post("/removal")
@needs(Permission.ADMINISTER, of="site")
def drop(slug: str) -> ResponseReturnValue:
    return _carried_out(
        slug,
        lambda session, site: drop_day(
            session, site, day_typed(loaded(DayGoneForm)["day"], field="day"), now=now(), by=actor()
        ),
        lambda gone: "That day is as the week says again." if gone else "That day was not special any more.",
    )


@blueprint.post("/holidays")
@needs(Permission.ADMINISTER, of="site")
def shut(slug: str) -> ResponseReturnValue:
    def act(session: DeskSession, site: Site) -> int:
        form = loaded(HolidaysForm)
        chosen = set(form["days"])
        offered = _holidays(site, form["region"])
        wanted = [(each.day, each.name) for each in offered if each.day.isoformat() in chosen]
        return shut_for_holidays(session, site, wanted, now=now(), by=actor())

    return _carried_out(slug, act, _shut_words)


def _shut_words(new: int) -> str:
    if not new:
        return "No day was chosen, so nothing changed."
    return f"Shut on {'one day' if new == 1 else f'{new} days'} more."


def _carried_out(slug: str, act: Callable[[DeskSession, Site], int], say: Callable[[int], str]) -> ResponseReturnValue:
    """`act` gives how much it changed. What it cannot take is said on the page, with what was typed."""

    def whole(session: DeskSession) -> tuple[int, Sequence[tuple[str, datetime]]]:
        site = visible_site(session, slug, by=actor())
        return changed_with_calls(session, site, lambda: act(session, site))

    try:
        changed, calls = transact(whole)
    except Invalid as wrong:
        return _again(slug, wrong)
    flash(say(changed), "ok")
    warn_of_calls(calls)
    return redirect(url_for("admin_days.show", slug=slug, region=request.form.get("region") or None), 303)


def _day_typed() -> SpecialDay:
    """Every field that is wrong is named at once."""
    form, errors = loaded(DayForm), dict[str, list[str]]()
    day = _read(errors, lambda: day_typed(form["day"], field="day"))
    special = _read(errors, lambda: special_day(day or date.max, form["times"], form["name"]))
    if day is None or special is None:
        raise Invalid(next(iter(errors.values()))[0], errors)
    return special


def _read(errors: dict[str, list[str]], read: Callable[[], Typed]) -> Typed | None:
    try:
        return read()
    except Invalid as wrong:
        errors.update({name: list(said) for name, said in wrong.errors.items()})
        return None


def _again(slug: str, wrong: Invalid) -> ResponseReturnValue:
    with components().read() as session:
        site = visible_site(session, slug, by=actor())
        return _page(site, region=request.form.get("region"), form=typed(), errors=wrong.first_sentences), 422


def _page(
    site: Site, *, region: str | None, form: dict[str, Any] | None = None, errors: dict[str, str] | None = None
) -> str:
    today, kept = local_day(now(), site.timezone), special_days_of(site)
    regions = regions_of(site.country)
    region = region if region in {each.code for each in regions} else ""
    return render_template(
        "admin/days.html",
        site={"name": site.name, "slug": site.slug, "country": site.country},
        days=[_shown(each) for each in kept.since(today)],
        today=today.isoformat(),
        form=form or {},
        errors=errors or {},
        region=region,
        regions=[
            {"value": "", "label": "The whole country"},
            *({"value": code, "label": name} for code, name in regions),
        ],
        holidays=[
            {"day": each.day.isoformat(), "words": day_in_words(each.day), "name": each.name}
            for each in _holidays(site, region)
            if each.day not in kept.by_day
        ],
    )


def _holidays(site: Site, region: str | None) -> Iterable[Any]:
    return public_holidays(site.country, region, first=local_day(now(), site.timezone))


def _shown(special: SpecialDay) -> dict[str, str]:
    return {
        "day": special.day.isoformat(),
        "words": day_in_words(special.day),
        "times": times_of(special),
        "name": special.name,
    }
