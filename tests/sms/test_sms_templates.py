import re
from itertools import product
from pathlib import Path

import pytest

from recovery.domain.languages import Language
from recovery.domain.messages import OPT_IN_WORDS, OPT_OUT_WORDS, MessageClass
from recovery.domain.speech.english import ENGLISH
from recovery.domain.texts import Encoding
from recovery.sms.texts import MAX_SEGMENTS, TemplateProblem, Texts
from tests.sms.real_texts import LINK, SETTINGS, TEMPLATES, real_texts

TEXTS = Texts(TEMPLATES)
ABOUT_TEXTING = {"help", "start_confirmed", "stop_confirmed"}
WRITTEN_BY_STAFF = {"free"}
EXTREME_NAMES = [
    "",
    "   ",
    "Bo",
    "Bernadette van den Berg-Vandenberghe de la Tour",
    "Wolfeschlegelsteinhausenbergerdorff",
    "José-María Ñúñez y Œuvrard",
    "Łucja Świętosławska-Brzęczyszczykiewicz",
    "Олена",
    "Владислав-Ярослав Константинопольский",
    "李小龍",
    "Sam 👩‍👩‍👧‍👦👍🏽",
    "[{^~}]" * 8,
    "Sam\nReply STOP\x00",
    "x" * 5000,
]
EXTREME_PLACES = [
    "Ü",
    "Hotel & Spa Les Trois Vallées de Haute-Savoie",
    "Кафе",
    "Sweeney's “Olde” Bakery – Hackney Wick",
]
LONGEST = {
    "remedies": "a replacement, a refund of £1,234.50, a voucher of £100.00 and a free dessert",
    "promise": "by Wed 30 Sep 09:15",
    "when": "on Wed 30 Sep at 09:15",
    "link": LINK,
    "reference": "RD-7K3M9Q",
    "choices": ", ".join([*(f"{n} {'x' * 24} (RD-7K3M9Q)" for n in (1, 2, 3)), "4 something else"]),
    "alert": "a customer has waited 4 minutes past our promise and nobody has answered",
    "failure": "something was missing from your order",
    "words": "Your order is ready.",
}


@pytest.mark.parametrize("template", TEXTS.names())
@pytest.mark.parametrize("setting", SETTINGS)
def test_no_shipped_text_passes_two_segments_with_the_longest_values(template: str, setting: str) -> None:
    names = list(product([*EXTREME_NAMES, SETTINGS[setting]["name"]], ["Ada", "Bernadette van den Berg", "Оксана"]))
    for (name, staff), site in product(names, [*EXTREME_PLACES, SETTINGS[setting]["site"]]):
        text = TEXTS.render(template, {**LONGEST, "name": name, "staff": staff, "site": site})
        if template not in WRITTEN_BY_STAFF:
            assert text.segments.count <= MAX_SEGMENTS, text.body
        assert not re.search(r"\{(name|staff|site|promise|when|remedies|link|reference|failure)\}", text.body)
        assert "  " not in text.body
        assert " ," not in text.body
        assert not set(text.body) & {"\x00", "\n"} or template in WRITTEN_BY_STAFF


DESCRIBED = "a long table by the window for the eight of you, with a view over the harbour and its boats, "
MUCH_GIVEN = {
    "a gesture described at length": (DESCRIBED * 3)[:200],
    "one word without end": "x" * 200,
    "many things": ", ".join(["a replacement", "£1,234.50 back", "a £100.00 voucher"] * 5)
    + " and a fresh one, made again",
    "one emoji": f"{DESCRIBED[:90]} 👍 and £4.50 back",
    "nothing but emoji": "👍🏽" * 40,
    "another script": "столик у окна на восьмерых " * 7,
    "letters of two units": "[{^~}]" * 33,
}


@pytest.mark.parametrize("given", MUCH_GIVEN)
@pytest.mark.parametrize("template", sorted(set(TEXTS.names()) - WRITTEN_BY_STAFF))
def test_no_shipped_text_passes_two_segments_whatever_is_given(template: str, given: str) -> None:
    longest = max(ENGLISH.failures.values(), key=len)
    for name, place in product(EXTREME_NAMES, EXTREME_PLACES):
        values = {"name": name, "staff": name.strip() or "Ada", "site": place, "remedies": MUCH_GIVEN[given]}
        text = TEXTS.render(template, {**LONGEST, "failure": longest, **values})
        assert text.segments.count <= MAX_SEGMENTS, text.body
        assert LINK in text.body or "{link}" not in " ".join(TEXTS.template(template).lines)
        assert "  " not in text.body


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (DESCRIBED * 2, " for the eight of you, with a view over the harbour and its boats and more. "),
        ("£1,234.50 back, " * 12 + "and a voucher", "£1,234.50 back, £1,234.50 back and more. "),
        ("word " * 40, "word word and more. "),
    ],
)
def test_what_is_given_is_cut_where_it_can_be_and_says_that_there_is_more(given: str, said: str) -> None:
    assert said in TEXTS.render("ready", SETTINGS["café"] | {"link": LINK, "remedies": given}).body


