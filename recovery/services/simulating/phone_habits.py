"""What the simulated provider does with the texts for one phone: chosen by whoever tries the desk out."""

from datetime import datetime, timedelta

from sqlalchemy import select

from recovery.domain.errors import Invalid
from recovery.domain.simulated_phones import LONGEST_WAIT, USUAL, Fate, Habits
from recovery.models import SimulatedPhone
from recovery.services.session import DeskSession

CODES = range(10_000, 100_000)


def habits_of(session: DeskSession, number: str) -> Habits:
    phone = session.get(SimulatedPhone, number, populate_existing=True)
    if phone is None:
        return USUAL
    wait = timedelta(seconds=phone.seconds)
    return Habits(phone.fate, wait, phone.code, phone.receipts, phone.answers_stop, phone.opted_out_at)


def set_habits(session: DeskSession, number: str, habits: Habits) -> None:
    """Raises Invalid for a wait that is none, and for a fault without a code."""
    if not timedelta() <= habits.wait <= LONGEST_WAIT:
        raise Invalid.field("seconds", f"Wait from 0 to {LONGEST_WAIT // timedelta(seconds=1)} seconds.")
    needs_code = habits.fate in {Fate.FAILS, Fate.REFUSED}
    if needs_code and habits.code not in CODES:
        raise Invalid.field("code", "Choose why, or write one of the provider's codes: five digits.")
    phone = session.get(SimulatedPhone, number) or SimulatedPhone(number=number)
    phone.fate, phone.seconds = habits.fate, int(habits.wait.total_seconds())
    phone.code = habits.code if needs_code else None
    phone.receipts, phone.answers_stop, phone.opted_out_at = habits.receipts, habits.answers_stop, habits.opted_out_at
    session.add(phone)


def set_opted_out(session: DeskSession, number: str, at: datetime | None) -> None:
    """At the provider's; None: it takes texts again."""
    phone = session.scalar(select(SimulatedPhone).where(SimulatedPhone.number == number))
    if phone is not None:
        phone.opted_out_at = at
