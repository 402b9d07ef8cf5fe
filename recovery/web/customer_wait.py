"""The customer's page, for who waits for a free colleague: their place, when it will be their turn, and what they may say."""

from datetime import datetime
from typing import Any

from recovery.domain.calendars import local_time
from recovery.domain.page_words.waiting import WAIT_WORDS
from recovery.domain.speech.parts import Speech
from recovery.domain.waits import LIVE, WaitAnswer, WaitStatus
from recovery.domain.wording import clock_in, due_words
from recovery.services.ticketing.customer_page import Story
from recovery.services.wording.spoken import zone_of

OFFERED = {
    WaitStatus.WAITING: (WaitAnswer.LATER, WaitAnswer.NOT_COMING),
    WaitStatus.CALLED: tuple(WaitAnswer),
    WaitStatus.COMING: (WaitAnswer.LATER, WaitAnswer.NOT_COMING),
    WaitStatus.LATER: (WaitAnswer.COMING, WaitAnswer.NOT_COMING),
    WaitStatus.NO_SHOW: tuple(WaitAnswer),
}


def wait_of(story: Story, *, now: datetime, speech: Speech) -> dict[str, Any] | None:
    """{heading, lead, big, after, answers, is_all}; None for who never waited in line. `is_all`: nothing went wrong, so that
    there is nothing else to tell."""
    turn, words = story.turn, WAIT_WORDS[speech.language]
    if turn is None:
        return None
    zone = zone_of(story.ticket)

    def clock(at: datetime) -> str:
        return clock_in(local_time(at, zone), speech)

    status, until = turn.status, clock(turn.due_at) if turn.due_at else ""
    when = due_words(turn.estimate_at, now=now, timezone=zone, speech=speech)
    latest = words.latest if story.ticket.no_text_reason is None else words.latest_here
    lead, big, after = {
        WaitStatus.WAITING: (
            words.place,
            str(turn.place),
            f"{words.turn.format(when=when)} {latest.format(clock=clock(turn.promised_by))}",
        ),
        WaitStatus.CALLED: (words.called, words.now, words.come_until.format(clock=until)),
        WaitStatus.COMING: (words.coming, words.now, words.come_until.format(clock=until)),
        WaitStatus.LATER: (words.later, until, words.keeps),
        WaitStatus.NO_SHOW: (words.missed, words.front, words.front_until.format(clock=until)),
        WaitStatus.HELPED: ("", "", words.helped),
        WaitStatus.GONE: ("", "", words.gone if turn.told_us else words.out),
    }[status]
    if turn.is_mistake and status is WaitStatus.WAITING:
        after = words.broken
    answers = [answer for answer in OFFERED.get(status, ()) if answer is not WaitAnswer.COMING or turn.was_called]
    return {
        "heading": words.you_wait.format(site=story.ticket.site.name) if status in LIVE else after,
        "lead": lead,
        "big": big,
        "after": after,
        "ask": words.ask,
        "answers": [{"value": answer.value, "label": words.answers[answer]} for answer in answers],
        "is_live": status in LIVE,
        "is_all": not turn.is_mistake,
    }
