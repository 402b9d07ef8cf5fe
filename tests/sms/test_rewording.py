"""What a text in somebody's own words must keep, each with its sentence; and that all shipped texts keep it."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery.domain.languages import Language
from recovery.sms.rewording import places_of, problems
from recovery.sms.texts import FIELD, Texts
from tests.sms.real_texts import LINK, SETTINGS, TEMPLATES
from tests.sms.test_sms_languages import longest_values

TEXTS = Texts(TEMPLATES)
USUAL: Mapping[str, str] = SETTINGS["café"] | {"link": LINK}
LOGGED = "Hello {name}, {staff} here. Sorry, {failure}. News {promise}: {link}"


def wrong(body: str, name: str = "logged", language: Language = Language.ENGLISH, *, folded: bool = True) -> list[str]:
    return problems(name, TEXTS.template(name, language), body, USUAL, folded=folded)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", TEXTS.names())
def test_nothing_is_wrong_with_what_is_shipped(name: str, language: Language) -> None:
    template = TEXTS.template(name, language)
    values = longest_values(language) | {"name": "Sam", "staff": "Maya", "site": "Harbour St", "remedies": "un vale"}
    for folded in (True, False):
        assert problems(name, template, template.body, values, folded=folded) == []


def test_a_rating_says_what_its_ends_mean() -> None:
    sentence = "This text asks how well it was put right: it has to say what 1 and 5 mean."
    assert wrong("Thanks {name}! How was it? {link}", "rating") == [sentence]
    assert wrong("Thanks {name}! How was it? 1 is bad, 5 is good. {link}", "rating") == []


def test_own_words_are_fine() -> None:
    assert wrong(LOGGED) == []
    assert wrong("Hi {name}, {words} {reference}", "free") == []


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "Write the text, or put back the one that came with the desk."),
        ("  \n ", "Write the text"),
        (LOGGED + "{surname}", "Nothing can be filled in for {surname} here: choose from the places below."),
        (LOGGED + "{when}", "Nothing can be filled in for {when} here"),
        (LOGGED + "{}", "Nothing can be filled in for {} here"),
        (LOGGED + "{name", "A brace stands alone: places are written {link}, with both."),
        (LOGGED + "}", "A brace stands alone"),
        (LOGGED.replace("{promise}", "soon"), "This text is sent to tell {promise}: it has to stand in it."),
        (LOGGED.replace("{link}", ""), "It needs {link} or {reference}"),
        (LOGGED + " All well? Or not?", "It asks 2 questions: a text asks one at most"),
        (LOGGED + " Reply STOP to end.", "It asks for the answer STOP"),
        (LOGGED + ' Reply with "yes" if so.', "It asks for the answer YES"),
        (LOGGED + " Text us cancel and we stop.", "It asks for the answer CANCEL"),
        (LOGGED + " YES to confirm.", "It asks for the answer YES"),
        (LOGGED + " END = no more texts", "It asks for the answer END"),
        (LOGGED + " Just say yes and we come.", "It asks for the answer YES"),
        (LOGGED + " Please confirm with YES.", "It asks for the answer YES"),
        (LOGGED + ' Reply to us with the word "cancel".', "It asks for the answer CANCEL"),
        (LOGGED + " Reply 1 if you agree.", "It asks for a number, and nobody reads one"),
        (LOGGED + " and so on" * 40, "segments on a usual day, and 2 is the most: shorten it."),
        (LOGGED + " 🥐" + " and so on" * 10, "or leave out 🥐, which makes far fewer letters fit."),
        ("x" * 1001, "That is longer than 1000 letters: no text is."),
    ],
)
def test_each_thing_that_is_wrong_has_its_sentence(body: str, sentence: str) -> None:
    (said,) = wrong(body)
    assert sentence in said


@pytest.mark.parametrize(
    ("language", "words"),
    [(Language.SPANISH, "Responda STOP si no quiere más."), (Language.FRENCH, "Répondez « END » pour arrêter.")],
)
def test_an_opt_out_word_is_found_in_every_language(language: Language, words: str) -> None:
    shipped = TEXTS.template("granted", language).body
    assert len(wrong(f"{shipped}\n{words}", "granted", language)) == 1


@pytest.mark.parametrize(
    "harmless",
    [
        "We stop at nothing.",
        "Your call ends at noon.",
        "We start at once.",
        "Yes, we mean it.",
        "Write to us any time.",
    ],
)
def test_words_that_ask_for_no_answer_are_only_words(harmless: str) -> None:
    assert wrong(f"{LOGGED} {harmless}") == []


def test_what_is_about_texting_may_name_stop_and_start_and_nothing_else() -> None:
    assert wrong("You're off {site}'s list. Reply START to come back. {reference}", "stop_confirmed") == []
    assert (
        "the answer YES" in wrong("You're off {site}'s list. Reply YES to come back. {reference}", "stop_confirmed")[0]
    )
    assert "{failure}" in wrong("You're off {site}'s list: {failure} {reference}", "stop_confirmed")[0]


def test_the_resolution_keeps_its_question_by_digits() -> None:
    assert wrong("All well, {name}? Reply 1 for yes, 2 for no. {link}", "resolved") == []
    assert "the answer YES" in wrong("All well, {name}? Reply 1, 2, or just YES. {link}", "resolved")[0]
    assert wrong("All well, {name}? Reply 1. {link}", "resolved") == [
        "This text asks whether it is fixed: it has to say what 1 and 2 mean."
    ]


def test_what_staff_write_themselves_has_no_bound_but_their_words_must_stand_in_it() -> None:
    assert wrong("{words} " + "and so on " * 40 + "{reference}", "free") == []
    assert wrong("{staff}, {reference}", "free") == ["This text is sent to tell {words}: it has to stand in it."]


@settings(deadline=None)
@given(st.text(max_size=400))
def test_whatever_is_typed_gets_sentences_and_never_an_error(typed: str) -> None:
    for name in ("logged", "resolved", "help", "staff_alert"):
        if not wrong(typed, name):
            assert TEXTS.render(name, USUAL, body=typed).body


@pytest.mark.parametrize("name", TEXTS.names())
def test_every_place_that_is_offered_can_be_filled_in(name: str) -> None:
    template = TEXTS.template(name)
    places = places_of(name, template)
    assert template.fields <= places
    assert TEXTS.render(name, dict(USUAL), body=" ".join(f"{{{place}}}" for place in sorted(places))).body


def test_own_words_are_filled_folded_and_cut_as_shipped_ones_are() -> None:
    values = USUAL | {"name": "", "remedies": ""}
    text = TEXTS.render("logged", values, body="Hi {name}, “sorry”.\nFor you: {remedies}.\nNews {promise}. {link}")
    assert text.body == f'Hi, "sorry". News in about 6 minutes. {LINK}'
    assert (text.urgent, text.asks, text.validity_seconds) == (True, None, 3600)
    assert not FIELD.findall(text.body)
