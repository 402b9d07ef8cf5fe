"""A person before the pages, without a browser: opens, fills what the page offers, and presses its buttons."""

import html
import re
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from recovery.app import create_app
from tests.factories import PASSWORD, Business


@dataclass
class Visitor:
    client: FlaskClient
    kept_token: str = ""
    """Good for as long as the session is the same."""

    @classmethod
    def at(cls, business: Business) -> "Visitor":
        return cls(create_app(business.desk.settings, business.desk).test_client())

    @classmethod
    def signed_in(cls, business: Business, name: str, visitor: "Visitor | None" = None) -> "Visitor":
        """With `visitor` in a second browser of the same app."""
        person = cls(visitor.client.application.test_client()) if visitor else cls.at(business)
        answer = person.sign_in(name)
        assert answer.status_code == 302, words(answer)
        return person

    def sign_in(self, name: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        self.kept_token = ""
        answer = self.post("/sign-in", email=f"{name}@example.com", password=password, **fields)
        self.kept_token = ""
        return answer

    def open(self, address: str, **options: Any) -> TestResponse:
        return self.client.get(address, **options)

    def post(self, address: str, *, token: str | None = None, **fields: Any) -> TestResponse:
        """With the token that this browser's pages carry."""
        return self.client.post(address, data={"csrf_token": self.token() if token is None else token, **fields})

    def token(self) -> str:
        if not self.kept_token:
            page = self.open("/log").text
            self.kept_token = value_of(page if "csrf_token" in page else self.open("/sign-in").text, "csrf_token")
        return self.kept_token

    def log(self, **fields: Any) -> TestResponse:
        """As the log page would be sent; a field that is given replaces the usual one, None leaves it out."""
        page = self.open("/log").text
        usual = {
            "csrf_token": value_of(page, "csrf_token"),
            "submission": value_of(page, "submission"),
            "site": "harbour-st",
            "phone": "07700 900123",
            "name": "Sam Whitfield",
            "failure": "wrong_order",
        }
        return self.client.post("/log", data={k: v for k, v in (usual | fields).items() if v is not None})

    def act(self, ticket: str, what: str, **fields: Any) -> TestResponse:
        """A form on a ticket's page: `act("RD-…", "resolution")`, with the version that the page shows."""
        page = self.open(f"/tickets/{ticket}").text
        return self.post(f"/tickets/{ticket}/{what}", **{"version": value_of(page, "version"), **fields})


def value_of(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"The page has no field {name}."
    return html.unescape(found[1])


def made_from(page: str) -> dict[str, str]:
    """What the forms of a page say that they were made from, to be sent along."""
    found = re.findall(r'name="(was-[^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def words(answer: TestResponse) -> str:
    """What the page, or a part of one, says, without its head and its marks."""
    body = answer.text[max(answer.text.find("<body"), 0) :]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def reference_in(answer: TestResponse) -> str:
    found = re.search(r"/tickets/(RD-\w+)", answer.headers.get("Location", ""))
    assert found, f"{answer.status_code}: {words(answer)}"
    return found[1]
