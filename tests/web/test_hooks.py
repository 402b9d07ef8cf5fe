"""The machines' doors: forged calls change nothing, genuine ones change one thing once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select, text
from twilio.request_validator import RequestValidator

from config import gunicorn
from recovery.app import create_app
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.messages import MessageStatus
from recovery.models import Message, Photo, Receipt
from recovery.models.base import Base
from recovery.services.running.tallies import HOOKS_REFUSED, count, counted
from recovery.services.sending.departures import ref_of
from recovery.sms.gateway import Accepted
from tests.factories import Business
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN
from tests.fixtures.serving import serve
from tests.fixtures.settings import MakeSettings
from tests.fixtures.waiting import free_port, wait_until
from tests.services.post import Post

PUBLIC = "https://desk.example.com"
OLD_TOKEN = "the token before the rotation"
SAM, US = "+447700900123", "+447700900001"


@dataclass
class Provider:
    """Signs for the public address and calls the server on loopback, as a proxy in front would."""

    server: str
    post: Post
    app: Flask

    def call(
        self,
        path: str,
        fields: dict[str, str],
        *,
        token: str = AUTH_TOKEN,
        signed_for: str | None = None,
        **more: Any,
    ) -> requests.Response:
        signature = RequestValidator(token).compute_signature(signed_for or PUBLIC + path, fields)
        headers = {"X-Twilio-Signature": signature, **more.pop("headers", {})}
        return requests.post(self.server + path, data=fields, headers=headers, timeout=10, **more)

    def status(self, word: str, *, sid: str = "SM1", ref: str = "", **fields: str) -> int:
        path = "/hooks/twilio/status" + (f"?ref={ref}" if ref else "")
        told = {"AccountSid": ACCOUNT_SID, "MessageSid": sid, "MessageStatus": word, **fields}
        return self.call(path, told).status_code

    def text(self, body: str, *, sid: str = "SMin", **fields: str) -> requests.Response:
        told = {"AccountSid": ACCOUNT_SID, "MessageSid": sid, "From": SAM, "To": US, "Body": body, **fields}
        return self.call("/hooks/twilio/messages", told)

    @property
    def refused(self) -> int:
        self.app.extensions["refusals"].write_down()
        return self.refusals_written

    @property
    def refusals_written(self) -> int:
        with self.post.desk.read() as session:
            return counted(session, HOOKS_REFUSED)

    def count(self, what: type) -> int:
        with self.post.desk.read() as session:
            return session.scalar(select(func.count()).select_from(what)) or 0


@pytest.fixture
def provider(make_settings: MakeSettings, database_url: str, clock: FrozenClock) -> Iterator[Provider]:
    settings = make_settings(
        DATABASE_URL=database_url,
        PUBLIC_URL=PUBLIC,
        RECOVERY_TEST_CHEAP_HASH=0,
        SMS_GATEWAY="twilio",
        TWILIO_ACCOUNT_SID=ACCOUNT_SID,
        TWILIO_AUTH_TOKEN=f"{AUTH_TOKEN},{OLD_TOKEN.replace(' ', '-')}",
        TWILIO_FROM=US,
    )
    desk = build(settings, clock=clock)
    post = Post(Business.opened(desk))
    app = create_app(settings, desk)
    with serve(app, free_port()) as url:
        yield Provider(url, post, app)
    app.extensions["refusals"].write_down()  # or its timer would, after the database has gone to another test
    desk.dispose()


STATUS = {"AccountSid": ACCOUNT_SID, "MessageSid": "SM1", "MessageStatus": "delivered"}
TEXT = {"AccountSid": ACCOUNT_SID, "MessageSid": "SMin", "From": SAM, "To": US, "Body": "STOP"}


def test_a_receipt_is_kept_and_answered_with_nothing(provider: Provider) -> None:
    ticket = provider.post.ticket()
    provider.post.finish(provider.post.depart()[0], Accepted("SM1", "queued"))
    assert provider.status("delivered") == 204
    assert provider.post.texts(ticket)[0].status is MessageStatus.DELIVERED
    assert provider.refused == 0


def test_the_reference_in_the_address_names_the_text(provider: Provider) -> None:
    ticket = provider.post.ticket()
    departure = provider.post.depart()[0]
    assert provider.status("sent", ref=ref_of(provider.post.desk.house, departure.message_id)) == 204
    assert provider.post.texts(ticket)[0].provider_sid == "SM1"


def test_a_receipt_for_a_text_that_nobody_knows_is_kept(provider: Provider) -> None:
    assert provider.status("delivered", sid="SMunknown") == 204
    assert provider.count(Receipt) == 1


def test_a_replayed_receipt_changes_nothing_more(provider: Provider) -> None:
    with ThreadPoolExecutor(8) as many:
        assert set(many.map(lambda _: provider.status("delivered"), range(50))) == {204}
    assert provider.count(Receipt) == 1


def test_a_token_that_is_being_replaced_is_still_good(provider: Provider) -> None:
    answer = provider.call("/hooks/twilio/status", STATUS, token=OLD_TOKEN.replace(" ", "-"))
    assert answer.status_code == 204


FORGED: dict[str, dict[str, Any]] = {
    "other token": {"token": "another account's token"},
    "none": {"headers": {"X-Twilio-Signature": ""}},
    "nonsense": {"headers": {"X-Twilio-Signature": "AAAA"}},
    "not ASCII": {"headers": {"X-Twilio-Signature": "é".encode().decode("latin-1")}},
    "other scheme": {"signed_for": "http://desk.example.com{path}"},
    "other port": {"signed_for": "https://desk.example.com:8443{path}"},
    "other host": {"signed_for": "https://other.example.com{path}"},
    "other path": {"signed_for": f"{PUBLIC}/hooks/twilio/calls"},
    "query": {"signed_for": PUBLIC + "{path}?ref=another"},
}
DOORS = {"/hooks/twilio/status": STATUS, "/hooks/twilio/messages": TEXT}


@pytest.mark.parametrize("path", DOORS)
def test_a_forged_call_is_refused_counted_and_writes_nothing(provider: Provider, path: str) -> None:
    """In every way that we could think of, at both doors, of a text that we know and from a customer of ours."""
    ticket = provider.post.ticket()
    provider.post.finish(provider.post.depart()[0], Accepted("SM1", "queued"))
    before = everything(provider)
    for number, (way, forged) in enumerate(FORGED.items(), 1):
        more = forged | ({"signed_for": forged["signed_for"].format(path=path)} if "signed_for" in forged else {})
        answer = provider.call(path, DOORS[path], **more)
        assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/problem+json"), way
        assert all(
            name in answer.json()["detail"] for name in ("PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
        )
        assert AUTH_TOKEN not in answer.text
        assert provider.refused == number, way
    assert everything(provider) == before
    assert provider.post.texts(ticket)[0].status is MessageStatus.SENT


@pytest.mark.parametrize("path", DOORS)
def test_a_signature_that_is_cut_off_doubled_or_missing_is_none(provider: Provider, path: str) -> None:
    whole = RequestValidator(AUTH_TOKEN).compute_signature(PUBLIC + path, DOORS[path])
    before = everything(provider)
    for header in (whole[:-1], whole[:-8], whole[1:], whole + whole, whole + "=", f'"{whole}"', whole.swapcase()):
        assert provider.call(path, DOORS[path], headers={"X-Twilio-Signature": header}).status_code == 403
    assert requests.post(provider.server + path, data=DOORS[path], timeout=10).status_code == 403
    assert everything(provider) == before
    assert provider.call(path, DOORS[path]).status_code in {200, 204}, "uncut it is good"


def everything(provider: Provider) -> dict[str, list[str]]:
    """Every row of every table, but for the tally of what was refused."""
    with provider.post.desk.read() as session:
        return {
            table.name: sorted(str(tuple(row)) for row in session.execute(select(table)))
            for table in Base.metadata.sorted_tables
            if table.name != "tallies"
        }


def test_a_changed_field_breaks_the_signature(provider: Provider) -> None:
    signature = RequestValidator(AUTH_TOKEN).compute_signature(f"{PUBLIC}/hooks/twilio/status", STATUS)
    fields = STATUS | {"MessageStatus": "failed"}
    headers = {"X-Twilio-Signature": signature}
    answer = requests.post(f"{provider.server}/hooks/twilio/status", data=fields, headers=headers, timeout=10)
    assert (answer.status_code, provider.refused) == (403, 1)


@pytest.mark.parametrize("path", DOORS)
def test_a_signed_empty_form_opens_no_door_to_json(provider: Provider, path: str) -> None:
    """The signature over a JSON body covers an empty form, and so would fit every body."""
    signature = RequestValidator(AUTH_TOKEN).compute_signature(PUBLIC + path, {})
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/json"}
    answer = requests.post(provider.server + path, data=json.dumps(DOORS[path]), headers=headers, timeout=10)
    assert (answer.status_code, provider.refused) == (403, 1)
    assert provider.count(Receipt) == provider.count(Message) == 0


def test_another_account_is_refused_though_it_signs_well(provider: Provider) -> None:
    assert provider.status("delivered", AccountSid="AC" + "9" * 32) == 403
    assert provider.count(Receipt) == 0


def test_a_receipt_without_a_name_is_refused(provider: Provider) -> None:
    nameless = provider.call("/hooks/twilio/status", STATUS | {"MessageSid": ""})
    assert (nameless.status_code, "MessageSid" in nameless.json()["detail"]) == (403, True)


def test_a_body_of_a_megabyte_is_not_read(provider: Provider) -> None:
    fields = STATUS | {"Filler": "x" * 70_000}
    assert provider.call("/hooks/twilio/status", fields).status_code == 413
    assert provider.count(Receipt) == 0


def test_the_query_is_checked_exactly_as_it_came(provider: Provider) -> None:
    path = "/hooks/twilio/status?b=%20&ref=x+y&empty=&a=1"
    assert provider.call(path, STATUS).status_code == 204


def test_a_text_is_answered_by_an_empty_response_and_stands_on_the_ticket(provider: Provider) -> None:
    ticket = provider.post.ticket()
    answer = provider.text("Thank you!")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text.endswith("<Response/>")
    assert provider.post.reread(ticket).unread == 1


def test_a_text_that_comes_twice_is_kept_once(provider: Provider) -> None:
    ticket = provider.post.ticket()
    before = provider.count(Message)
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda _: provider.text("2").status_code, range(50)))
    assert set(answers) == {200}
    assert provider.count(Message) == before + 1
    assert provider.post.reread(ticket).unread == 1


def test_photos_are_kept_as_wanted_and_nobody_is_called_from_the_door(provider: Provider) -> None:
    """The provider waits for our answer there: whoever fetches them is the worker."""
    provider.post.ticket()
    urls = [f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/MM1/Media/ME{n}" for n in range(2)]
    media = {f"MediaUrl{n}": url for n, url in enumerate(urls)} | {f"MediaContentType{n}": "image/png" for n in (0, 1)}
    assert provider.text("", NumMedia="2", **media).status_code == 200
    with provider.post.desk.read() as session:
        rows = session.execute(select(Photo.url, Photo.state, Photo.content_type).order_by(Photo.position)).all()
    assert [tuple(row) for row in rows] == [(url, "wanted", "image/png") for url in urls]


def test_where_the_provider_answered_a_stop_we_stay_silent(provider: Provider) -> None:
    ticket = provider.post.ticket()
    provider.post.send_all()
    provider.text("STOP", OptOutType="STOP")
    assert provider.post.reread(ticket).no_text_reason == "opted_out"
    assert provider.post.send_all() == 0


@pytest.mark.parametrize(("kind", "reason"), [("STOP", "opted_out"), ("HELP", None), ("odd", None)])
def test_what_the_provider_took_a_text_for_is_what_it_was(provider: Provider, kind: str, reason: str | None) -> None:
    """An account may have words of its own."""
    ticket = provider.post.ticket()
    provider.post.send_all()
    provider.text("ARRET", OptOutType=kind)
    assert provider.post.reread(ticket).no_text_reason == reason
    assert provider.post.send_all() == 0


def test_a_text_from_a_stranger_is_kept(provider: Provider) -> None:
    assert provider.text("Who is this?", From="+447700900199").status_code == 200
    assert provider.count(Message) == 1


def test_a_text_full_of_oddities_is_kept(provider: Provider) -> None:
    provider.post.ticket()
    assert provider.text("a \0 byte, an 😀, <script>, {name}").status_code == 200


@pytest.mark.parametrize("path", ["/hooks/twilio/status", "/hooks/twilio/messages"])
def test_a_door_is_for_posts_alone(provider: Provider, path: str) -> None:
    assert requests.get(provider.server + path, timeout=10).status_code == 405
    assert requests.post(provider.server + path, data=urlencode(STATUS), timeout=10).status_code == 403


@pytest.mark.parametrize("path", ["/hooks/twilio/status", "/hooks/twilio/messages"])
def test_asking_what_a_door_takes_is_no_forged_call(provider: Provider, path: str) -> None:
    answer = requests.options(provider.server + path, timeout=10)
    assert (answer.status_code, "POST" in answer.headers["Allow"]) == (200, True)
    assert requests.head(provider.server + path, timeout=10).status_code == 405
    assert provider.refused == 0


def test_a_flood_of_forged_calls_waits_for_nobody_who_writes(provider: Provider) -> None:
    """The row of the tally is held, and on SQLite the whole database with it."""
    with provider.post.desk.write() as session:
        count(session, HOOKS_REFUSED, now=provider.post.now)
        with ThreadPoolExecutor(8) as many:
            answers = list(many.map(lambda _: provider.call("/hooks/twilio/status", STATUS, token="x"), range(200)))
    assert {answer.status_code for answer in answers} == {403}
    assert provider.refused == 201


def test_what_was_refused_is_written_down_by_itself(provider: Provider) -> None:
    provider.call("/hooks/twilio/status", STATUS, token="x")
    wait_until(lambda: provider.refusals_written == 1, what="the refusal is written down")


def test_refusals_that_could_not_be_written_down_are_not_forgotten(provider: Provider) -> None:
    with provider.post.desk.write() as session:
        session.execute(text("ALTER TABLE tallies RENAME TO elsewhere"))
    provider.call("/hooks/twilio/status", STATUS, token="x")
    provider.app.extensions["refusals"].write_down()
    with provider.post.desk.write() as session:
        session.execute(text("ALTER TABLE elsewhere RENAME TO tallies"))
    assert provider.refused == 1


def test_a_web_process_that_ends_writes_down_what_it_refused(provider: Provider) -> None:
    """By the hook that gunicorn calls in each of its workers, however it is told to end."""
    provider.call("/hooks/twilio/status", STATUS, token="x")
    arbiter = SimpleNamespace(app=SimpleNamespace(wsgi=lambda: provider.app))
    gunicorn.worker_exit(arbiter, None)
    assert provider.refusals_written == 1
