from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from recovery.models.base import Base


class Contact(Base):
    """One telephone number, for the whole organisation: consent and nothing else. Its row is the lock that a STOP and
    a send meet at."""

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    phone: Mapped[str | None] = mapped_column(unique=True)
    """E.164; None once erased."""
    added_at: Mapped[datetime]


class OptOut(Base):
    """Wants no texts from this sender. Lifted by START, never deleted: the evidence stays."""

    __tablename__ = "opt_outs"
    __table_args__ = (
        # services.texting.consent: one standing opt-out per number and sender
        Index(
            "uq_opt_outs_standing",
            "contact_id",
            "sender",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
        # services.people.customers: has a number that comes anew opted out before it was erased?
        Index(
            "ix_opt_outs_sealed",
            "number_seal",
            sqlite_where=text("number_seal IS NOT NULL"),
            postgresql_where=text("number_seal IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    sender: Mapped[str]
    """Our number or messaging service that the customer answered to; the simulator has one called `simulator`."""
    at: Mapped[datetime]
    how: Mapped[str]
    """`keyword` (they wrote it), `person` (they asked in words of their own), `code` (the provider refused a text because
    they have), or `carried` (the site has another sender since)."""
    message_id: Mapped[int | None]
    lifted_at: Mapped[datetime | None]
    number_seal: Mapped[str | None] = mapped_column(String(64))
    """Of an erased number, while its opt-out stands: it knows the number again and does not tell it."""


class Customer(Base):
    """A person as one site knows them; nobody learns that another site knows the number as well."""

    __tablename__ = "customers"
    __table_args__ = (UniqueConstraint("site_id", "contact_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    name: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="en")
    timezone: Mapped[str | None]
    """Name of the zone that they chose (IANA); None: their site's."""
    notes: Mapped[str | None]
    added_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    contact: Mapped[Contact | None] = relationship(lazy="joined")

    @property
    def phone(self) -> str | None:
        return self.contact.phone if self.contact else None
