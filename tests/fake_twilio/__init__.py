"""A provider for tests: real HTTP on loopback, Twilio's answers, and every way in which it may go wrong.

    with FakeTwilio() as twilio:
        twilio.plan(Fault("accept_then_drop"))
        ...
        assert [text.body for text in twilio.accepted] == ["…"]

As a process of its own: `python tests/fake_twilio --port 18100` (see __main__.py for what it answers).
"""

from tests.fake_twilio.calls import AcceptedCall, Line
from tests.fake_twilio.faults import FAULT_KINDS, Fault
from tests.fake_twilio.hooks import Hooks
from tests.fake_twilio.media import Served
from tests.fake_twilio.record import AcceptedText, Record
from tests.fake_twilio.server import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio

__all__ = [
    "ACCOUNT_SID",
    "AUTH_TOKEN",
    "FAULT_KINDS",
    "AcceptedCall",
    "AcceptedText",
    "FakeTwilio",
    "Fault",
    "Hooks",
    "Line",
    "Record",
    "Served",
]
