"""The ground under the other tests: that their databases are fresh, and that no test can leave this machine."""

import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, Response
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.fixtures.browser import watched_page
from tests.fixtures.live import LiveServer
from tests.fixtures.network import OtherMachine
from tests.fixtures.serving import serve
from tests.fixtures.waiting import free_port


def leave_a_mark(url: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE left_by_a_test (id integer)"))
    engine.dispose()


@pytest.mark.parametrize("which", ["first", "second"])
def test_each_test_has_a_database_of_its_own(database_url: str, which: str) -> None:
    leave_a_mark(database_url)


@pytest.mark.parametrize("address", [("192.0.2.1", 443), ("2001:db8::1", 443), ("api.twilio.com", 443)])
def test_a_connection_to_another_machine_is_refused(address: tuple[str, int]) -> None:
    with pytest.raises(OtherMachine):
        socket.create_connection(address, timeout=1)


@pytest.mark.parametrize(
    "reach",
    [
        lambda far: far.connect(("192.0.2.1", 443)),
        lambda far: far.connect_ex(("192.0.2.1", 443)),
        lambda far: far.sendto(b"", ("192.0.2.1", 53)),
        lambda far: far.sendto(b"", 0, ("192.0.2.1", 53)),
        lambda _: socket.gethostbyname("api.twilio.com"),
        lambda _: socket.gethostbyname_ex("api.twilio.com"),
    ],
    ids=["connect", "connect_ex", "sendto", "sendto with flags", "name", "name with aliases"],
)
def test_there_is_no_other_way_there(reach: Callable[[socket.socket], object]) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as far, pytest.raises(OtherMachine):
        reach(far)


def test_loopback_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()[:2]):
        pass


PAGES = {
    "good": "<p>Good",
    "elsewhere": "<img src=http://192.0.2.1/x.png>",
    "throws": "<script>nothing()</script>",
    "lacks": "<img src=/none.png>",
    "inline": "<script>1</script>",
    "asks": "<script src=/vendor/htmx.min.js></script><div hx-get=/good hx-trigger=ask hx-sync=this:replace>Asks</div>",
    "fails": "<script src=/vendor/htmx.min.js></script><p hx-get=/cut-off hx-trigger=load>Fails",
}


@pytest.fixture
def small_app() -> Iterator[str]:
    app = Flask("small", static_folder=Path("recovery/static/vendor").resolve())

    @app.get("/<name>")
    def page(name: str) -> tuple[str, int, dict[str, str]]:
        policy = {"Content-Security-Policy": "script-src 'self'"} if name == "inline" else {}
        html = f"<!doctype html><title>{name}</title><link rel=icon href=data:,>{PAGES.get(name)}"
        return html, 200 if name in PAGES else 404, policy

    @app.get("/cut-off")
    def cut_off() -> Response:
        return Response(iter([b"less"]), headers={"Content-Length": "100"})

    with serve(app, free_port()) as address:
        yield address


def test_the_whole_app_answers_on_both_databases(live_server: LiveServer) -> None:
    with urllib.request.urlopen(f"{live_server.url}/healthz") as answer:
        assert answer.status == 200
    assert live_server.components.house.public_url == live_server.url


@pytest.mark.browser
def test_a_page_that_behaves_passes_on_a_phone_and_on_a_laptop(
    phone_page: Page, laptop_page: Page, small_app: str
) -> None:
    for page in (phone_page, laptop_page):
        page.goto(f"{small_app}/good")
        assert page.title() == "good"
        page.goto(f"{small_app}/missing")
    assert phone_page.evaluate("innerWidth") <= 980
    assert laptop_page.evaluate("innerWidth") == 1440


@pytest.mark.browser
def test_a_request_that_another_replaced_is_no_trouble(phone_page: Page, small_app: str) -> None:
    phone_page.goto(f"{small_app}/asks")
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        held.append(route)

    phone_page.route("**/good", hold_the_first)
    for _ in range(2):
        with phone_page.expect_request("**/good"):
            phone_page.evaluate("htmx.trigger('div', 'ask')")
    expect(phone_page.locator("div p")).to_have_text("Good")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("path", "trouble"),
    [
        ("elsewhere", "asked another host"),
        ("throws", "exception: "),
        ("lacks", "Failed to load resource"),
        ("inline", "The policy refused inline"),
        ("fails", "htmx:sendError"),
    ],
)
def test_a_page_that_misbehaves_fails_its_test(chromium: Browser, small_app: str, path: str, trouble: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=trouble), watched_page(chromium) as page:
        page.goto(f"{small_app}/{path}", wait_until="networkidle")
