"""What every table shares: names for constraints, one type for time, one for statuses, and the mark of an aggregate.

Relationships to sites and to staff are `viewonly`: they are read, and set by their ids. Each that a flush looks after is work
in every flush of its rows, and a customer's ticket takes some ten of them.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Enum, Integer, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in, aware UTC out; a naive time is refused, never guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be kept")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads it from the class
        datetime: UtcDateTime(),
        int: BigId,
        str: Text,
    }


class Streamed:
    """Has a chain of events of its own: `event_seq` and `event_head` are its last link."""

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_seq: Mapped[int] = mapped_column(default=0)
    event_head: Mapped[str] = mapped_column(String(64), default="")


class Proven:
    """Part of an aggregate: a change of such a row without an event in the same transaction is refused."""

    @property
    def stream_id(self) -> int:
        """The aggregate whose chain has to tell of this row's change."""
        return self.ticket_id  # type: ignore[attr-defined, no-any-return]  # every table but tickets has the column


def status_type(values: type[StrEnum]) -> Enum:
    """Text with a CHECK of its values: a new value needs a migration, which is meant."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        name=_snake(values.__name__),
        length=32,
        values_callable=lambda cls: [member.value for member in cls],
    )


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def any_of(column: str, values: Any) -> str:
    """SQL for CHECK constraints and partial indexes, from the domain's own sets (sorted: the text must not wander)."""
    return f"{column} IN ({', '.join(repr(value.value) for value in sorted(values))})"
