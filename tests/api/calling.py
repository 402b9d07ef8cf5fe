"""Calls with a token of a named person."""

from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from recovery.domain.actors import MACHINE
from recovery.domain.permissions import Scope
from recovery.domain.photos import Media
from recovery.models import Photo, Staff
from recovery.services.hearing import photos
from recovery.services.people.tokens import DEFAULT_SCOPES, add_token
from recovery.services.session import DeskSession
from recovery.services.texting.replies import Inbound, receive
from tests.factories import Business
from tests.photos import png

LOGGED = {
    "site": "harbour-st",
    "failure": "wrong_order",
    "customer": {"phone": "07700 900123", "name": "Sam"},
    "remedies": [{"kind": "remake"}],
}
"""A wrong order as Maya logs it at the counter."""


@dataclass
class Desk:
    business: Business
    app: Flask
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, name: str, scopes: frozenset[Scope] = DEFAULT_SCOPES) -> str:
        key = f"{name} {sorted(scopes)}"
        if key not in self.tokens:
            with self.business.desk.write() as session:
                person = session.scalars(select(Staff).where(Staff.email == f"{name}@example.com")).one()
                self.tokens[key] = add_token(session, person, scopes=scopes, now=self.business.now, by=MACHINE)[1]
        return self.tokens[key]

    def call(
        self,
        who: str | None,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        scopes: frozenset[Scope] = DEFAULT_SCOPES,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> TestResponse:
        sent = dict(headers or {})
        if who is not None:
            sent.setdefault("Authorization", f"Bearer {self.token(who, scopes)}")
        if key is not None:
            sent["Idempotency-Key"] = key
        if body is not None:
            more["json"] = body
        return self.app.test_client().open(f"/api/v1{path}", method=method, headers=sent, **more)

    def done(self, who: str, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The answer's JSON; fails on whatever is not a success."""
        answer = self.call(who, method, path, body, key=key)
        assert answer.status_code < 300, answer.get_data(as_text=True)
        return answer.get_json()

    def log(self, who: str = "maya", **more: Any) -> Any:
        return self.done(who, "POST", "/tickets", LOGGED | more)

    def ticket(self, reference: str, who: str = "maya") -> Any:
        return self.done(who, "GET", f"/tickets/{reference}")


def photo_on(desk: Desk, content: bytes | None = None) -> str:
    """The id of a kept one that Sam sent, as a worker leaves it."""

    def keep(session: DeskSession) -> str:
        now = desk.business.now
        inbound = Inbound("+447700900123", session.house.sender, "Look", "MM1", media=(Media("x"),))
        message = receive(session, inbound, now=now)
        photo_id = session.scalars(select(Photo.id).where(Photo.message_id == message.id)).one()
        photos.keep(session, photo_id, content or png(), now=now)
        return str(photo_id)

    return desk.business.desk.transact(keep)


def refused(answer: TestResponse, status: int, words: str = "") -> Any:
    """The problem, whose one sentence holds `words`."""
    problem = answer.get_json()
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    assert problem["status"] == status
    assert words in problem["detail"]
    return problem
