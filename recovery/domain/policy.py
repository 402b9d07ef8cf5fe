"""The numbers of the business, as one value. `config/policy.toml` holds the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from recovery.domain.authority import Limits
from recovery.domain.errors import Invalid
from recovery.domain.permissions import Role
from recovery.domain.tickets import Severity


@dataclass(frozen=True, slots=True)
class Policy:
    promise_minutes: Mapping[Severity, int]
    promise_minutes_after_opening: int
    promise_warned_at_percent: int
    renewal_gaps: tuple[int, ...]
    """Minutes."""
    approval_deadline: timedelta
    limits: Mapping[Role, Limits]
    """For a currency with two decimals; `limits_in` fits them to another."""
    retry_gaps: tuple[int, ...]
    """Minutes."""
    reminder_before: timedelta
    callback_step_minutes: int
    callback_days_ahead: int
    missed_after: timedelta
    quiet_from: time
    quiet_until: time
    urgent_for: timedelta
    question_open_for: timedelta
    undo_for: timedelta
    reopen_within: timedelta
    close_after: timedelta
    link_lives_after_close: timedelta
    targets_minutes: Mapping[str, int]
    """Minutes by clock: first_response, authorisation, remedy_ready, resolved, confirmed."""

    @classmethod
    def from_mapping(cls, table: Mapping[str, Any]) -> "Policy":
        """Raises Invalid naming the entry that is missing or makes no sense."""
        try:
            return _policy(cls, table)
        except KeyError as missing:
            raise Invalid(f"The policy file lacks the entry {missing}.") from None
        except (TypeError, ValueError) as wrong:
            raise Invalid(f"The policy file has a value that makes no sense: {wrong}.") from None


def _policy(cls: type[Policy], table: Mapping[str, Any]) -> Policy:
    promise, approval, callbacks = table["promise"], table["approval"], table["callbacks"]
    texts, tickets = table["texts"], table["tickets"]
    return cls(
        promise_minutes={severity: int(promise["minutes"][severity.value]) for severity in Severity},
        promise_minutes_after_opening=int(promise["after_opening_minutes"]),
        promise_warned_at_percent=int(promise["warn_at_percent"]),
        renewal_gaps=tuple(int(gap) for gap in promise["renewal_minutes"]),
        approval_deadline=_minutes(approval["deadline_minutes"]),
        limits={role: _limits(table["limits"], role) for role in Role},
        retry_gaps=tuple(int(gap) for gap in callbacks["retry_minutes"]),
        reminder_before=_minutes(callbacks["reminder_minutes_before"]),
        callback_step_minutes=int(callbacks["slot_minutes"]),
        callback_days_ahead=int(callbacks["days_ahead"]),
        missed_after=_minutes(callbacks["missed_after_minutes"]),
        quiet_from=time.fromisoformat(texts["quiet_from"]),
        quiet_until=time.fromisoformat(texts["quiet_until"]),
        urgent_for=_minutes(texts["urgent_minutes"]),
        question_open_for=timedelta(hours=texts["question_open_hours"]),
        undo_for=timedelta(seconds=tickets["undo_seconds"]),
        reopen_within=timedelta(days=tickets["reopen_within_days"]),
        close_after=timedelta(days=tickets["close_after_days"]),
        link_lives_after_close=timedelta(days=tickets["link_days_after_close"]),
        targets_minutes={clock: int(minutes) for clock, minutes in table["targets"].items()},
    )


def _limits(table: Mapping[str, Any], role: Role) -> Limits:
    own = table.get(role.value, {})
    per_month = None if role is Role.ADMIN else table["customer"].get("per_month")
    return Limits(own.get("per_ticket"), own.get("per_day"), per_month)


def _minutes(value: float) -> timedelta:
    return timedelta(minutes=value)
