"""What was written to us, read from the provider's list over the real line: pages, faults, and services without known numbers."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from recovery.clock import SystemClock
from recovery.sms.gateway import LookupFailed
from recovery.sms.twilio import TwilioAccount, TwilioGateway
from recovery.sms.twilio_client import HEARD_PAGES
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, Fault
from tests.fake_twilio.record import AcceptedText

SAM, DESK, POOL = "+447700900123", "+447700900001", "+447700900004"
SERVICE, ANOTHER = "MG" + "0" * 32, "MG" + "1" * 32


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as provider:
        yield provider


def gateway(twilio: FakeTwilio, *, time_out: float = 30.0) -> TwilioGateway:
    account = TwilioAccount(
        account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, api_url=twilio.url, timeout_seconds=time_out
    )
    return TwilioGateway(account)


def an_hour_ago() -> datetime:
    return SystemClock().now() - timedelta(hours=1)


def bodies(twilio: FakeTwilio, **since: datetime) -> list[str]:
    senders = {"number": DESK, "service": SERVICE}
    return [each.body for each in gateway(twilio).heard({senders[key]: at for key, at in since.items()}).texts]


def test_a_list_of_several_pages_is_read_to_its_end(twilio: FakeTwilio) -> None:
    twilio.record.page_size = 7
    for number in range(30):
        twilio.text_from(SAM, DESK, f"Number {number}", ago=300 - number)
    assert bodies(twilio, number=an_hour_ago()) == [f"Number {number}" for number in range(30)]
    assert len(twilio.lists_asked) == 5
    assert all(asked["To"] == DESK and "DateSent>" in asked for asked in twilio.lists_asked)


def test_a_filter_that_knows_only_days_costs_no_more_than_the_page_that_is_too_old(
    twilio: FakeTwilio,
) -> None:
    twilio.record.filters_by_day = True
    twilio.record.page_size = 5
    for number in range(30):
        twilio.text_from(SAM, DESK, f"Number {number}", ago=3_000 - number * 100)
    assert bodies(twilio, number=SystemClock().now() - timedelta(seconds=450)) == [f"Number {n}" for n in range(26, 30)]
    assert len(twilio.lists_asked) == 1


def test_the_day_is_asked_for_in_utc(twilio: FakeTwilio) -> None:
    since = an_hour_ago()
    bodies(twilio, number=since.astimezone())
    assert twilio.lists_asked[0]["DateSent>"] == since.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_list_without_end_is_cut_and_says_how_far_back_it_came(twilio: FakeTwilio) -> None:
    twilio.record.page_size = 1
    for number in range(HEARD_PAGES + 3):
        twilio.text_from(SAM, DESK, f"Number {number}", ago=3_000 - number * 10)
    hearing = gateway(twilio).heard({DESK: an_hour_ago()})
    assert [each.body for each in hearing.texts] == [f"Number {number}" for number in range(3, HEARD_PAGES + 3)]
    assert hearing.cut_at == hearing.texts[0].written_at


def test_what_came_to_a_service_is_known_by_its_numbers_where_the_list_does_not_name_it(twilio: FakeTwilio) -> None:
    twilio.record.accept(AcceptedText(SAM, "Sorry!", from_=POOL, service=SERVICE, status="delivered"))
    twilio.record.accept(AcceptedText(SAM, "Not ours.", from_="+447700900005", service=ANOTHER, status="delivered"))
    twilio.text_from(SAM, POOL, "It is cold.")
    twilio.text_from(SAM, "+447700900005", "To the other service.")
    twilio.text_from(SAM, "+447700900006", "To a number of nobody's.")
    (heard,) = gateway(twilio).heard({SERVICE: an_hour_ago()}).texts
    assert (heard.body, heard.to, heard.service) == ("It is cold.", POOL, SERVICE)


def test_a_text_that_is_still_arriving_is_left_for_the_next_look(twilio: FakeTwilio) -> None:
    text = twilio.text_from(SAM, DESK, "A photo comes.", media=["image/png"])
    text.status = "receiving"
    assert bodies(twilio, number=an_hour_ago()) == []


def test_photos_have_the_address_that_a_webhook_would_name(twilio: FakeTwilio) -> None:
    text = twilio.text_from(SAM, DESK, "", media=["image/jpeg", "image/png"])
    media = gateway(twilio).media_of(text.sid)
    home = f"{twilio.url}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{text.sid}/Media/ME"
    assert [each.content_type for each in media] == ["image/jpeg", "image/png"]
    assert all(each.url.startswith(home) and not each.url.endswith(".json") for each in media)


FAULTS = {
    "too many": Fault.too_many(),
    "broken": Fault("broken"),
    "a proxy's page": Fault("html_502"),
    "dropped": Fault("drop_before"),
    "silence": Fault("hang", 3600),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_list_that_cannot_be_read_says_nothing_and_keeps_nobody_waiting(twilio: FakeTwilio, fault: Fault) -> None:
    twilio.text_from(SAM, DESK, "It is cold.", media=["image/png"])
    line = gateway(twilio, time_out=2.0 if fault.kind == "hang" else 30.0)
    for look in (lambda: line.heard({DESK: an_hour_ago()}), lambda: line.media_of(twilio.record.texts()[0].sid)):
        twilio.reading_faults.add(fault)
        with pytest.raises(LookupFailed) as failure:
            look()
        assert SAM not in failure.value.detail
    assert [each.body for each in line.heard({DESK: an_hour_ago()}).texts] == ["It is cold."]


def test_a_list_that_breaks_on_its_second_page_is_not_half_a_list(twilio: FakeTwilio) -> None:
    twilio.record.page_size = 1
    for number in range(3):
        twilio.text_from(SAM, DESK, f"Number {number}")
    twilio.reading_faults.add(Fault("ok"), Fault("broken"))
    with pytest.raises(LookupFailed):
        bodies(twilio, number=an_hour_ago())
