"""Photos over HTTP: with our credentials from the provider's own host, and from nowhere that a stranger may choose."""

import base64
from collections.abc import Iterator

import pytest

from recovery.domain.photos import LARGEST, WhyNoPhoto
from recovery.sms.photos import PhotoRefused, PhotoUnreachable, TwilioPhotos
from recovery.sms.twilio import TwilioAccount
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, Served
from tests.photos import JPEG, png

PATH = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/MM1/Media/ME1"
OURS = "Basic " + base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as provider:
        yield provider


def fetch(twilio: FakeTwilio, url: str = "", *, api_url: str = "", seconds: float = 30.0) -> bytes:
    account = TwilioAccount(
        account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, api_url=api_url or twilio.url, timeout_seconds=seconds
    )
    return TwilioPhotos(account).fetch(url or twilio.url + PATH)


def test_a_photo_is_fetched_with_our_credentials(twilio: FakeTwilio) -> None:
    twilio.media[PATH] = Served(png())
    assert fetch(twilio) == png()
    assert twilio.media_asked == [(PATH, OURS)]


def test_where_the_provider_sends_us_on_to_its_store_we_follow(twilio: FakeTwilio) -> None:
    twilio.media[PATH] = Served(status=307, location=f"{twilio.url}/store/1?Signature=x")
    twilio.media["/store/1"] = Served(JPEG)
    assert fetch(twilio) == JPEG


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/photo.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "http://[",
        "",
        "simulator:photo:1",
        "https://api.twilio.com.elsewhere.example/x",
        "http://{home}.elsewhere.example/x",
        "http://user@{home}/x",
        "https://{home}/x",
        "http://{host}:1/x",
    ],
)
def test_nothing_is_asked_of_any_host_but_the_providers_own(twilio: FakeTwilio, url: str) -> None:
    home = twilio.url.removeprefix("http://")
    with pytest.raises(PhotoRefused) as refused:
        fetch(twilio, url.format(home=home, host=home.split(":")[0]) or "/")
    assert refused.value.reason is WhyNoPhoto.ELSEWHERE
    assert twilio.media_asked == []


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/private",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.8/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "http://93.184.215.14/plain",
        "https://93.184.215.14:8443/other-port",
        "https://user@93.184.215.14/",
        "file:///etc/passwd",
        "ftp://93.184.215.14/x",
    ],
)
def test_we_are_not_sent_on_into_a_private_network_or_off_https(twilio: FakeTwilio, location: str) -> None:
    twilio.media[PATH] = Served(status=302, location=location)
    with pytest.raises(PhotoRefused) as refused:
        fetch(twilio)
    assert refused.value.reason is WhyNoPhoto.ELSEWHERE
    assert [path for path, _ in twilio.media_asked] == [PATH]


def test_our_credentials_stay_at_home(twilio: FakeTwilio) -> None:
    """The store is another host as well: the same server by another name."""
    with FakeTwilio() as store:
        store.media["/photo"] = Served(JPEG)
        twilio.media[PATH] = Served(status=302, location=f"{store.url}/photo")
        with pytest.raises(PhotoRefused):
            fetch(twilio)
        assert store.media_asked == []


def test_a_larger_photo_than_five_megabytes_is_not_read(twilio: FakeTwilio) -> None:
    twilio.media[PATH] = Served(JPEG + b"\0" * LARGEST)
    with pytest.raises(PhotoRefused) as refused:
        fetch(twilio)
    assert refused.value.reason is WhyNoPhoto.TOO_LARGE


def test_also_where_nobody_says_how_long_it_is(twilio: FakeTwilio) -> None:
    twilio.media[PATH] = Served(JPEG + b"\0" * LARGEST, says_no_length=True)
    with pytest.raises(PhotoRefused) as refused:
        fetch(twilio)
    assert refused.value.reason is WhyNoPhoto.TOO_LARGE


def test_also_where_its_length_is_a_lie(twilio: FakeTwilio) -> None:
    """Announced as larger than it is: refused before it is read."""
    twilio.media[PATH] = Served(JPEG, lies_about_length=LARGEST + 1)
    with pytest.raises(PhotoRefused) as refused:
        fetch(twilio)
    assert refused.value.reason is WhyNoPhoto.TOO_LARGE


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 503])
def test_what_is_no_answer_yet_may_be_one_later(twilio: FakeTwilio, status: int) -> None:
    twilio.media[PATH] = Served(b"not now", status=status)
    with pytest.raises(PhotoUnreachable, match=str(status)):
        fetch(twilio)


def test_a_round_trip_without_end_is_left(twilio: FakeTwilio) -> None:
    twilio.media[PATH] = Served(status=302, location=twilio.url + PATH)
    with pytest.raises(PhotoUnreachable):
        fetch(twilio)
    assert len(twilio.media_asked) == 4


def test_a_byte_a_second_holds_nobody_for_long(twilio: FakeTwilio) -> None:
    """The whole would take an hour, with no byte later than the time out."""
    twilio.media[PATH] = Served(png() + bytes(20_000), seconds_per_byte=0.2)
    with pytest.raises(PhotoUnreachable):
        fetch(twilio, seconds=1.0)


def test_a_photo_that_breaks_off_is_no_photo(twilio: FakeTwilio) -> None:
    twilio.media[PATH] = Served(png(), lies_about_length=len(png()) + 100)
    with pytest.raises(PhotoUnreachable):
        fetch(twilio, seconds=0.5)


def test_a_provider_that_is_away_says_nothing_of_the_photo(twilio: FakeTwilio) -> None:
    with pytest.raises(PhotoUnreachable) as trouble:
        fetch(twilio, "http://127.0.0.1:9/x", api_url="http://127.0.0.1:9")
    assert "127.0.0.1" not in trouble.value.detail
