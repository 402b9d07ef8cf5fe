"""The texts in one's own words: a list, and an editor with the phone beside it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import Invalid
from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs
from recovery.models import Site
from recovery.services.access import visible_site
from recovery.services.people.directory import sites_of
from recovery.services.people.sites import all_sites
from recovery.services.session import DeskSession
from recovery.services.wording import rewording
from recovery.services.wording.rewording import Place
from recovery.web.admin_forms import TextForm, VersionForm
from recovery.web.forms import loaded
from recovery.web.session import now, transact
from recovery.web.shell import chosen_site
from recovery.web.texts_view import editor, groups, preview, site_name

blueprint = Blueprint("admin_texts", __name__, url_prefix="/admin/texts")

EVERYWHERE = {"slug": "", "name": "Every site"}


@blueprint.get("")
@needs(Permission.ADMINISTER, of="site")
def index() -> ResponseReturnValue:
    with components().read() as session:
        site = _site(session, request.args.get("site", ""))
        slug = site.slug if site else ""
        own = rewording.changed_texts(session, site)
        sites = [EVERYWHERE, *({"slug": each.slug, "name": each.name} for each in all_sites(session))]
        return render_template("admin/texts.html", groups=groups(slug, own), sites=sites, chosen=slug)


@blueprint.get("/<language>/<name>")
@needs(Permission.ADMINISTER, of="site")
def show(language: str, name: str) -> ResponseReturnValue:
    with components().read() as session:
        place = _place(session, language, name, request.args.get("site", ""))
        return _page(session, place, rewording.standing(session, place))


@blueprint.post("/<language>/<name>")
@needs(Permission.ADMINISTER, of="site")
def save(language: str, name: str) -> ResponseReturnValue:
    slug, typed = request.form.get("site", ""), request.form.get("body", "")

    def act(session: DeskSession) -> int | None:
        place = _place(session, language, name, form["site"])
        return rewording.save(session, place, form["body"], site_name=site_name(place), now=now(), by=actor())

    if request.form.get("do") == "preview":
        with components().read() as session:
            place = _place(session, language, name, slug)
            return _page(session, place, typed, wrong=_wrong(session, place, typed))
    try:
        form = loaded(TextForm)
        version = transact(act)
    except Invalid as wrong:
        with components().read() as session:
            return _page(session, _place(session, language, name, slug), typed, wrong=_sentences(wrong)), 422
    flash("Saved. It is sent like this from now on." if version else "These words are sent already.", "ok")
    return _back(language, name, slug)


@blueprint.post("/<language>/<name>/preview")
@needs(Permission.ADMINISTER, of="site")
def show_preview(language: str, name: str) -> ResponseReturnValue:
    """While it is being written."""
    typed = request.form.get("body", "")
    with components().read() as session:
        place = _place(session, language, name, request.form.get("site", ""))
        wrong = _wrong(session, place, typed)
        return render_template("admin/_text_preview.html", wrong=wrong, **preview(session, place, typed))


@blueprint.post("/<language>/<name>/versions")
@needs(Permission.ADMINISTER, of="site")
def put_back(language: str, name: str) -> ResponseReturnValue:
    form = loaded(VersionForm)

    def act(session: DeskSession) -> bool:
        place = _place(session, language, name, form["site"])
        return rewording.put_back(session, place, form["version"], now=now(), by=actor())

    changed = transact(act)
    flash("Put back. It is sent like this from now on." if changed else "That is what is sent already.", "ok")
    return _back(language, name, form["site"])


def _place(session: DeskSession, language: str, name: str, slug: str) -> Place:
    return rewording.place_of(session, _site(session, slug), language, name)


def _site(session: DeskSession, slug: str) -> Site | None:
    return visible_site(session, slug, by=actor()) if slug else None


def _wrong(session: DeskSession, place: Place, body: str) -> list[str]:
    return rewording.what_is_wrong(session, place, body, site_name=site_name(place))


def _sentences(wrong: Invalid) -> list[str]:
    return list(wrong.errors.get("body", [wrong.detail]))


def _page(session: DeskSession, place: Place, body: str, *, wrong: list[str] | None = None) -> str:
    here = chosen_site(sites_of(session, by=actor()))
    zone = here.timezone if here else "UTC"
    values: dict[str, Any] = editor(session, place, body, rewording.versions_of(session, place), zone=zone)
    where = place.site.name if place.site else EVERYWHERE["name"]
    return render_template("admin/text.html", where=where, wrong=wrong or [], **values)


def _back(language: str, name: str, slug: str) -> ResponseReturnValue:
    return redirect(url_for("admin_texts.show", language=language, name=name, site=slug or None), 303)
