from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.domain.languages import Language
from recovery.domain.messages import OPT_IN_WORDS, OPT_OUT_WORDS, Digit, Keyword, Words, says_not_right, understand
from recovery.domain.page_words.choosing import PAGE_WORDS


@pytest.mark.parametrize(
    "body",
    [
        "STOP",
        "stop",
        " Stop! ",
        "stop.",
        "S.T.O.P",
        "stop all",
        "StopAll",
        "opt-out",
        "Opt Out",
        "end",
        "Quit",
        "revoke",
        "unsubscribe",
        "CANCEL",
        '"STOP"',
        "stop\n",
        "\u200bSTOP",
        "ＳＴＯＰ",
        "STOP 🛑",
        "stop…",
    ],
)
def test_a_bare_word_of_the_stop_family_is_a_stop(body: str) -> None:
    assert understand(body) is Keyword.STOP


@pytest.mark.parametrize("body", ["START", "start ", "Unstop", "yes", "Yes!"])
def test_a_bare_word_of_the_start_family_is_a_start(body: str) -> None:
    assert understand(body) is Keyword.START


@pytest.mark.parametrize(
    ("body", "keyword"), [("help?", "help"), ("INFO", "help"), ("Call", "call"), ("call!!", "call")]
)
def test_help_and_call_are_understood(body: str, keyword: str) -> None:
    assert understand(body) == Keyword(keyword)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("1", 1),
        (" 2 ", 2),
        ("1.", 1),
        ("(1)", 1),
        ("2!!", 2),
        ("1\ufe0f\u20e3", 1),
        ("①", 1),
        ("１", 1),
        ("10", 10),
        ("#2", 2),
    ],
)
def test_a_bare_digit_is_an_answer(body: str, value: int) -> None:
    assert understand(body) == Digit(value)


@pytest.mark.parametrize(
    "body",
    [
        "please stop texting me",
        "Please call me",
        "stop it, 1",
        "1 2",
        "1 or 2?",
        "1st",
        "2 please",
        "call 2",
        "",
        "   ",
        "👍",
        "100",
        "help me with my order",
        "endless",
        "-",
        "1.5",
    ],
)
def test_anything_else_is_left_to_a_person_word_for_word(body: str) -> None:
    assert understand(body) == Words(body)


@given(
    st.sampled_from(sorted(OPT_OUT_WORDS)),
    st.text(alphabet=" .!?\n\t-_'\"", max_size=5),
    st.sampled_from([str.lower, str.title]),
)
def test_no_case_or_punctuation_hides_an_opt_out(word: str, around: str, cased: Callable[[str], str]) -> None:
    assert understand(around + cased(word) + around) is Keyword.STOP


@given(st.text(max_size=200))
def test_no_body_however_strange_is_too_much(body: str) -> None:
    assert isinstance(understand(body), Keyword | Digit | Words)


def test_the_families_are_those_that_the_provider_acts_on() -> None:
    assert {"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"} == OPT_OUT_WORDS
    assert {"START", "YES", "UNSTOP"} == OPT_IN_WORDS


@pytest.mark.parametrize("language", PAGE_WORDS)
def test_the_words_of_the_button_say_by_text_too_that_it_is_not_right(language: str) -> None:
    words = PAGE_WORDS[Language(language)].still_not_right
    for written in (words, words.upper(), f"{words}!! 😡", words.replace("’", "'"), words.replace("é", "e")):
        assert says_not_right(written)


@pytest.mark.parametrize(
    ("words", "is_so"),
    [
        ("Not fixed.", True),
        ("¡No está arreglado!", True),
        ("todavia no esta bien", True),
        ("Pas réglé", True),
        ("It's not right that you charge for milk", False),
        ("Ahora está bien", False),
        ("C'est réglé", False),
    ],
)
def test_only_that_and_nothing_beside_it_does(words: str, *, is_so: bool) -> None:
    assert says_not_right(words) is is_so
