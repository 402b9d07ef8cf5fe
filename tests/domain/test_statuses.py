"""A move that no table has is refused in words for whoever tried it."""

import pytest

from recovery.domain import callbacks, remedies, tasks, tickets
from recovery.domain.callbacks import CallbackStatus
from recovery.domain.errors import WrongState
from recovery.domain.remedies import RemedyStatus
from recovery.domain.tasks import TaskStatus
from recovery.domain.tickets import TicketStatus


def test_both_states_are_named_as_pages_name_them() -> None:
    with pytest.raises(WrongState, match="This ticket is logged in error, so it cannot become resolved"):
        tickets.move(TicketStatus.VOID, TicketStatus.RESOLVED)
    with pytest.raises(WrongState, match="This remedy is fulfilled, so it cannot become waiting for approval"):
        remedies.move(RemedyStatus.FULFILLED, RemedyStatus.PENDING_APPROVAL)
    with pytest.raises(WrongState, match="This callback is not reached, so it cannot become booked"):
        callbacks.move(CallbackStatus.UNREACHED, CallbackStatus.BOOKED)
    with pytest.raises(WrongState, match="This task is done, so it cannot become in hand"):
        tasks.move(TaskStatus.DONE, TaskStatus.TAKEN)


@pytest.mark.parametrize("current", TaskStatus)
@pytest.mark.parametrize("to", TaskStatus)
def test_a_task_moves_as_its_table_says_and_not_otherwise(current: TaskStatus, to: TaskStatus) -> None:
    """What is open may end, what is in hand may wait again, and only a cancelled one comes back."""
    opened = {TaskStatus.WAITING, TaskStatus.TAKEN}
    from_open = current in opened and to is not current
    if from_open or (current is TaskStatus.CANCELLED and to in opened):
        assert tasks.move(current, to) is to
    else:
        with pytest.raises(WrongState):
            tasks.move(current, to)
