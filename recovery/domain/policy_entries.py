"""The policy file, entry by entry: each of its kind and in its range. An entry that nobody reads is refused too, for a
limit whose name was misspelt would be no limit."""

from collections.abc import Iterator, Mapping
from datetime import time
from typing import Any

from recovery.domain.errors import Invalid

MOST_NUMBERS = 10
"""In a list: a ladder with more rungs is a slip."""


class Entries:
    """A table of the file. What it reads raises Invalid with one sentence that names the entry, as in `promise.minutes.minor`."""

    def __init__(self, found: Any, name: str = "") -> None:
        if not isinstance(found, Mapping):
            raise Invalid(f"{name} must be a table")
        self._found, self._name = found, name
        self._read: set[str] = set()
        self._below: list[Entries] = []

    def table(self, name: str) -> "Entries":
        below = Entries(self._needed(name), self._path(name))
        self._below.append(below)
        return below

    def table_or_empty(self, name: str) -> "Entries":
        return self.table(name) if name in self._found else Entries({})

    def number(self, name: str, smallest: int, largest: int) -> int:
        return self._in_range(self._needed(name), name, smallest, largest)

    def number_or_none(self, name: str, smallest: int, largest: int) -> int | None:
        return self.number(name, smallest, largest) if name in self._found else None

    def numbers_by_name(self, smallest: int, largest: int) -> dict[str, int]:
        """Every entry of this table, whatever it is called; whoever asks looks at the names."""
        return {name: self.number(name, smallest, largest) for name in self._found}

    def numbers(self, name: str, smallest: int, largest: int) -> tuple[int, ...]:
        found = self._needed(name)
        if not isinstance(found, list) or len(found) > MOST_NUMBERS:
            raise Invalid(f"{self._path(name)} must be a list of at most {MOST_NUMBERS} whole numbers, not {found!r}")
        return tuple(self._in_range(each, name, smallest, largest) for each in found)

    def word(self, name: str) -> str:
        found = self._needed(name)
        if not isinstance(found, str):
            raise Invalid(f"{self._path(name)} must be a word, not {found!r}")
        return found

    def yes_or_no(self, name: str, *, otherwise: bool) -> bool:
        """`otherwise` where a file of an earlier release does not know of it."""
        found = self._needed(name) if name in self._found else otherwise
        if not isinstance(found, bool):
            raise Invalid(f"{self._path(name)} must be true or false, not {found!r}")
        return found

    def words(self, name: str) -> tuple[str, ...]:
        found = self._needed(name)
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise Invalid(f'{self._path(name)} must be a list of words, as in ["GB", "IE"], not {found!r}')
        return tuple(found)

    def words_or_none(self, name: str) -> tuple[str, ...] | None:
        return self.words(name) if name in self._found else None

    def time_of_day(self, name: str) -> time:
        found = self._needed(name)
        try:
            read = time.fromisoformat(found)
        except (TypeError, ValueError):
            read = None
        if read is None or read.tzinfo is not None:
            raise Invalid(f'{self._path(name)} must be a time of day such as "21:00", not {found!r}')
        return read

    def refuse_unread(self) -> None:
        """Here and in every table below."""
        unread = next(self._unread(), None)
        if unread is not None:
            raise Invalid(f"there is no entry {unread}: check how it is spelt")

    def _unread(self) -> Iterator[str]:
        yield from (self._path(name) for name in self._found if name not in self._read)
        for below in self._below:
            yield from below._unread()  # noqa: SLF001  # of its own kind

    def _needed(self, name: str) -> Any:
        if name not in self._found:
            raise Invalid(f"the entry {self._path(name)} is missing")
        self._read.add(name)
        return self._found[name]

    def _in_range(self, found: Any, name: str, smallest: int, largest: int) -> int:
        if type(found) is not int or not smallest <= found <= largest:  # true is an int as well
            raise Invalid(f"{self._path(name)} must be a whole number from {smallest} to {largest}, not {found!r}")
        return found

    def _path(self, name: str) -> str:
        return f"{self._name}.{name}".lstrip(".")
