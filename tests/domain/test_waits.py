"""How long a wait will last, what a customer means, and which states follow which."""

from datetime import UTC, datetime, timedelta

import pytest

from recovery.domain.errors import WrongState
from recovery.domain.waits import (
    LIVE,
    OVER,
    WaitAnswer,
    WaitStatus,
    answer_in_words,
    estimated_wait,
    move,
    pace_of,
)

NINE = datetime(2026, 5, 12, 9, tzinfo=UTC)


def turns(*minutes: tuple[float, float]) -> list[tuple[datetime, datetime]]:
    """When each came, and when it was their turn."""
    return [(NINE + timedelta(minutes=came), NINE + timedelta(minutes=turn)) for came, turn in minutes]


def test_the_pace_is_how_long_whoever_is_first_stands_there() -> None:
    busy = turns((0, 4), (1, 10), (2, 16), (3, 21), (4, 28))
    assert pace_of(busy) == timedelta(minutes=6)


def test_time_in_which_nobody_waited_slows_no_pace() -> None:
    quiet = turns((0, 4), (60, 62), (120, 123), (180, 182))
    assert pace_of(quiet) == timedelta(minutes=2)


def test_two_colleagues_at_once_are_twice_as_fast() -> None:
    one = turns((0, 6), (0, 12), (0, 18), (0, 24))
    two = turns((0, 3), (0, 6), (0, 9), (0, 12))
    assert pace_of(one) == 2 * (pace_of(two) or timedelta())


def test_a_few_turns_are_no_pace() -> None:
    assert pace_of(turns((0, 4), (1, 10), (2, 16))) is None
    assert pace_of([]) is None


@pytest.mark.parametrize(
    ("place", "pace", "minutes"),
    [(1, 0, 5), (1, 3, 5), (1, 5, 5), (1, 6, 10), (2, 4, 10), (3, 5, 15), (4, 5.5, 25), (50, 20, 240)],
)
def test_an_estimate_is_said_to_the_next_five_minutes(place: int, pace: float, minutes: int) -> None:
    assert estimated_wait(place, timedelta(minutes=pace)) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("On my way!", WaitAnswer.COMING),
        ("I’m coming", WaitAnswer.COMING),
        ("ya voy", WaitAnswer.COMING),
        ("J’arrive !", WaitAnswer.COMING),
        ("10 minutes", WaitAnswer.LATER),
        ("¡Diez minutos!", WaitAnswer.LATER),
        ("dans dix minutes", WaitAnswer.LATER),
        ("not coming", WaitAnswer.NOT_COMING),
        ("No voy.", WaitAnswer.NOT_COMING),
        ("Je ne viens pas", WaitAnswer.NOT_COMING),
        ("are you coming to me instead?", None),
        ("on my way, where is the entrance?", None),
        ("no", None),
        ("", None),
    ],
)
def test_a_few_plain_words_are_as_good_as_a_digit(words: str, answer: WaitAnswer | None) -> None:
    assert answer_in_words(words) is answer


def test_each_answer_has_its_digit() -> None:
    assert [answer.digit for answer in WaitAnswer] == [1, 2, 3]


@pytest.mark.parametrize("current", WaitStatus)
@pytest.mark.parametrize("to", WaitStatus)
def test_a_wait_moves_as_its_table_says_and_not_otherwise(current: WaitStatus, to: WaitStatus) -> None:
    """Whoever is in line may be helped or go at any time; only in line is somebody called, only who was called is missed."""
    fine = {
        WaitStatus.WAITING: current in {WaitStatus.LATER, WaitStatus.NO_SHOW, *OVER},
        WaitStatus.CALLED: current is WaitStatus.WAITING,
        WaitStatus.COMING: current in LIVE,
        WaitStatus.LATER: current in LIVE,
        WaitStatus.NO_SHOW: current in {WaitStatus.CALLED, WaitStatus.COMING},
        WaitStatus.HELPED: current in LIVE,
        WaitStatus.GONE: current in LIVE,
    }[to]
    if fine and current is not to:
        assert move(current, to) is to
    else:
        with pytest.raises(WrongState):
            move(current, to)
