"""What texts cost: counted when the provider takes them, by month, site, template and country; held against the month's
limit."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import Executable, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from recovery.domain.messages import HeldFor, MessageStatus
from recovery.domain.money import MINOR_DIGITS, format_micros, format_money
from recovery.domain.phones import country_of
from recovery.models import Message, Site, Spend
from recovery.models.message import WAITING
from recovery.services.session import CLAIMS, DeskSession

SPEND = HeldFor.SPEND.value
"""In `held_for`: the month's money is spent."""
NO_SITE = 0
DECEMBER = 12


@dataclass(frozen=True, slots=True)
class SpendStanding:
    month: str
    micros: int
    """Millionths of the currency."""
    limit_micros: int | None
    warn_at_percent: int
    currency: str

    @property
    def percent(self) -> int:
        """Of the limit; 0 where there is none."""
        return self.micros * 100 // self.limit_micros if self.limit_micros else 0

    @property
    def is_warned(self) -> bool:
        return self.limit_micros is not None and self.percent >= self.warn_at_percent

    @property
    def is_over(self) -> bool:
        return self.limit_micros is not None and self.micros >= self.limit_micros


@dataclass(frozen=True, slots=True)
class SpendRow:
    month: str
    site: str | None
    """Its name; None for texts of no site."""
    template: str
    country: str
    texts: int
    segments: int
    micros: int


def month_of(now: datetime) -> str:
    """Months are those of UTC, as the provider's bills are."""
    return f"{now.astimezone(UTC):%Y-%m}"


def month_after(now: datetime) -> datetime:
    now = now.astimezone(UTC)
    year, month = (now.year + 1, 1) if now.month == DECEMBER else (now.year, now.month + 1)
    return datetime(year, month, 1, tzinfo=UTC)


def cost_of(session: DeskSession, number: str | None, segments: int) -> int:
    """Of one text, in millionths of the policy's currency. `number` is E.164."""
    return session.house.policy.prices.of(country_of(number) if number else None, segments)


def price_of(session: DeskSession, country: str | None) -> int | None:
    """Of one segment, in millionths of the policy's currency; None where the price table does not name the country."""
    return session.house.policy.prices.known(country)


def cost_words(session: DeskSession, country: str | None, segments: int) -> str:
    """Of one text, as a page says it before it goes: "$0.0524". Empty where the price table does not name the country."""
    price = price_of(session, country)
    return "" if price is None else format_micros(price * segments, session.house.policy.prices.currency)


def add(session: DeskSession, accepted: Iterable[Message], *, now: datetime) -> None:
    """Each once, when the provider has taken it. Texts of the demo cost nothing."""
    counted: dict[tuple[int, str, str], Counter[str]] = {}
    for message in accepted:
        if not message.is_demo:
            country = (country_of(message.to_number) if message.to_number else None) or ""
            key = (message.site_id or NO_SITE, message.template or "", country)
            cost = {"texts": 1, "segments": message.segments, "micros": message.cost_micros or 0}
            counted.setdefault(key, Counter()).update(cost)
    for (site, template, country), sums in sorted(counted.items()):  # in one order, as every lock of several
        row = {"month": month_of(now), "site_id": site, "template": template, "country": country, **sums}
        session.connection().execute(_raise(session.get_bind().dialect.name), row)


@cache
def _raise(dialect: str) -> Executable:
    """Made once: every text that the provider takes asks for it."""
    row = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(Spend)
    raised = {name: getattr(Spend, name) + row.excluded[name] for name in ("texts", "segments", "micros")}
    keys = [Spend.month, Spend.site_id, Spend.template, Spend.country]
    return row.on_conflict_do_update(index_elements=keys, set_=raised)


def spend_standing(session: DeskSession, *, now: datetime) -> SpendStanding:
    """Of this month so far."""
    policy, month = session.house.policy, month_of(now)
    micros = select(func.coalesce(func.sum(Spend.micros), 0)).where(Spend.month == month)
    spent = session.scalar(micros, execution_options={"autoflush": False}) or 0
    limit = policy.spending
    return SpendStanding(month, int(spent), limit.month_limit_micros, limit.warn_at_percent, policy.prices.currency)


def is_spent(session: DeskSession, *, now: datetime) -> bool:
    """Whether what is not urgent has to wait. Nobody is asked where there is no limit."""
    return session.house.policy.spending.month_limit_micros is not None and spend_standing(session, now=now).is_over


def held_for_money(session: DeskSession) -> int:
    held = select(func.count()).where(text(f"messages.{WAITING}"), Message.held_for == SPEND)
    return session.scalar(held) or 0


def release(session: DeskSession, *, now: datetime) -> int:
    """What was held goes on, where the limit was raised or another month has begun; each is looked at once more before it
    leaves, as every text."""
    if is_spent(session, now=now):
        return 0
    released = session.scalars(
        update(Message)
        .where(text(f"messages.{WAITING}"), Message.held_for == SPEND)
        .values(status=MessageStatus.PENDING, not_before=now, held_for=None)
        .returning(Message.id),
        execution_options=CLAIMS | {"synchronize_session": False},
    )
    return len(released.all())


def in_money(micros: int, currency: str) -> str:
    """Rounded up to a minor unit: £12.35."""
    return format_money(-(-micros // 10 ** (6 - MINOR_DIGITS[currency])), currency)


def spend_report(session: DeskSession, *, since: str = "", until: str = "9999-12") -> Sequence[SpendRow]:
    """Of the months from `since` to `until`, both as in 2026-03 and both counted; the dearest of each month first."""
    rows = session.execute(
        select(Spend.month, Site.name, Spend.template, Spend.country, Spend.texts, Spend.segments, Spend.micros)
        .outerjoin(Site, Site.id == Spend.site_id)
        .where(Spend.month >= since, Spend.month <= until)
        .order_by(Spend.month.desc(), Spend.micros.desc(), Site.name, Spend.template, Spend.country)
    )
    return [SpendRow(*row) for row in rows]
