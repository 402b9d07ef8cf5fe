from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from recovery.domain.authority import LimitSpan
from recovery.domain.ids import SETTINGS_STREAM
from recovery.models.base import Base, Streamed, status_type


class Site(Base):
    __tablename__ = "sites"
    __table_args__ = (CheckConstraint("calls_at_once IS NULL OR calls_at_once > 0", name="somebody_calls"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    timezone: Mapped[str]
    currency: Mapped[str]
    country: Mapped[str]
    hours: Mapped[str] = mapped_column(default="")
    """Opening hours as `domain.opening_hours` writes them; empty is always open."""
    special_days: Mapped[str] = mapped_column(default="", server_default="")
    """Holidays and other days that are not as the week says, as `domain.special_days` writes them."""
    calls_at_once: Mapped[int | None]
    """How many calls customers may book for one time; None: as the policy says."""
    calendar_changed_at: Mapped[datetime | None]
    """Since when hours, zone and special days are as they are: what happened before is read by `FormerCalendar`."""
    soonest_target: Mapped[int | None]
    """The shortest target that was ever set here, in minutes: before it no clock needs a look. None: none was set."""
    sender: Mapped[str | None]
    """What its texts leave from: E.164, a short code or a messaging service. None: as the organisation's."""
    voice_number: Mapped[str | None]
    """What it calls from, and is called on: E.164. None: as the organisation's."""
    line_number: Mapped[str | None]
    """The phone that rings when a customer calls that number: E.164. None: nobody takes such calls."""
    added_at: Mapped[datetime]
    is_demo: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(default="en", server_default="en")
    """Of its texts, where the customer's own is not known or not spoken."""
    folds_texts: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether letters outside GSM-7 are written plainly, so that a text does not cost twice as much."""
    texts_stamp: Mapped[int | None]
    """Identity of the last change to a text that is sent here; None: as shipped. Whoever knows the texts under it knows
    the right ones."""


class FormerCalendar(Base):
    """How a site's calendar was until it was changed. Rows are only added: a clock that ran then is read by it."""

    __tablename__ = "former_calendars"
    __table_args__ = (Index(None, "site_id", "until"),)  # services.timing.calendars: those that held since an instant

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    until: Mapped[datetime]
    hours: Mapped[str]
    timezone: Mapped[str]
    special_days: Mapped[str]


class LimitRow(Base):
    """A limit as it was set at a site; the newest in force wins over the policy file. Rows are only added."""

    __tablename__ = "limits"
    __table_args__ = (
        CheckConstraint("minor_units IS NULL OR minor_units >= 0", name="not_negative"),
        Index(None, "site_id", "whom", "span", "set_at"),  # services.deciding.authority: the newest of each
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    whom: Mapped[str]
    """A role, or `customer`."""
    span: Mapped[LimitSpan] = mapped_column(status_type(LimitSpan))
    minor_units: Mapped[int | None]
    """None: no limit."""
    set_at: Mapped[datetime]
    set_by_id: Mapped[int | None]


class TargetRow(Base):
    """A target as it was set at a site; of each kind and clock the newest holds from when it was set. Rows are only added."""

    __tablename__ = "targets"
    __table_args__ = (
        CheckConstraint("minutes IS NULL OR minutes > 0", name="some_time"),
        Index(None, "site_id", "set_at"),  # services.timing.targets: those of a ticket's site, in order
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    failure: Mapped[str] = mapped_column(String(40))
    """Empty: any."""
    severity: Mapped[str] = mapped_column(String(12))
    """Empty: any."""
    clock: Mapped[str] = mapped_column(String(20))
    minutes: Mapped[int | None]
    """None: as the policy says again."""
    set_at: Mapped[datetime]
    set_by_id: Mapped[int | None]


class SettingsStream(Streamed, Base):
    """One row: the chain of events about sites, limits and the whole installation."""

    __tablename__ = "settings_stream"
    __table_args__ = (CheckConstraint(f"id = {SETTINGS_STREAM}", name="one_row"),)


class Heartbeat(Base):
    """What runs beside the web, when it was last heard of, and what it has to say (JSON)."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    detail: Mapped[str] = mapped_column(default="{}")


class JobRun(Base):
    """A job that must happen once per period happens because this row could be inserted, and is done when it has ended."""

    __tablename__ = "job_runs"
    __table_args__ = (UniqueConstraint("job", "period"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    job: Mapped[str]
    period: Mapped[str]
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="{}")
    """How far it is, and what it found (JSON): whoever comes next goes on from here."""


class Tally(Base):
    """What is counted but proves nothing about anybody: refused webhooks, sign-ins under unknown names."""

    __tablename__ = "tallies"

    name: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime]
