"""Where the provider is asked to listen, a machine that answers is a voicemail, however long one talked to it."""

from dataclasses import replace

import pytest

from recovery.domain.callbacks import CallbackStatus, Outcome
from recovery.domain.phone_calls import CallEnd, end_of, inferred_outcome
from tests.telephony.parties import Desk, OverHttp


@pytest.fixture
def listening(http: Desk) -> Desk:
    http.desk.house = replace(http.desk.house, finds_machines=True)
    return http


@pytest.mark.parametrize(
    ("answered_by", "outcome", "status"),
    [
        ("machine_start", Outcome.VOICEMAIL, CallbackStatus.BOOKED),
        ("fax", Outcome.VOICEMAIL, CallbackStatus.BOOKED),
        ("human", Outcome.REACHED, CallbackStatus.REACHED),
        ("unknown", Outcome.REACHED, CallbackStatus.REACHED),
    ],
)
def test_who_answers_decides_what_a_long_call_was(
    listening: Desk, answered_by: str, outcome: Outcome, status: CallbackStatus
) -> None:
    ticket, callback = listening.promised()
    listening.talk_to(callback)
    play = listening.play
    assert isinstance(play, OverHttp)
    play.customer_picks_up()
    assert play.line.answerer(answered_by) == 204
    play.customer_hangs_up(75)
    (attempt,) = listening.attempts(ticket)
    assert (attempt.outcome, attempt.inferred) == (outcome, True)
    assert listening.callback(ticket).status is status


@pytest.mark.parametrize(
    ("word", "code", "end", "outcome"),
    [
        ("failed", "", CallEnd.FAILED, None),
        ("failed", "503", CallEnd.FAILED, None),
        ("failed", "404", CallEnd.NOT_IN_SERVICE, Outcome.WRONG_NUMBER),
        ("busy", "404", CallEnd.BUSY, Outcome.BUSY),
        ("canceled", "", CallEnd.CANCELLED, None),
        ("queued", "", None, None),
        ("something-new", "", None, None),
    ],
)
def test_only_the_network_itself_says_that_a_number_is_nobodys(
    word: str, code: str, end: CallEnd | None, outcome: Outcome | None
) -> None:
    """A wrong number stops all texts: a failure that may be an outage is none."""
    assert end_of(word, code) is end
    assert (inferred_outcome(end, 0) if end else None) is outcome


def test_a_minute_is_the_border() -> None:
    assert inferred_outcome(CallEnd.COMPLETED, 59) is Outcome.DISCONNECTED
    assert inferred_outcome(CallEnd.COMPLETED, 60) is Outcome.REACHED
    assert inferred_outcome(CallEnd.COMPLETED, None) is None
