"""What every page is made of, in a real browser: time that stays true, texts counted as the server counts them, lists that do not jump."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from recovery.domain.money import MINOR_DIGITS, SYMBOLS, format_micros
from recovery.domain.texts import fold, segments
from recovery.web.segment_view import segment_words

from .page_parts import DUE, parts, served

pytestmark = pytest.mark.browser
TEXTS = json.loads((Path(__file__).parents[1] / "shared_texts.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def app() -> Flask:
    return parts()


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[str]:
    with served(app) as url:
        yield url


@pytest.fixture(scope="module")
def page(chromium: Browser, address: str) -> Iterator[Page]:
    page = chromium.new_page(base_url=address)
    yield page
    page.close()


def shown(page: Page) -> list[tuple[str, str, str]]:
    read = """blocks => blocks.map(block => [
        block.querySelector(".time-number").textContent.trim(),
        block.querySelector(".time-word").textContent.trim(),
        ["ok", "soon", "late"].find(state => block.classList.contains(state))])"""
    return [(number, word, state) for number, word, state in page.locator("time-left").evaluate_all(read)]


@pytest.mark.parametrize(
    ("seconds", "words"), [(-1, ("1 s", "left", "soon")), (1, ("1 s", "late", "late")), (0, ("now", "due", "late"))]
)
def test_a_second_before_and_after_the_promise_is_said_in_words(
    page: Page, seconds: int, words: tuple[str, str, str]
) -> None:
    page.clock.set_fixed_time(DUE + timedelta(seconds=seconds))
    page.goto(f"/times?at={seconds}")
    assert shown(page) == [words]


def test_a_phone_whose_clock_is_wrong_by_years_still_shows_our_time(page: Page) -> None:
    page.clock.set_fixed_time(DUE - timedelta(days=2000))
    page.goto("/times?at=-90")
    assert shown(page) == [("1:30", "left", "soon")]


@pytest.mark.parametrize("kind", ["promise", "callback"])
def test_the_script_says_what_the_server_has_written(page: Page, kind: str) -> None:
    offsets = [
        -400_000,
        -100_000,
        -86_400,
        -5_400,
        -5_399,
        -600,
        -599,
        -301,
        -300,
        -60,
        -59,
        0,
        59,
        60,
        599,
        600,
        9_000,
        90_000,
    ]
    page.goto("/reply")  # the same server, and no countdown running on the page that is fetched below
    script = """async ([url, due, offsets, kind]) => {
        const { reading } = await import("/static/js/countdown.js");
        const text = await (await fetch(url)).text();
        const blocks = [...new DOMParser().parseFromString(text, "text/html").querySelectorAll("time-left")];
        const read = (block, part) => block.querySelector(part).textContent.trim();
        return offsets.map((seconds, place) => {
            const said = reading(due, due - 300000, due + seconds * 1000, kind);
            const block = blocks[place];
            return [`${said.number} ${said.word} ${said.state}`,
                    `${read(block, ".time-number")} ${read(block, ".time-word")} ${block.classList[1]}`];
        });
    }"""
    url = f"/times?kind={kind}&at={','.join(map(str, offsets))}"
    pairs = page.evaluate(script, [url, DUE.timestamp() * 1000, offsets, kind])
    assert len(pairs) == len(offsets)
    assert [said for said, _ in pairs] == [written for _, written in pairs]


def test_the_page_counts_each_shared_text_as_the_table_says(page: Page) -> None:
    page.goto("/reply")
    count = """async bodies => {
        const { segments } = await import("/static/js/segments.js");
        return bodies.map(segments).map(({ encoding, units, count }) => ({ encoding, units, segments: count }));
    }"""
    counted = page.evaluate(count, [text["body"] for text in TEXTS])
    assert counted == [{key: text[key] for key in ("encoding", "units", "segments")} for text in TEXTS]


def test_what_is_left_is_counted_with_what_is_written_around_it(page: Page) -> None:
    page.goto("/reply")
    box, said = page.get_by_label("Reply"), page.locator("[data-count]")
    box.fill("a" * 152)
    expect(said).to_have_text("0 letters left · 1 segment · GSM-7")
    box.fill("a" * 153)
    expect(said).to_have_text("145 letters left · 2 segments · GSM-7")
    box.fill("")
    expect(said).to_have_text("")


def test_the_page_says_what_the_server_says(page: Page) -> None:
    page.goto("/reply")
    ask = """async bodies => {
        const { fold, inWords, segments, warning } = await import("/static/js/segments.js");
        return bodies.map(body => [inWords(segments(fold(body))), warning(body, fold(body))]);
    }"""
    bodies = [text["body"] for text in TEXTS]
    said = [segment_words(segments(fold(body)), body) for body in bodies]
    assert page.evaluate(ask, bodies) == [[words["count"], words["warning"]] for words in said]


def test_the_page_writes_a_price_as_the_server_does(page: Page) -> None:
    page.goto("/reply")
    ask = """async prices => {
        const { inMoney } = await import("/static/js/segments.js");
        return prices.map(price => inMoney(...price));
    }"""
    micros = [0, 1, 99, 10_001, 52_400, 104_800, 80_000, 999_999, 1_000_000, 1_234_567_890]
    prices = [(each, currency) for each in micros for currency in ("USD", "JPY", "KWD", "CHF")]
    said = [format_micros(each, currency) for each, currency in prices]
    asked = [(each, SYMBOLS.get(currency, f"{currency} "), MINOR_DIGITS[currency]) for each, currency in prices]
    assert page.evaluate(ask, asked) == said


def test_a_letter_that_changes_the_text_is_named(page: Page) -> None:
    page.goto("/reply")
    page.get_by_label("Reply").fill("It’s ready")
    expect(page.locator("[data-warning]")).to_have_text("’ goes out as plain letters.")
    page.get_by_label("Reply").fill("Ready 😀")
    expect(page.locator("[data-warning]")).to_contain_text("😀 makes it cost more")


def test_two_taps_on_send_are_one_text(page: Page, app: Flask) -> None:
    app.extensions["posts"].clear()
    page.goto("/reply")
    page.get_by_label("Reply").fill("Coming")
    press = (
        "document.querySelector('main button').click()"  # a browser test would wait for a button that says it is busy
    )
    with page.expect_response("/reply"):
        page.evaluate(press)
    page.evaluate(press)
    page.evaluate("fetch('/rows')")  # gives a second text the time to come
    page.goto("/list")
    assert app.extensions["posts"] == ["Coming"]


def test_a_refresh_keeps_the_focus_and_marks_what_is_new(page: Page, app: Flask) -> None:
    page.clock.set_system_time(DUE)
    app.extensions["rows"] = ['<p data-key="a"><a href="#a">Sam</a></p>']
    page.goto("/list")
    page.get_by_role("link", name="Sam").focus()
    app.extensions["rows"].insert(0, '<p data-key="b"><a href="#b">Noor</a></p>')
    expect(page.locator('[data-key="b"]')).to_have_class("is-new")
    expect(page.get_by_role("link", name="Sam")).to_be_focused()


def test_a_list_without_answers_goes_grey_and_says_so(page: Page, app: Flask) -> None:
    app.extensions["answers"] = 200
    page.goto("/list")
    expect(page.locator("#updated")).to_contain_text("Updated")
    app.extensions["answers"] = 503
    expect(page.locator("#updated")).to_contain_text("No answer for")
    expect(page.locator("#list")).to_have_class("is-stale")
    app.extensions["answers"] = 200
    expect(page.locator("#updated")).to_contain_text("Updated")
