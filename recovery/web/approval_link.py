"""One tap from a text: the link shows the question, and only a button decides it, as the person who was asked."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import DomainError, NotFound
from recovery.domain.links import open_token
from recovery.domain.permissions import Permission
from recovery.edge import components, needs, status_of
from recovery.models import Approval, Staff
from recovery.services.access import lock_ticket
from recovery.services.people.sign_in import hold
from recovery.services.session import DeskSession
from recovery.services.texting.links import APPROVAL
from recovery.services.ticketing import listing
from recovery.services.ticketing.rows import ApprovalRow
from recovery.web.approvals import TOLD, Decided, approval_values, decide, errors_of
from recovery.web.forms import DecisionForm, loaded, typed

blueprint = Blueprint("approval_link", __name__, url_prefix="/a")
GONE = "This question has been answered, or was passed on to somebody else."
DECISIONS = {"approval": "approve", "refusal": "decline"}


@dataclass(frozen=True, slots=True)
class Question:
    remedy_id: int
    ticket_id: int
    staff: Staff
    row: ApprovalRow


@blueprint.get("/<token>")
@needs(Permission.PUBLIC, of="approval_link")
def show(token: str) -> ResponseReturnValue:
    return _page(token)


@blueprint.post("/<token>/<any(approval, refusal):decision>")
@needs(Permission.PUBLIC, of="approval_link")
def answer(token: str, decision: str) -> ResponseReturnValue:
    with components().read() as reading:
        _question(reading, token)

    def work(writing: DeskSession) -> Decided:
        question = _held(writing, token)
        return decide(writing, question.remedy_id, DECISIONS[decision], form, by=question.staff.as_actor())

    try:
        form = loaded(DecisionForm)
        decided = components().transact(work)
    except NotFound:
        raise
    except DomainError as wrong:
        return _page(token, wrong), status_of(wrong)
    return redirect(url_for("approval_link.done", answered=decision, told=decided.told))


@blueprint.get("/done")
@needs(Permission.PUBLIC)
def done() -> ResponseReturnValue:
    """The address carries no more than which of our own sentences is said."""
    told = TOLD.get(request.args.get("told", ""), "")
    return render_template("approvals/done.html", approved=request.args.get("answered") == "approval", told=told)


def _page(token: str, wrong: DomainError | None = None) -> str:
    with components().read() as reading:
        question = _question(reading, token)
        card = approval_values(reading, question.row)
    card |= {
        "approve_url": url_for("approval_link.answer", token=token, decision="approval"),
        "decline_url": url_for("approval_link.answer", token=token, decision="refusal"),
        "ticket_url": "",
    }
    problem = {"id": question.remedy_id, "errors": errors_of(wrong), "typed": typed()} if wrong else None
    return render_template("approvals/link.html", card=card, person=question.staff.first_name, problem=problem)


def _held(writing: DeskSession, token: str) -> Question:
    """With the person and the ticket locked, in this order, and then looked at once more: the question may have been
    answered or passed on, and the person shut out, while this waited for its turn. Raises NotFound."""
    asked = _question(writing, token)
    hold(writing, asked.staff.id)
    lock_ticket(writing, asked.ticket_id)
    return _question(writing, token)


def _question(reading: DeskSession, token: str) -> Question:
    """Raises NotFound for a link that was forged, answered, or passed on to the next person, and where the person may
    answer no more: they all look the same."""
    opened = open_token(components().settings.secret_key, APPROVAL, token)
    approval = reading.get(Approval, opened.id, populate_existing=True) if opened else None
    if opened is None or approval is None or approval.answered_at or approval.link_generation != opened.generation:
        raise NotFound(GONE)
    staff = reading.get_one(Staff, approval.asked_of_id, populate_existing=True)
    rows = listing.approval_rows(reading, [approval.remedy_id])
    if not rows or not _may_answer(staff, rows[0]):
        raise NotFound(GONE)
    return Question(approval.remedy_id, approval.ticket_id, staff, rows[0])


def _may_answer(staff: Staff, row: ApprovalRow) -> bool:
    by = staff.as_actor()
    return staff.deactivated_at is None and by.may(Permission.APPROVE) and by.works_at(row.ticket.site.id)
