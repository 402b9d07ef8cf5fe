from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.domain.errors import WrongState
from recovery.domain.messages import MOVES, MessageStatus, merge_receipt, move, rank

S = MessageStatus

# Written out a second time on purpose: the table is what the outbox promises.
ALLOWED = {
    S.PENDING: "held claimed in_doubt dropped sent delivered undelivered failed",
    S.HELD: "pending in_doubt dropped sent delivered undelivered failed",
    S.CLAIMED: "pending held sending dropped sent delivered undelivered failed",
    S.SENDING: "pending in_doubt sent delivered undelivered failed",
    S.IN_DOUBT: "pending sent delivered undelivered failed",
    S.SENT: "delivered undelivered failed",
}
PROVIDER_SAYS = [
    "accepted",
    "scheduled",
    "queued",
    "sending",
    "sent",
    "delivered",
    "undelivered",
    "failed",
    "canceled",
    "read",
    "partially_delivered",
    "a_word_of_next_year",
]


@pytest.mark.parametrize(("current", "new"), list(product(S, S)))
def test_every_move_is_either_in_the_table_or_refused(current: S, new: S) -> None:
    if new in ALLOWED.get(current, "").split():
        assert move(current, new) is new
    else:
        with pytest.raises(WrongState, match="cannot become"):
            move(current, new)


def test_every_status_has_a_label_and_a_row() -> None:
    assert set(MOVES) == set(S)
    assert all(status.label for status in S)


def test_a_claim_is_shown_as_pending_and_all_others_as_they_are() -> None:
    assert S.CLAIMED.shown is S.PENDING
    assert all(status.shown is status for status in S if status is not S.CLAIMED)


def test_only_a_text_that_was_about_to_leave_can_be_in_doubt_or_one_out_of_a_backup() -> None:
    assert [status for status in S if S.IN_DOUBT in MOVES[status]] == [S.PENDING, S.HELD, S.SENDING]


@pytest.mark.parametrize("current", [S.SENDING, S.IN_DOUBT, S.PENDING, S.CLAIMED, S.HELD])
@pytest.mark.parametrize("word", PROVIDER_SAYS)
def test_whatever_the_provider_says_of_a_text_it_has_it(current: S, word: str) -> None:
    merged = merge_receipt(current, word)
    assert merged.changed
    assert move(current, merged.status)
    assert rank(merged.status) >= 1
    assert not merged.contradiction


def test_receipts_in_any_order_end_at_the_same_place() -> None:
    for order in permutations(["queued", "sending", "sent", "delivered"]):
        status = S.SENDING
        for word in order:
            status = merge_receipt(status, word).status
        assert status is S.DELIVERED


@given(st.lists(st.sampled_from(PROVIDER_SAYS)), st.sampled_from([S.SENDING, S.IN_DOUBT, S.SENT]))
def test_no_receipt_ever_lowers_a_status_or_changes_an_end(words: list[str], start: S) -> None:
    status = start
    for word in words:
        merged = merge_receipt(status, word)
        assert rank(merged.status) >= rank(status)
        assert merged.changed == (merged.status is not status)
        if status.final:
            assert merged.status is status
        elif merged.changed:
            move(status, merged.status)
        status = merged.status


@pytest.mark.parametrize(
    ("current", "word", "at_odds"),
    [
        (S.DELIVERED, "delivered", False),
        (S.DELIVERED, "read", False),
        (S.DELIVERED, "sent", False),
        (S.DELIVERED, "undelivered", True),
        (S.UNDELIVERED, "delivered", True),
        (S.FAILED, "canceled", False),
        (S.FAILED, "delivered", True),
        (S.DROPPED, "sent", True),
        (S.SENT, "delivered", False),
    ],
)
def test_a_contradiction_is_noticed_and_not_applied(current: S, word: str, *, at_odds: bool) -> None:
    assert merge_receipt(current, word).contradiction is at_odds
    if at_odds:
        assert merge_receipt(current, word).status is current


def test_a_provider_word_that_we_never_heard_is_taken_as_accepted_and_marked() -> None:
    merged = merge_receipt(S.IN_DOUBT, "Teleported")
    assert (merged.status, merged.known) == (S.SENT, False)
    assert merge_receipt(S.IN_DOUBT, " QUEUED ").known
