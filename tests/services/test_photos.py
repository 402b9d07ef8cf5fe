"""Photos that come with a text: wanted with it, fetched by a worker, kept by what they are, and gone with the person."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer

from config.settings import Settings
from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.photos import LARGEST, TRIED_AGAIN_AFTER, Media, PhotoState, WhyNoPhoto, type_of
from recovery.domain.tickets import TicketStatus
from recovery.migrations import newest
from recovery.models import Customer, Message, Photo, SimulatedPhoto, Ticket
from recovery.services.demo.removing import remove
from recovery.services.hearing import photos
from recovery.services.hearing.phone_photos import send_photo, stored_photo
from recovery.services.people.erasing import erase
from recovery.services.running import backups
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing import tickets
from recovery.worker.sending import Sender
from recovery.worker.ticks import Station, fetch_photos
from tests.factories import Business
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, Served
from tests.fixtures.settings import MakeSettings
from tests.photos import AVI, GIF, HEIC, JPEG, PAGE, SVG, WEBP, png
from tests.services.post import Post
from tests.services.texting_parts import delivered

SAMS, STRANGERS = "+447700900123", "+447700900777"
PATH = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/MM1/Media/ME"


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as provider:
        yield provider


@pytest.fixture
def wired(
    settings: Settings, make_settings: MakeSettings, twilio: FakeTwilio, clock: FrozenClock
) -> Iterator[Business]:
    """With the provider at the other end of a wire."""
    more = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN, "TWILIO_API_URL": twilio.url}
    desk = build(
        make_settings(DATABASE_URL=settings.database_url, SMS_GATEWAY="twilio", TWILIO_FROM="+447700900001", **more),
        clock=clock,
    )
    yield Business.opened(desk)
    desk.dispose()


def sends(business: Business, *media: Media, body: str = "Look", number: str = SAMS, sid: str = "MM1") -> Message:
    inbound = Inbound(number, business.desk.house.sender, body, sid, media=media)
    return business.desk.transact(lambda session: receive(session, inbound, now=business.now))


def snaps(business: Business, *contents: bytes, number: str = SAMS) -> Message:
    """From a simulated phone."""
    desk = business.desk
    media = desk.transact(lambda s: [send_photo(s, number, content, now=business.now) for content in contents])
    return sends(business, *media, number=number, sid=f"MM{media[0].url}")


def worker_ticks(business: Business) -> None:
    station = Station(business.desk, Sender(business.desk), "w")
    fetch_photos(station)


def kept(business: Business) -> list[Photo]:
    with business.desk.read() as session:
        return list(session.scalars(select(Photo).order_by(Photo.position).options(undefer(Photo.content))))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (JPEG, "image/jpeg"),
        (png(), "image/png"),
        (GIF, "image/gif"),
        (WEBP, "image/webp"),
        (HEIC, "image/heic"),
        (AVI, None),
        (SVG, None),
        (PAGE, None),
        (b"", None),
        (b"\xff\xd8", None),
    ],
)
def test_a_type_is_what_the_first_bytes_say(content: bytes, kind: str | None) -> None:
    assert type_of(content) == kind


def test_a_photo_waits_with_its_text_and_is_fetched_by_the_worker(business: Business) -> None:
    ticket = business.log()
    message = snaps(business, png(), JPEG)
    assert [photo.state for photo in kept(business)] == [PhotoState.WANTED] * 2
    worker_ticks(business)
    first, second = kept(business)
    assert (first.message_id, first.content, first.content_type) == (message.id, png(), "image/png")
    assert (second.content_type, second.size, second.look_at) == ("image/jpeg", len(JPEG), None)
    told = Post(business).told(ticket, Tag.PHOTO_KEPT)
    assert len(told) == 2
    assert all("content_commitment" in payload for payload in told)


def test_a_photo_without_words_is_an_unread_reply_like_any_other(business: Business) -> None:
    ticket = business.log()
    sends(business, Media("simulator:photo:1"), body="")
    assert business.again(ticket).unread == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [("1", TicketStatus.CLOSED), ("2", TicketStatus.IN_RECOVERY), ("CALL", TicketStatus.IN_RECOVERY)],
)
def test_what_a_photo_shows_is_for_a_person_whatever_its_digit_or_word_does(
    business: Business, body: str, status: TicketStatus
) -> None:
    ticket = business.log()
    business.on(ticket, lambda session, held, by: tickets.resolve(session, held, how=None, now=business.now, by=by))
    business.later(minutes=1)
    delivered(business)
    message = sends(business, Media("https://api.twilio.com/1", "image/jpeg"), body=body)
    again = business.again(ticket)
    assert (again.status, again.unread, message.read_at) == (status, 1, None)


def test_a_text_that_comes_twice_brings_its_photos_once(business: Business) -> None:
    business.log()
    for _ in range(2):
        sends(business, Media("simulator:photo:1"))
    assert len(kept(business)) == 1


def test_no_more_than_ten_are_wanted(business: Business) -> None:
    business.log()
    sends(business, *(Media(f"simulator:photo:{n}") for n in range(12)))
    assert len(kept(business)) == 10


@pytest.mark.parametrize(
    ("content", "reason"),
    [(PAGE, WhyNoPhoto.NO_PHOTO), (SVG, WhyNoPhoto.NO_PHOTO), (JPEG + b"\0" * LARGEST, WhyNoPhoto.TOO_LARGE)],
)
def test_what_is_no_photo_is_refused_with_its_reason_whatever_it_calls_itself(
    wired: Business, twilio: FakeTwilio, content: bytes, reason: WhyNoPhoto
) -> None:
    ticket = wired.log()
    twilio.media[PATH] = Served(content)
    sends(wired, Media(twilio.url + PATH, "image/jpeg"))
    worker_ticks(wired)
    (photo,) = kept(wired)
    assert (photo.state, photo.reason, photo.content) == (PhotoState.REFUSED, reason, None)
    assert Post(wired).told(ticket, Tag.PHOTO_REFUSED)[0].count(reason.value) == 1


def test_one_from_elsewhere_is_never_asked_for(wired: Business, twilio: FakeTwilio) -> None:
    wired.log()
    sends(wired, Media("http://169.254.169.254/latest/meta-data/", "image/png"))
    worker_ticks(wired)
    assert [photo.reason for photo in kept(wired)] == [WhyNoPhoto.ELSEWHERE]
    assert twilio.media_asked == []


def test_a_provider_in_trouble_is_asked_again_later_and_at_last_no_more(wired: Business, twilio: FakeTwilio) -> None:
    wired.log()
    twilio.media[PATH] = Served(status=503)
    sends(wired, Media(twilio.url + PATH))
    for wait in TRIED_AGAIN_AFTER:
        worker_ticks(wired)
        worker_ticks(wired)
        assert [photo.state for photo in kept(wired)] == [PhotoState.WANTED]
        wired.later(seconds=wait.total_seconds())
    worker_ticks(wired)
    assert [photo.reason for photo in kept(wired)] == [WhyNoPhoto.GIVEN_UP]
    assert len(twilio.media_asked) == len(TRIED_AGAIN_AFTER) + 1


def test_one_that_trips_every_worker_is_given_up_as_well(business: Business) -> None:
    business.log()
    snaps(business, png())
    (photo,) = kept(business)
    begun = 0
    for _ in range(2 * len(TRIED_AGAIN_AFTER) + 2):  # and nothing more is heard of it
        begun += business.desk.transact(lambda s: photos.start_fetching(s, photo.id, now=business.now)) is not None
        business.later(hours=7)
    assert [photo.reason for photo in kept(business)] == [WhyNoPhoto.GIVEN_UP]
    assert begun == len(TRIED_AGAIN_AFTER) + 1


def test_and_is_kept_when_the_provider_is_well_again(wired: Business, twilio: FakeTwilio) -> None:
    wired.log()
    sends(wired, Media(twilio.url + PATH))
    worker_ticks(wired)
    twilio.media[PATH] = Served(png())
    wired.later(minutes=1)
    worker_ticks(wired)
    assert [photo.content for photo in kept(wired)] == [png()]


def test_two_workers_fetch_it_once(business: Business) -> None:
    business.log()
    snaps(business, png())
    (photo,) = kept(business)
    start = [business.desk.transact(lambda s: photos.start_fetching(s, photo.id, now=business.now)) for _ in range(2)]
    assert [bool(url) for url in start] == [True, False]
    ends = [business.desk.transact(lambda s: photos.keep(s, photo.id, png(), now=business.now)) for _ in range(2)]
    assert ends == [PhotoState.KEPT, None]


def test_a_strangers_photo_is_kept_without_a_ticket(business: Business) -> None:
    snaps(business, png(), number=STRANGERS)
    worker_ticks(business)
    assert [photo.state for photo in kept(business)] == [PhotoState.KEPT]


def test_erasing_the_person_takes_their_photos(business: Business) -> None:
    ticket = business.log()
    snaps(business, png())
    strangers = snaps(business, JPEG, number=STRANGERS)
    worker_ticks(business)
    business.on(ticket, lambda session, row, maya: tickets.resolve(session, row, how=None, now=business.now, by=maya))
    ada = business.actor("ada")
    business.desk.transact(lambda session: erase(session, SAMS, now=business.now, by=ada))
    assert [photo.message_id for photo in kept(business)] == [strangers.id]
    with business.desk.read() as session:
        assert session.scalars(select(SimulatedPhoto.number)).all() == [STRANGERS]


def test_a_photo_erased_while_it_is_fetched_stays_gone(business: Business) -> None:
    business.log()
    message = snaps(business, png())
    (photo,) = kept(business)
    business.desk.transact(lambda session: photos.erase_photos(session, [message.id]))
    assert business.desk.transact(lambda s: photos.keep(s, photo.id, png(), now=business.now)) is None
    assert kept(business) == []


def test_the_demo_takes_its_photos_along(business: Business) -> None:
    business.log()
    with business.desk.writing.begin() as connection:
        for table in (Ticket, Customer):
            connection.execute(table.__table__.update().values(is_demo=True))
        connection.execute(Message.__table__.update().values(is_demo=True))
    snaps(business, png())
    business.desk.transact(lambda session: remove(session, now=business.now))
    assert kept(business) == []


def test_a_backup_brings_photos_back_to_the_byte(business: Business, tmp_path: Path) -> None:
    business.log()
    snaps(business, png(), JPEG)
    worker_ticks(business)
    file, desk = tmp_path / "photos.zip", business.desk
    with desk.read() as session:
        manifest = backups.write(session, file, revision=newest(), now=business.now, tell=lambda *_: None)
    desk.transact(
        lambda session: backups.restore(
            session,
            file,
            manifest,
            revision=newest(),
            replace=True,
            grace=desk.terms.grace,
            now=business.now,
            tell=lambda *_: None,
        )
    )
    assert [photo.content for photo in kept(business)] == [png(), JPEG]


@pytest.mark.parametrize(
    "url", ["simulator:photo:", "simulator:photo:x", "simulator:photo:²", "http://simulator/1", ""]
)
def test_the_simulated_provider_knows_what_it_was_sent_and_nothing_else(business: Business, url: str) -> None:
    with business.desk.read() as session:
        assert stored_photo(session, url) is None
