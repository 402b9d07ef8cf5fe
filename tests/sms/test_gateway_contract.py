"""What the outbox may rely on, whoever the provider is: one suite over the simulator and Twilio over HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from recovery.domain.messages import Doubt, MessageStatus, merge_receipt
from recovery.domain.photos import Media
from recovery.domain.provider_codes import FaultCategory, fault_for
from recovery.sms.gateway import Gateway, Heard, OutgoingText, SendInDoubt, SendRefused
from recovery.sms.simulator import SimulatedGateway
from recovery.sms.twilio import TwilioAccount, TwilioGateway
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, Fault
from tests.sms.memory_phones import MemoryPhones

SAM, NOOR, DESK = "+447700900123", "+447700900124", "+447700900001"
SERVICE = "MG" + "0" * 32


UNCLEAR = {
    "broken": False,
    "broken_after": True,
    "html_502": False,
    "hang": False,
    "hang_after": True,
    "drop_before": False,
    "accept_then_drop": True,
    "drip": True,
    "drip_head": True,
    "empty_201": True,
}
"""Every way in which an answer settles nothing (tests/fake_twilio/faults.py), and whether the text was accepted."""
TIME_OUT = 4.0
NEVER_ENDING = 3600.0
A_BYTE_IN = 0.05
"""Seconds: in all far more than a call may take."""


class Trouble(Protocol):
    """What a test asks of the provider for the next text."""

    def refuse(self, code: int = 21610, status: int = 400, retry_after: str | None = None) -> None: ...

    def leave_unclear(self, kind: str) -> None: ...

    def lose_the_answer(self) -> None: ...

    def lose_the_text(self) -> None: ...


@dataclass
class Provider:
    gateway: Gateway
    trouble: Trouble
    accepted: Callable[[], list[str]]
    hears: Callable[..., str]
    """Somebody writes to us, so many seconds `ago`; gives the provider's name of the text."""


class TroubleOverHttp:
    def __init__(self, twilio: FakeTwilio) -> None:
        self._twilio = twilio

    def refuse(self, code: int = 21610, status: int = 400, retry_after: str | None = None) -> None:
        self._twilio.plan(Fault("error", code=code, status=status, retry_after=retry_after))

    def leave_unclear(self, kind: str) -> None:
        self._twilio.plan(Fault(kind, A_BYTE_IN if kind.startswith("drip") else NEVER_ENDING))

    def lose_the_answer(self) -> None:
        self._twilio.plan(Fault("accept_then_drop"))

    def lose_the_text(self) -> None:
        self._twilio.plan(Fault("drop_before"))


class TroubleInMemory:
    def __init__(self) -> None:
        self._before: list[Exception] = []
        self._after: list[Exception] = []

    def before(self, _outgoing: OutgoingText) -> None:
        if self._before:
            raise self._before.pop()

    def after(self, _outgoing: OutgoingText) -> None:
        if self._after:
            raise self._after.pop()

    def refuse(self, code: int = 21610, status: int = 400, retry_after: str | None = None) -> None:
        asked = float(retry_after) if retry_after else None
        self._before.append(SendRefused(fault_for(code, status).category, code, "The provider says no.", asked))

    def leave_unclear(self, kind: str) -> None:
        (self._after if UNCLEAR[kind] else self._before).append(SendInDoubt(Doubt.NO_ANSWER, "The line broke."))

    def lose_the_answer(self) -> None:
        self._after.append(SendInDoubt(Doubt.NO_ANSWER, "The line broke."))

    def lose_the_text(self) -> None:
        self._before.append(SendInDoubt(Doubt.NO_ANSWER, "The line broke."))


@pytest.fixture(params=["simulator", "twilio"])
def provider(request: pytest.FixtureRequest) -> Iterator[Provider]:
    if request.param == "simulator":
        phones, trouble = MemoryPhones(), TroubleInMemory()
        gateway = SimulatedGateway(phones, before=trouble.before, after=trouble.after)
        yield Provider(gateway, trouble, lambda: [text.outgoing.body for text in phones.kept], _typed_on(phones))
        return
    with FakeTwilio() as twilio:
        account = TwilioAccount(
            account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, api_url=twilio.url, timeout_seconds=TIME_OUT
        )
        accepted = lambda: [text.body for text in twilio.accepted]  # noqa: E731
        yield Provider(TwilioGateway(account), TroubleOverHttp(twilio), accepted, _written_to(twilio))


def _typed_on(phones: MemoryPhones) -> Callable[..., str]:
    def hears(body: str, *, ago: float = 0.0, to: str = DESK, service: str = "", photos: int = 0) -> str:
        sid, at = f"SMin{len(phones.written)}", now() - timedelta(seconds=ago)
        phones.media[sid] = [Media(f"simulator:photo:{number}", "image/png") for number in range(photos)]
        more = {"provider_sid": sid, "written_at": at, "photos": photos}
        phones.written.append(Heard(from_number=SAM, to=to, service=service, body=body, **more))
        return sid

    return hears


