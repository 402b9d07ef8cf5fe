"""What a worker may rely on when it places a call, whoever the provider is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from recovery.domain.messages import Doubt
from recovery.domain.provider_codes import FaultCategory
from recovery.sms.gateway import LookupFailed, SendInDoubt, SendRefused
from recovery.sms.telephone import OutgoingCall, SimulatedTelephone, Telephone, TwilioTelephone
from recovery.sms.twilio import TwilioAccount
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, Fault

MAYA, DESK = "+447700900101", "+442079460123"
CALL = OutgoingCall(to=MAYA, from_=DESK, ref="r-1", ring_seconds=25)
UNCLEAR = ("broken", "broken_after", "html_502", "drop_before", "accept_then_drop", "empty_201")


@dataclass
class Provider:
    telephone: Telephone
    refuse: Callable[[], None]
    leave_unclear: Callable[[str], None]
    accepted: Callable[[], list[str]]


class Rung:
    """Simulated phones in memory."""

    def __init__(self) -> None:
        self.calls: list[OutgoingCall] = []
        self.trouble: list[Exception] = []

    def ring(self, outgoing: OutgoingCall, at: datetime) -> str:  # noqa: ARG002  # the protocol's
        self.calls.append(outgoing)
        return f"CA{len(self.calls):032d}"

    def before(self, _: OutgoingCall) -> None:
        if self.trouble:
            raise self.trouble.pop()


@pytest.fixture(params=["simulator", "twilio"])
def provider(request: pytest.FixtureRequest) -> Iterator[Provider]:
    if request.param == "simulator":
        rung = Rung()
        yield Provider(
            SimulatedTelephone(rung, before=rung.before),
            lambda: rung.trouble.append(SendRefused(FaultCategory.PERMANENT_NUMBER, 21211, "The provider says no.")),
            lambda _: rung.trouble.append(SendInDoubt(Doubt.NO_ANSWER, "The line broke.")),
            lambda: [call.to for call in rung.calls],
        )
        return
    with FakeTwilio() as twilio:
        account = TwilioAccount(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, api_url=twilio.url, timeout_seconds=30)
        yield Provider(
            TwilioTelephone(account, hook="https://desk.example.com/hooks/twilio/calls"),
            lambda: twilio.plan(Fault("error", code=21211)),
            lambda kind: twilio.plan(Fault(kind)),
            lambda: [call.to for call in twilio.calls],
        )


def now() -> datetime:
    return datetime.now(UTC)


def test_a_call_that_is_taken_has_a_name_of_its_own(provider: Provider) -> None:
    names = {provider.telephone.dial(CALL, now=now()).provider_sid for _ in range(2)}
    assert len(names) == 2
    assert all(name.startswith("CA") for name in names)
    assert provider.accepted() == [MAYA, MAYA]


def test_a_refusal_says_why_and_nobody_is_rung(provider: Provider) -> None:
    provider.refuse()
    with pytest.raises(SendRefused) as refusal:
        provider.telephone.dial(CALL, now=now())
    assert (refusal.value.category, refusal.value.code) == (FaultCategory.PERMANENT_NUMBER, 21211)
    assert provider.accepted() == []


@pytest.mark.parametrize("kind", UNCLEAR)
def test_whatever_settles_nothing_is_a_doubt(provider: Provider, kind: str) -> None:
    provider.leave_unclear(kind)
    with pytest.raises(SendInDoubt):
        provider.telephone.dial(CALL, now=now())
    assert provider.telephone.dial(CALL, now=now()).provider_sid, "the line goes on"


def test_a_worker_that_lost_its_lease_rings_nobody(provider: Provider) -> None:
    with pytest.raises(SendRefused) as refusal:
        provider.telephone.dial(CALL, now=now(), still_ours=lambda: False)
    assert refusal.value.category is FaultCategory.RETRY
    assert provider.accepted() == []


def test_numbers_stay_out_of_the_log() -> None:
    assert MAYA not in repr(CALL)


def test_the_provider_says_what_each_of_our_numbers_can_do() -> None:
    with FakeTwilio() as twilio:
        account = TwilioAccount(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, api_url=twilio.url, timeout_seconds=30)
        telephone = TwilioTelephone(account, hook="https://desk.example.com/hooks/twilio/calls")
        twilio.numbers[DESK] = (True, "https://desk.example.com/hooks/twilio/calls/inbound")
        state = telephone.line(DESK)
        assert state is not None
        assert (state.calls, state.answers_at) == (True, "https://desk.example.com/hooks/twilio/calls/inbound")
        assert telephone.line(MAYA) is None
    with pytest.raises(LookupFailed):
        TwilioTelephone(account, hook="https://desk.example.com/hooks/twilio/calls").line(DESK)
