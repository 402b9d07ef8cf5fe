"""Texts in own words: saved by version, sent from the next text on, put back, and never read more often than needed."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select, update

from config.settings import Settings
from recovery.bootstrap import Components, build
from recovery.clock import FrozenClock
from recovery.domain.errors import Forbidden, Invalid, NotFound
from recovery.domain.events import Tag
from recovery.models import Event, Message, Site, TextVersion, Ticket
from recovery.services.people.sites import NewSite, add_site
from recovery.services.proving.audit import verify
from recovery.services.session import DeskSession
from recovery.services.texting.replies import Inbound, receive
from recovery.services.wording import rewording
from tests.factories import LEE, NOOR, Business, NewCustomer

OURS = "Hi {name}, {staff} here. So sorry, {failure}! News {promise}: {link}"
VISITOR = NewCustomer("+1 212 555 0123", "Lee Chen")
HOUSE = "House: sorry, {failure}. News {promise}: {link}"


def save(
    business: Business, body: str, *, site: str | None = "harbour-st", name: str = "logged", by: str = "ada"
) -> int | None:
    actor = business.actor(by)

    def work(session: DeskSession) -> int | None:
        place = rewording.place_of(session, site_in(session, site), "en", name)
        return rewording.save(session, place, body, site_name="Harbour St", now=business.now, by=actor)

    return business.desk.transact(work)


def put_back(business: Business, version: int, *, site: str | None = "harbour-st") -> bool:
    actor = business.actor("ada")

    def work(session: DeskSession) -> bool:
        place = rewording.place_of(session, site_in(session, site), "en", "logged")
        return rewording.put_back(session, place, version, now=business.now, by=actor)

    return business.desk.transact(work)


def site_in(session: DeskSession, slug: str | None) -> Site | None:
    return session.scalars(select(Site).where(Site.slug == slug)).one() if slug else None


def first_text(business: Business, **how: object) -> str:
    ticket: Ticket = business.log(**how)  # type: ignore[arg-type]  # what a log takes
    return business.rows(Message, ticket)[0].body or ""


def told(business: Business) -> list[str]:
    with business.desk.read() as session:
        return list(session.scalars(select(Event.payload).where(Event.tag == Tag.TEXT_REWORDED).order_by(Event.seq)))


def test_own_words_are_sent_from_the_next_text_on(business: Business) -> None:
    assert first_text(business).startswith("Hello Sam, it's Maya")
    assert save(business, OURS) == 1
    assert first_text(business, customer=NOOR).startswith("Hi Noor, Maya here. So sorry, we got your order wrong! News")


def test_of_another_site_and_another_language_nothing_changes(business: Business) -> None:
    save(business, OURS)
    assert first_text(business, site="quay", by="nell", customer=VISITOR).startswith("Hello Lee, it's Nell at The Quay")
    ines = NewCustomer("07700 900126", "Inés", "es")
    assert first_text(business, customer=ines).startswith("Hola Inés, le escribe Maya")


def test_the_house_speaks_for_sites_without_words_of_their_own(business: Business) -> None:
    save(business, HOUSE, site=None)
    save(business, OURS)
    assert first_text(business).startswith("Hi Sam, Maya here.")
    assert first_text(business, site="quay", by="nell", customer=VISITOR).startswith("House: sorry, we got your order")
    new = NewSite("Plaza", "Europe/Madrid", "EUR", "ES", slug="plaza")
    business.desk.transact(lambda session: add_site(session, new, now=business.now, by=business.actor("ada")))
    assert first_text(business, site="plaza", by="ada", customer=VISITOR).startswith("House: sorry")
    put_back(business, 0)
    assert first_text(business, customer=NOOR).startswith("House: sorry")


def test_versions_are_counted_and_any_of_them_is_put_back(business: Business) -> None:
    assert [save(business, OURS), save(business, f"{OURS} Bye!")] == [1, 2]
    assert first_text(business).endswith(" Bye!")
    assert put_back(business, 1)
    assert not first_text(business, customer=NOOR).endswith(" Bye!")
    assert put_back(business, 0)
    assert first_text(business, customer=LEE).startswith("Hello Lee, it's Maya")
    with business.desk.read() as session:
        place = rewording.place_of(session, site_in(session, "harbour-st"), "en", "logged")
        rows = rewording.versions_of(session, place)
    assert [(row.version, row.saved_by, row.is_sent) for row in rows] == [
        (2, "Ada Lind", False),
        (1, "Ada Lind", False),
    ]
    assert save(business, OURS) == 3


def test_every_change_is_told_in_the_trail_without_its_words(business: Business) -> None:
    save(business, OURS)
    put_back(business, 0)
    assert len(told(business)) == 2
    assert '"after":"version 1","before":"shipped","field":"logged (en)"' in told(business)[0]
    assert '"after":"shipped","before":"version 1"' in told(business)[1]
    assert "sorry" not in "".join(told(business))
    with business.desk.read() as session:
        assert verify(session, business.desk.house.audit_key).ok


def test_what_is_sent_already_is_no_new_version_and_no_event(business: Business) -> None:
    save(business, OURS)
    assert save(business, OURS) is None
    assert save(business, f"\r\n{OURS}\r\n") is None
    assert put_back(business, 1) is False
    assert put_back(business, 0, site=None) is False
    assert len(told(business)) == 1
    assert first_text(business).startswith("Hi Sam")


def test_what_cannot_be_sent_is_refused_and_nothing_changes(business: Business) -> None:
    with pytest.raises(Invalid, match=re.escape("It needs {link} or {reference}")) as refused:
        save(business, "Sorry, {failure}. News {promise}. Reply YES.")
    assert len(refused.value.errors["body"]) == 2
    with pytest.raises(NotFound):
        save(business, OURS, name="birthday")
    with pytest.raises(NotFound):
        put_back(business, 7)
    assert told(business) == []
    assert first_text(business).startswith("Hello Sam")


@pytest.mark.parametrize("name", ["maya", "omar"])
def test_only_an_admin_words_texts(business: Business, name: str) -> None:
    with pytest.raises(Forbidden):
        save(business, OURS, by=name)


def test_the_answer_to_stop_is_in_own_words_too_also_for_a_number_without_a_ticket(business: Business) -> None:
    save(business, "Gone from {site}'s list.\nRef {reference}", site=None, name="stop_confirmed")
    ticket = business.log()
    for number, sid in (("+447700900123", "1"), ("+447700900199", "2")):
        inbound = Inbound(number, business.desk.house.sender, "STOP", "SM" + sid * 32)
        business.desk.transact(lambda session, each=inbound: receive(session, each, now=business.now))  # type: ignore[misc]
    with business.desk.read() as session:
        bodies = session.scalars(select(Message.body).where(Message.template == "stop_confirmed"))
        assert set(bodies) == {
            f"Gone from Harbour St Coffee's list. Ref {ticket.reference}",
            "Gone from our desk's list.",
        }


def test_a_change_that_is_rolled_back_is_never_sent(business: Business, settings: Settings, clock: FrozenClock) -> None:
    class Stop(Exception):  # it only ends a transaction
        pass

    ada = business.actor("ada")

    def work(session: DeskSession) -> None:
        place = rewording.place_of(session, site_in(session, "harbour-st"), "en", "logged")
        rewording.save(session, place, OURS, site_name="x", now=business.now, by=ada)
        assert rewording.standing(session, place) == OURS
        raise Stop

    with pytest.raises(Stop):
        business.desk.transact(work)
    other = Business(build(settings, clock=clock))  # this process remembers what it has just read
    save(other, HOUSE)
    assert first_text(business).startswith("House:")
    other.desk.dispose()


def test_another_process_sends_what_this_one_has_saved(
    business: Business, settings: Settings, clock: FrozenClock
) -> None:
    other = Business(build(settings, clock=clock))
    assert first_text(other).startswith("Hello Sam")
    save(business, OURS)
    assert first_text(other, customer=NOOR).startswith("Hi Noor")
    put_back(business, 0)
    assert first_text(other, customer=LEE).startswith("Hello Lee")
    other.desk.dispose()


def test_own_words_cost_no_query_once_they_are_known(business: Business) -> None:
    save(business, OURS)
    business.log()
    with counted(business.desk) as statements:
        business.log(customer=NOOR)
    assert [each for each in statements if "text_versions" in each] == []


def test_words_that_this_release_cannot_fill_in_are_left_to_the_shipped_text(business: Business) -> None:
    save(business, OURS)
    with business.desk.write() as session:
        session.execute(update(TextVersion).values(body="Hi {horoscope} {link}"))
        session.execute(update(Site).values(texts_stamp=7))
    assert first_text(business).startswith("Hello Sam, it's Maya")


def test_two_admins_who_save_at_once_make_two_versions(business: Business) -> None:
    made: list[int | None] = []
    threads = [
        threading.Thread(target=lambda end=end: made.append(save(business, f"{OURS} {end}")))
        for end in ("One.", "Two.")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(made, key=str) == [1, 2]
    with business.desk.read() as session:
        assert len(session.scalars(select(TextVersion.id).where(TextVersion.is_sent)).all()) == 1


@contextmanager
def counted(desk: Components) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*told: object) -> None:
        statements.append(str(told[2]))

    for engine in (desk.reading, desk.writing):
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in (desk.reading, desk.writing):
        event.remove(engine, "before_cursor_execute", note)
