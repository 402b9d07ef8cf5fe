"""What is said in each language: times, remedies, amounts and what went wrong."""

import dataclasses
import re
from datetime import UTC, datetime

import pytest

from recovery.domain.languages import Language, chosen_language
from recovery.domain.page_words.choosing import PAGE_WORDS
from recovery.domain.remedies import RemedyKind
from recovery.domain.tickets import FAILURES
from recovery.domain.wording import (
    SPEECHES,
    at_words,
    due_words,
    failure_words,
    joined,
    money_words,
    remedy_words,
    speech_in,
)

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)  # a Tuesday
MADRID = "Europe/Madrid"
SPANISH, FRENCH = SPEECHES[Language.SPANISH], SPEECHES[Language.FRENCH]
PLACE = re.compile(r"\{(\w*)(?::\w+)?\}")
ONLY_SPANISH = {"las"}


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        (("es", "en"), "es"),
        (("es-MX", "en"), "es"),
        (("FR_ca",), "fr"),
        (("de", "fr"), "fr"),
        ((None, ""), "en"),
        (("tlh", "de"), "en"),
        ((), "en"),
    ],
)
def test_the_first_wish_that_we_speak_is_granted(wishes: tuple[str | None, ...], language: str) -> None:
    assert chosen_language(*wishes) == language


@pytest.mark.parametrize(
    ("at", "spanish", "french"),
    [
        ("2026-03-10T09:31", "en un minuto más o menos", "dans environ une minute"),
        ("2026-03-10T09:40", "en unos 10 minutos", "dans environ 10 minutes"),
        ("2026-03-10T13:32", "antes de las 14:32", "avant 14h32"),
        ("2026-03-10T12:15", "antes de las 13:15", "avant 13h15"),
        ("2026-03-11T00:15", "mañana antes de la 01:15", "demain avant 1h15"),
        ("2026-03-13T08:00", "el viernes antes de las 09:00", "vendredi avant 9h00"),
        ("2026-03-20T08:00", "el viernes 20 mar antes de las 09:00", "vendredi 20 mars avant 9h00"),
    ],
)
def test_a_promise_is_told_in_their_words(at: str, spanish: str, french: str) -> None:
    due = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert due_words(due, now=NOW, timezone=MADRID, speech=SPANISH) == spanish
    assert due_words(due, now=NOW, timezone=MADRID, speech=FRENCH) == french


def test_of_an_hour_that_comes_twice_they_are_told_which() -> None:
    now, due = datetime(2026, 10, 25, 0, 45, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert due_words(due, now=now, timezone=MADRID, speech=SPANISH) == "antes de las 02:30 CET"
    assert due_words(due, now=now, timezone=MADRID, speech=FRENCH) == "avant 2h30 CET"


def test_a_call_is_told_in_their_words() -> None:
    tomorrow = datetime(2026, 3, 11, 8, 15, tzinfo=UTC)
    assert at_words(tomorrow, now=NOW, timezone=MADRID, speech=SPANISH) == "mañana a las 09:15"
    assert at_words(tomorrow, now=NOW, timezone=MADRID, speech=FRENCH) == "demain à 9h15"
    later = datetime(2026, 8, 20, 10, 0, tzinfo=UTC)
    assert at_words(later, now=NOW, timezone=MADRID, speech=FRENCH) == "jeudi 20 août à 12h00"


@pytest.mark.parametrize(
    ("amount", "currency", "english", "spanish", "french"),
    [
        (450, "GBP", "£4.50", "£4.50", "4,50 £"),
        (450, "EUR", "€4.50", "4,50 €", "4,50 €"),
        (123450, "EUR", "€1,234.50", "1.234,50 €", "1 234,50 €"),
        (450, "JPY", "¥450", "¥450", "450 ¥"),
        (450, "CHF", "CHF 4.50", "CHF 4.50", "4,50 CHF"),
    ],
)
def test_money_is_written_as_their_readers_write_it(
    amount: int, currency: str, english: str, spanish: str, french: str
) -> None:
    written = [money_words(amount, currency, SPEECHES[language]) for language in Language]
    assert written == [english, spanish, french]


def test_remedies_are_told_in_their_words() -> None:
    given = [(RemedyKind.REFUND, 450), (RemedyKind.VOUCHER, 500), (RemedyKind.REMAKE, None)]
    said = [remedy_words(kind, amount, "EUR", speech=SPANISH) for kind, amount in given]
    assert joined(said, SPANISH) == "un reembolso de 4,50 €, un vale de 5,00 € y uno nuevo, recién hecho"
    assert remedy_words(RemedyKind.GESTURE, None, None, "une part de tarte", speech=FRENCH) == "une part de tarte"


@pytest.mark.parametrize("language", Language)
def test_every_failure_and_every_alert_has_its_words(language: Language) -> None:
    speech = SPEECHES[language]
    assert speech.failures.keys() == FAILURES.keys()
    assert speech.alerts.keys() == SPEECHES[Language.ENGLISH].alerts.keys()
    assert (len(speech.weekdays), len(speech.short_weekdays), len(speech.months)) == (7, 7, 12)
    assert failure_words("a_failure_of_the_site_itself", speech) == speech.failures["other"]


@pytest.mark.parametrize("language", [Language.SPANISH, Language.FRENCH])
@pytest.mark.parametrize("of", [SPEECHES, PAGE_WORDS])
def test_a_translation_has_the_same_places_and_no_english_left(of: dict[Language, object], language: Language) -> None:
    english, other = said_by(of[Language.ENGLISH]), said_by(of[language])
    assert english.keys() == other.keys()
    for name, sentence in english.items():
        assert set(PLACE.findall(other[name])) - ONLY_SPANISH == set(PLACE.findall(sentence)), name
    same = {name for name, sentence in english.items() if other[name] == sentence}
    assert same <= {"clock", "thousands", "language", "months"}


def said_by(words: object) -> dict[str, str]:
    """Every sentence by its name; those of tables by table and key."""
    said: dict[str, str] = {}
    for each in dataclasses.fields(words):  # type: ignore[arg-type]  # both are dataclasses
        value = getattr(words, each.name)
        if isinstance(value, str):
            said[each.name] = value
        elif isinstance(value, dict):
            said |= {f"{each.name} {key}": sentence for key, sentence in value.items()}
    return said


def test_whoever_speaks_none_of_ours_is_spoken_to_in_english() -> None:
    assert speech_in("de").language is Language.ENGLISH
