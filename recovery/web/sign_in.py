"""The door: in by password or by a link that works once, out by a button."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy import select

from recovery.domain.errors import Invalid
from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs
from recovery.models import Site, Staff
from recovery.services.people.sign_in import (
    DEMO_PASSWORD,
    active_staff,
    check_new_password,
    end_session,
    hash_password,
    is_password_of,
    open_session,
    owner_of_link,
    refuse,
    use_link,
)
from recovery.web.forms import PasswordForm, SignInForm, loaded
from recovery.web.held import held, offer, offer_again, opened, sealed
from recovery.web.session import SignedOut, address_of, enter, now, staff
from recovery.web.session import leave as forget_cookie
from recovery.web.shell import initials
from recovery.web.throttle import SIGN_IN_BY_ADDRESS, SIGN_IN_BY_NAME, Limit, address, throttle

blueprint = Blueprint("sign_in", __name__)
NOT_TOGETHER = "That e-mail and password do not belong together."
TOO_OFTEN = "That was tried too often. Wait a quarter of an hour, or ask an admin for a new sign-in link."
TRY_AGAIN = "This page stood open for long, or your browser keeps no cookies of ours. Try it once more."
MOST_DEMO_ACCOUNTS = 8


@blueprint.get("/sign-in")
@needs(Permission.PUBLIC)
def show() -> ResponseReturnValue:
    if staff() is not None:
        return redirect(url_for("desk.show"))
    return _page()


@blueprint.post("/sign-in")
@needs(Permission.PUBLIC)
def come_in() -> ResponseReturnValue:
    try:
        form = loaded(SignInForm)
    except Invalid as wrong:
        return _page(wrong.detail), 422
    with throttle().attempt(*_limits(form["email"])) as attempt:
        if attempt is None:
            return _page(TOO_OFTEN), 429
        with components().read() as reading:
            person = active_staff(reading, form["email"])
        if not is_password_of(person, form["password"], cheap=components().house.cheap_hashes):
            return _refused(person)
        attempt.succeeded = True
    return _entered(person, form["next"], form["held"])


@blueprint.post("/sign-out")
@needs(Permission.SIGNED_IN)
def leave() -> ResponseReturnValue:
    login_id, by, instant = g.login.id, actor(), now()
    components().transact(lambda session: end_session(session, login_id, now=instant, by=by))
    forget_cookie()
    flash("You are signed out.", "ok")
    return redirect(url_for("sign_in.show"))


def hold_at_the_door(_: SignedOut) -> ResponseReturnValue:
    """What was typed goes through the door with whoever signs in."""
    kept = held()
    waiting = sealed(kept) if kept and kept.fields else None
    if waiting is None:
        flash("You were signed out meanwhile, and nothing was saved. Sign in, then send it again.", "soon")
        return redirect(url_for("sign_in.show"))
    return _page("You were signed out meanwhile. What you typed is kept: sign in, and send it.", waiting=waiting), 401


@blueprint.errorhandler(CSRFError)
def try_again(error: CSRFError) -> ResponseReturnValue:
    """Said on the page itself where it can be: a browser without cookies would never see it on the next one."""
    if staff() is not None:
        return offer_again(error)
    if request.endpoint == "sign_in.use":
        flash(TRY_AGAIN, "soon")
        return redirect(url_for("sign_in.show_link", **(request.view_args or {})))
    return _page(TRY_AGAIN), 400


@blueprint.get("/sign-in/<token>")
@needs(Permission.PUBLIC, of="sign_in_link")
def show_link(token: str) -> ResponseReturnValue:
    return _link_page(token)


@blueprint.post("/sign-in/<token>")
@needs(Permission.PUBLIC, of="sign_in_link")
def use(token: str) -> ResponseReturnValue:
    instant = now()
    try:
        password = loaded(PasswordForm)["password"]
        check_new_password(password)
    except Invalid as wrong:
        return _link_page(token, wrong.first_sentences.get("password", wrong.detail)), 422
    with components().read() as reading:
        owner_of_link(reading, token, now=instant)
    hashed = hash_password(password, cheap=components().house.cheap_hashes)
    enter(components().transact(lambda session: use_link(session, token, password_hash=hashed, now=instant)))
    flash("Welcome. From now on this password lets you in.", "ok")
    return redirect(url_for("desk.show"))


def _limits(email: str) -> tuple[Limit, Limit]:
    return Limit(SIGN_IN_BY_NAME, "name", email.lower()), Limit(SIGN_IN_BY_ADDRESS, "address", address())


def _refused(person: Staff | None) -> ResponseReturnValue:
    staff_id, instant = (person.id if person else None), now()
    components().transact(lambda session: refuse(session, staff_id, now=instant))
    return _page(NOT_TOGETHER), 422


def _entered(person: Staff | None, wanted: str, waiting: str) -> ResponseReturnValue:
    instant, staff_id = now(), person.id if person else 0
    enter(components().transact(lambda session: open_session(session, staff_id, how="password", now=instant)))
    kept = opened(waiting)
    return offer(kept, person=person.first_name) if kept and person else redirect(address_of(wanted))


def _page(error: str | None = None, *, waiting: str = "") -> str:
    return render_template(
        "sign_in.html",
        action=url_for("sign_in.come_in"),
        form={"email": request.form.get("email", "")},
        error=error,
        accounts=_demo_accounts(),
        next=request.values.get("next", ""),
        held=waiting or request.form.get("held", ""),
    )


def _link_page(token: str, error: str | None = None) -> str:
    with components().read() as reading:
        person = owner_of_link(reading, token, now=now())
    return render_template(
        "sign_in/link.html", person=person.first_name, error=error, action=url_for("sign_in.use", token=token)
    )


def _demo_accounts() -> list[dict[str, Any]]:
    if not components().settings.public_url_is_loopback:
        return []
    with components().read() as reading:
        people = reading.scalars(
            select(Staff)
            .where(Staff.is_demo.is_(True), Staff.deactivated_at.is_(None))
            .order_by(Staff.added_at, Staff.id)
            .limit(MOST_DEMO_ACCOUNTS),
        ).all()
        names = {site.id: site.name for site in reading.execute(select(Site.id, Site.name))}
    return [
        {
            "name": person.first_name,
            "initials": initials(person.name),
            "role": person.role.label,
            "where": ", ".join(sorted(names[site_id] for site_id in person.site_ids)) or "every site",
            "email": person.email,
            "password": DEMO_PASSWORD,
        }
        for person in people
    ]
