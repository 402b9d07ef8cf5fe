"""A customer who comes to their page by a way that it does not have is led back to it, never to the desk."""

import pytest
from flask.testing import FlaskClient

from recovery.app import create_app
from recovery.models import Ticket
from recovery.services.texting.links import customer_token
from tests.factories import Business
from tests.web.pages import words


@pytest.fixture
def client(business: Business) -> FlaskClient:
    return create_app(business.desk.settings, business.desk).test_client()


def link(business: Business, ticket: Ticket) -> str:
    return f"/c/{customer_token(business.desk.house, business.again(ticket))}"


@pytest.mark.parametrize(
    ("method", "below"),
    [("PUT", "/callback"), ("DELETE", ""), ("POST", ""), ("POST", "/nothing"), ("PATCH", "/messages")],
)
def test_whatever_is_asked_of_the_page_it_leads_back_to_itself(
    business: Business, client: FlaskClient, method: str, below: str
) -> None:
    page = link(business, business.log())
    answer = client.open(page + below, method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"]
    assert f'href="{page}"' in answer.text
    assert not [word for word in ("desk", "Allow", "JSON") if word in words(answer)]


def test_far_too_much_is_told_to_a_customer_in_their_words(business: Business, client: FlaskClient) -> None:
    page = link(business, business.log())
    answer = client.post(f"{page}/messages", data={"words": "x" * 1_100_000})
    assert answer.status_code == 413
    assert f'href="{page}"' in answer.text
    assert "make it shorter" in words(answer)
    assert "desk" not in words(answer)
