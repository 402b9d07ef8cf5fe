from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from recovery.domain.actors import Actor, ActorKind
from recovery.domain.permissions import Role, Scope
from recovery.models.base import Base, Streamed, status_type


class Staff(Streamed, Base):
    __tablename__ = "staff"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_in_lower_case"),)

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(status_type(Role))
    phone: Mapped[str | None]
    """E.164: for approvals and alerts by text."""
    wants_alerts: Mapped[bool | None]
    """By text; None: as is usual for the role."""
    quiet_hours: Mapped[str | None]
    """Their own, as in 21:00-08:00, by the clocks of the site that an alert is about; None: as the house's."""
    password_hash: Mapped[str | None]
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    added_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    places: Mapped[list["StaffSite"]] = relationship(
        order_by="StaffSite.site_id", lazy="selectin", cascade="all, delete-orphan"
    )

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def site_ids(self) -> frozenset[int]:
        return frozenset(place.site_id for place in self.places)

    def works_at(self, site_id: int) -> bool:
        """Now: whoever has left works nowhere."""
        return self.deactivated_at is None and (self.role is Role.ADMIN or site_id in self.site_ids)

    def as_actor(self, scopes: frozenset[Scope] | None = None) -> Actor:
        return Actor(
            kind=ActorKind.STAFF,
            id=self.id,
            name=self.first_name,
            role=self.role,
            site_ids=self.site_ids,
            scopes=scopes,
        )


class StaffSite(Base):
    __tablename__ = "staff_sites"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True, autoincrement=False)
    rung: Mapped[int | None]
    """Place on the site's escalation list, 1 first; None: by the order in which they were added."""
    shifts: Mapped[str | None]
    """When they work here, in the site's zone, as `domain.opening_hours` writes it; None: not on the rota."""


class LoginSession(Base):
    __tablename__ = "login_sessions"
    __table_args__ = (Index(None, "staff_id", "ends_at"),)  # admin: who is signed in

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    opened_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    """To the hour, written by POSTs only."""
    ends_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SignInLink(Base):
    __tablename__ = "sign_in_links"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    issued_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiToken(Base):
    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[str]
    """Space-separated."""
    added_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
