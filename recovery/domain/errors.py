"""What can go wrong, in the words of the business. None of it knows HTTP: the edge has one table that does."""

from collections.abc import Mapping, Sequence
from typing import Any


class DomainError(Exception):
    """One clear sentence that says what is wrong and what to do."""

    title = "That did not work"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Invalid(DomainError):
    """What was sent cannot be taken as it is; `errors` names the fields, each with its sentences."""

    title = "Please check what was entered"

    def __init__(self, detail: str, errors: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(detail)
        self.errors = {field: list(sentences) for field, sentences in (errors or {}).items()}

    @property
    def first_sentences(self) -> dict[str, str]:
        """One for each field: a form has room for one."""
        return {field: sentences[0] for field, sentences in self.errors.items() if sentences}

    @classmethod
    def field(cls, name: str, sentence: str) -> "Invalid":
        return cls(sentence, {name: [sentence]})

    def within(self, path: str) -> "Invalid":
        """The same of a thing that is part of what was sent: `remedies.0.amount`."""
        return Invalid(self.detail, {f"{path}.{name}": sentences for name, sentences in self.errors.items()})


class NotFound(DomainError):
    """Nothing there that this person may see: another site's record is the same as none."""

    title = "Not found"


class Forbidden(DomainError):
    title = "Not allowed"


class WrongState(DomainError):
    """The thing is no longer, or not yet, in a state in which this can be done to it."""

    title = "Too late, or too early"


class Stale(DomainError):
    """Somebody else changed it since it was read; `changed` lists field, yours, theirs, by, at."""

    title = "Somebody changed this meanwhile"

    def __init__(self, detail: str, *, current: int, changed: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(detail)
        self.current = current
        self.changed = list(changed)


class KeyReused(DomainError):
    """An idempotency key came a second time with another body."""

    title = "This key was used for something else"


class Refused(DomainError):
    """The business itself says no (no approver is left, demo on a real database); nothing was written."""

    title = "Refused"
