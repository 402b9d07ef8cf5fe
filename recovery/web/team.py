"""A supervisor's own people: a new sign-in link for one of them, and who answers in the supervisor's place."""

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import Invalid
from recovery.domain.ids import LARGEST_ID
from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs
from recovery.models import Staff
from recovery.services.people import team
from recovery.services.people.directory import sites_of
from recovery.services.people.sign_in import LINK_ENDS_AFTER, sign_in_url
from recovery.services.people.staff import person
from recovery.web.forms import Form, WholeNumber, loaded
from recovery.web.people_view import person_row
from recovery.web.saying import say
from recovery.web.session import now, transact

blueprint = Blueprint("team", __name__, url_prefix="/team")


class DeputyForm(Form):
    always = frozenset({"deputy"})

    deputy = WholeNumber(1, LARGEST_ID, "Choose one of those offered.", load_default=None)


@blueprint.get("")
@needs(Permission.LEAD)
def index() -> ResponseReturnValue:
    return _page()


@blueprint.post("/deputy")
@needs(Permission.LEAD)
def name_deputy() -> ResponseReturnValue:
    try:
        deputy = loaded(DeputyForm)["deputy"]
        changed = transact(lambda session: team.name_deputy(session, deputy, now=now(), by=actor()))
    except Invalid as wrong:
        return _page(problem=wrong.detail), 422
    say("Saved." if changed else "Nothing was different, so nothing changed.")
    return redirect(url_for("team.index"), 303)


@blueprint.post("/<row_id:staff_id>/sign-in-link")
@needs(Permission.LEAD, of="staff")
def give_link(staff_id: int) -> ResponseReturnValue:
    """Shown in the answer to the form and never again, so there is no page to come back to."""
    token = transact(lambda session: team.give_link(session, staff_id, now=now(), by=actor()))
    with components().read() as session:
        whose = person(session, staff_id).first_name
    answer = make_response(_page(link={"whose": whose, "url": sign_in_url(components().house.public_url, token)}))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _page(*, problem: str = "", link: dict[str, str] | None = None) -> str:
    by = actor()
    with components().read() as session:
        sites = {site.id: site.name for site in sites_of(session, by=by)}
        me = person(session, by.id or 0)
        deputies = [{"value": each.id, "label": each.name} for each in team.deputies_of(session, by=by)]
        return render_template(
            "team/index.html",
            people=[_person(each, sites) for each in team.team_of(session, by=by)],
            deputy=me.deputy_id or "",
            deputies=[{"value": "", "label": "Nobody"}, *deputies],
            problem=problem,
            link=link,
            link_days=LINK_ENDS_AFTER.days,
        )


def _person(each: Staff, sites: dict[int, str]) -> dict[str, Any]:
    link_url = url_for("team.give_link", staff_id=each.id) if team.may_let_in(each, by=actor()) else ""
    return person_row(each, sites) | {"link_url": link_url}
