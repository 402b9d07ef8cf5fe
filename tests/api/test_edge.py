"""What comes before any call is carried out: who asks, how it is written, how much, how often."""

import re
from datetime import timedelta

import pytest
from flask import request
from sqlalchemy import select, text

from recovery.app import create_app
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.actors import MACHINE
from recovery.domain.permissions import Scope
from recovery.models import ApiToken, Heartbeat
from recovery.services.people.staff import deactivate, locked_person
from recovery.services.people.tokens import revoke_token
from tests.api.calling import LOGGED, Desk, refused
from tests.fixtures.settings import MakeSettings

READ, WRITE, APPROVE = (frozenset({scope}) for scope in (Scope.READ, Scope.WRITE, Scope.APPROVE))


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer nonsense", "Basic bWF5YTptYXlh", "Bearer \ud83d", "Bearer " + "x" * 5000],
)
def test_without_a_good_token_nothing_is_told(small_desk: Desk, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("utf-8", "replace").decode("latin-1")}
    answer = small_desk.call(None, "GET", "/tickets", headers=headers)
    refused(answer, 401, "Authorization: Bearer")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_opens_nothing(desk: Desk) -> None:
    desk.done("maya", "GET", "/staff/me")
    with desk.business.desk.write() as session:
        token = session.scalars(select(ApiToken)).one()
        revoke_token(session, token.id, now=desk.business.now, by=MACHINE)
    refused(desk.call("maya", "GET", "/staff/me"), 401)


def test_a_token_that_has_just_changed_something_opens_nothing_once_it_is_revoked(desk: Desk) -> None:
    reference = desk.log()["reference"]
    with desk.business.desk.write() as session:
        revoke_token(session, session.scalars(select(ApiToken)).one().id, now=desk.business.now, by=MACHINE)
    refused(desk.call("maya", "POST", f"/tickets/{reference}/reading", {}), 401)
    refused(desk.call("maya", "GET", f"/tickets/{reference}"), 401)


def test_who_left_opens_nothing(desk: Desk) -> None:
    desk.done("maya", "GET", "/staff/me")
    with desk.business.desk.write() as session:
        maya = locked_person(session, desk.business.staff("maya").id)
        deactivate(session, maya, now=desk.business.now, by=desk.business.actor("ada"))
    refused(desk.call("maya", "GET", "/staff/me"), 401)


def test_a_token_is_stamped_to_the_hour_and_by_changes_alone(desk: Desk) -> None:
    def last_used() -> object:
        with desk.business.desk.read() as session:
            return session.scalars(select(ApiToken)).one().last_used_at

    desk.done("maya", "GET", "/tickets")
    assert last_used() is None
    desk.log()
    stamped = desk.business.now
    assert last_used() == stamped
    desk.business.later(minutes=59)
    desk.log()
    assert last_used() == stamped
    desk.business.later(minutes=1)
    desk.log()
    assert last_used() == stamped + timedelta(hours=1)


def test_the_token_itself_is_nowhere_in_the_database(small_desk: Desk) -> None:
    plain = small_desk.token("maya")
    with small_desk.business.desk.read() as session:
        (row,) = session.execute(text("SELECT * FROM api_tokens")).all()
    assert plain.startswith("rd_")
    assert all(plain not in str(value) and plain.removeprefix("rd_") not in str(value) for value in row)


def test_scopes_narrow_what_a_role_may(small_desk: Desk) -> None:
    reference = small_desk.log(remedies=[{"kind": "refund", "amount": 4500}])["reference"]
    remedy_id = small_desk.ticket(reference)["remedies"][0]["id"]
    too_narrow = small_desk.call("maya", "POST", "/tickets", LOGGED, scopes=READ)
    refused(too_narrow, 403, "its scopes are read")
    assert small_desk.call("maya", "POST", "/tickets", LOGGED, scopes=WRITE).status_code == 201
    refused(small_desk.call("omar", "POST", f"/remedies/{remedy_id}/approval", scopes=READ), 403, "scopes")
    refused(small_desk.call("omar", "GET", "/reports/recovery-times", scopes=APPROVE), 403, "scopes")
    assert small_desk.call("omar", "POST", f"/remedies/{remedy_id}/approval", scopes=APPROVE).status_code == 200


