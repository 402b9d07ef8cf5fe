"""The customer's page: a link, no login, no script; reading changes nothing, and nothing that a customer does is lost."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from recovery.app import create_app
from recovery.clock import FrozenClock
from recovery.domain.actors import Actor
from recovery.domain.callbacks import CallbackStatus, Outcome
from recovery.domain.permissions import Role
from recovery.domain.tickets import TicketStatus
from recovery.models import Callback, Event, Message, Ticket
from recovery.services.calling import callbacks
from recovery.services.deciding.remedies import fulfil, remedies_of
from recovery.services.session import DeskSession
from recovery.services.texting.links import customer_token
from recovery.services.ticketing import reopening, tickets
from recovery.services.ticketing.customer_page import MOST_ACTS
from tests.factories import LEE, REMAKE, SAM, Business, NewCustomer, refund

LINK_PREVIEW = {"User-Agent": "facebookexternalhit/1.1 Facebot Twitterbot/1.0"}


@pytest.fixture
def client(business: Business) -> FlaskClient:
    return create_app(business.desk.settings, business.desk).test_client()


def link(business: Business, ticket: Ticket) -> str:
    return f"/c/{customer_token(business.desk.house, fresh(business, ticket))}"


def fresh(business: Business, ticket: Ticket) -> Ticket:
    with business.desk.read() as session:
        return session.get_one(Ticket, ticket.id)


def call_of(business: Business, ticket: Ticket) -> Callback | None:
    with business.desk.read() as session:
        return callbacks.live_with_customer(session, session.get_one(Ticket, ticket.id))


def events(business: Business) -> int:
    with business.desk.read() as session:
        return session.scalar(select(func.count()).select_from(Event)) or 0


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def send(client: FlaskClient, address: str, **fields: str) -> str:
    """Presses the button, and gives the page at the end of the redirect, in words."""
    answer = client.post(address, data=fields, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    assert answer.request.method == "GET"
    return words_of(answer.text)


def resolved(business: Business) -> Ticket:
    ticket = business.log()
    business.on(ticket, lambda session, row, maya: tickets.resolve(session, row, how=None, now=business.now, by=maya))
    return ticket


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
    page = client.get(link(business, ticket)).text
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
    assert {client.post(f"{good}/messages", data={"words": "Hello"}).data} == {answers[0].data}


def test_a_link_lives_for_thirty_days_after_closing(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    ticket = resolved(business)
    business.desk.transact(
        lambda session: tickets.close_quietly(session, session.get_one(Ticket, ticket.id), now=business.now)
    )
    clock.advance(days=30, seconds=-1)
    assert client.get(link(business, ticket)).status_code == 200


def test_call_me_as_soon_as_someone_is_free(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    page = send(client, f"{link(business, ticket)}/callback")
    assert "Good: we call you as soon as someone is free." in page
    call = call_of(business, ticket)
    assert call is not None
    assert (call.as_soon_as_possible, call.booked_by_id) == (True, None)


def test_choosing_a_time_books_it_moving_moves_it_and_there_is_one_call(
    business: Business, client: FlaskClient
) -> None:
    ticket = business.log()
    address = f"{link(business, ticket)}/callback"
    assert "Good: we call you at 10:00." in send(client, address, due_at="2026-03-10T10:00Z")
    assert "Good: we call you tomorrow at 09:15." in send(client, address, due_at="2026-03-11T09:15Z")
    with business.desk.read() as session:
        calls = session.scalars(select(Callback).where(Callback.ticket_id == ticket.id)).all()
    assert [(call.status, call.moves) for call in calls] == [(CallbackStatus.BOOKED, 1)]


def test_pressing_twice_is_pressing_once(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    address = f"{link(business, ticket)}/callback"
    for _ in range(2):
        send(client, address, due_at="2026-03-10T10:00Z")
    call = call_of(business, ticket)
    assert call is not None
    assert call.moves == 0


@pytest.mark.parametrize(
    "nonsense", ["2026-03-09T10:00Z", "2026-03-10T10:07Z", "2099-01-01T00:00Z", "soonish", "1e400"]
)
def test_a_time_that_cannot_be_had_becomes_as_soon_as_someone_is_free(
    business: Business, client: FlaskClient, nonsense: str
) -> None:
    ticket = business.log()
    page = send(client, f"{link(business, ticket)}/callback", due_at=nonsense)
    assert "We call you as soon as someone is free." in page
    assert call_of(business, ticket) is not None


def test_booking_cannot_fail_even_where_the_hours_of_the_site_make_no_sense(
    business: Business, client: FlaskClient
) -> None:
    ticket = business.log()
    with business.desk.write() as session:
        session.execute(text("UPDATE sites SET hours = 'whenever'"))
    page = send(client, f"{link(business, ticket)}/callback", due_at="2026-03-10T10:00Z")
    assert "We have your wish to be called." in page
    with business.desk.read() as session:
        assert session.scalars(select(Message.body).where(Message.direction == "inbound")).all() == ["Please call me."]
    assert fresh(business, ticket).unread == 1


def test_cancelling_the_call_leaves_a_promise(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    send(client, f"{link(business, ticket)}/callback")
    page = send(client, f"{link(business, ticket)}/callback/cancellation")
    assert "The call is cancelled." in page
    assert call_of(business, ticket) is None
    assert fresh(business, ticket).promise_due_at is not None
    assert "The call is cancelled." in send(client, f"{link(business, ticket)}/callback/cancellation")


def test_a_call_wished_for_after_the_resolution_reopens(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    send(client, f"{link(business, ticket)}/callback")
    assert fresh(business, ticket).status is TicketStatus.IN_RECOVERY
    assert call_of(business, ticket) is not None


def test_still_not_right_reopens_one_level_up(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    page = send(client, f"{link(business, ticket)}/reopening", words="The milk is cold.")
    assert "It is open again, and we are on it." in page
    reopened = fresh(business, ticket)
    assert (reopened.status, reopened.level, reopened.unread) == (TicketStatus.IN_RECOVERY, 2, 1)
    send(client, f"{link(business, ticket)}/reopening")
    assert fresh(business, ticket).level == 2


def test_still_not_right_after_the_window_opens_one_linked_ticket(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    ticket = resolved(business)
    clock.advance(days=8)
    for _ in range(2):
        page = send(client, f"{link(business, ticket)}/reopening")
    with business.desk.read() as session:
        following = session.scalars(select(Ticket).where(Ticket.linked_to_id == ticket.id)).one()
    assert following.reference in page
    assert following.is_live


def test_what_a_colleague_reopened_after_the_window_is_what_the_old_link_goes_on_with(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    ticket = resolved(business)
    clock.advance(days=8)
    by_hand = business.on(
        ticket, lambda session, held, maya: reopening.reopen(session, held, why="by_hand", now=business.now, by=maya)
    )
    page = send(client, f"{link(business, ticket)}/reopening", words="The milk is cold.")
    assert by_hand.reference in page
    with business.desk.read() as session:
        assert session.scalar(select(func.count(Ticket.id))) == 2
    assert fresh(business, by_hand).unread == 1


def test_still_not_right_on_a_live_ticket_is_a_reply_for_a_person(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    for _ in range(2):
        send(client, f"{link(business, ticket)}/reopening")
    assert fresh(business, ticket).unread == 1


def test_writing_to_us_waits_for_a_person_to_read_it(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    page = send(client, f"{link(business, ticket)}/messages", words=" I am at the window\0 seat. STOP ")
    assert "We have it. Someone reads it and answers you." in page
    with business.desk.read() as session:
        message = session.scalars(select(Message).where(Message.direction == "inbound")).one()
    assert (message.body, message.understood_as, message.read_at) == ("I am at the window seat. STOP", "words", None)


def test_writing_is_kept_when_the_ticket_is_closed(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    business.desk.transact(
        lambda session: tickets.close_quietly(session, session.get_one(Ticket, ticket.id), now=business.now)
    )
    send(client, f"{link(business, ticket)}/messages", words="Thank you all.")
    closed = fresh(business, ticket)
    assert (closed.status, closed.unread) == (TicketStatus.CLOSED, 1)


@pytest.mark.parametrize(
    ("words", "sentence"), [("  ", "Write a few words first."), ("a" * 1001, "shorten it a little")]
)
def test_what_cannot_be_taken_stays_on_the_page_with_a_sentence(
    business: Business, client: FlaskClient, words: str, sentence: str
) -> None:
    ticket = business.log()
    answer = client.post(f"{link(business, ticket)}/messages", data={"words": words})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f">{words}</textarea>" in answer.text
    assert fresh(business, ticket).unread == 0


def test_yes_it_is_right_closes(business: Business, client: FlaskClient) -> None:
    ticket = resolved(business)
    page = send(client, f"{link(business, ticket)}/confirmation")
    assert "Thank you for telling us. We are glad." in page
    assert fresh(business, ticket).status is TicketStatus.CLOSED
    assert "Hello Sam. Thank you for bearing with us." in page


def test_a_late_promise_says_so(business: Business, client: FlaskClient, clock: FrozenClock) -> None:
    ticket = business.log()
    clock.advance(minutes=16)
    page = words_of(client.get(link(business, ticket)).text)
    assert "You should have heard from us by 09:45 We are late, and we are sorry." in page


def test_a_cut_line_and_a_remedy_handed_over_are_told(business: Business, client: FlaskClient) -> None:
    ticket = business.log()

    def work(session: DeskSession, row: Ticket, maya: Actor) -> None:
        call = callbacks.book(session, row, due_at=None, now=business.now, by=maya)
        callbacks.attempt(session, row, call, outcome=Outcome.DISCONNECTED, note=None, now=business.now, by=maya)
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


def test_one_link_takes_so_many_acts_and_then_asks_to_wait(
    business: Business, client: FlaskClient, clock: FrozenClock
) -> None:
    ticket, other = business.log(), business.log(customer=LEE)
    for number in range(MOST_ACTS):
        send(client, f"{link(business, ticket)}/messages", words=f"Number {number}")
    answer = client.post(f"{link(business, ticket)}/messages", data={"words": "One more thing"})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "600"
    assert ">One more thing</textarea>" in answer.text
    send(client, f"{link(business, other)}/messages", words="Hello")
    clock.advance(minutes=10)
    send(client, f"{link(business, ticket)}/messages", words="One more thing")


def test_a_database_that_is_away_keeps_what_was_typed(business: Business, client: FlaskClient) -> None:
    ticket = business.log()
    address = link(business, ticket)
    with business.desk.write() as session:
        session.execute(text("ALTER TABLE messages RENAME TO elsewhere"))
    answer = client.post(f"{address}/reopening", data={"words": "Still cold"})
    assert answer.status_code == 503
    assert ">Still cold</textarea>" in answer.text
    assert int(answer.headers["Retry-After"]) > 0


def test_said_comes_from_us_and_never_from_the_address(business: Business, client: FlaskClient) -> None:
    page = client.get(f"{link(business, business.log())}?said=Your+card+was+stolen,+call+us")
    assert "stolen" not in page.text


def test_a_customer_without_a_name_or_a_number_is_greeted_all_the_same(business: Business, client: FlaskClient) -> None:
    page = words_of(client.get(link(business, business.log(customer=None))).text)
    assert "Hello. We got your order wrong" in page
    assert "We do not have your number" in page
    assert SAM.name not in page
    assert Role.FRONTLINE.value not in page