def _written_to(twilio: FakeTwilio) -> Callable[..., str]:
    def hears(body: str, *, ago: float = 0.0, to: str = DESK, service: str = "", photos: int = 0) -> str:
        media = ["image/png"] * photos
        return twilio.text_from(SAM, to, body, ago=ago, service=service or None, media=media).sid

    return hears


def text(body: str = "Hello Sam, RD-7K3M9Q", **changes: str | None) -> OutgoingText:
    plain = OutgoingText(to=SAM, body=body, ref="r-1", validity_seconds=3600, from_=DESK)
    return replace(plain, **changes)


def now() -> datetime:
    return datetime.now(UTC)


def test_a_text_that_is_taken_has_a_name_and_counts_as_sent(provider: Provider) -> None:
    accepted = provider.gateway.send(text(), now=now())
    assert accepted.provider_sid.startswith("SM")
    assert merge_receipt(MessageStatus.SENDING, accepted.status).status is MessageStatus.SENT
    assert provider.accepted() == ["Hello Sam, RD-7K3M9Q"]


def test_each_text_has_a_name_of_its_own(provider: Provider) -> None:
    names = {provider.gateway.send(text(), now=now()).provider_sid for _ in range(3)}
    assert len(names) == 3


def test_a_pool_of_numbers_may_send_it(provider: Provider) -> None:
    pooled = text(from_=None, messaging_service=SERVICE)
    since = now()
    sid = provider.gateway.send(pooled, now=since).provider_sid
    found = provider.gateway.find(pooled, since)
    assert found is not None
    assert found.provider_sid == sid


def test_a_refusal_says_why_and_nothing_is_sent(provider: Provider) -> None:
    provider.trouble.refuse()
    with pytest.raises(SendRefused) as refusal:
        provider.gateway.send(text(), now=now())
    assert (refusal.value.category, refusal.value.code) == (FaultCategory.PERMANENT_NUMBER, 21610)
    assert provider.accepted() == []


@pytest.mark.parametrize(
    ("code", "status", "category"),
    [
        (21614, 400, FaultCategory.PERMANENT_NUMBER),
        (21408, 403, FaultCategory.PERMANENT_NUMBER),
        (21617, 400, FaultCategory.CHANGE_TEXT),
        (20003, 401, FaultCategory.STOP_LINE),
        (21606, 400, FaultCategory.STOP_LINE),
        (63038, 429, FaultCategory.RETRY_LATER),
        (29999, 400, FaultCategory.PERMANENT),
    ],
)
def test_a_refusal_tells_what_to_do_about_it(
    provider: Provider, code: int, status: int, category: FaultCategory
) -> None:
    provider.trouble.refuse(code, status)
    with pytest.raises(SendRefused) as refusal:
        provider.gateway.send(text(), now=now())
    assert (refusal.value.category, refusal.value.code) == (category, code)
    assert refusal.value.detail == "The provider says no.", "kept for a code that nobody knows"
    assert provider.accepted() == []


def test_too_many_requests_is_for_now_and_says_until_when(provider: Provider) -> None:
    provider.trouble.refuse(20429, 429, retry_after="7")
    with pytest.raises(SendRefused) as refusal:
        provider.gateway.send(text(), now=now())
    assert (refusal.value.category, refusal.value.retry_after) == (FaultCategory.RETRY, 7.0)
    assert provider.accepted() == []


@pytest.mark.parametrize("kind", UNCLEAR)
def test_whatever_settles_nothing_is_a_doubt_and_the_list_tells_the_truth(provider: Provider, kind: str) -> None:
    since = now()
    provider.trouble.leave_unclear(kind)
    with pytest.raises(SendInDoubt):
        provider.gateway.send(text(), now=since)
    found = provider.gateway.find(text(), since)
    assert (found is not None) is UNCLEAR[kind]
    assert len(provider.accepted()) == UNCLEAR[kind], "asked once, whatever came of it"
    other = text("The next one, RD-7K3M9Q")
    assert provider.gateway.send(other, now=now()).provider_sid, "the line goes on"


def test_a_lost_answer_is_a_doubt_that_the_list_settles(provider: Provider) -> None:
    since = now()
    provider.trouble.lose_the_answer()
    with pytest.raises(SendInDoubt):
        provider.gateway.send(text(), now=since)
    found = provider.gateway.find(text(), since)
    assert found is not None
    assert provider.accepted() == [text().body]


def test_a_lost_text_is_a_doubt_and_the_list_does_not_know_it(provider: Provider) -> None:
    since = now()
    provider.trouble.lose_the_text()
    with pytest.raises(SendInDoubt):
        provider.gateway.send(text(), now=since)
    assert provider.gateway.find(text(), since) is None
    assert provider.accepted() == []


def test_a_sender_that_lost_its_lease_sends_nothing(provider: Provider) -> None:
    with pytest.raises(SendRefused) as refusal:
        provider.gateway.send(text(), now=now(), still_ours=lambda: False)
    assert refusal.value.category is FaultCategory.RETRY
    assert provider.accepted() == []


