"""The customer's page: a link, no login, no script; reading changes nothing."""

import re

from flask.testing import FlaskClient
from sqlalchemy import text

from recovery.clock import FrozenClock
from recovery.domain.actors import Actor
from recovery.domain.callbacks import Outcome
from recovery.models import Ticket
from recovery.services.calling import attempts, booking
from recovery.services.deciding.remedies import cancel, fulfil, remedies_of
from recovery.services.proving.audit import verify
from recovery.services.session import DeskSession
from recovery.services.ticketing import tickets
from recovery.services.ticketing.reopening import reopen
from tests.factories import LEE, REMAKE, Business, NewCustomer, refund
from tests.services.calls import book, tried
from tests.web.customer_parts import events, fresh, link, resolved, send, words_of

LINK_PREVIEW = {"User-Agent": "facebookexternalhit/1.1 Facebot Twitterbot/1.0"}


def test_sam_reads_what_went_wrong_what_was_done_and_when_to_hear_from_us(
    business: Business, client: FlaskClient
) -> None:
    ticket = business.log(remedies=(REMAKE, refund(450)))
    page = words_of(client.get(link(business, ticket)).text)
    assert "Hello Sam. We got your order wrong, and we are sorry." in page
    assert "Maya is putting it right. You hear from us by 09:45" in page
    assert "We agreed: £4.50 back 09:30" in page


def test_the_times_are_those_of_the_site(business: Business, client: FlaskClient) -> None:
    ticket = business.log(by="nell", site="quay", customer=NewCustomer("+1 212 555 0123", "Lee"), remedies=())
    page = words_of(client.get(link(business, ticket)).text)
    assert "by 05:45" in page
    assert "Times are those of New York." in page


def test_the_page_shows_no_surname_no_note_and_no_other_customer(business: Business, client: FlaskClient) -> None:
    business.log(customer=LEE)
    ticket = business.log()
    business.on(
        ticket,
        lambda session, row, maya: tickets.change(
            session, row, tickets.Change(note="Difficult, be careful"), now=business.now, by=maya
        ),
    )
    answer = client.get(link(business, ticket))
    page = answer.text
    assert answer.status_code == 200
    assert "Hello Sam" in page
    for private in ("Okafor", "Whitfield", "Difficult", "Lee", "900123", "900101"):
        assert private not in page


