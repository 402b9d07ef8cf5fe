"""What the customer's page says is so: after trouble, on a page that stood open for hours, and by an address that was kept."""

import re

from flask.testing import FlaskClient
from sqlalchemy import text

from recovery.domain.languages import Language
from recovery.domain.waits import WaitStatus
from tests.factories import Business
from tests.services.wait_parts import again, joined, ticket_of
from tests.web.customer_parts import fresh, link, resolved, send


def sent_again(client: FlaskClient, business: Business, address: str, **fields: str) -> str:
    """Presses while a table is away, and presses what the page offers then, once it is back."""
    rename = "ALTER TABLE {} RENAME TO {}"
    with business.desk.write() as session:
        session.execute(text(rename.format("sites", "elsewhere")))
    answer = client.post(address, data=fields)
    assert answer.status_code == 503
    with business.desk.write() as session:
        session.execute(text(rename.format("elsewhere", "sites")))
    kept = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', answer.text)
    return send(client, address, **dict(kept))


def test_what_was_pressed_is_in_the_form_that_sends_it_again(business: Business, client: FlaskClient) -> None:
    """“Nothing is lost” is said of every button, not of words alone."""
    wait = joined(business)
    address = link(business, ticket_of(business, wait))
    sent_again(client, business, f"{address}/wait", said="not_coming")
    assert again(business, wait).status is WaitStatus.GONE


def test_a_rating_a_language_and_a_zone_are_sent_again_too(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    address = link(business, ticket)
    send(client, f"{address}/confirmation")
    sent_again(client, business, f"{address}/rating", rating="4")
    assert fresh(business, ticket).rating == 4
    sent_again(client, business, f"{address}/language", language="fr")
    sent_again(client, business, f"{address}/zone", timezone="Asia/Tokyo")
    customer = business.again(ticket).customer
    assert customer is not None
    assert (customer.language, customer.timezone) == (Language.FRENCH, "Asia/Tokyo")