@pytest.mark.parametrize(
    "other",
    [text("Hello Sam, RD-OTHER1"), text(to=NOOR), text(from_="+447700900002"), text("Hello Sam, RD-7K3M9Q ")],
    ids=["other words", "other customer", "other sender", "other by a space"],
)
def test_looking_for_a_text_finds_no_other(provider: Provider, other: OutgoingText) -> None:
    since = now()
    provider.gateway.send(other, now=since)
    assert provider.gateway.find(text(), since) is None


def test_an_older_text_with_the_same_words_is_another_one(provider: Provider) -> None:
    provider.gateway.send(text(), now=now())
    assert provider.gateway.find(text(), now() + timedelta(minutes=10)) is None


def test_clocks_that_differ_by_a_minute_hide_nothing(provider: Provider) -> None:
    sid = provider.gateway.send(text(), now=now()).provider_sid
    found = provider.gateway.find(text(), now() + timedelta(minutes=1))
    assert found is not None
    assert found.provider_sid == sid


def test_a_text_that_another_row_has_is_not_found_twice(provider: Provider) -> None:
    since = now()
    first = provider.gateway.send(text(), now=since).provider_sid
    assert provider.gateway.find(text(), since, taken={first}) is None
    second = provider.gateway.send(text(), now=since).provider_sid
    found = provider.gateway.find(text(), since, taken={first})
    assert found is not None
    assert found.provider_sid == second


def test_asking_for_one_text_tells_its_status(provider: Provider) -> None:
    sid = provider.gateway.send(text(), now=now()).provider_sid
    status = provider.gateway.fetch(sid)
    assert status is not None
    assert status.status == "queued"
    assert provider.gateway.fetch("SM" + "f" * 32) is None


def test_what_was_written_to_a_number_of_ours_is_heard_the_oldest_first(provider: Provider) -> None:
    provider.gateway.send(text(), now=now())
    later, earlier = provider.hears("And hurry.", ago=60), provider.hears("It is cold.", ago=90)
    hearing = provider.gateway.heard({DESK: now() - timedelta(hours=1)})
    assert [(each.provider_sid, each.body) for each in hearing.texts] == [
        (earlier, "It is cold."),
        (later, "And hurry."),
    ]
    first = hearing.texts[0]
    assert (first.from_number, first.to, first.service, first.photos) == (SAM, DESK, "", 0)
    assert abs(first.written_at - (now() - timedelta(seconds=90))) < timedelta(seconds=5)
    assert hearing.cut_at is None


def test_what_is_older_than_asked_for_is_not_heard(provider: Provider) -> None:
    provider.hears("Long ago.", ago=7200)
    sid = provider.hears("Just now.", ago=5)
    assert [each.provider_sid for each in provider.gateway.heard({DESK: now() - timedelta(hours=1)}).texts] == [sid]


def test_what_was_written_to_others_is_not_heard(provider: Provider) -> None:
    provider.hears("For somebody else.", to="+447700900002")
    provider.hears("For their service.", to="+447700900003", service="MG" + "1" * 32)
    assert provider.gateway.heard({DESK: now() - timedelta(hours=1)}).texts == []
    assert provider.gateway.heard({SERVICE: now() - timedelta(hours=1)}).texts == []
    assert provider.gateway.heard({}).texts == []


def test_what_was_written_to_a_service_is_heard_with_its_name(provider: Provider) -> None:
    sid = provider.hears("It is cold.", to="+447700900004", service=SERVICE)
    (heard,) = provider.gateway.heard({SERVICE: now() - timedelta(hours=1)}).texts
    assert (heard.provider_sid, heard.to, heard.service) == (sid, "+447700900004", SERVICE)


def test_each_sender_has_a_moment_of_its_own(provider: Provider) -> None:
    provider.hears("Before we ever wrote from there.", to="+447700900004", service=SERVICE, ago=600)
    sid = provider.hears("It is cold.", ago=600)
    since = {SERVICE: now() - timedelta(minutes=5), DESK: now() - timedelta(hours=1)}
    assert [each.provider_sid for each in provider.gateway.heard(since).texts] == [sid]


def test_photos_that_came_with_a_text_are_named(provider: Provider) -> None:
    sid = provider.hears("", photos=2)
    (heard,) = provider.gateway.heard({DESK: now() - timedelta(hours=1)}).texts
    assert (heard.body, heard.photos) == ("", 2)
    media = provider.gateway.media_of(sid)
    assert [each.content_type for each in media] == ["image/png"] * 2
    assert len({each.url for each in media}) == 2


def test_only_a_real_provider_says_that_phones_ring(provider: Provider) -> None:
    assert provider.gateway.real is (provider.gateway.name == "twilio")


def test_a_text_has_exactly_one_sender() -> None:
    with pytest.raises(ValueError, match="one sender"):
        OutgoingText(to=SAM, body="Hello", ref="r", validity_seconds=60)
    with pytest.raises(ValueError, match="one sender"):
        text(messaging_service=SERVICE)


def test_words_and_secrets_stay_out_of_the_log() -> None:
    assert "Hello Sam" not in repr(text())
    assert "secret" not in repr(TwilioAccount(account_sid="AC1", auth_token="secret"))
