"""People: who they are, where they work, how they come in, and the tokens that act for them."""

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.calendars import local_time
from recovery.domain.errors import Invalid
from recovery.domain.permissions import Permission, Role, Scope
from recovery.edge import actor, components, needs
from recovery.models import ApiToken, Staff
from recovery.services.people import staff as people
from recovery.services.people.sign_in import LINK_ENDS_AFTER, issue_link, sign_in_url
from recovery.services.people.sites import all_sites
from recovery.services.people.tokens import DEFAULT_SCOPES, add_token, revoke_token, tokens_of
from recovery.services.session import DeskSession
from recovery.web.admin_forms import StaffForm, TokenForm, new_staff
from recovery.web.forms import loaded, typed
from recovery.web.session import now, transact
from recovery.web.wording import counted

blueprint = Blueprint("admin_staff", __name__, url_prefix="/admin/staff")

ROLES = (
    (Role.FRONTLINE, "Frontline: logs, grants inside the limits, answers, calls"),
    (Role.SUPERVISOR, "Supervisor: approves, reassigns, closes, reads reports and the trail of their sites"),
    (Role.ADMIN, "Admin: everything, everywhere"),
)
SCOPES = (
    (Scope.READ, "Read"),
    (Scope.WRITE, "Log and work on tickets"),
    (Scope.APPROVE, "Approve"),
    (Scope.ADMIN, "Administer"),
)


@blueprint.get("/new")
@needs(Permission.ADMINISTER)
def begin() -> ResponseReturnValue:
    return _new({"role": Role.FRONTLINE.value, "sites": request.args.getlist("site")}, {})


@blueprint.post("")
@needs(Permission.ADMINISTER)
def add() -> ResponseReturnValue:
    def act(session: DeskSession) -> tuple[int, str]:
        person = people.add_staff(session, new_staff(loaded(StaffForm)), now=now(), by=actor())
        session.flush()
        return person.id, issue_link(session, person.id, now=now(), by=actor())

    try:
        staff_id, token = transact(act)
    except Invalid as wrong:
        return _new(typed(), wrong.first_sentences), 422
    return _once(staff_id, link=token)


@blueprint.get("/<row_id:staff_id>")
@needs(Permission.ADMINISTER, of="staff")
def show(staff_id: int) -> ResponseReturnValue:
    return _one(staff_id)


@blueprint.post("/<row_id:staff_id>")
@needs(Permission.ADMINISTER, of="staff")
def change(staff_id: int) -> ResponseReturnValue:
    def act(session: DeskSession) -> list[str]:
        person = people.locked_with_admins(session, staff_id)
        form = loaded(StaffForm, kept=_kept(session, person))
        return people.change_staff(session, person, new_staff(form), now=now(), by=actor())

    try:
        changed = transact(act)
    except Invalid as wrong:
        with components().read() as session:
            form = typed(kept=_kept(session, people.person(session, staff_id)))
        return _one(staff_id, form=form, errors=wrong.first_sentences), 422
    flash("Saved." if changed else "Nothing was different, so nothing changed.", "ok")
    return redirect(url_for("admin_staff.show", staff_id=staff_id), 303)


@blueprint.post("/<row_id:staff_id>/deactivation")
@needs(Permission.ADMINISTER, of="staff")
def deactivate(staff_id: int) -> ResponseReturnValue:
    def act(session: DeskSession) -> int:
        return people.deactivate(session, people.locked_with_admins(session, staff_id), now=now(), by=actor())

    try:
        released = transact(act)
    except Invalid as wrong:
        return _one(staff_id, errors=wrong.first_sentences), 422
    flash("They can no longer come in: sessions, links and tokens have ended.", "ok")
    if released:
        flash(
            f"{counted(released, 'ticket of theirs waits', 'tickets of theirs wait')} on Undetected to be taken.", "ok"
        )
    return redirect(url_for("admin_staff.show", staff_id=staff_id), 303)


@blueprint.post("/<row_id:staff_id>/reactivation")
@needs(Permission.ADMINISTER, of="staff")
def reactivate(staff_id: int) -> ResponseReturnValue:
    def act(session: DeskSession) -> None:
        people.reactivate(session, people.locked_person(session, staff_id), now=now(), by=actor())

    transact(act)
    flash("They may come in again: give them a new sign-in link.", "ok")
    return redirect(url_for("admin_staff.show", staff_id=staff_id), 303)


