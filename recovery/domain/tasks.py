"""Work behind the counter that a ticket waits for: who is asked, and how far they are."""

from enum import StrEnum

from recovery.domain.statuses import check_move

LONGEST_WORDS = 200
"""Letters: read from an arm's length, between two orders."""


class TaskStatus(StrEnum):
    WAITING = "waiting"
    TAKEN = "taken"
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return {
            TaskStatus.WAITING: "waiting",
            TaskStatus.TAKEN: "in hand",
            TaskStatus.DONE: "done",
            TaskStatus.CANCELLED: "not needed any more",
        }[self]


OPEN = frozenset({TaskStatus.WAITING, TaskStatus.TAKEN})
"""Somebody still has to do it."""

MOVES: dict[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.WAITING: frozenset({TaskStatus.TAKEN, TaskStatus.DONE, TaskStatus.CANCELLED}),
    TaskStatus.TAKEN: frozenset({TaskStatus.WAITING, TaskStatus.DONE, TaskStatus.CANCELLED}),
    TaskStatus.DONE: frozenset(),
    TaskStatus.CANCELLED: frozenset({TaskStatus.WAITING, TaskStatus.TAKEN}),
}
"""A task waits again where whoever had it leaves. Only an undone resolution leads back from a cancelled one."""


def move(current: TaskStatus, to: TaskStatus) -> TaskStatus:
    return check_move(MOVES, thing="task", current=current, to=to)


class TaskList(StrEnum):
    """Whose screen it stands on."""

    KITCHEN = "kitchen"
    STOCK = "stock"
    IT = "it"
    OTHER = "other"

    @property
    def label(self) -> str:
        return {TaskList.IT: "IT"}.get(self, self.value.capitalize())

    @property
    def whom(self) -> str:
        """As in "asked the kitchen"."""
        return {
            TaskList.KITCHEN: "the kitchen",
            TaskList.STOCK: "stock",
            TaskList.IT: "IT",
            TaskList.OTHER: "backstage",
        }[self]