def test_a_link_preview_robot_changes_nothing(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    before = events(business)
    for method in (client.get, client.head, client.options):
        assert method(link(business, ticket), headers=LINK_PREVIEW).status_code == 200
    assert client.get(f"{link(business, ticket)}/callback").status_code == 302
    assert events(business) == before


def test_the_page_keeps_to_itself(business: Business, client: FlaskClient) -> None:
    answer = client.get(link(business, business.log()))
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert 'name="robots" content="noindex' in answer.text
    assert "<script" not in answer.text
    assert "Set-Cookie" not in answer.headers


def test_all_that_the_page_loads_is_below_fifty_kilobytes(business: Business, client: FlaskClient) -> None:
    page = client.get(link(business, business.log(remedies=(REMAKE, refund(450)))))
    loaded = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    total = len(page.data)
    for address in loaded:
        with client.get(address) as part:
            total += len(part.data)
    assert loaded
    assert total < 50_000


def test_wrong_tampered_revoked_and_ended_links_get_the_same_page(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    ticket = resolved(business)
    good = link(business, ticket)
    answers = [client.get("/c/nonsense"), client.get(f"{good[:20]}{'A' if good[20] != 'A' else 'B'}{good[21:]}")]
    with business.desk.write() as session:
        session.execute(text("UPDATE tickets SET link_generation = 1 WHERE id = :id"), {"id": ticket.id})
    answers.append(client.get(good))
    business.desk.transact(
        lambda session: tickets.close_quietly(session, session.get_one(Ticket, ticket.id), now=business.now)
    )
    clock.advance(days=30)
    answers.append(client.get(link(business, ticket)))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1
    assert "This link does not open anything." in answers[0].text
    assert {client.post(f"{good}/confirmation").data} == {answers[0].data}


def test_whoever_has_the_wrong_number_comes_by_an_old_link_to_nothing(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    """What is closed was texted there as well, and its page leads on to what goes on from it."""
    closed, taken_back = resolved(business), business.log()
    business.on(closed, lambda session, row, _: tickets.close_quietly(session, row, now=business.now))
    business.on(
        taken_back,
        lambda session, row, maya: tickets.void(
            session, row, reason="twice", duplicate_of=None, now=business.now, by=maya
        ),
    )
    clock.advance(days=8)
    going_on = business.on(
        closed, lambda session, row, maya: reopen(session, row, why="told", now=business.now, by=maya)
    )
    links = [link(business, each) for each in (closed, taken_back, going_on)]
    assert [client.get(each).status_code for each in links] == [200, 200, 200]
    book(business, going_on)
    tried(business, going_on, Outcome.WRONG_NUMBER)
    assert [client.get(each).status_code for each in links] == [404, 404, 404]
    assert client.post(f"{links[0]}/reopening").status_code == 404
    with business.desk.read() as session:
        assert verify(session, business.desk.house.audit_key).ok


def test_a_link_lives_for_thirty_days_after_closing(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    ticket = resolved(business)
    business.desk.transact(
        lambda session: tickets.close_quietly(session, session.get_one(Ticket, ticket.id), now=business.now)
    )
    clock.advance(days=30, seconds=-1)
    assert client.get(link(business, ticket)).status_code == 200


def test_a_late_promise_says_so(business: Business, client: FlaskClient, clock: FrozenClock) -> None:
    ticket = business.log()
    clock.advance(minutes=16)
    page = words_of(client.get(link(business, ticket)).text)
    assert "You should have heard from us by 09:45 We are late, and we are sorry." in page


def test_a_cut_line_and_a_remedy_handed_over_are_told(business: Business, client: FlaskClient) -> None:
    ticket = business.log()

    def work(session: DeskSession, row: Ticket, maya: Actor) -> None:
        call = booking.book(session, row, due_at=None, now=business.now, by=maya)
        attempts.attempt(session, row, call, outcome=Outcome.DISCONNECTED, note=None, now=business.now, by=maya)
        fulfil(session, row, remedies_of(session, row)[0], now=business.now, by=maya)

    business.on(ticket, work)
    page = words_of(client.get(link(business, ticket)).text)
    assert "We got cut off" in page
    assert "Done: a fresh one, made again" in page


def test_a_pending_approval_is_told_without_the_limit(business: Business, client: FlaskClient) -> None:
    ticket = business.log(remedies=(refund(4500),))
    page = words_of(client.get(link(business, ticket)).text)
    assert "Maya has asked for more for you." in page
    assert "The answer about £45.00 back by 09:40" in page
    assert "20.00" not in page


def test_what_is_asked_for_no_more_is_not_told_as_asked(business: Business, client: FlaskClient) -> None:
    ticket = business.log(remedies=(refund(4500),))

    def withdraw(session: DeskSession, row: Ticket, maya: Actor) -> None:
        cancel(session, row, remedies_of(session, row)[0], reason="a slip", now=business.now, by=maya)

    business.on(ticket, withdraw)
    assert "Maya is looking after it. You hear from us by 09:40" in words_of(client.get(link(business, ticket)).text)


def test_a_ticket_logged_in_error_says_that_nothing_is_to_be_done(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    business.on(
        ticket,
        lambda session, row, maya: tickets.void(
            session, row, reason="Wrong table", duplicate_of=None, now=business.now, by=maya
        ),
    )
    page = words_of(client.get(link(business, ticket)).text)
    assert "Hello Sam. There is nothing you need to do." in page
    assert "Wrong table" not in page
    send(client, f"{link(business, ticket)}/messages", words="Who is this?")
    assert fresh(business, ticket).unread == 1
