"""Writing a text into the outbox, in the transaction of what it tells of. Sending is `services.sending.outbox`'s."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from recovery.domain.actors import MACHINE, Actor
from recovery.domain.calendars import quiet_until
from recovery.domain.callbacks import CallReason
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.messages import Direction, MessageStatus
from recovery.domain.speech.parts import Speech
from recovery.domain.wording import failure_words, joined, remedy_words
from recovery.models import Message, OptOut, Remedy, Staff, Ticket
from recovery.services.calling.call_tasks import open_call_task
from recovery.services.proving.trail import record
from recovery.services.reporting.spending import SPEND, cost_of, is_spent, month_after
from recovery.services.running.tallies import TEXTS_CAPPED, count
from recovery.services.session import DeskSession
from recovery.services.texting.caps import cap_met, is_texted
from recovery.services.texting.foreseen import foreseen
from recovery.services.texting.links import customer_url, ticket_url
from recovery.services.texting.queued import tell_queued
from recovery.services.timing.calendars import calendar_of
from recovery.services.wording.rewording import written
from recovery.services.wording.spoken import speech_with_customer, speech_with_staff, zone_of
from recovery.sms.texts import Text

NO_PHONE = "no_phone"
OPTED_OUT = "opted_out"
OBSERVATION = "observation"
WRONG_NUMBER = "wrong_number"
COUNTRY = "country"
CAPPED = "capped"
CALLED_INSTEAD = {OPTED_OUT: CallReason.OPTED_OUT, COUNTRY: CallReason.UNDELIVERED}
NEWS = frozenset({"approval_granted", "approval_refused", "granted", "ready"})
"""What comes about while the customer is away; the apology was made in person, and a lapse has a call of its own."""
APOLOGIES = ("logged", "logged_waiting")
THEIR_WORDS = "[words]"

STANDING = (
    select(OptOut)
    .where(
        OptOut.contact_id == bindparam("contact_id"),
        OptOut.sender == bindparam("sender"),
        OptOut.lifted_at.is_(None),
    )
    .execution_options(autoflush=False)
)
"""Made once: it runs with every text, and nothing that waits to be written concerns it: who opts out is written at once."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What is to be said once. `meaning` is its key; a second saying of the same meaning is not queued."""

    template: str
    meaning: str
    values: Mapping[str, str]
    holds_while: str | None = None
    """`promise:ID`, `callback:ID:MOVES`, `remedy:ID:SAID`, `resolved:TICKET`, `unrated:TICKET`, `wait:ID:CHANGES`: dropped at sending
    where it is no longer so. `unsorted:TEXT` and `untouched:TEXT` hold of the text itself, once it is written."""
    after: timedelta = timedelta()
    expires_at: datetime | None = None


def tell_customer(
    session: DeskSession,
    ticket: Ticket,
    saying: Saying,
    *,
    now: datetime,
    by: Actor = MACHINE,
    urgent: bool | None = None,
) -> Message | None:
    """Queues the text. None where none goes: the reason then stands on the ticket and in its trail, and where we ought
    to have said something, a call task is there for a person."""
    contact = ticket.customer.contact if ticket.customer else None
    reason = why_no_text(session, ticket)
    if reason or contact is None or contact.phone is None:
        withhold(session, ticket, saying.template, reason or NO_PHONE, now=now)
        return None
    if cap := cap_met(session, ticket, contact, now=now):
        _withhold_one(session, ticket, saying.template, cap, now=now)
        return None
    if ticket.no_text_reason == COUNTRY:  # it is allowed since
        ticket.no_text_reason = None
    text = render(session, ticket, saying.template, saying.values, by=by)
    message = _queued(session, ticket, saying, text, now=now, urgent=text.urgent if urgent is None else urgent)
    message.contact_id = contact.id
    message.to_number = contact.phone
    message.staff_id = by.id
    message.cost_micros = cost_of(session, contact.phone, message.segments)
    tell_queued(session, ticket, message, by=by, now=now)
    if message.held_for and ticket.is_live:  # for who knows how long: somebody says it
        open_call_task(session, ticket, CallReason.UNDELIVERED, now=now)
    return message


def tell_staff(
    session: DeskSession,
    ticket: Ticket,
    staff: Staff,
    saying: Saying,
    *,
    now: datetime,
    at_any_hour: bool = False,
) -> Message | None:
    """None for a person without a phone: they see it on their pages. While the site is open its people are at work, and
    it goes at any hour; else only an approval does, for which somebody stands and waits, and what they wish to hear. It never waits for the month's
    money: a customer is waiting for them, and by the next month it would be nonsense."""
    if staff.phone is None:
        return None
    values = {
        "site": ticket.site.name,
        "reference": ticket.reference,
        "link": ticket_url(session.house, ticket),
        **saying.values,
    }
    speech = speech_with_staff(ticket.site)
    text = written(session, ticket.site, saying.template, values, speech)
    urgent = text.urgent or at_any_hour or calendar_of(ticket.site).is_open(now)
    message = _queued(session, ticket, saying, text, now=now, urgent=urgent, to_staff=True)
    message.audience, message.staff_id, message.to_number = "staff", staff.id, staff.phone
    message.cost_micros = cost_of(session, staff.phone, message.segments)
    tell_queued(session, ticket, message, by=MACHINE, now=now)
    return message


