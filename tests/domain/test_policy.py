"""The policy file is refused as a whole where one entry is missing, senseless or unknown, and the sentence names it."""

import tomllib
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from recovery.domain.errors import Invalid
from recovery.domain.permissions import Role
from recovery.domain.policy import Policy
from recovery.domain.targets import Kind
from recovery.domain.tickets import Severity

SHIPPED = Path(__file__).parents[2] / "config" / "policy.toml"


def shipped(*path: str, value: Any = None) -> dict[str, Any]:
    """The shipped policy with one entry replaced; without a value, with one left out."""
    policy = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    if path:
        table = policy
        for name in path[:-1]:
            table = table[name]
        table.pop(path[-1], None)
        if value is not None:
            table[path[-1]] = value
    return policy


def test_the_shipped_policy_is_read_whole() -> None:
    policy = Policy.from_mapping(shipped())
    assert policy.promise_minutes == {Severity.MINOR: 15, Severity.SERIOUS: 10, Severity.SEVERE: 5}
    assert policy.limits[Role.FRONTLINE].per_ticket == 2000
    assert policy.limits[Role.ADMIN].per_day is None
    assert policy.quiet_from == time(21)


def entries(table: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    below = [
        entries(value, (*path, name)) if isinstance(value, dict) else [(*path, name)] for name, value in table.items()
    ]
    return [each for found in below for each in found]


YES_OR_NO = (("texts", "ask_rating"),)


@pytest.mark.parametrize("path", entries(shipped()), ids=".".join)
@pytest.mark.parametrize("value", ["abc", -15, 1e400, True, 10**30, [1, "x"], {}, ""], ids=repr)
def test_what_makes_no_sense_is_refused_by_name(path: tuple[str, ...], value: Any) -> None:
    if path in YES_OR_NO and value is True:
        value = 1
    with pytest.raises(Invalid, match=rf"^{'.'.join(path)} must be ") as refused:
        Policy.from_mapping(shipped(*path, value=value))
    assert "\n" not in refused.value.detail


OPTIONAL = (("limits",), ("texts", "rates"), ("texts", "caps"), ("texts", "spend"), ("texts", "ask_rating"))
"""Without a line there is no limit, and the rating is asked for."""
RUNGS = {("ladder", f"{rung}_after_minutes") for rung in ("on_shift", "deputy", "supervisors", "admins")}
"""Without a line there is no such step."""


@pytest.mark.parametrize(
    "path",
    [
        each
        for each in entries(shipped())
        if not {each[:1], each[:2], each[:-1]} & {*OPTIONAL, *RUNGS, ("texts", "prices", "countries")}
    ],
    ids=".".join,
)
def test_what_is_missing_is_named(path: tuple[str, ...]) -> None:
    with pytest.raises(Invalid, match=rf"the entry {'.'.join(path)} is missing"):
        Policy.from_mapping(shipped(*path))


@pytest.mark.parametrize("table", ["promise", "limits", "targets", "ladder"])
def test_a_table_that_is_missing_or_none_is_named(table: str) -> None:
    with pytest.raises(Invalid, match=f"the entry {table} is missing"):
        Policy.from_mapping(shipped(table))
    with pytest.raises(Invalid, match=f"{table} must be a table"):
        Policy.from_mapping(shipped(table, value=5))


@pytest.mark.parametrize(
    "path", [("limits", "frontline", "per_tickets"), ("limit",), ("promise", "minutes", "mild"), ("targets", "solved")]
)
def test_a_misspelt_entry_is_no_absent_one(path: tuple[str, ...]) -> None:
    with pytest.raises(Invalid, match=f"no entry {'.'.join(path)}"):
        Policy.from_mapping(shipped(*path, value=5))


def test_a_limit_that_is_left_out_is_no_limit_and_zero_asks_every_time() -> None:
    assert Policy.from_mapping(shipped("limits", "frontline", "per_day")).limits[Role.FRONTLINE].per_day is None
    asked = Policy.from_mapping(shipped("limits", "frontline", "per_ticket", value=0))
    assert asked.limits[Role.FRONTLINE].per_ticket == 0


def test_targets_may_differ_by_severity_by_failure_and_by_both() -> None:
    table = shipped("targets", "severity", value={"severe": {"resolved": 30}})
    table["targets"]["failure"] = {"wrong_order": {"resolved": 20, "severe": {"resolved": 10, "first_response": 2}}}
    targets = Policy.from_mapping(table).targets
    assert targets.of(Kind(), "resolved") == 60
    assert targets.of(Kind(severity="severe"), "resolved") == 30
    assert targets.of(Kind("wrong_order"), "resolved") == 20
    assert targets.of(Kind("wrong_order", "severe"), "first_response") == 2
    assert targets.of(Kind("wrong_order"), "first_response") is None


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"severity": {"mild": {"resolved": 5}}}, "targets.severity.mild"),
        ({"failure": {"wrong_orders": {"resolved": 5}}}, "targets.failure.wrong_orders"),
        ({"failure": {"late": {"solved": 5}}}, "targets.failure.late.solved"),
        ({"failure": {"late": {"severe": {"solved": 5}}}}, "targets.failure.late.severe.solved"),
    ],
)
def test_a_target_for_what_there_is_not_is_refused_by_name(more: dict[str, Any], name: str) -> None:
    table = shipped()
    table["targets"] |= more
    with pytest.raises(Invalid, match=f"no entry {name}"):
        Policy.from_mapping(table)