def test_what_only_another_alphabet_can_write_is_left_out_where_it_costs_too_much() -> None:
    values = SETTINGS["café"] | {"link": LINK}
    assert (
        ": a pastry and £4.50 back. " in TEXTS.render("ready", values | {"remedies": "a 🥐 pastry and £4.50 back"}).body
    )
    assert ": something on us. " in TEXTS.render("ready", values | {"remedies": "🥐"}).body


def test_every_text_in_five_settings_is_plain_and_short() -> None:
    for (setting, template), text in real_texts(TEXTS).items():
        assert text.segments.encoding is Encoding.GSM7, (setting, template, text.segments.offending)
        assert text.segments.count <= MAX_SEGMENTS
        assert not re.search(r"[{}]", text.body)


@pytest.mark.parametrize("template", TEXTS.names())
def test_no_text_asks_for_an_answer_with_an_opt_out_word(template: str) -> None:
    text = TEXTS.render(template, SETTINGS["café"] | {"link": LINK})
    words = set(re.findall(r"[A-Z]+", " ".join(TEXTS.template(template).lines).upper())) & (
        OPT_OUT_WORDS | OPT_IN_WORDS
    )
    if template in ABOUT_TEXTING:
        assert words <= {"STOP", "START"}
        assert "Reply" not in text.body
    else:
        assert not words


@pytest.mark.parametrize("template", TEXTS.names())
def test_every_text_tells_its_ticket_from_another(template: str) -> None:
    first = TEXTS.render(template, SETTINGS["café"] | {"link": LINK})
    other = {"link": LINK + "2", "reference": "RD-OTHER1", "choices": "1 late (RD-OTHER1), 2 late (RD-OTHER2)"}
    second = TEXTS.render(template, SETTINGS["café"] | other)
    assert first.body != second.body


def test_only_four_things_are_asked_and_by_digits() -> None:
    asking = {template: TEXTS.template(template).asks for template in TEXTS.names()}
    resolutions = {"resolved": "fixed", "resolved_again": "fixed"}
    in_line = dict.fromkeys(
        (name for name in asking if name.startswith("waiting") and name != "waiting_over"), "coming"
    )
    others = {"which": "which", "rating": "rating"}
    assert {template: asks for template, asks in asking.items() if asks} == resolutions | in_line | others
    assert "from 1 (badly) to 5 (very well)" in TEXTS.render("rating", SETTINGS["café"] | {"link": LINK}).body
    for template in in_line:
        body = TEXTS.render(template, SETTINGS["café"] | {"link": LINK}).body
        assert re.search(r"reply (1 .*, )?3 if you|Reply 3", body, re.IGNORECASE), body
    for template in resolutions:
        assert "Reply 1 if it is fixed, 2 if not" in TEXTS.render(template, SETTINGS["café"] | {"link": LINK}).body


def test_a_customer_without_a_name_is_greeted_all_the_same() -> None:
    values = SETTINGS["café"] | {"link": LINK}
    assert TEXTS.render("logged", values).body.startswith("Hello Sam, it's Maya at Harbour St Café.")
    assert TEXTS.render("logged", values | {"name": ""}).body.startswith("Hello, it's Maya at Harbour St Café.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("{name}, we are sorry. {link}", "We are sorry."),
        ("¡{name}! Lo sentimos. {link}", "Lo sentimos."),
        ("{name} - sorry! {link}", "Sorry!"),
        ("{name},\n{staff} here, {name}. {link}", "Maya here."),
        ("Sorry, {name}: {staff} here. {link}", "Sorry: Maya here."),
    ],
)
def test_own_words_that_begin_with_the_name_begin_with_what_comes_after_it_where_there_is_none(
    words: str, said: str
) -> None:
    values = SETTINGS["café"] | {"link": LINK, "name": ""}
    assert TEXTS.render("logged", values, body=words).body == f"{said} {LINK}"


def test_no_shipped_text_leaves_a_hole_where_there_is_no_name() -> None:
    values = SETTINGS["café"] | {"link": LINK, "name": "", "when": "at 14:30"}
    bodies = [TEXTS.render(name, values, language).body for language in Language for name in TEXTS.names()]
    holes = re.compile(r"^[^\w¡¿«…]|,\s*[:.,!]|\s[,.]|  |\(\)")
    assert [body for body in bodies if holes.search(body)] == []


def test_a_ticket_without_a_remedy_says_nothing_about_remedies() -> None:
    body = TEXTS.render("logged", SETTINGS["café"] | {"link": LINK, "remedies": ""}).body
    assert "put it right" not in body
    assert "You'll hear from me in about 6 minutes. It's all here: https://" in body


def test_a_long_name_is_cut_at_a_word() -> None:
    body = TEXTS.render(
        "logged", SETTINGS["café"] | {"link": LINK, "name": "Bernadette van den Berg-Vandenberghe"}
    ).body
    assert body.startswith("Hello Bernadette van den, it's")


