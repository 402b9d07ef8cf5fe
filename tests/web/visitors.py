"""Somebody at a page of the app, through Flask's client: signs in, and sends forms with the token that the pages carry."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from recovery.app import create_app
from tests.factories import PASSWORD, Business

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor:
    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self._token = ""

    def get(self, address: str, **options: Any) -> TestResponse:
        return self._noted(self.client.get(address, **options))

    def post(self, address: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        return self._noted(self.client.post(address, data={"csrf_token": self._token} | (data or {}), **options))

    def _noted(self, answer: TestResponse) -> TestResponse:
        found = TOKEN.search(answer.text) if "html" in (answer.content_type or "") else None
        self._token = found[1] if found else self._token
        return answer


def signed_in(business: Business, name: str) -> Visitor:
    """`name` is the first part of their address: maya, omar, ada, nell."""
    visitor = Visitor(create_app(business.desk.settings, business.desk).test_client())
    visitor.get("/sign-in")
    answer = visitor.post("/sign-in", {"email": f"{name}@example.com", "password": PASSWORD})
    assert answer.status_code == 302, answer.text
    visitor.get("/log")  # a new session has a new token
    return visitor
