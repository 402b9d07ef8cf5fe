"""Texts in a site's own words, or in the whole house's: saved by version, one of them sent, and read with few queries.

Every change gives its sites a new stamp, in the same transaction. What was read under a stamp is kept under it: a
transaction that sees another stamp reads anew, in whatever process it runs, and one that is rolled back leaves no stamp.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import ColumnElement, func, or_, select, update

from recovery.domain.actors import Actor
from recovery.domain.errors import Invalid, NotFound
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.languages import LANGUAGES, Language
from recovery.domain.permissions import Permission
from recovery.domain.speech.parts import Speech
from recovery.domain.wording import SPEECHES, money_words
from recovery.models import Site, Staff, TextVersion
from recovery.services.access import require
from recovery.services.proving.trail import hold_settings, record_of_settings
from recovery.services.session import DeskSession
from recovery.sms.rewording import places_of, problems
from recovery.sms.texts import Template, Text

log = logging.getLogger(__name__)

SHIPPED = "shipped"
FIRST_VERSION = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Which text: of a site, or of the house for every site that has none of its own."""

    site: Site | None
    language: Language
    name: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    version: int
    body: str
    saved_at: datetime
    saved_by: str | None
    is_sent: bool


def place_of(session: DeskSession, site: Site | None, language: str, name: str) -> Place:
    """Raises NotFound for a text or a language that is not shipped."""
    if language not in LANGUAGES or name not in session.house.texts.names():
        raise NotFound("There is no such text.")
    return Place(site, Language(language), name)


def written(session: DeskSession, site: Site | None, name: str, values: Mapping[str, str], speech: Speech) -> Text:
    """As it is sent from this site; from none (a number that we know nothing of), as the house has it."""
    return session.house.texts.render(
        name,
        values,
        speech.language,
        folded=site.folds_texts if site else True,
        body=_sent_from(session, site).get((speech.language, name)),
    )


def shipped(session: DeskSession, place: Place) -> Template:
    return session.house.texts.template(place.name, place.language)


def standing(session: DeskSession, place: Place) -> str:
    """The words that are sent now, the site's before the house's before the shipped."""
    return _sent_from(session, place.site).get((place.language, place.name)) or shipped(session, place).body


def samples(session: DeskSession, place: Place, *, site_name: str) -> Mapping[str, str]:
    """What would be filled in on a usual day."""
    speech = SPEECHES[place.language]
    clock = speech.clock.format(hour=14, minute=30)
    refund = speech.refund.format(money=money_words(450, place.site.currency if place.site else "EUR", speech))
    return {
        "name": "Sam",
        "staff": "Maya",
        "site": site_name,
        "promise": speech.by_clock.format(clock=clock, las="las"),
        "when": speech.at_clock_tomorrow.format(clock=clock, las="las"),
        "remedies": f"{speech.replacement}{speech.both}{refund}",
        "link": f"{session.house.public_url}/c/{'7Kq2mW9xT4vB8nR3pL6sZ1yD5hJ0cFgEwA'}",
        "reference": "RD-7K3M9Q",
        "words": "…",
        "alert": speech.alerts["promise_lapsed"],
        "failure": speech.failures["wrong_order"],
        "choices": ", ".join(
            f"{digit} {speech.subjects[code]} ({reference})"
            for digit, code, reference in ((1, "late", "RD-7K3M9Q"), (2, "wrong_order", "RD-4PX82D"))
        ),
    }


def what_is_wrong(session: DeskSession, place: Place, body: str, *, site_name: str) -> list[str]:
    values = samples(session, place, site_name=site_name)
    return problems(place.name, shipped(session, place), body, values, folded=_folds(place))


def save(session: DeskSession, place: Place, body: str, *, site_name: str, now: datetime, by: Actor) -> int | None:
    """A new version, sent from now on; None where these words are sent already. Raises Forbidden, Invalid with a sentence
    for each thing that is wrong."""
    require(by, Permission.ADMINISTER)
    body = body.replace("\r\n", "\n").strip()
    if wrong := what_is_wrong(session, place, body, site_name=site_name):
        raise Invalid(wrong[0], {"body": wrong})
    hold_settings(session)  # versions are counted one after the other
    if body == standing(session, place):
        return None
    last = session.scalar(select(func.max(TextVersion.version)).where(*_of(place))) or 0
    before = _unsend(session, place)
    version = TextVersion(
        id=new_id(now),
        site_id=place.site.id if place.site else None,
        language=place.language.value,
        name=place.name,
        version=last + FIRST_VERSION,
        body=body,
        saved_at=now,
        saved_by_id=by.id,
        is_sent=True,
    )
    session.add(version)
    _tell(session, place, before=before, after=version.version, now=now, by=by)
    return version.version