@blueprint.post("/<row_id:staff_id>/sign-in-link")
@needs(Permission.ADMINISTER, of="staff")
def give_link(staff_id: int) -> ResponseReturnValue:
    def act(session: DeskSession) -> str:
        return issue_link(session, people.locked_person(session, staff_id).id, now=now(), by=actor())

    return _once(staff_id, link=transact(act))


@blueprint.post("/<row_id:staff_id>/tokens")
@needs(Permission.ADMINISTER, of="staff")
def give_token(staff_id: int) -> ResponseReturnValue:
    def act(session: DeskSession) -> str:
        scopes = [Scope(word) for word in loaded(TokenForm)["scopes"]]
        return add_token(session, people.locked_person(session, staff_id), scopes=scopes, now=now(), by=actor())[1]

    try:
        token = transact(act)
    except Invalid as wrong:
        return _one(staff_id, errors=wrong.first_sentences), 422
    return _once(staff_id, token=token)


@blueprint.post("/<row_id:staff_id>/tokens/<row_id:token_id>/revocation")
@needs(Permission.ADMINISTER, of="token")
def take_token(staff_id: int, token_id: int) -> ResponseReturnValue:
    transact(lambda session: revoke_token(session, token_id, now=now(), by=actor()))
    flash("The token opens nothing any more.", "ok")
    return redirect(url_for("admin_staff.show", staff_id=staff_id, _anchor="tokens"), 303)


def _once(staff_id: int, *, link: str = "", token: str = "") -> Response:
    """Shown in the answer to the form and never again, so there is no page to come back to."""
    address = sign_in_url(components().house.public_url, link) if link else ""
    answer = make_response(_one(staff_id, shown_once={"link": address, "token": token}))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _new(form: dict[str, Any], errors: dict[str, str]) -> str:
    with components().read() as session:
        return render_template("admin/new_staff.html", form=form, errors=errors, **_choices(session, besides=None))


def _one(
    staff_id: int,
    *,
    form: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    shown_once: dict[str, str] | None = None,
) -> str:
    with components().read() as session:
        person = people.person(session, staff_id)
        tokens, kept = tokens_of(session, person.id), _kept(session, person)
        zone = next((site.timezone for site in all_sites(session)), "UTC")
        return render_template(
            "admin/staff.html",
            person=_person(person),
            kept=kept | {"sites": " ".join(sorted(kept["sites"]))},
            form=form or kept,
            errors=errors or {},
            shown_once=shown_once,
            link_days=LINK_ENDS_AFTER.days,
            tokens=[_token(token, zone) for token in tokens],
            scopes=[{"value": scope.value, "label": label, "on": scope in DEFAULT_SCOPES} for scope, label in SCOPES],
            **_choices(session, besides=person.id),
        )


def _person(person: Staff) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "first_name": person.first_name,
        "email": person.email,
        "is_active": person.deactivated_at is None,
        "is_me": person.id == actor().id,
        "has_password": person.password_hash is not None,
    }


def _kept(session: DeskSession, person: Staff) -> dict[str, Any]:
    slugs = [site.slug for site in all_sites(session) if site.id in person.site_ids]
    deputy = session.get(Staff, person.deputy_id) if person.deputy_id else None
    return {
        "name": person.name,
        "role": person.role.value,
        "phone": person.phone or "",
        "deputy": deputy.email if deputy else "",
        "sites": slugs,
    }


def _token(token: ApiToken, zone: str) -> dict[str, Any]:
    return {
        "id": token.id,
        "scopes": token.scopes.replace(" ", ", "),
        "added": f"{local_time(token.added_at, zone):%d %b %Y}",
        "used": f"{local_time(token.last_used_at, zone):%d %b %Y, %H}:00" if token.last_used_at else "never",
        "is_revoked": token.revoked_at is not None,
    }


def _choices(session: DeskSession, *, besides: int | None) -> dict[str, Any]:
    deputies = people.possible_deputies(session, besides=besides)
    return {
        "sites": [{"value": site.slug, "label": site.name} for site in all_sites(session)],
        "roles": [{"value": role.value, "label": label} for role, label in ROLES],
        "deputies": [{"value": "", "label": "Nobody"}, *({"value": d.email, "label": d.name} for d in deputies)],
    }
