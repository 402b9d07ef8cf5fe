"""One act on a ticket: parse, lock, do, say, go back. What was typed is shown again wherever it did not work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from recovery.domain.errors import DomainError, Invalid, NotFound, Stale
from recovery.domain.tickets import TicketStatus
from recovery.edge import actor, components, status_of
from recovery.models import Callback, Remedy, Task, Ticket
from recovery.services.access import locked_ticket, tickets_visible_to
from recovery.services.session import DeskSession
from recovery.services.ticketing.reading_tickets import ticket_row
from recovery.services.ticketing.rows import TicketRow
from recovery.services.ticketing.stories import first_names
from recovery.web.forms import WAYS_BACK, Form, loaded, typed
from recovery.web.rows import clock
from recovery.web.saying import say
from recovery.web.session import may_view, now, transact
from recovery.web.ticket_view import reply_preview, ticket_values

Work = Callable[[DeskSession, Ticket, Mapping[str, Any]], object]
LABELS = {
    "owner": "Owner",
    "severity": "Severity",
    "note": "Note",
    "cause": "Cause",
    "body": "Your reply",
    "words": "What you asked",
    "reason": "Your reason",
    "how": "How it was put right",
    "action": "Action",
    "amount": "Amount",
    "minutes": "Minutes",
    "language": "Language",
    "timezone": "Their time zone",
}


FIELDS = {
    "reply": ("body",),
    "grant": ("kind", "amount"),
    "book": ("when", "due_at"),
    "ask": ("list", "words"),
    "promise": ("minutes", "due_at"),
    "close": ("cause", "action"),
    "change": ("owner", "severity", "note"),
    "void": ("reason",),
}
"""Which sentences stand beside a field, by part of the page."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What did not work, and in which part of the page."""

    part: str
    error: DomainError

    @property
    def errors(self) -> dict[str, str]:
        """By field; under the empty name what has no field of its own on that part of the page."""
        if not isinstance(self.error, Invalid) or not self.error.errors:
            return {"": self.error.detail}
        said = self.error.first_sentences
        beside = {name: sentence for name, sentence in said.items() if name in FIELDS.get(self.part, ())}
        rest = " ".join(sentence for name, sentence in said.items() if name not in beside)
        return beside | ({"": rest} if rest else {})


class Unviewed(Exception):  # it is no error: the page asks first
    """A sensitive ticket that this person has not opened in the last minutes."""


def on_ticket(
    reference: str, form: type[Form], work: Work, *, part: str, said: str, undo: str = ""
) -> ResponseReturnValue:
    """`work` has the ticket locked, as the form knew it; words that it gives are said instead of `said`. An error that it
    gives, and does not raise, is shown as any other, and what it did stays. `undo` is the endpoint that takes it back."""

    def whole(writing: DeskSession) -> tuple[str, int, str | DomainError]:
        ticket = locked_ticket(writing, reference, by=actor(), version=values.get("version"))
        if ticket.is_sensitive and not may_view(ticket.id):
            raise Unviewed
        outcome = work(writing, ticket, values)
        after = outcome if isinstance(outcome, Ticket) else ticket
        return after.reference, after.version, outcome if isinstance(outcome, str | DomainError) else said

    try:
        values = loaded(form)
        after, version, words = transact(whole)
    except Stale as stale:
        return stale_page(reference, stale), status_of(stale)
    except NotFound:
        raise
    except Unviewed:
        return redirect(url_for("tickets.show", reference=reference))
    except DomainError as error:
        return ticket_page(reference, Problem(part, error)), status_of(error)
    if isinstance(words, DomainError):
        return ticket_page(reference, Problem(part, words)), status_of(words)
    undo_url = url_for(undo, reference=after) if undo else ""
    say(words, undo=undo_url, undo_fields={"version": str(version)})
    if back := WAYS_BACK.get(values.get("back") or ""):
        return redirect(url_for(back))
    return redirect(url_for("tickets.show", reference=after))


def reference_of(owned: type[Remedy] | type[Callback] | type[Task], owned_id: int) -> str:
    """Of the ticket that it hangs on. Raises NotFound, also for another site's."""
    with components().read() as reading:
        reference = reading.scalar(
            select(Ticket.reference)
            .join(owned, owned.ticket_id == Ticket.id)
            .where(owned.id == owned_id, tickets_visible_to(actor())),
        )
    if reference is None:
        raise NotFound("There is no such ticket at your sites.")
    return reference


def ticket_page(reference: str, problem: Problem | None = None, *, draft: str = "") -> str:
    """Raises NotFound. A sensitive ticket shows its gate until it has been opened. `draft`: a reply that is looked at
    before it goes."""
    with components().read() as reading:
        row = ticket_row(reading, reference, by=actor())
        if row.is_sensitive and not may_view(row.id):
            return render_template("tickets/gate.html", reference=row.reference, site=row.site.name)
        values = ticket_values(reading, row, now=now(), by=actor())
        preview = reply_preview(reading, row, draft, by=actor()) if draft else None
    part = problem.part if problem else "reply" if draft else ""
    return render_template(
        "tickets/show.html",
        **values,
        part=part,
        preview=preview,
        typed=typed() if part else {},
        errors=problem.errors if problem else {},
    )


def stale_page(reference: str, stale: Stale) -> str:
    """What somebody did meanwhile beside what was typed: nothing of either is lost."""
    mine = {LABELS[name]: value for name, value in typed().items() if name in LABELS and value}
    with components().read() as reading:
        row = ticket_row(reading, reference, by=actor())
        people = {each["by"] for each in stale.changed if each["by"]}
        wanted = typed().get("owner", "")
        names = first_names(reading, people | ({int(wanted)} if wanted.isdecimal() else set()))
    return render_template(
        "errors/409.html",
        detail=stale.detail,
        changed=[_changed(each, names, row) for each in stale.changed],
        typed=mine,
        again=url_for("tickets.show", reference=reference),
    )


def _changed(each: Mapping[str, Any], names: Mapping[int, str], row: TicketRow) -> dict[str, str]:
    field = str(each["field"])
    mine = typed().get(field) or ""
    return {
        "field": LABELS.get(field, field.replace("_", " ").capitalize()),
        "theirs": _in_words(field, str(each["theirs"]), row),
        "yours": (names.get(int(mine), mine) if field == "owner" and mine.isdecimal() else mine) or "–",
        "by": names.get(each["by"] or 0, "The customer"),
        "at": clock(each["at"], row.site),
    }


def _in_words(field: str, theirs: str, row: TicketRow) -> str:
    if field == "promise":
        return f"by {clock(datetime.fromisoformat(theirs), row.site)}"
    return TicketStatus(theirs).label if field == "status" else theirs or "–"
