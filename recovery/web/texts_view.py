"""The texts as the admin's pages show them: what each is for, what can be filled in, and how it looks on a phone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import url_for

from recovery.domain.calendars import local_time
from recovery.domain.languages import Language
from recovery.domain.texts import segments
from recovery.domain.threads import COMING, FIXED, RATING, WHICH
from recovery.services.reporting.spending import cost_words
from recovery.services.session import DeskSession
from recovery.services.wording.rewording import Place, VersionRow, changed_texts, samples, shipped
from recovery.sms.rewording import needed_of, places_of
from recovery.web.segment_view import segment_words

HOUSE_NAME = "Harbour St"
"""A name of usual length, where no site is chosen."""
GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "When something went wrong",
        (
            ("logged", "A mistake is logged"),
            ("logged_waiting", "It is logged, and a supervisor asked"),
            ("granted", "Something is given later on"),
            ("asked", "A supervisor is asked later on"),
            ("approval_granted", "A supervisor says yes"),
            ("approval_refused", "A supervisor says no"),
            ("ready", "It is ready for them"),
            ("voided", "It was logged by mistake"),
        ),
    ),
    (
        "Promises",
        (
            ("promised", "Somebody promises another time"),
            ("late", "A promise was not kept"),
            ("resolved", "It is put right: is it fixed?"),
            ("reopened", "They say that it is not"),
            ("resolved_again", "It is put right again"),
            ("rating", "They say that it is: how well?"),
        ),
    ),
    (
        "Calls",
        (
            ("callback_booked", "A call is booked"),
            ("callback_moved", "A call is moved"),
            ("callback_reminder", "Before a call"),
            ("callback_cancelled", "A call is cancelled"),
            ("disconnected", "A call was cut off"),
            ("unreached", "Nobody answered our calls"),
        ),
    ),
    (
        "While they wait for a free colleague",
        (
            ("waiting", "They are put in line"),
            ("waiting_longer", "It takes longer than we said"),
            ("waiting_ready", "It is their turn"),
            ("waiting_later", "They ask for ten minutes"),
            ("waiting_again", "Their ten minutes are over"),
            ("waiting_missed", "They were called, and not there"),
            ("waiting_over", "They are not coming"),
        ),
    ),
    (
        "About texting itself",
        (
            ("free", "What your people write"),
            ("help", "They text HELP"),
            ("which", "They have several tickets: which one?"),
            ("stop_confirmed", "They text STOP"),
            ("start_confirmed", "They text START"),
        ),
    ),
    (
        "To your people",
        (
            ("staff_approval", "You are asked to approve"),
            ("staff_alert", "A customer needs you"),
            ("line_test", "The line is tested"),
        ),
    ),
)
TITLES: Mapping[str, str] = {name: title for _, texts in GROUPS for name, title in texts}
MEANINGS: Mapping[str, str] = {
    "name": "the customer’s first name; it may be missing",
    "staff": "the first name of who looks after it",
    "site": "the name of the site",
    "link": "the address of their page",
    "reference": "the number of the ticket",
    "failure": "what went wrong",
    "promise": "when they hear from us",
    "when": "when we call them, or when it was put right",
    "remedies": "what they get",
    "words": "what somebody wrote",
    "choices": "the tickets that they may mean, each with its digit",
    "alert": "what has happened",
}
ANSWERS: Mapping[str, str] = {
    FIXED: "1, it is fixed, and 2, it is not",
    WHICH: "the digit of the ticket that they mean",
    COMING: "1, on my way, 2, ten more minutes, and 3, not coming",
    RATING: "a digit from 1, badly, to 5, very well",
}
"""To what a text may ask."""


def groups(site_slug: str, own: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """[{label, texts: [{title, languages: [{label, url, is_changed}]}]}]; `own` are those in own words."""
    changed = set(own)
    return [
        {
            "label": label,
            "texts": [
                {"title": title, "name": name, "languages": _languages(name, site_slug, changed)}
                for name, title in texts
            ],
        }
        for label, texts in GROUPS
    ]


def editor(
    session: DeskSession, place: Place, body: str, versions: Sequence[VersionRow], *, zone: str
) -> dict[str, Any]:
    """`zone` is that of whoever looks, as the clock on top of the page."""
    template = shipped(session, place)
    slug = place.site.slug if place.site else ""
    needed = needed_of(template)
    own = changed_texts(session, place.site)
    return {
        "title": TITLES[place.name],
        "name": place.name,
        "language": place.language,
        "site_slug": slug,
        "languages": _languages(place.name, slug, own),
        "body": body,
        "places": [
            {"name": each, "means": MEANINGS[each], "is_needed": each in needed}
            for each in MEANINGS
            if each in places_of(place.name, template)
        ],
        "answers": ANSWERS[template.asks] if template.asks else "",
        "versions": [_version(row, zone) for row in versions],
        "is_own": any(row.is_sent for row in versions),
        "shipped": template.body,
        **preview(session, place, body),
    }


def preview(session: DeskSession, place: Place, body: str) -> dict[str, Any]:
    """{phone: the text on a usual day, segments}; nothing where nothing can be shown yet."""
    template = shipped(session, place)
    reworded = template.reworded(body)
    values = samples(session, place, site_name=site_name(place))
    if not reworded.lines or reworded.fields - values.keys():
        return {"phone": "", "segments": {}}
    folds = place.site.folds_texts if place.site else True
    text = reworded.filled(values, folded=folds)
    sent = segments(text)
    cost = cost_words(session, place.site.country if place.site else None, sent.count)
    return {"phone": text, "segments": segment_words(sent, reworded.filled(values, folded=False), cost=cost)}


def site_name(place: Place) -> str:
    return place.site.name if place.site else HOUSE_NAME


def _languages(name: str, site_slug: str, changed: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    own = set(changed)
    return [
        {
            "label": each.label,
            "code": each.value,
            "url": url_for("admin_texts.show", language=each.value, name=name, site=site_slug or None),
            "is_changed": (each.value, name) in own,
        }
        for each in Language
    ]


def _version(row: VersionRow, timezone: str) -> dict[str, Any]:
    return {
        "number": row.version,
        "body": row.body,
        "who": row.saved_by or "somebody",
        "when": _moment(row.saved_at, timezone),
        "is_sent": row.is_sent,
    }


def _moment(at: datetime, timezone: str) -> str:
    local = local_time(at, timezone)
    return f"{local.day} {local:%B %Y}, {local:%H:%M}"
