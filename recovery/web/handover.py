"""The end of a shift: each row of the Undetected board goes to somebody by name, and the next shift begins with that sheet."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from recovery.domain.errors import DomainError, Invalid, NotFound
from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs, status_of
from recovery.services.access import visible_site
from recovery.services.handing.closing import Sheet, close_shift, sheet_of
from recovery.services.handing.sheets import SheetRow, ShiftSheet, current_sheets, take
from recovery.services.hearing.strangers import count_strangers
from recovery.services.people.directory import sites_of, staff_of
from recovery.services.session import DeskSession
from recovery.services.ticketing.rows import Person, SiteBrief, TicketRow, UndetectedRow
from recovery.web.forms import HandoverForm, loaded, typed
from recovery.web.rows import board_row, clock, what, who
from recovery.web.saying import say
from recovery.web.session import now, transact
from recovery.web.shell import chosen_site
from recovery.web.wording import counted

blueprint = Blueprint("handover", __name__, url_prefix="/undetected/handover")
MANY_ROWS = 4
"""From so many on, one choice may stand for all that has none of its own."""
Choices = Sequence[dict[str, str]]


@blueprint.get("")
@needs(Permission.WORK, of="site")
def show() -> ResponseReturnValue:
    return _page(_slug(request.args.get("site")))


@blueprint.post("")
@needs(Permission.WORK, of="site")
def close() -> ResponseReturnValue:
    def act(session: DeskSession) -> int:
        site = visible_site(session, form["site"], by=actor())
        how: dict[str, Any] = {"note": form["note"], "now": now(), "by": actor(), "after": form["after"]}
        return len(close_shift(session, site, _names(form), **how).rows)

    try:
        form = loaded(HandoverForm)
        rows = transact(act)
    except NotFound:
        raise
    except DomainError as wrong:
        return _page(_slug(typed().get("site")), wrong), status_of(wrong)
    handed = f"{counted(rows, 'row is', 'rows are')} handed over." if rows else "Nobody was overlooked."
    say(f"The shift is closed. {handed}")
    return redirect(url_for("undetected.index"), 303)


@blueprint.post("/<row_id:handover_id>/taking")
@needs(Permission.WORK, of="handover")
def taken(handover_id: int) -> ResponseReturnValue:
    new = transact(lambda session: take(session, handover_id, now=now(), by=actor()))
    say("They are yours now." if new else "You had read it already.")
    return redirect(url_for("undetected.index"), 303)


def sheets_shown(reading: DeskSession, sites: Sequence[SiteBrief]) -> list[dict[str, Any]]:
    """What undetected/sheet.html shows, of each site whose last sheet is still of use."""
    by_slug = {site.slug: site for site in sites}
    return [
        _sheet(sheet, by_slug[sheet.site], is_alone=len(sites) == 1)
        for sheet in current_sheets(reading, by=actor())
        if sheet.site in by_slug and sheet.is_of_use(now())
    ]


def sites_to_close(sites: Sequence[SiteBrief]) -> Choices:
    """The site of this browser comes first."""
    own = chosen_site(sites)
    return [{"value": site.slug, "label": site.name} for site in sorted(sites, key=lambda site: site != own)]


def _sheet(sheet: ShiftSheet, site: SiteBrief, *, is_alone: bool) -> dict[str, Any]:
    closed = f"{clock(sheet.closed_at, site)} by {sheet.closed_by.first_name}"
    rows = counted(len(sheet.rows), "row", "rows").lower()
    mine = [row for row in sheet.rows if row.to.id == actor().id and row.taken_at is None]
    return {
        "key": str(sheet.id),
        "headline": f"Handed over at {closed}: {rows}" if sheet.rows else f"Closed at {closed}: nobody was overlooked",
        "site": "" if is_alone else site.name,
        "left": _left(sheet),
        "note": sheet.note or "",
        "rows": [_sheet_row(row, site) for row in sheet.rows],
        "take_url": url_for("handover.taken", handover_id=sheet.id) if mine else "",
    }


def _left(sheet: ShiftSheet) -> str:
    if not sheet.rows:
        return ""
    return f"{sheet.left} still to do" if sheet.left else "All done"


def _sheet_row(row: SheetRow, site: SiteBrief) -> dict[str, Any]:
    return {
        "url": url_for("tickets.show", reference=row.ticket.reference),
        "who": who(row.ticket),
        "what": what(row.ticket),
        "why": _why([reason.label for reason in row.reasons]),
        "to": "You" if row.to.id == actor().id else row.to.first_name,
        "read": f"read {clock(row.taken_at, site)}" if row.taken_at else "not read yet",
        "stands": row.stands,
    }


def _why(labels: Sequence[str]) -> str:
    return f"{'; '.join(labels).capitalize()}."


def _names(form: Mapping[str, Any]) -> dict[int, int]:
    """By ticket. Rows that came after the page was opened have nobody: whoever closes the shift has not seen them."""
    chosen = dict(_pair(choice) for choice in form["taker"])
    return {ticket: name for ticket, staff in chosen.items() if (name := staff or form["rest"])}


def _pair(choice: str) -> tuple[int, int | None]:
    """None: nobody was chosen for this ticket alone."""
    ticket, _, staff = choice.partition(":")
    return int(ticket), int(staff) if staff else None


def _slug(wanted: str | None) -> str:
    """Raises NotFound for somebody who works nowhere."""
    if wanted:
        return wanted
    with components().read() as reading:
        site = chosen_site(sites_of(reading, by=actor()))
    if site is None:
        raise NotFound("There is no site that you work at.")
    return site.slug


def _page(slug: str, wrong: DomainError | None = None) -> str:
    with components().read() as reading:
        site = visible_site(reading, slug, by=actor())
        sheet = sheet_of(reading, site, by=actor())
        people = [Person(each.id, each.name) for each in staff_of(reading, by=actor(), site=slug)]
        waiting = count_strangers(reading, by=actor())
    form = typed() if wrong else {}
    errors = _errors(wrong)
    return render_template(
        "undetected/handover.html",
        site={"slug": site.slug, "name": site.name},
        number=sheet.number,
        headline=_headline(sheet),
        rows=[_row(row, people, form, errors) for row in sheet.rows],
        private=f"{counted(sheet.private, 'row is', 'rows are')} kept private from you." if sheet.private else "",
        strangers=counted(waiting, "number without a ticket waits too.", "numbers without a ticket wait too.")
        if waiting
        else "",
        people=_people(people) if len(sheet.rows) >= MANY_ROWS else [],
        form=form,
        errors=errors,
    )


def _headline(sheet: Sheet) -> str:
    count = len(sheet.rows) + sheet.private
    return f"{counted(count, 'row', 'rows')} to hand over" if count else "Nobody is overlooked"


def _row(
    each: UndetectedRow, people: Sequence[Person], form: Mapping[str, Any], errors: Mapping[str, str]
) -> dict[str, Any]:
    ticket = each.ticket
    owner = ticket.owner if ticket.owner in people else None
    stays = owner.id if owner and owner.id != actor().id and not form else ""
    return board_row(ticket) | {
        "why": _why([reason.label for reason in each.reasons]),
        "options": _options(ticket, people, owner),
        "value": next(
            (choice for choice in form.get("taker", ()) if choice.startswith(f"{ticket.id}:")), f"{ticket.id}:{stays}"
        ),
        "error": errors.get(ticket.reference),
    }


def _options(ticket: TicketRow, people: Sequence[Person], owner: Person | None) -> Choices:
    def option(person: Person, label: str) -> dict[str, str]:
        return {"value": f"{ticket.id}:{person.id}", "label": label}

    stays = [option(owner, f"Stays with {owner.name}")] if owner and owner.id != actor().id else []
    if not _may_give(ticket, people):
        return stays
    others = [option(person, _label(person)) for person in people if not (stays and person == owner)]
    return [{"value": f"{ticket.id}:", "label": "Choose a person"}, *stays, *others]


def _may_give(ticket: TicketRow, people: Sequence[Person]) -> bool:
    """As `tickets.hand_over` has it: what a colleague has, only a supervisor gives to another."""
    by = actor()
    return (
        by.may(Permission.SUPERVISE) or ticket.owner is None or ticket.owner.id == by.id or ticket.owner not in people
    )


def _people(people: Sequence[Person]) -> Choices:
    return [
        {"value": "", "label": "Nobody: each is chosen below"},
        *({"value": str(person.id), "label": _label(person)} for person in people),
    ]


def _label(person: Person) -> str:
    return f"{person.name} (you)" if person.id == actor().id else person.name


def _errors(wrong: DomainError | None) -> dict[str, str]:
    """Under the empty name what belongs to no field."""
    if wrong is None:
        return {}
    return {"": wrong.detail} | (wrong.first_sentences if isinstance(wrong, Invalid) else {})
