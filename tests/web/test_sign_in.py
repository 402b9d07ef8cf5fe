"""The door: who comes in, how often somebody may try, when a session ends."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, text

from recovery.app import create_app
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.models import Event, LoginSession, Staff
from recovery.services.people.sign_in import LINK_ENDS_AFTER, hash_password, issue_link
from recovery.services.running.tallies import UNKNOWN_SIGN_INS, counted
from tests.factories import PASSWORD, Business
from tests.fixtures.settings import MakeSettings
from tests.web.pages import Visitor, value_of, words

NOT_TOGETHER = "That e-mail and password do not belong together."


@pytest.fixture
def visitor(business: Business) -> Visitor:
    return Visitor.at(business)


def link_for(business: Business, name: str) -> str:
    staff = business.staff(name)
    token = business.desk.transact(lambda session: issue_link(session, staff.id, now=business.now, by=MACHINE))
    return f"/sign-in/{token}"


def test_maya_comes_in_with_her_password_and_out_by_a_button(visitor: Visitor) -> None:
    assert visitor.sign_in("maya").headers["Location"] == "/"
    assert "Maya Okafor" in words(visitor.open("/"))
    assert visitor.post("/sign-out").headers["Location"] == "/sign-in"
    assert visitor.open("/").headers["Location"].startswith("/sign-in")


def test_the_e_mail_may_be_written_in_capitals(visitor: Visitor) -> None:
    answer = visitor.post("/sign-in", email=" Maya@Example.com ", password=PASSWORD)
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("name", ["maya", "stranger"])
def test_a_wrong_password_and_an_unknown_name_look_the_same(visitor: Visitor, name: str) -> None:
    answer = visitor.sign_in(name, "not hers")
    assert answer.status_code == 422
    assert NOT_TOGETHER in words(answer)
    assert f'value="{name}@example.com"' in answer.text


def test_a_refusal_stands_in_the_trail_of_a_known_person_alone(business: Business, visitor: Visitor) -> None:
    visitor.sign_in("maya", "not hers")
    visitor.sign_in("stranger", "not hers")
    with business.desk.read() as session:
        refused = session.scalars(select(Event).where(Event.tag == Tag.STAFF_REFUSED)).all()
        assert [event.stream_id for event in refused] == [business.staff("maya").id]
        assert counted(session, UNKNOWN_SIGN_INS) == 1


def test_the_sixth_try_under_a_name_has_to_wait_even_with_the_right_password(visitor: Visitor) -> None:
    for _ in range(5):
        assert visitor.sign_in("maya", "not hers").status_code == 422
    answer = visitor.sign_in("maya")
    assert answer.status_code == 429
    assert "tried too often" in words(answer)
    assert visitor.sign_in("omar").status_code == 302


def test_one_address_cannot_go_through_many_names(visitor: Visitor) -> None:
    for number in range(30):
        visitor.sign_in(f"stranger{number}", "guess")
    assert visitor.sign_in("omar").status_code == 429


def test_twelve_guesses_at_the_same_moment_are_five_as_well(
    business: Business, make_settings: MakeSettings, sqlite_url: str
) -> None:
    """Verifying takes long, as it does outside of tests: whoever is counted only afterwards is not counted in time."""
    slow = build(make_settings(DATABASE_URL=sqlite_url, RECOVERY_TEST_CHEAP_HASH=0), clock=business.desk.clock)
    app = create_app(slow.settings, slow)
    guessers = [Visitor(app.test_client()) for _ in range(12)]
    for guesser in guessers:
        guesser.kept_token = value_of(guesser.open("/sign-in").text, "csrf_token")
    with ThreadPoolExecutor(len(guessers)) as many:
        answers = list(many.map(lambda each: each.post("/sign-in", email="x@example.com", password="guess"), guessers))
    assert Counter(answer.status_code for answer in answers) == {422: 5, 429: 7}
    slow.dispose()


def test_who_knows_the_password_may_come_in_as_often_as_they_like(visitor: Visitor) -> None:
    for _ in range(31):
        assert visitor.sign_in("maya").status_code == 302
        visitor.post("/sign-out")


def test_a_right_password_takes_none_of_the_guesses_back(visitor: Visitor) -> None:
    for _ in range(4):
        visitor.sign_in("maya", "not hers")
    assert visitor.sign_in("maya").status_code == 302
    visitor.post("/sign-out")
    assert visitor.sign_in("maya", "not hers").status_code == 422
    assert visitor.sign_in("maya").status_code == 429


def test_a_password_is_kept_as_an_argon2id_hash_with_the_figures_of_owasp() -> None:
    assert hash_password("a good one", cheap=False).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_cookie_is_for_our_server_alone(visitor: Visitor) -> None:
    cookie = visitor.sign_in("maya").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_the_token_stands_in_no_table(business: Business, visitor: Visitor) -> None:
    visitor.sign_in("maya")
    with visitor.client.session_transaction() as cookie:
        token = cookie["login"]
    with business.desk.read() as session:
        assert token not in session.scalars(select(LoginSession.token_hash)).all()


def test_who_does_nothing_for_an_hour_signs_in_again(visitor: Visitor, clock: FrozenClock) -> None:
    visitor.sign_in("maya")
    clock.advance(minutes=59)
    assert visitor.open("/").status_code == 200
    clock.advance(minutes=61)
    assert visitor.open("/").headers["Location"].startswith("/sign-in")


def test_a_page_that_polls_by_itself_keeps_nobody_signed_in(visitor: Visitor, clock: FrozenClock) -> None:
    visitor.sign_in("maya")
    for _ in range(3):
        clock.advance(minutes=19)
        assert visitor.open("/desk/lanes", headers={"X-Poll": "1"}).status_code == 200
    clock.advance(minutes=19)
    assert visitor.open("/desk/lanes", headers={"X-Poll": "1"}).status_code == 401


def test_after_twelve_hours_the_busiest_session_ends(visitor: Visitor, clock: FrozenClock) -> None:
    visitor.sign_in("maya")
    for _ in range(23):
        clock.advance(minutes=30)
        assert visitor.open("/").status_code == 200
    clock.advance(minutes=31)
    assert visitor.open("/").status_code == 302


def test_a_revoked_session_and_a_person_who_left_are_out_at_once(business: Business, visitor: Visitor) -> None:
    visitor.sign_in("maya")
    omar = Visitor.signed_in(business, "omar", visitor)
    with business.desk.write() as session:
        session.execute(
            text("UPDATE login_sessions SET revoked_at = opened_at WHERE staff_id = :id"),
            {"id": business.staff("maya").id},
        )
        session.execute(text("UPDATE staff SET deactivated_at = added_at WHERE email = 'omar@example.com'"))
    assert visitor.open("/").status_code == 302
    assert omar.open("/").status_code == 302


def test_a_signed_out_cookie_opens_nothing_when_it_is_played_again(visitor: Visitor) -> None:
    visitor.sign_in("maya")
    kept = visitor.client.get_cookie("recovery")
    assert kept is not None
    visitor.post("/sign-out")
    visitor.client.set_cookie("recovery", kept.value)
    assert visitor.open("/").status_code == 302


def test_a_link_lets_somebody_choose_a_password_once(business: Business, visitor: Visitor) -> None:
    link = link_for(business, "maya")
    assert "Welcome, Maya." in words(visitor.open(link))
    assert visitor.post(link, password="a fresh password").headers["Location"] == "/"
    assert visitor.open("/").status_code == 200
    again = Visitor.at(business)
    assert again.open(link).status_code == 404
    assert again.sign_in("maya").status_code == 422
    assert again.sign_in("maya", "a fresh password").status_code == 302


def test_looking_at_a_link_uses_nothing_up(business: Business, visitor: Visitor) -> None:
    link = link_for(business, "maya")
    for _ in range(3):
        assert visitor.open(link).status_code == 200


def test_a_short_password_is_refused_in_one_sentence_and_the_link_still_works(
    business: Business, visitor: Visitor
) -> None:
    link = link_for(business, "maya")
    answer = visitor.post(link, password="short")
    assert answer.status_code == 422
    assert "at least 10 characters" in words(answer)
    assert visitor.post(link, password="long enough by far").status_code == 302


def test_a_new_password_ends_every_other_session(business: Business, visitor: Visitor) -> None:
    visitor.sign_in("maya")
    link = link_for(business, "maya")
    elsewhere = Visitor(visitor.client.application.test_client())
    elsewhere.post(link, password="a fresh password")
    assert visitor.open("/").status_code == 302


def test_an_old_link_and_an_earlier_one_are_both_nothing(
    business: Business, visitor: Visitor, clock: FrozenClock
) -> None:
    first, second = link_for(business, "maya"), link_for(business, "maya")
    assert visitor.open(first).status_code == 404
    clock.advance(seconds=LINK_ENDS_AFTER.total_seconds() + 1)
    assert visitor.open(second).status_code == 404
    assert visitor.open("/sign-in/made-up").status_code == 404


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/%09/evil.example",
        "////evil.example",
        "board.show\nX: y",
        "admin.nothing",
        "tickets.show ../../x",
        "customer.show",
        "desk.show?_external=1&_scheme=gopher",
        "desk.show?next=//evil.example",
    ],
)
def test_nobody_is_sent_on_to_another_place_than_ours(visitor: Visitor, wanted: str) -> None:
    assert visitor.sign_in("maya", next=wanted).headers["Location"] == "/"


def test_after_signing_in_the_page_that_was_wanted_opens(business: Business, visitor: Visitor) -> None:
    ticket = business.log()
    door = visitor.open(f"/tickets/{ticket.reference}").headers["Location"]
    assert door == f"/sign-in?next=tickets.show+{ticket.reference}"
    assert (
        visitor.sign_in("maya", next=f"tickets.show {ticket.reference}").headers["Location"]
        == f"/tickets/{ticket.reference}"
    )


@pytest.mark.parametrize(
    "address",
    [
        "/log",
        "/undetected",
        "/reports",
        "/reports?from=2026-03-01&until=2026-03-09&group_by=staff",
        "/reports/tickets?group_by=failure&key=late",
        "/audit?action=ticket%3Aticket%3Avoided&from=2026-03-01",
        "/admin",
        "/simulator",
        "/board?wall=1",
        "/tickets?status=in_recovery&owner=nobody",
    ],
)
def test_every_page_is_found_again_behind_the_door_as_it_was_asked_for(visitor: Visitor, address: str) -> None:
    door = visitor.open(address).headers["Location"]
    wanted = parse_qs(urlsplit(door).query)["next"]
    assert visitor.sign_in("ada", next=wanted).headers["Location"] == address


@pytest.mark.parametrize("told", ["q=Sam+Whitfield", "customer_phone=%2B447700900123", "number=%2B447700900123"])
def test_what_tells_of_a_customer_does_not_go_through_the_door(visitor: Visitor, told: str) -> None:
    for page in ("tickets", "simulator"):
        door = visitor.open(f"/{page}?status=open&{told}").headers["Location"]
        assert "Sam" not in door
        assert "900123" not in door


def test_a_form_from_elsewhere_is_refused(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    answer = maya.client.post(f"/tickets/{ticket.reference}/resolution", data={"version": "1"})
    assert answer.status_code == 400
    assert maya.post("/sign-out", token="made up").status_code == 400
    assert maya.open("/").status_code == 200


def test_the_stamp_of_last_use_is_written_by_acts_alone_and_to_the_hour(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    def stamp() -> object:
        with business.desk.read() as session:
            return session.scalar(select(LoginSession.last_used_at))

    opened = stamp()
    clock.advance(minutes=40)
    maya.open("/")
    clock.advance(minutes=40)
    maya.open("/")
    assert stamp() == opened
    maya.log()
    assert stamp() == business.now


def test_demo_people_are_offered_on_the_doorstep_and_nobody_else(business: Business, visitor: Visitor) -> None:
    assert "Step into the demo" not in words(visitor.open("/sign-in"))
    with business.desk.write() as session:
        session.scalars(select(Staff).where(Staff.email == "maya@example.com")).one().is_demo = True
    page = words(visitor.open("/sign-in"))
    assert "Step into the demo as" in page
    assert "Maya frontline · Harbour St Coffee" in page
    assert "Omar" not in page
