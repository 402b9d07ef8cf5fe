from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from recovery.domain.actors import ActorKind
from recovery.domain.event_chain import ChainFields
from recovery.domain.events import Tag
from recovery.models.base import Base, status_type


class Event(Base):
    """One line of the audit trail. Only added: triggers refuse to change or delete one."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_at", "at", "stream_id", "seq"),  # the audit page: newest first
        Index("ix_events_site_at", "site_id", "at", "stream_id", "seq"),
        Index("ix_events_actor_at", "actor_id", "at"),
    )

    stream_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tag: Mapped[str] = mapped_column(String(40))
    tag_version: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    actor_kind: Mapped[ActorKind] = mapped_column(status_type(ActorKind))
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    site_id: Mapped[int | None] = mapped_column(BigInteger)
    payload: Mapped[str]
    """Canonical JSON: TEXT, because JSONB would spell it anew."""
    key_id: Mapped[str] = mapped_column(String(12))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    @property
    def words(self) -> str:
        return Tag(self.tag).words

    def fields(self) -> ChainFields:
        return ChainFields(
            stream_id=self.stream_id,
            seq=self.seq,
            tag=self.tag,
            tag_version=self.tag_version,
            at=self.at,
            actor_kind=self.actor_kind,
            actor_id=self.actor_id,
            site_id=self.site_id,
            payload=self.payload,
            key_id=self.key_id,
            previous=self.previous,
        )


class Anchor(Base):
    """The heads of all chains changed since the last anchor, hashed and chained: shows a cut tail or a missing ticket."""

    __tablename__ = "anchors"
    __table_args__ = (UniqueConstraint("previous"),)  # two workers cannot fork the chain of anchors
    # the chain is what `previous` says; ids and times follow it, but a clock that jumped may have spoilt them

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    heads: Mapped[str]
    """Canonical JSON: stream id → [seq, hash]."""
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AwaitingAnchor(Base):
    """The last event that a transaction added to a chain, marked in that transaction, until an anchor covers it.

    Known by the event, never by its time: clocks jump, and an import writes what is years old.
    """

    __tablename__ = "awaiting_anchor"

    stream_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
