"""What somebody wishes for themselves: to be texted or not, and when not to be woken."""

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields

from recovery.domain.errors import Invalid
from recovery.domain.permissions import Permission
from recovery.domain.phones import masked
from recovery.domain.quiet_hours import AS_TYPED, from_and_until, quiet_hours_typed
from recovery.edge import actor, components, needs
from recovery.services.alerting.wishes import wants_texts, wish
from recovery.services.people.staff import person
from recovery.services.session import DeskSession
from recovery.web.forms import Form, Line, loaded, typed
from recovery.web.saying import say
from recovery.web.session import now, transact

blueprint = Blueprint("me", __name__, url_prefix="/me")


class WishesForm(Form):
    always = frozenset({"quiet_from", "quiet_until"})

    by_text = fields.Boolean(load_default=False)
    quiet_from = Line(10, load_default="")
    quiet_until = Line(10, load_default="")


@blueprint.get("")
@needs(Permission.SIGNED_IN)
def show() -> ResponseReturnValue:
    return _page()


@blueprint.post("")
@needs(Permission.SIGNED_IN)
def change() -> ResponseReturnValue:
    def act(session: DeskSession) -> bool:
        form = loaded(WishesForm)
        quiet = quiet_hours_typed(form["quiet_from"], form["quiet_until"])
        return wish(session, by_text=form["by_text"], quiet_hours=quiet, now=now(), by=actor())

    try:
        changed = transact(act)
    except Invalid as wrong:
        return _page(form=typed(), errors=wrong.first_sentences), 422
    say("Saved." if changed else "Nothing was different, so nothing changed.")
    return redirect(url_for("me.show"), 303)


def _page(*, form: dict[str, Any] | None = None, errors: dict[str, str] | None = None) -> str:
    with components().read() as session:
        me, policy = person(session, actor().id or 0), session.house.policy
    quiet = [each.strftime(AS_TYPED) for each in from_and_until(me.quiet_hours)] if me.quiet_hours else ["", ""]
    kept = {"by_text": "1" if wants_texts(me) else "", "quiet_from": quiet[0], "quiet_until": quiet[1]}
    return render_template(
        "me/show.html",
        form=kept if form is None else form,
        errors=errors or {},
        phone=masked(me.phone) if me.phone else "",
        house=f"{policy.quiet_from:%H:%M} to {policy.quiet_until:%H:%M}",
        wake=sorted(policy.ladder.wake),
    )
