"""The customer's page in words: what happened, what comes next and when, by their own clock and in their language."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from recovery.domain.calendars import local_time
from recovery.domain.callbacks import CallbackStatus, Outcome
from recovery.domain.languages import Language
from recovery.domain.page_words.choosing import PAGE_WORDS
from recovery.domain.page_words.zones import ZONE_WORDS
from recovery.domain.phones import masked
from recovery.domain.ratings import SCALE, is_low
from recovery.domain.remedies import RemedyStatus
from recovery.domain.speech.parts import Speech
from recovery.domain.tickets import PromiseAbout, Source, TicketStatus
from recovery.domain.wording import article_of, by_words, clock_in, failure_words, remedy_words
from recovery.domain.zones import city_of
from recovery.models import Callback, Remedy
from recovery.services.calling.callback_times import when_words
from recovery.services.texting.messages import first_word
from recovery.services.ticketing.customer_page import Story
from recovery.services.wording.spoken import speech_with_customer, zone_of
from recovery.web.customer_wait import wait_of
from recovery.web.offered_times import by_day

A_WEEK = 7
NEAREST_SLOTS = 6


@dataclass(frozen=True, slots=True)
class Step:
    words: str
    at: str
    state: str
    """`done`, `next` or `then`."""


def page_of(story: Story, *, now: datetime, slots: Sequence[datetime], said: str) -> dict[str, Any]:
    """What templates/customer/page.html expects."""
    return _Telling(story, now).page(slots, said)


class _Telling:
    """One story, told to its customer at one moment."""

    def __init__(self, story: Story, now: datetime) -> None:
        self.story, self.now, self.ticket = story, now, story.ticket
        self.speech: Speech = speech_with_customer(story.ticket)
        self.words = PAGE_WORDS[self.speech.language]
        self.zone = zone_of(story.ticket)

    def page(self, slots: Sequence[datetime], said: str) -> dict[str, Any]:
        ticket, words = self.ticket, self.words
        who = ticket.owner.first_name if ticket.owner else ""
        wait = wait_of(self.story, now=self.now, speech=self.speech)
        is_all = wait is not None and wait["is_all"]
        return {
            "language": self.speech.language,
            "languages": [{"code": each.value, "label": each.label} for each in Language] if ticket.customer else [],
            "words": words,
            "site": ticket.site.name,
            "reference": ticket.reference,
            "zone": words.zone.format(zone=city_of(self.zone)),
            "other_zone": ZONE_WORDS[self.speech.language].other if ticket.customer else "",
            "is_resolved": ticket.status is TicketStatus.RESOLVED,
            "is_void": ticket.status is TicketStatus.VOID,
            "wait": wait,
            "heading": self._waiting(wait) if wait and is_all else self._heading(),
            "below": "" if is_all else self._below(),
            "promise": None if is_all else self._promise(),
            "remedies": [self._remedy(each) for each in self.story.remedies if each.status in words.states],
            "steps": [] if is_all else list(self._steps()),
            "call": self._call(),
            "chooses_call": ticket.call_wanted_at is not None,
            "phone": self._phone(),
            "nearest": [{"value": _value(slot), "words": self._clock_words(slot)} for slot in slots[:NEAREST_SLOTS]],
            "days": self._days(slots),
            "ratings": self._ratings() if self.story.may_rate else [],
            "said": self._said(said),
            "tell": words.tell_person.format(who=who) if who else words.tell_us,
            "write": words.write_person.format(who=who) if who else words.write_us,
        }

    def _heading(self) -> str:
        ticket, words = self.ticket, self.words
        name = first_word(ticket.customer.name) if ticket.customer else ""
        hello = words.hello.format(name=name) if name else words.hello_nobody
        match ticket.status:
            case TicketStatus.VOID:
                return f"{hello} {words.nothing_to_do}"
            case TicketStatus.RESOLVED:
                return f"{hello} {words.hope_right}"
            case TicketStatus.CLOSED:
                return f"{hello} {words.thank_you}"
        return f"{hello} {words.sorry.format(wrong=self._wrong())}"

    def _waiting(self, wait: dict[str, Any]) -> str:
        name = first_word(self.ticket.customer.name) if self.ticket.customer else ""
        return f"{self.words.hello.format(name=name) if name else self.words.hello_nobody} {wait['heading']}"

    def _below(self) -> str:
        if self.ticket.status is TicketStatus.VOID:
            return self.words.texted_by_mistake
        return "" if self.ticket.is_live else self.words.sorry_since.format(wrong=self._wrong())

    def _wrong(self) -> str:
        return _capital(failure_words(self.ticket.failure, self.speech))

    def _promise(self) -> dict[str, Any] | None:
        """{lead, big, day, after, late}: the one thing that everybody reads."""
        ticket, promise, words = self.ticket, self.story.promise, self.words
        if not ticket.is_live or promise is None:
            return None
        if self.now > promise.due_at:
            return self._hero(words.heard_by, promise.due_at, words.we_are_late, late=True)
        call = self.story.call
        if promise.about is PromiseAbout.CALLBACK and call is not None:
            return self._promised_call(call, promise.due_at)
        after = words.if_anything_changes if ticket.no_text_reason is None else words.page_says
        return self._hero(self._lead(), promise.due_at, after)

    def _promised_call(self, call: Callback, latest: datetime) -> dict[str, Any]:
        after = self.words.on_phone.format(phone=self._phone()) if self._phone() else ""
        if call.as_soon_as_possible or call.due_at <= self.now:
            return self._hero(self.words.call_soonest_by, latest, after)
        return self._hero(self.words.call_at, call.due_at, after)

    def _hero(self, lead: str, at: datetime, after: str, *, late: bool = False) -> dict[str, Any]:
        who = self.ticket.owner.first_name if self.ticket.owner else self.words.our_team
        clock, day = self._clock_and_day(at)
        said = lead.format(who=who, las=article_of(self._local(at)))
        return {"lead": said, "big": clock, "day": day, "after": after, "late": late}

    def _lead(self) -> str:
        words, statuses = self.words, {remedy.status for remedy in self.story.remedies}
        if self.ticket.status is TicketStatus.WAITING_FOR_CUSTOMER:
            return words.waiting_by
        about = self.story.promise.about if self.story.promise else None
        if about is PromiseAbout.ANSWER and RemedyStatus.PENDING_APPROVAL in statuses:  # not once it is withdrawn
            return words.asked_by
        if RemedyStatus.READY in statuses:
            return words.ready_by
        return words.granted_by if RemedyStatus.GRANTED in statuses else words.looking_by

    def _steps(self) -> Iterator[Step]:
        ticket = self.ticket
        for at, words in sorted(self._done(), key=lambda step: step[0]):
            yield Step(words, self._clock_words(at), "done")
        if ticket.is_live:
            yield self._next()
        if ticket.is_live or ticket.status is TicketStatus.RESOLVED:
            yield Step(self.words.last_step, "", "then" if ticket.is_live else "next")

    def _done(self) -> Iterator[tuple[datetime, str]]:
        ticket, words = self.ticket, self.words
        yield ticket.logged_at, words.saw_it if ticket.source is Source.PROACTIVE else words.told_us
        for remedy in self.story.remedies:
            yield from self._done_about(remedy)
        for call in self.story.calls:
            yield from self._done_by_calling(call)
        for at in _far_apart(self.story.wrote_at):
            yield at, words.wrote
        for at in self.story.reopened_at:
            yield at, words.said_not_right
        if ticket.resolved_at is not None:
            yield ticket.resolved_at, words.put_right
        if ticket.confirmed_at is not None:
            yield ticket.confirmed_at, words.said_right

    def _done_by_calling(self, call: Callback) -> Iterator[tuple[datetime, str]]:
        """What is inferred is not told to who knows better than the telephone company."""
        said = [attempt for attempt in call.attempts if not attempt.inferred]
        for attempt in said:
            if attempt.outcome is Outcome.REACHED:
                yield attempt.at, self.words.spoke
            elif attempt.outcome in self.words.outcomes:
                yield attempt.at, self.words.outcomes[attempt.outcome]

    def _done_about(self, remedy: Remedy) -> Iterator[tuple[datetime, str]]:
        what = self._remedy_words(remedy)
        agreed = remedy.status in {RemedyStatus.GRANTED, RemedyStatus.READY, RemedyStatus.FULFILLED}
        if agreed and remedy.decided_at is not None:
            yield remedy.decided_at, self.words.agreed.format(what=what)
        if remedy.fulfilled_at is not None:
            yield remedy.fulfilled_at, self.words.done.format(what=what)

    def _next(self) -> Step:
        call, promise, words = self.story.call, self.story.promise, self.words
        if call is not None:
            return Step(
                words.next_call, words.soon if call.due_at <= self.now else self._clock_words(call.due_at), "next"
            )
        pending = [each for each in self.story.remedies if each.status is RemedyStatus.PENDING_APPROVAL]
        what = words.next_answer.format(what=self._remedy_words(pending[0])) if pending else words.next_word
        if promise is None or self.now > promise.due_at:
            return Step(what, words.soon, "next")
        by = by_words(promise.due_at, now=self.now, timezone=self.zone, speech=self.speech)
        return Step(what, by, "next")

    def _remedy(self, remedy: Remedy) -> dict[str, str]:
        state = self.words.states[remedy.status]
        if remedy.fulfilled_at is not None:
            state = f"{state}, {self._clock_words(remedy.fulfilled_at)}"
        return {"words": _capital(self._remedy_words(remedy)), "state": state, "status": remedy.status.value}

    def _remedy_words(self, remedy: Remedy) -> str:
        return remedy_words(remedy.kind, remedy.amount, remedy.currency, remedy.detail, speech=self.speech)

    def _call(self) -> dict[str, Any] | None:
        call, words = self.story.call, self.words
        if call is None:
            return None
        if call.status is CallbackStatus.MISSED:
            return {"words": words.call_missed, "late": True}
        if call.due_at <= self.now:
            return {"words": words.call_about_to, "late": False}
        when = words.call_when.format(when=when_words(self.ticket, call, now=self.now))
        return {"words": when, "late": False, "has_time": not call.as_soon_as_possible}

    def _said(self, said: str) -> str:
        """Made from what is so, not from what the address says: a link cannot put words on our page."""
        words = {"booked": self.words.booked, "stays": self.words.stays, "soonest": self.words.soonest}.get(said)
        if words and self.story.call is not None and self._is_so(said):
            return words.format(when=when_words(self.ticket, self.story.call, now=self.now))
        if said == "zone":
            return ZONE_WORDS[self.speech.language].chosen.format(zone=city_of(self.zone))
        if said == "rated" and self.ticket.rating is not None:
            return self.words.rated_low if is_low(self.ticket.rating) else self.words.rated
        return self.words.said.get(said, "") if self._is_so(said) else ""

    def _is_so(self, said: str) -> bool:
        """Not of a page that is opened again days later, by an address that was kept."""
        call = self.story.call
        match said:
            case "soonest":
                return call is not None and call.as_soon_as_possible
            case "kept" | "cancelled":
                return call is None
            case "reopened":
                return self.ticket.is_live
            case "right":
                return self.ticket.confirmed_at is not None
        return True

    def _ratings(self) -> list[dict[str, str]]:
        """The ends of the scale say what they mean."""
        ends = {SCALE[0]: self.words.badly, SCALE[-1]: self.words.very_well}
        return [{"value": str(each), "means": ends.get(each, "")} for each in SCALE]

    def _days(self, slots: Sequence[datetime]) -> list[dict[str, Any]]:
        return [
            {
                "name": self._day_name(self._local(of_day[0])),
                "times": [
                    {"value": _value(slot), "words": clock_in(self._local(slot), self.speech)} for slot in of_day
                ],
            }
            for of_day in by_day(slots, zone=self.zone, site_zone=self.ticket.site.timezone)
            if of_day
        ]

    def _day_name(self, local: datetime) -> str:
        match (local.date() - self._local(self.now).date()).days:
            case 0:
                return self.words.today
            case 1:
                return _capital(self.words.tomorrow)
        return f"{_capital(self.speech.short_weekdays[local.weekday()])} {self._date(local)}"

    def _clock_words(self, instant: datetime) -> str:
        """Give "14:32", "09:15 tomorrow", "Tue 09:15", "3 Jun 09:15"."""
        clock, day = self._clock_and_day(instant)
        if day == self.words.tomorrow:
            return self.words.clock_tomorrow.format(clock=clock)
        return f"{day} {clock}".strip()

    def _clock_and_day(self, instant: datetime) -> tuple[str, str]:
        """No day for today."""
        local = self._local(instant)
        clock, days = clock_in(local, self.speech), (local.date() - self._local(self.now).date()).days
        if days in {0, 1}:
            return clock, self.words.tomorrow if days else ""
        if abs(days) < A_WEEK:
            return clock, self.speech.short_weekdays[local.weekday()]
        return clock, self._date(local)

    def _date(self, local: datetime) -> str:
        return f"{local.day} {self.speech.months[local.month - 1]}"

    def _local(self, instant: datetime) -> datetime:
        return local_time(instant, self.zone)

    def _phone(self) -> str:
        return masked(self.ticket.customer.phone) if self.ticket.customer and self.ticket.customer.phone else ""


def _far_apart(moments: Iterable[datetime]) -> Iterator[datetime]:
    """Several texts within one minute are one step."""
    return (next(iter(same)) for _, same in groupby(moments, key=lambda at: at.replace(second=0, microsecond=0)))


def _value(slot: datetime) -> str:
    return f"{slot:%Y-%m-%dT%H:%MZ}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