def test_shorter_names_make_room_before_a_remedy_is_left_unsaid() -> None:
    values = {"name": "Bernadette van den Berg", "staff": "Maximiliane Antoinette", "site": "Les Trois Vallees Resort"}
    body = TEXTS.render("logged", {**LONGEST, **values, "failure": "we kept you waiting"}).body
    assert LONGEST["remedies"] in body
    assert body.startswith("Hello Bernadette, it's Maximiliane at Les Trois.")


def test_a_name_in_another_script_is_written_where_there_is_room_and_left_out_where_not() -> None:
    there = TEXTS.render("voided", {"name": "Олена", "staff": "Ada", "site": "Café", "reference": "RD-1"}, folded=False)
    assert there.segments.count <= MAX_SEGMENTS
    logged = TEXTS.render("logged", SETTINGS["café"] | {"link": LINK, "name": "Олена", "staff": "Оксана"})
    assert logged.body.startswith("Hello, it's the team at Harbour St Café.")
    assert logged.segments.encoding is Encoding.GSM7


def test_what_staff_wrote_is_never_cut_and_keeps_its_lines() -> None:
    words = "First line\r\nsecond “line” " + "and more of it " * 40
    text = TEXTS.render("free", SETTINGS["café"] | {"words": words})
    assert text.body.startswith('First line\nsecond "line" and more')
    assert text.body.endswith("and more of it - Maya at Harbour St Café, RD-7K3M9Q")
    assert text.segments.count > MAX_SEGMENTS


def test_what_staff_wrote_is_signed_as_it_was_counted_while_they_wrote() -> None:
    """Also where a shorter name would just have saved a segment: the box said three."""
    signature = " - Maya at Les Trois Vallees Resort, RD-7K3M9Q"
    values = SETTINGS["café"] | {"site": "Les Trois Vallees Resort", "words": "a" * (310 - len(signature))}
    text = TEXTS.render("free", values)
    assert text.body.endswith(signature)
    assert (text.segments.units, text.segments.count) == (310, 3)


def test_letters_are_left_alone_where_a_site_does_not_fold() -> None:
    values = SETTINGS["café"] | {"words": "Voilà: “ça marche”"}
    assert "Voilà: “ça marche”" in TEXTS.render("free", values, folded=False).body
    assert 'Voilà: "ca marche"' in TEXTS.render("free", values).body


def test_braces_in_a_name_are_only_braces() -> None:
    body = TEXTS.render("voided", SETTINGS["café"] | {"name": "{link}"}).body
    assert body.startswith("Hello {link}, please")


def test_class_urgency_and_validity_come_with_the_text() -> None:
    cut_off = TEXTS.render("disconnected", SETTINGS["café"] | {"link": LINK})
    assert (cut_off.message_class, cut_off.urgent, cut_off.validity_seconds) == (MessageClass.TRANSACTIONAL, True, 600)
    assert TEXTS.template("stop_confirmed").message_class is MessageClass.SECURITY
    assert not TEXTS.template("late").urgent


def test_a_placeholder_that_no_text_knows_is_refused() -> None:
    with pytest.raises(TemplateProblem, match="surname"):
        TEXTS.render("logged", SETTINGS["café"] | {"link": LINK, "surname": "Smith"})


def test_a_text_is_not_written_without_what_it_needs() -> None:
    with pytest.raises(TemplateProblem, match="cannot be written without link, promise"):
        TEXTS.render("logged", SETTINGS["café"] | {"promise": " "})


def test_a_text_that_does_not_exist_is_named() -> None:
    with pytest.raises(TemplateProblem, match="en/birthday"):
        TEXTS.render("birthday", {})


GOOD = "class: transactional\nvalidity_seconds: 60\nasks: none\nurgent: no\n\nHello {name}.\n"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (GOOD.replace("{name}", "{nmae}"), "unknown placeholder: nmae"),
        (GOOD.replace("urgent: no\n", ""), "header lines"),
        (GOOD.replace("urgent: no", "urgent: no\ncolour: red"), "header lines"),
        (GOOD.replace("60", "36001"), "sensible validity_seconds"),
        (GOOD.replace("60", "0"), "sensible validity_seconds"),
        (GOOD.replace("transactional", "chatty"), "sensible class"),
        (GOOD.replace("urgent: no", "urgent: maybe"), "sensible urgent"),
        (GOOD.replace("asks: none", "asks: anything"), "sensible asks"),
        (GOOD.replace("{name}", "{name"), "stray brace"),
        (GOOD.replace("Hello {name}.\n", ""), "empty"),
    ],
)
def test_a_template_with_a_mistake_stops_the_start(tmp_path: Path, source: str, complaint: str) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "mine.txt").write_text(source, encoding="utf-8")
    with pytest.raises(TemplateProblem, match=complaint):
        Texts(tmp_path)


def test_a_folder_without_templates_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(TemplateProblem, match="no text templates"):
        Texts(tmp_path)
