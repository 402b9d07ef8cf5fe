"""A move that no table has is refused in words for whoever tried it."""

import pytest

from recovery.domain import callbacks, remedies, tickets
from recovery.domain.callbacks import CallbackStatus
from recovery.domain.errors import WrongState
from recovery.domain.remedies import RemedyStatus
from recovery.domain.tickets import TicketStatus


def test_both_states_are_named_as_pages_name_them() -> None:
    with pytest.raises(WrongState, match="This ticket is logged in error, so it cannot become resolved"):
        tickets.move(TicketStatus.VOID, TicketStatus.RESOLVED)
    with pytest.raises(WrongState, match="This remedy is fulfilled, so it cannot become waiting for approval"):
        remedies.move(RemedyStatus.FULFILLED, RemedyStatus.PENDING_APPROVAL)
    with pytest.raises(WrongState, match="This callback is not reached, so it cannot become due now"):
        callbacks.move(CallbackStatus.UNREACHED, CallbackStatus.DUE)