def test_a_scope_gives_no_more_than_the_role(small_desk: Desk) -> None:
    everything = frozenset(Scope)
    refused(small_desk.call("maya", "GET", "/approvals", scopes=everything), 403, "role")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_is_taken(small_desk: Desk, kind: str) -> None:
    answer = small_desk.call("maya", "POST", "/tickets", data='{"site": "harbour-st"}', content_type=kind)
    refused(answer, 415, "Content-Type: application/json")


@pytest.mark.parametrize(
    "body",
    ["{", '{"site": NaN}', '{"site": Infinity}', "[" * 100_000, b"\xff\xfe", "'x'"],
)
def test_broken_json_is_refused(small_desk: Desk, body: str | bytes) -> None:
    answer = small_desk.call("maya", "POST", "/tickets", data=body, content_type="application/json")
    refused(answer, 400, "not JSON")


@pytest.mark.parametrize("body", ["[]", "7", "null", '"x"'])
def test_json_that_is_no_object_is_refused(small_desk: Desk, body: str) -> None:
    answer = small_desk.call("maya", "POST", "/tickets", data=body, content_type="application/json")
    refused(answer, 422, "Send a JSON object")


@pytest.mark.parametrize("number", ["1e400", "1" + "0" * 5000, "-1" + "0" * 5000, "1" + "0" * 401, "1" + "0" * 300])
def test_a_number_beyond_all_numbers_is_refused(small_desk: Desk, number: str) -> None:
    body = f'{{"site": "harbour-st", "failure": "late", "promise_minutes": {number}}}'
    answer = small_desk.call("maya", "POST", "/tickets", data=body, content_type="application/json")
    problem = refused(answer, 422, "promise_minutes: ")
    assert "number" in problem["detail"]


def test_a_field_with_half_a_character_in_its_name_is_refused(small_desk: Desk) -> None:
    answer = small_desk.call(
        "maya",
        "POST",
        "/tickets",
        data='{"site": "harbour-st", "failure": "late", "\\ud83d": 1}',
        content_type="application/json",
    )
    refused(answer, 422, "no such field")


def test_whatever_is_sent_is_looked_at(small_desk: Desk) -> None:
    """Also where nothing is expected: a slip of the pen never goes unnoticed."""
    reference = small_desk.log()["reference"]
    refused(small_desk.call("maya", "POST", "/tickets?x=1", LOGGED), 422, "x: There is no such field")
    viewings = f"/tickets/{reference}/viewings"
    refused(small_desk.call("maya", "POST", viewings, {"foo": 1}), 422, "foo: There is no such field")
    broken = small_desk.call("maya", "POST", viewings, data="{", content_type="application/json")
    refused(broken, 400, "not JSON")
    for rule in small_desk.app.url_map.iter_rules():
        for method in (rule.methods or set()) & {"GET", "DELETE"} if rule.rule.startswith("/api/v1/") else ():
            path = re.sub(r"<row_id:\w+>", "1", rule.rule.replace("<reference:reference>", reference))
            answer = small_desk.call("ada", method, f"{path.removeprefix('/api/v1')}?no_such=1")
            assert "no_such" in refused(answer, 422)["errors"], f"{method} {path}"


@pytest.mark.parametrize("path", ["/tickets", "/tickets/RD-222222/viewings", "/nowhere"])
def test_more_than_a_megabyte_is_refused_in_one_sentence(small_desk: Desk, path: str) -> None:
    answer = small_desk.call("maya", "POST", path, data=b" " * (1024 * 1024 + 1), content_type="application/json")
    refused(answer, 413, "more than a megabyte")


def test_a_method_that_is_not_there_keeps_its_allow_header(small_desk: Desk) -> None:
    answer = small_desk.call("maya", "PUT", "/tickets")
    refused(answer, 405, "Allow header")
    assert {"GET", "POST"} <= {method.strip() for method in answer.headers["Allow"].split(",")}


def test_an_address_that_is_not_there_is_a_problem_too(small_desk: Desk) -> None:
    refused(small_desk.call("maya", "GET", "/unicorns"), 404)
    assert small_desk.app.test_client().get("/nowhere").content_type.startswith("text/html")