def withhold(session: DeskSession, ticket: Ticket, template: str, reason: str, *, now: datetime) -> None:
    """Says on the ticket why a text does not go. Who opted out, or has a number that we may not text, is to be called
    instead, and who has no phone to be found where the text was news that they wait for."""
    ticket.no_text_reason = reason
    record(session, ticket, Tag.TEXT_WITHHELD, by=MACHINE, at=now, template=template, reason=reason)
    if not ticket.is_live:
        return
    if reason in CALLED_INSTEAD:
        open_call_task(session, ticket, CALLED_INSTEAD[reason], now=now)
    elif reason == NO_PHONE and template in NEWS:
        open_call_task(session, ticket, CallReason.NO_PHONE, now=now)


def _withhold_one(session: DeskSession, ticket: Ticket, template: str, cap: str, *, now: datetime) -> None:
    """One too many, and no word about the next: a person looks at what goes on, and calls."""
    record(session, ticket, Tag.TEXT_WITHHELD, by=MACHINE, at=now, template=template, reason=CAPPED, cap=cap)
    count(session, TEXTS_CAPPED, now=now)
    if ticket.is_live:
        open_call_task(session, ticket, CallReason.UNDELIVERED, now=now)


def why_no_text(session: DeskSession, ticket: Ticket) -> str | None:
    """None where texts reach the customer."""
    contact = ticket.customer.contact if ticket.customer else None
    if ticket.no_text_reason in {OBSERVATION, WRONG_NUMBER}:
        return ticket.no_text_reason
    if contact is None or contact.phone is None:
        return NO_PHONE
    if not is_texted(session, ticket.site, contact.phone):
        return COUNTRY
    return OPTED_OUT if _is_opted_out(session, contact.id, session.house.sender_of(ticket.site)) else None


def _is_opted_out(session: DeskSession, contact_id: int, sender: str) -> bool:
    if known := foreseen(session, contact_id):
        return (contact_id, sender) in known.opted_out
    return standing_opt_out(session, contact_id, sender) is not None


def is_heard(session: DeskSession, ticket: Ticket, *, now: datetime, urgent: bool) -> bool:
    """Whether they will hear what is told to them by text now, soon or in the morning. Not where none may go, where this
    would be one too many, or where money holds it for who knows how long. Asked just before the text is written."""
    contact = ticket.customer.contact if ticket.customer else None
    if contact is None or why_no_text(session, ticket) or cap_met(session, ticket, contact, now=now):
        return False
    return urgent or ticket.is_demo or not is_spent(session, now=now)


def leaves_at(session: DeskSession, ticket: Ticket, *, now: datetime) -> datetime:
    """When a text leaves that answers nothing the customer just did: at once, or at the end of the quiet hours, which are
    those of their own clock."""
    return _after_the_night(session, zone_of(ticket), now=now)


def _after_the_night(session: DeskSession, zone: str, *, now: datetime) -> datetime:
    policy = session.house.policy
    return quiet_until(now, zone, policy.quiet_from, policy.quiet_until) or now


def render(session: DeskSession, ticket: Ticket, template: str, values: Mapping[str, str], *, by: Actor) -> Text:
    """As the customer will read it; also what pages preview."""
    customer, speech = ticket.customer, speech_with_customer(ticket)
    owner = by.name or (ticket.owner.first_name if ticket.owner else "")
    return written(
        session,
        ticket.site,
        template,
        {
            "name": first_word(customer.name) if customer else "",
            "staff": owner or speech.our_team,
            "site": ticket.site.name,
            "link": customer_url(session.house, ticket),
            "reference": ticket.reference,
            "failure": failure_words(ticket.failure, speech),
            **values,
        },
        speech,
    )


def around_words(session: DeskSession, ticket: Ticket, *, by: Actor) -> tuple[str, str]:
    """What stands before and after the words that somebody writes to the customer."""
    before, _, after = render(session, ticket, "free", {"words": THEIR_WORDS}, by=by).body.partition(THEIR_WORDS)
    return before, after


def standing_opt_out(session: DeskSession, contact_id: int, sender: str) -> OptOut | None:
    return session.scalar(STANDING, {"contact_id": contact_id, "sender": sender})


def first_word(name: str | None) -> str:
    return name.split()[0] if name and name.strip() else ""


def remedies_in_words(remedies: Sequence[Remedy], speech: Speech) -> str:
    return joined([remedy_words(r.kind, r.amount, r.currency, r.detail, speech=speech) for r in remedies], speech)


def _queued(
    session: DeskSession,
    ticket: Ticket,
    saying: Saying,
    text: Text,
    *,
    now: datetime,
    urgent: bool,
    to_staff: bool = False,
) -> Message:
    wanted, zone = now + saying.after, ticket.site.timezone if to_staff else zone_of(ticket)
    leaves = wanted if urgent else _after_the_night(session, zone, now=wanted)
    spent = not to_staff and not urgent and not ticket.is_demo and is_spent(session, now=now)
    if spent:
        leaves = max(leaves, month_after(now))
    message = Message(
        id=new_id(now),
        ticket_id=ticket.id,
        site_id=ticket.site_id,
        direction=Direction.OUTBOUND,
        status=MessageStatus.HELD if leaves > wanted else MessageStatus.PENDING,
        sender=session.house.sender_of(ticket.site),
        body=text.body,
        template=saying.template,
        message_class=text.message_class,
        meaning=saying.meaning,
        segments=text.segments.count,
        validity_seconds=text.validity_seconds,
        asks=text.asks,
        holds_while=saying.holds_while,
        urgent_until=now + session.house.policy.urgent_for if urgent else None,
        created_at=now,
        not_before=leaves,
        held_for=SPEND if spent else None,
        expires_at=saying.expires_at,
        audience="customer",
        is_demo=ticket.is_demo,
    )
    session.add(message)
    return message
