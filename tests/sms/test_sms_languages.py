"""Every text in every language that we ship: whole, plain, short, and saying the same to the machine."""

import re
from itertools import product

import pytest

from recovery.domain.languages import Language
from recovery.domain.messages import OPT_IN_WORDS, OPT_OUT_WORDS
from recovery.domain.texts import Encoding
from recovery.domain.wording import SPEECHES
from recovery.sms.texts import MAX_SEGMENTS, Texts
from tests.sms.real_texts import LINK, TEMPLATES
from tests.sms.test_sms_templates import ABOUT_TEXTING, EXTREME_NAMES, EXTREME_PLACES, WRITTEN_BY_STAFF

TEXTS = Texts(TEMPLATES)
OTHERS = (Language.SPANISH, Language.FRENCH)
ASKS = {Language.ENGLISH: "Reply 1", Language.SPANISH: "Responda 1", Language.FRENCH: "Répondez 1"}


def longest_values(language: Language) -> dict[str, str]:
    speech = SPEECHES[language]
    day = max(speech.weekdays, key=len)
    month = max(speech.months, key=len)
    said = {"clock": "23:45", "weekday": day, "day": 30, "month": month, "las": "las"}
    voucher, refund = (form.format(money="1.234,50 €") for form in (speech.voucher, speech.refund))
    return {
        "remedies": f"{speech.replacement}, {speech.remake}, {refund}{speech.both}{voucher}",
        "promise": speech.by_date.format(**said),
        "when": max(speech.at_date.format(**said), speech.when_free, key=len),
        "failure": max(speech.failures.values(), key=len),
        "alert": max(speech.alerts.values(), key=len),
        "link": LINK,
        "reference": "RD-7K3M9Q",
        "words": "Ya está.",
        "choices": ", ".join(f"{n} {max(speech.failures.values(), key=len)[:24]} (RD-7K3M9Q)" for n in (1, 2, 3)),
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_shipped_in_every_language(language: Language) -> None:
    assert TEXTS.names(language) == TEXTS.names()


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", TEXTS.names())
def test_a_translation_says_the_same_to_the_machine(name: str, language: Language) -> None:
    english, other = TEXTS.template(name), TEXTS.template(name, language)
    assert other.fields == english.fields
    for header in ("optional", "message_class", "validity_seconds", "asks", "urgent"):
        assert getattr(other, header) == getattr(english, header), header


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", sorted(set(TEXTS.names()) - WRITTEN_BY_STAFF))
def test_no_text_passes_two_segments_in_any_language(name: str, language: Language) -> None:
    longest = longest_values(language)
    given = (longest["remedies"], "", "una mesa muy larga junto a la ventana, " * 5, "👍🏽" * 40)
    optional = TEXTS.template(name, language).optional
    for customer, site, remedies in product(EXTREME_NAMES, EXTREME_PLACES, given):
        values = longest | {"name": customer, "staff": customer.strip() or "Ada", "site": site}
        values |= {"remedies": remedies if remedies or "remedies" in optional else "un vale"}
        text = TEXTS.render(name, values, language)
        assert text.segments.count <= MAX_SEGMENTS, text.body
        assert LINK in text.body or "{link}" not in " ".join(TEXTS.template(name, language).lines)
        assert "  " not in text.body


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", TEXTS.names())
def test_folded_every_text_is_written_in_plain_letters(name: str, language: Language) -> None:
    text = TEXTS.render(
        name, longest_values(language) | {"name": "Inés", "staff": "François", "site": "Café"}, language
    )
    assert text.segments.encoding is Encoding.GSM7, text.segments.offending


def test_where_a_site_does_not_fold_accents_stay() -> None:
    values = longest_values(Language.SPANISH) | {"name": "Inés", "staff": "Maya", "site": "Café"}
    assert "aquí" in TEXTS.render("granted", values, Language.SPANISH, folded=False).body
    assert "aqui" in TEXTS.render("granted", values, Language.SPANISH).body


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", TEXTS.names())
def test_no_translation_asks_for_an_opt_out_word_or_asks_twice(name: str, language: Language) -> None:
    body = " ".join(TEXTS.template(name, language).lines)
    found = set(re.findall(r"\b[A-Z]{2,}\b", body)) & (OPT_OUT_WORDS | OPT_IN_WORDS)
    assert found <= ({"STOP", "START"} if name in ABOUT_TEXTING else set())
    assert body.count("?") <= 1


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", ["resolved", "resolved_again"])
def test_the_question_is_asked_by_digits_in_every_language(name: str, language: Language) -> None:
    values = longest_values(language) | {"name": "Sam", "staff": "Maya", "site": "Café"}
    assert ASKS[language] in TEXTS.render(name, values, language).body
