from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from recovery.domain.messages import Direction, MessageClass, MessageStatus
from recovery.domain.simulated_phones import Fate, ReceiptOrder
from recovery.models.base import Base, Proven, status_type
from recovery.models.customer import Contact
from recovery.models.ticket import Ticket

WAITING = "status IN ('pending', 'held')"
URGENT_WAITING = f"{WAITING} AND urgent_until IS NOT NULL"
UNDER_WAY = "status IN ('claimed', 'sending')"
TO_ASK = "status = 'sent' AND look_at IS NOT NULL"
LOST = "status IN ('failed', 'undelivered')"
SILENT = "status = 'sent' AND error IS NOT NULL"
OPEN = "status IN ('pending', 'held', 'claimed', 'sending', 'in_doubt')"


class Message(Proven, Base):
    """One text, out or in. Outbound ones are the outbox: intention first, the call afterwards, the outcome last."""

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("(direction = 'inbound') = (status = 'received')", name="inbound_is_received"),
        CheckConstraint("status <> 'dropped' OR drop_reason IS NOT NULL", name="drop_has_reason"),
        CheckConstraint(
            f"({UNDER_WAY}) = (claim_token IS NOT NULL AND lease_until IS NOT NULL)",
            name="claimed_has_lease",
        ),
        CheckConstraint(
            "direction = 'inbound' OR (meaning IS NOT NULL AND template IS NOT NULL)",
            name="outbound_has_meaning",
        ),
        # what must be said once is said once: the key is made of the meaning, never of a time
        Index("uq_messages_meaning", "meaning", unique=True),
        Index("uq_messages_provider_sid", "provider_sid", unique=True),
        # the look before a claim: is anything due, and since when?
        Index(
            "ix_messages_to_claim",
            "not_before",
            "id",
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
        # claim: lane by lane (site, sender), the longest due first
        Index(
            "ix_messages_to_leave",
            "site_id",
            "sender",
            "not_before",
            "id",
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
        # claim: the same, of what is urgent
        Index(
            "ix_messages_urgent",
            "site_id",
            "sender",
            "not_before",
            "id",
            sqlite_where=text(URGENT_WAITING),
            postgresql_where=text(URGENT_WAITING),
        ),
        # claim: is there an earlier open text to the same number?
        Index(
            "ix_messages_open_by_number",
            "to_number",
            "id",
            sqlite_where=text(OPEN),
            postgresql_where=text(OPEN),
        ),
        # reap: leases that ran out
        Index(
            "ix_messages_leases",
            "lease_until",
            sqlite_where=text(UNDER_WAY),
            postgresql_where=text(UNDER_WAY),
        ),
        # reconcile: doubts whose next look is due
        Index(
            "ix_messages_doubts",
            "look_at",
            sqlite_where=text("status = 'in_doubt'"),
            postgresql_where=text("status = 'in_doubt'"),
        ),
        # ask: sent texts of which nothing is heard
        Index(
            "ix_messages_to_ask",
            "look_at",
            sqlite_where=text(TO_ASK),
            postgresql_where=text(TO_ASK),
        ),
        # the page Texts, and whether the desk is well: what did not arrive lately
        Index("ix_messages_lost", "final_at", sqlite_where=text(LOST), postgresql_where=text(LOST)),
        # the page Texts: of which no end was ever told
        Index("ix_messages_silent", "sent_at", sqlite_where=text(SILENT), postgresql_where=text(SILENT)),
        # the thread on a ticket
        Index(None, "ticket_id", "created_at", "id"),
        # caps and spend: what a site sent in a day, in a month
        Index(None, "site_id", "created_at"),
        # replies: what waits for an answer to "which one?"
        Index(
            "ix_messages_waits_for",
            "waits_for",
            sqlite_where=text("waits_for IS NOT NULL"),
            postgresql_where=text("waits_for IS NOT NULL"),
        ),
        # replies: the newest question on this (sender, number)
        Index("ix_messages_conversation", "contact_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    """None: from a number that has no ticket, or a test of the line."""
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    """None: to a member of staff."""
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """Outbound to the customer: who wrote it. To staff: who gets it."""
    audience: Mapped[str] = mapped_column(String(8), default="customer")
    """`customer` or `staff`: texts to staff are not in the ticket's thread."""
    direction: Mapped[Direction] = mapped_column(status_type(Direction))
    status: Mapped[MessageStatus] = mapped_column(status_type(MessageStatus))
    sender: Mapped[str]
    """Our number or messaging service."""
    to_number: Mapped[str | None]
    """E.164 of the other side, whichever way it goes; None once erased."""
    body: Mapped[str | None]
    """None once erased."""
    template: Mapped[str | None]
    message_class: Mapped[MessageClass | None] = mapped_column(status_type(MessageClass))
    meaning: Mapped[str | None]
    """For example `ticket:17:promise:3:late`."""
    segments: Mapped[int] = mapped_column(default=1)
    cost_micros: Mapped[int | None]
    """In millionths of the policy's currency, by the prices of when it was written; None for what came in."""
    validity_seconds: Mapped[int] = mapped_column(default=14_400)
    asks: Mapped[str | None]
    """`fixed`: 1 yes, 2 no; `which`: of several tickets; `coming`: 1 on my way, 2 in ten minutes, 3 not coming. At most one question a text."""
    answered_at: Mapped[datetime | None]
    holds_while: Mapped[str | None]
    """What must still be so when it leaves, for example `promise:8123`; else it is dropped. Several stand with a space
    between them."""
    urgent_until: Mapped[datetime | None]
    """Leaves even in quiet hours up to here."""
    created_at: Mapped[datetime]
    """Inbound: when it was written."""
    not_before: Mapped[datetime]
    """Inbound: when we heard of it."""
    expires_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    claim_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    sending_at: Mapped[datetime | None]
    """When the last attempt began: the provider's list is searched from here."""
    doubted_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    """When the provider is asked next: in doubt, whether it has the text; sent, what became of it."""
    looks: Mapped[int] = mapped_column(default=0)
    looked_by: Mapped[str | None]
    """The process of the first look: both looks are by one, a restart begins anew."""
    provider_sid: Mapped[str | None]
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    drop_reason: Mapped[str | None]
    held_for: Mapped[str | None]
    """`spend`: the month's money is spent. None beside `held`: the quiet hours."""
    sent_at: Mapped[datetime | None]
    final_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    """Inbound: when a person read it."""
    understood_as: Mapped[str | None]
    found_by: Mapped[str | None] = mapped_column(String(8))
    """Inbound: how we know whose ticket it is, see `domain.threads.FoundBy`. None: there was no other."""
    waits_for: Mapped[int | None]
    """Inbound: what its place waits for, a text of ours that asked which ticket they mean or the row of a stranger."""
    options: Mapped[str | None]
    """Outbound, with `asks` `which`: the ids of the tickets that it named, in the order of their digits; 0 for none."""
    is_demo: Mapped[bool] = mapped_column(default=False)

    ticket: Mapped[Ticket | None] = relationship()
    contact: Mapped[Contact | None] = relationship()

    @property
    def came_late(self) -> bool:
        """The provider could not bring it when it was written: we found it in its list."""
        return self.direction is Direction.INBOUND and self.not_before > self.created_at


class Receipt(Base):
    """What the provider told us of a text, as it came: also in the wrong order, twice, or before its own answer."""

    __tablename__ = "receipts"
    __table_args__ = (UniqueConstraint("provider_sid", "status", "error_code"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    """None: a text we do not know yet; joined when its answer comes."""
    provider_sid: Mapped[str]
    status: Mapped[str]
    error_code: Mapped[str] = mapped_column(default="")
    received_at: Mapped[datetime]
    applied: Mapped[bool] = mapped_column(default=False)


class SendGate(Base):
    """Shared by all workers: until when nothing is sent from this sender, because the provider said so."""

    __tablename__ = "send_gates"

    sender: Mapped[str] = mapped_column(primary_key=True)
    closed_until: Mapped[datetime]
    why: Mapped[str]
    refusals: Mapped[int] = mapped_column(default=0)
    """In a row: each doubles the pause."""
    tried_until: Mapped[datetime | None]
    """Whose turn it is to try whether the line is free again: nobody else's until then."""
    category: Mapped[str | None]
    """Of the fault that closed it: `stop_line` and `retry_later` alarm the admins, in whose words `code` is told."""
    code: Mapped[str | None]
    since: Mapped[datetime | None]
    """When the first of the refusals in a row came."""
    awaits_receipt: Mapped[datetime | None]
    """The fault came by a receipt, the last one then: that a text is accepted proves nothing until one has arrived."""


class SendPace(Base):
    """Shared by all workers: from when on the next text may leave from this sender, at the rate that it carries."""

    __tablename__ = "send_paces"

    sender: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[datetime]
    taken: Mapped[str] = mapped_column(default="", server_default="")
    """When each segment of the last second has left, or leaves at the latest: microseconds since 1970."""


class Spend(Base):
    """What the provider took in a month: raised with each text that it accepts, so that nobody has to add them up."""

    __tablename__ = "spends"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    """As in 2026-03, in UTC."""
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """0: of no site."""
    template: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    texts: Mapped[int]
    segments: Mapped[int]
    micros: Mapped[int]


class SimulatedText(Base):
    """What stands on the simulated phones; the provider's side of the simulator, not ours."""

    __tablename__ = "simulated_texts"
    __table_args__ = (Index(None, "number", "at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[str]
    sender: Mapped[str]
    direction: Mapped[Direction] = mapped_column(status_type(Direction))
    """As we see it: outbound arrives on the phone, inbound was typed there."""
    body: Mapped[str]
    ref: Mapped[str]
    sid: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str]
    at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    """When it rings. None in rows of the first release: a second after it was sent."""
    error_code: Mapped[str | None]


class SimulatedPhone(Base):
    """What happens to texts for this number, and whether it has opted out at the provider's. A phone without a row is as
    usual."""

    __tablename__ = "simulated_phones"
    __table_args__ = (CheckConstraint("fate NOT IN ('fails', 'refused') OR code IS NOT NULL", name="fault_has_code"),)

    number: Mapped[str] = mapped_column(primary_key=True)
    fate: Mapped[Fate] = mapped_column(status_type(Fate))
    seconds: Mapped[int]
    code: Mapped[int | None]
    receipts: Mapped[ReceiptOrder] = mapped_column(status_type(ReceiptOrder))
    answers_stop: Mapped[bool]
    opted_out_at: Mapped[datetime | None]
