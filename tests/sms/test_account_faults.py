"""The whole way, through the official client: a provider that does not take our credentials, told to everybody at work and
in `doctor`; then it does, and all the texts leave by themselves."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from recovery.bootstrap import Components, build
from recovery.domain.messages import MessageStatus
from recovery.models import Message
from recovery.services.running.doctor import examine
from recovery.services.running.health import BAD
from recovery.worker.sending import Sender
from tests.factories import LEE, NOOR, SAM, Business
from tests.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio, Fault
from tests.fixtures.settings import MakeSettings
from tests.fixtures.waiting import wait_until
from tests.fixtures.works import RunningClock
from tests.web.pages import Visitor, words

NOT_LEAVING = "Texts are not leaving; your admin knows."
WORDS = "The provider does not accept our account's credentials."


@dataclass
class Line:
    business: Business
    desk: Components
    twilio: FakeTwilio
    sender: Sender

    def count(self, status: MessageStatus) -> int:
        with self.desk.read() as session:
            return session.scalar(select(func.count()).where(Message.status == status)) or 0

    def keep_waking(self, sent: int) -> None:
        def there() -> bool:
            self.sender.wake()
            return self.count(MessageStatus.SENT) == sent

        wait_until(there, what=f"{sent} texts have left")

    def page(self, who: str, address: str = "/") -> str:
        return words(Visitor.signed_in(self.business, who).open(address, follow_redirects=True))


@pytest.fixture
def line(make_settings: MakeSettings, sqlite_url: str) -> Iterator[Line]:
    with FakeTwilio() as twilio:
        settings = make_settings(
            DATABASE_URL=sqlite_url,
            SMS_GATEWAY="twilio",
            TWILIO_ACCOUNT_SID=ACCOUNT_SID,
            TWILIO_AUTH_TOKEN=AUTH_TOKEN,
            TWILIO_FROM="+447700900001",
            TWILIO_API_URL=twilio.url,
        )
        desk = build(settings, clock=RunningClock())
        sender = Sender(desk)
        sender.start()
        yield Line(Business.opened(desk), desk, twilio, sender)
        sender.stop()
        desk.dispose()


def account_check(line: Line) -> tuple[str, str]:
    with line.desk.read() as session:
        found = examine(session, now=line.desk.clock.now())
    return next((check.state, check.words) for check in found if check.what == "Account at the provider")


def test_nobody_is_left_in_the_dark_and_no_text_is_lost(line: Line) -> None:
    line.twilio.faults.always(Fault("error", status=401, code=20003, message="Authenticate"))
    for customer in (SAM, NOOR, LEE):
        line.business.log(customer=customer)

    def refused() -> bool:
        line.sender.wake()
        return account_check(line)[0] == BAD

    wait_until(refused, what="the provider has said no")
    assert WORDS in account_check(line)[1]
    assert WORDS in line.page("ada")
    assert NOT_LEAVING in line.page("maya")
    assert WORDS not in line.page("maya"), "what an admin has to do is nothing to everybody"
    assert line.twilio.accepted == []
    assert line.count(MessageStatus.PENDING) == 3

    line.twilio.faults.clear()
    clock = line.desk.clock
    assert isinstance(clock, RunningClock)
    clock.advance(minutes=6)
    line.keep_waking(sent=3)
    assert len(line.twilio.accepted) == 3
    assert account_check(line)[0] != BAD
    for who in ("ada", "maya"):
        assert "Texts are not leaving" not in line.page(who)