def test_a_loop_that_ran_away_is_slowed_down(small_desk: Desk) -> None:
    client = small_desk.app.test_client()
    headers = {"Authorization": f"Bearer {small_desk.token('maya')}"}
    answers = (client.get("/api/v1/sites", headers=headers) for _ in range(1300))
    slowed = next(answer for answer in answers if answer.status_code != 200)
    refused(slowed, 429, "very quick")
    assert int(slowed.headers["Retry-After"]) <= 60
    assert small_desk.call("omar", "GET", "/sites").status_code == 200


def test_a_poll_that_brings_its_etag_is_told_that_nothing_changed(small_desk: Desk) -> None:
    small_desk.log()
    first = small_desk.call("maya", "GET", "/board")
    assert first.headers["Cache-Control"] == "no-store"
    again = small_desk.call("maya", "GET", "/board", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    small_desk.log()
    changed = small_desk.call("maya", "GET", "/board", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


def test_every_answer_carries_the_headers_that_keep_browsers_safe(small_desk: Desk) -> None:
    for path in ("/api/v1/sites", "/api/docs", "/nowhere", "/healthz", "/static/css/base.css"):
        with small_desk.app.test_client().get(path) as answer:
            headers = answer.headers
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_over_https_browsers_are_told_to_stay_there(make_settings: MakeSettings, sqlite_url: str) -> None:
    settings = make_settings(DATABASE_URL=sqlite_url, PUBLIC_URL="HTTPS://Desk.example", RECOVERY_TEST_CHEAP_HASH="0")
    components = build(settings)
    app = create_app(settings, components)
    assert "max-age" in app.test_client().get("/healthz").headers["Strict-Transport-Security"]
    assert app.config["SESSION_COOKIE_SECURE"] is True
    components.dispose()


def test_proxies_speak_for_a_client_only_where_they_are_trusted(make_settings: MakeSettings, sqlite_url: str) -> None:
    for trusted, seen in (("0", ("http", "127.0.0.1")), ("1", ("https", "192.0.2.7"))):
        settings = make_settings(DATABASE_URL=sqlite_url, TRUSTED_PROXIES=trusted)
        components = build(settings)
        with create_app(settings, components).test_client() as client:  # which keeps the request to be looked at
            client.get("/healthz", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"})
            assert (request.scheme, request.remote_addr) == seen
        components.dispose()


def test_a_database_that_is_away_is_503_and_never_500(make_settings: MakeSettings, clock: FrozenClock) -> None:
    settings = make_settings(DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=1")
    components = build(settings, clock=clock)
    client = create_app(settings, components).test_client()
    headers = {"Authorization": "Bearer rd_something"}
    for answer in (
        client.get("/api/v1/tickets", headers=headers),
        client.post("/api/v1/tickets", json=LOGGED, headers=headers),
    ):
        refused(answer, 503, "try again in a few seconds")
        assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["status"]) == (503, "unready")
    assert int(ready.headers["Retry-After"]) > 0
    components.dispose()


def test_readiness_tells_of_a_schema_that_is_not_there(make_settings: MakeSettings, empty_sqlite_url: str) -> None:
    settings = make_settings(DATABASE_URL=empty_sqlite_url)
    components = build(settings)
    ready = create_app(settings, components).test_client().get("/readyz")
    assert ready.status_code == 503
    assert "migrate" in ready.get_json()["reasons"][0]
    components.dispose()


def test_readiness_tells_of_a_worker_that_is_not_heard_of(desk: Desk) -> None:
    client = desk.app.test_client()
    assert client.get("/readyz").get_json()["status"] == "degraded"
    with desk.business.desk.write() as session:
        session.add(Heartbeat(name="worker:1", at=desk.business.now, detail="{}"))
    assert client.get("/readyz").get_json() == {"status": "ready", "reasons": []}
    desk.business.later(seconds=31)
    late = client.get("/readyz")
    assert (late.status_code, late.get_json()["status"]) == (200, "degraded")


def test_metrics_are_for_whoever_has_the_token(
    make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock
) -> None:
    for token, status in (("", 404), ("m" * 20, 200)):
        settings = make_settings(DATABASE_URL=sqlite_url, METRICS_TOKEN=token)
        components = build(settings, clock=clock)
        client = create_app(settings, components).test_client()
        assert client.get("/metrics").status_code == 404
        assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status
        assert status == 404 or "recovery_desk_live_tickets 0.0" in answer.get_data(as_text=True)
        components.dispose()
