"""The customer's page: a link, no login, no script. Reading changes nothing; every act ends at the page with a sentence."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import InternalServerError

from recovery.domain.errors import DomainError, Invalid, NotFound
from recovery.domain.languages import chosen_language
from recovery.domain.page_words.choosing import PAGE_WORDS
from recovery.domain.page_words.parts import CustomerWords
from recovery.domain.permissions import Permission
from recovery.edge import components, language_of_phone, needs
from recovery.models import Ticket
from recovery.services.calling.slots import open_slots
from recovery.services.session import DeskSession
from recovery.services.texting.links import customer_token, customer_url
from recovery.services.ticketing import customer_page as page
from recovery.services.wording.spoken import speech_with_customer
from recovery.web.calendar_file import MIME, calendar_file
from recovery.web.customer_view import page_of
from recovery.web.customer_zone import zones_page
from recovery.web.session import now

blueprint = Blueprint("customer", __name__, url_prefix="/c")

log = logging.getLogger(__name__)

MUCH_TOO_LONG = 5000
"""Letters that we give back to be shortened; more was pasted by mistake."""
CHOICES = ("due_at", "said", "rating", "language", "timezone")
"""What the forms of the page send beside words."""
LONGEST_CHOICE = 60


@blueprint.get("/<token>")
@needs(Permission.PUBLIC, of="link")
def show(token: str) -> ResponseReturnValue:
    return _rendered(token)


@blueprint.get("/<token>/call.ics")
@needs(Permission.PUBLIC, of="link")
def call_file(token: str) -> ResponseReturnValue:
    """Of the call that has a time; where there is none, the page says how it stands."""
    with components().read() as session:
        ticket = page.ticket_of_link(session, token, now=now())
        call = page.story_of(session, ticket, now=now()).call
        if call is None or call.as_soon_as_possible or call.due_at <= now():
            return redirect(url_for("customer.show", token=token))
        file = calendar_file(
            uid=f"call-{call.id}@{ticket.reference}",
            changes=call.moves,
            starts_at=call.due_at,
            lasts=timedelta(minutes=session.house.policy.callback_step_minutes),
            title=PAGE_WORDS[speech_with_customer(ticket).language].call_from.format(site=ticket.site.name),
            url=customer_url(session.house, ticket),
        )
    return Response(file, content_type=MIME)


@blueprint.get("/<token>/zone")
@needs(Permission.PUBLIC, of="link")
def zones(token: str) -> ResponseReturnValue:
    return _zones(token)


@blueprint.get("/<token>/<path:_act>")
@needs(Permission.PUBLIC, of="link")
def leave_act(token: str, _act: str) -> ResponseReturnValue:
    """Somebody opened, or sent on, the address that a form goes to."""
    return redirect(url_for("customer.show", token=token))


@blueprint.post("/<token>/callback")
@needs(Permission.PUBLIC, of="link")
def book(token: str) -> ResponseReturnValue:
    wanted = _instant(request.form.get("due_at", ""))
    try:
        return components().transact(lambda session: _booked(session, token, wanted))
    except (NotFound, page.TooOften, SQLAlchemyError):  # at the end the time they chose is still in the form
        raise
    except Exception:  # whatever went wrong with the time they chose, they are called
        log.exception("a customer's chosen time could not be booked")
        return components().transact(lambda session: _booked(session, token, None))


@blueprint.post("/<token>/callback/beginning")
@needs(Permission.PUBLIC, of="link")
def begin_call(token: str) -> ResponseReturnValue:
    components().transact(lambda session: page.want_call(session, _locked(session, token), now=now()))
    return redirect(url_for("customer.show", token=token, _anchor="call-me"), 303)


@blueprint.post("/<token>/callback/cancellation")
@needs(Permission.PUBLIC, of="link")
def cancel(token: str) -> ResponseReturnValue:
    components().transact(lambda session: page.cancel_call(session, _locked(session, token), now=now()))
    return _back(token, "cancelled")


@blueprint.post("/<token>/reopening")
@needs(Permission.PUBLIC, of="link")
def reopen(token: str) -> ResponseReturnValue:
    def act(session: DeskSession) -> ResponseReturnValue:
        going_on = page.still_not_right(session, _locked(session, token), words=_words(), now=now())
        return _back(customer_token(session.house, going_on), "reopened" if going_on.is_live else "written")

    return components().transact(act)


@blueprint.post("/<token>/messages")
@needs(Permission.PUBLIC, of="link")
def write(token: str) -> ResponseReturnValue:
    components().transact(lambda session: page.write(session, _locked(session, token), _words(), now=now()))
    return _back(token, "written")


@blueprint.post("/<token>/confirmation")
@needs(Permission.PUBLIC, of="link")
def confirm(token: str) -> ResponseReturnValue:
    def act(session: DeskSession) -> ResponseReturnValue:
        ticket = _locked(session, token)
        page.say_it_is_right(session, ticket, now=now())
        return _back(token, "right" if ticket.confirmed_at else "written")

    return components().transact(act)


@blueprint.post("/<token>/rating")
@needs(Permission.PUBLIC, of="link")
def rate(token: str) -> ResponseReturnValue:
    """What is no digit of the scale changes nothing."""
    rating = request.form.get("rating", "")
    if rating.isdecimal():
        components().transact(
            lambda session: page.rate_it(session, _locked(session, token), int(rating[:2]), now=now())
        )
    return _back(token, "rated")


@blueprint.post("/<token>/wait")
@needs(Permission.PUBLIC, of="link")
def answer_wait(token: str) -> ResponseReturnValue:
    said = request.form.get("said", "")
    is_read = components().transact(lambda session: page.answer_wait(session, _locked(session, token), said, now=now()))
    return _back(token, "written" if is_read else "")


@blueprint.post("/<token>/language")
@needs(Permission.PUBLIC, of="link")
def speak(token: str) -> ResponseReturnValue:
    wanted = request.form.get("language", "")
    components().transact(lambda session: page.speak(session, _locked(session, token), wanted, now=now()))
    return _back(token, "spoken")


@blueprint.post("/<token>/zone")
@needs(Permission.PUBLIC, of="link")
def tell_times(token: str) -> ResponseReturnValue:
    wanted = request.form.get("timezone", "")
    components().transact(lambda session: page.tell_times(session, _locked(session, token), wanted, now=now()))
    return _back(token, "zone")


@blueprint.errorhandler(NotFound)
def gone(_: NotFound) -> ResponseReturnValue:
    """Wrong, cut short, revoked, ended: whoever tries links learns nothing from the answer."""
    return render_template("customer/gone.html", typed=_words(), **_unknown_customer()), 404


@blueprint.errorhandler(Invalid)
def ask_again(error: Invalid) -> ResponseReturnValue:
    token = (request.view_args or {}).get("token", "")
    if request.endpoint == "customer.tell_times":
        return _zones(token, is_wrong=True), 422
    return _rendered(token, wrong=error, typed=_words()), 422


@blueprint.errorhandler(page.TooOften)
def ask_to_wait(error: page.TooOften) -> ResponseReturnValue:
    seconds = int(page.COUNTED_OVER.total_seconds())
    return _trouble(lambda words: words.too_often, 429, language=error.language, retry_after=seconds)


@blueprint.errorhandler(OperationalError)
@blueprint.errorhandler(InterfaceError)
@blueprint.errorhandler(PoolTimeout)
@blueprint.errorhandler(InternalServerError)
def keep_typed(error: Exception) -> ResponseReturnValue:
    """What they wrote stays on the page, with a button to send it again."""
    if not isinstance(error, InternalServerError):
        log.error("the customer's page could not reach the database", exc_info=error)
    return _trouble(lambda words: words.not_taken, 503)


@blueprint.after_request
def keep_to_yourself(response: Response) -> Response:
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _booked(session: DeskSession, token: str, wanted: datetime | None) -> ResponseReturnValue:
    call = page.call_me(session, _locked(session, token), wanted=wanted, now=now())
    if call is None:
        return _back(token, "kept")
    asked_for_a_time = bool(request.form.get("due_at"))
    said = "booked"
    if asked_for_a_time and call.due_at != wanted:
        said = "soonest" if call.as_soon_as_possible else "stays"
    return _back(customer_token(session.house, session.get_one(Ticket, call.ticket_id)), said)


def _locked(session: DeskSession, token: str) -> Ticket:
    return page.locked_ticket_of_link(session, token, now=now())


def _rendered(token: str, *, wrong: Invalid | None = None, typed: str = "") -> str:
    with components().read() as session:
        ticket = page.ticket_of_link(session, token, now=now())
        story = page.story_of(session, ticket, now=now())
        view = page_of(story, now=now(), slots=_slots(session, ticket), said=request.args.get("said", ""))
        onward = customer_token(session.house, story.goes_on) if story.goes_on else ""
    where, sentence = (request.endpoint, _sentence(view["words"], typed)) if wrong else ("", "")
    told = {"wrong": sentence, "typed": typed, "wrong_at": where}
    return render_template("customer/page.html", token=token, view=view, onward=onward, **told)


def _zones(token: str, *, is_wrong: bool = False) -> str:
    with components().read() as session:
        view = zones_page(page.ticket_of_link(session, token, now=now()), now=now())
    return render_template("customer/zone.html", token=token, view=view, is_wrong=is_wrong)


def _sentence(words: CustomerWords, typed: str) -> str:
    """What can be wrong with what somebody wrote: that it is nothing, or far too much."""
    return words.too_long.format(most=page.LONGEST_WORDS) if typed.strip() else words.write_first


def _slots(session: DeskSession, ticket: Ticket) -> list[datetime]:
    """A site whose hours make no sense still takes "as soon as someone is free"."""
    try:
        return open_slots(session, ticket.site, now=now())
    except DomainError:
        log.exception("no times could be offered")
        return []


def _trouble(
    say: Callable[[CustomerWords], str], status: int, *, language: str | None = None, retry_after: int = 60
) -> ResponseReturnValue:
    token = (request.view_args or {}).get("token", "")
    again: dict[str, Any] | None = None
    if request.method == "POST":
        again = {"action": request.path, "words": _words(), "pressed": _pressed()}
    spoken = _unknown_customer(language)
    sentence = say(spoken["words"])
    answer = render_template("customer/trouble.html", token=token, sentence=sentence, again=again, **spoken)
    return answer, status, {"Retry-After": str(retry_after)}


def _unknown_customer(language: str | None = None) -> dict[str, Any]:
    spoken = chosen_language(language, language_of_phone())
    return {"language": spoken, "words": PAGE_WORDS[spoken]}


def _words() -> str:
    return request.form.get("words", "").replace("\0", "").replace("\r\n", "\n")[:MUCH_TOO_LONG]


def _pressed() -> dict[str, str]:
    """What the buttons and lists of the page say, so that sending it again says the same."""
    said = {name: request.form.get(name, "")[:LONGEST_CHOICE] for name in CHOICES}
    return {name: value for name, value in said.items() if value}


def _instant(text: str) -> datetime | None:
    """None for what is no time, and for "as soon as someone is free"."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _back(token: str, said: str) -> ResponseReturnValue:
    return redirect(url_for("customer.show", token=token, said=said or None), 303)