def put_back(session: DeskSession, place: Place, version: int, *, now: datetime, by: Actor) -> bool:
    """An earlier version is sent again; 0 is the shipped one, or for a site what the house sends. False where it is sent
    already. Raises Forbidden, NotFound."""
    require(by, Permission.ADMINISTER)
    hold_settings(session)
    wanted = session.scalar(select(TextVersion).where(*_of(place), TextVersion.version == version)) if version else None
    if version and wanted is None:
        raise NotFound("There is no such version of this text.")
    before = _unsend(session, place)
    if before == version:
        if wanted is not None:
            wanted.is_sent = True
        return False
    if wanted is not None:
        wanted.is_sent = True
    _tell(session, place, before=before, after=version, now=now, by=by)
    return True


def versions_of(session: DeskSession, place: Place) -> Sequence[VersionRow]:
    """The newest first."""
    rows = session.execute(
        select(TextVersion, Staff.name)
        .outerjoin(Staff, Staff.id == TextVersion.saved_by_id)
        .where(*_of(place))
        .order_by(TextVersion.version.desc())
    )
    return [VersionRow(row.version, row.body, row.saved_at, name, row.is_sent) for row, name in rows]


def changed_texts(session: DeskSession, site: Site | None) -> frozenset[tuple[str, str]]:
    """(language, name) of those that this site, or the house, has in its own words."""
    rows = session.execute(
        select(TextVersion.language, TextVersion.name).where(_at(site), TextVersion.is_sent.is_(True))
    )
    return frozenset((language, name) for language, name in rows)


def _sent_from(session: DeskSession, site: Site | None) -> Mapping[tuple[str, str], str]:
    if site is None:
        return _read(session, None)
    if site.texts_stamp is None:
        return MappingProxyType({})
    stamp, known = session.house.reworded.get(site.id, (None, None))
    if known is None or stamp != site.texts_stamp:
        known = _read(session, site.id)
        session.house.reworded[site.id] = (site.texts_stamp, known)
    return known


def _read(session: DeskSession, site_id: int | None) -> Mapping[tuple[str, str], str]:
    """The house's words, and over them the site's. What this release cannot fill in is left to the shipped text."""
    rows = session.execute(
        select(TextVersion.language, TextVersion.name, TextVersion.body)
        .where(or_(TextVersion.site_id.is_(None), TextVersion.site_id == site_id), TextVersion.is_sent.is_(True))
        .order_by(TextVersion.site_id.is_not(None))
    )
    return MappingProxyType(
        {(lang, name): body for lang, name, body in rows if _can_be_filled(session, lang, name, body)}
    )


def _can_be_filled(session: DeskSession, language: str, name: str, body: str) -> bool:
    texts = session.house.texts
    known = language in LANGUAGES and name in texts.names()
    if known:
        template = texts.template(name, language)
        if template.reworded(body).fields <= places_of(name, template):
            return True
    log.warning("a text in own words cannot be sent, and the shipped one is", extra={"text": f"{language}/{name}"})
    return False


def _unsend(session: DeskSession, place: Place) -> int:
    """Gives the version that was sent, 0 for none. Flushed, so that the next may be."""
    sent = session.scalar(select(TextVersion).where(*_of(place), TextVersion.is_sent.is_(True)))
    if sent is None:
        return 0
    sent.is_sent = False
    session.flush()
    return sent.version


def _tell(session: DeskSession, place: Place, *, before: int, after: int, now: datetime, by: Actor) -> None:
    session.execute(
        update(Site)
        .where(Site.id == place.site.id if place.site else Site.id.is_not(None))
        .values(texts_stamp=new_id(now))
    )
    record_of_settings(
        session,
        Tag.TEXT_REWORDED,
        by=by,
        at=now,
        site_id=place.site.id if place.site else None,
        site=place.site.id if place.site else None,
        field=f"{place.name} ({place.language})",
        before=f"version {before}" if before else SHIPPED,
        after=f"version {after}" if after else SHIPPED,
    )


def _folds(place: Place) -> bool:
    return place.site.folds_texts if place.site else True


def _of(place: Place) -> tuple[ColumnElement[bool], ...]:
    return (_at(place.site), TextVersion.language == place.language.value, TextVersion.name == place.name)


def _at(site: Site | None) -> ColumnElement[bool]:
    return TextVersion.site_id == site.id if site else TextVersion.site_id.is_(None)
