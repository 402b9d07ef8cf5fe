"""The description is true: whatever it allows, and whatever it does not, is answered as it says, whoever asks."""

import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from marshmallow import Schema, fields
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from recovery.api import DESCRIBED
from recovery.api.fields import Strict, WholeNumber
from recovery.api.schemas import answers, handovers, queries, reports, requests, texts, waits
from tests.api.calling import LOGGED, Desk, photo_on

EXAMPLES = 8
"""Of each call, mode and person: some two thousand answers in all."""
PEOPLE = ("maya", "omar", "ada", "nell")
PARAMETER = re.compile(r"{(\w+)}")
A_WAIT = {"site": "harbour-st", "customer": {"name": "Kim"}}
PARTS = 4
"""Of the calls, so that no test is much longer than others."""
HELD = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
FUZZING = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("part", range(PARTS))
def test_no_call_breaks_and_every_answer_is_described(small_desk: Desk, part: int, mode: GenerationMode) -> None:
    """Whoever asks: each of them asks the same, of things of their own."""
    small_desk.app.config["API_CALLS_A_MINUTE"] = None
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", small_desk.app)
    headers = {who: {"Authorization": f"Bearer {small_desk.token(who)}"} for who in PEOPLE}
    operations = [found.ok() for found in schema.get_all_operations()][part::PARTS]
    asked = sum(_asked(small_desk, operation, mode, headers) for operation in operations)
    assert asked > EXAMPLES * len(PEOPLE) * len(operations) / 2


def _asked(desk: Desk, operation: Any, mode: GenerationMode, headers: dict[str, dict[str, str]]) -> int:
    """How often, of one call."""
    things, asked = {who: _real_things(desk, operation.path) for who in PEOPLE}, 0
    strategy = operation.as_strategy(generation_mode=mode) | operation.as_strategy(
        generation_mode=mode, path_parameters=things[PEOPLE[0]]
    )

    @FUZZING
    @given(case=strategy)
    def ask(case: Any) -> None:
        nonlocal asked
        drawn = dict(case.path_parameters or {})
        is_real = bool(drawn) and drawn.items() <= things[PEOPLE[0]].items()
        for who in PEOPLE:
            asked += 1
            if is_real:
                case.path_parameters = {name: things[who][name] for name in drawn}
            case.call_and_validate(headers=headers[who], checks=HELD)

    ask()
    return asked


def _real_things(desk: Desk, path: str) -> dict[str, str]:
    """Those that this path is about, by the names of its parameters."""
    wanted = set(PARAMETER.findall(path))
    things: dict[str, str] = {}
    if wanted & {"reference", "remedy_id", "callback_id"}:
        logged = desk.done("maya", "POST", "/tickets", LOGGED | {"remedies": [{"kind": "refund", "amount": 4500}]})
        call = desk.done("maya", "POST", f"/tickets/{logged['reference']}/callbacks", {})
        things |= {
            "reference": logged["reference"],
            "remedy_id": logged["remedies"][0]["id"],
            "callback_id": call["id"],
        }
    if "photo_id" in wanted:
        things["photo_id"] = photo_on(desk)
    if "wait_id" in wanted:
        things["wait_id"] = desk.done("maya", "POST", "/waits", A_WAIT)["id"]
    return {name: thing for name, thing in things.items() if name in wanted}


def test_every_call_is_described_with_its_refusals(small_desk: Desk) -> None:
    spec = small_desk.app.test_client().get("/api/openapi.json").get_json()
    described = {
        (method.upper(), path)
        for path, operations in spec["paths"].items()
        for method in operations
        if method != "parameters"
    }
    routed = {
        (
            method,
            rule.rule.replace("<reference:reference>", "{reference}")
            .replace("<row_id:", "{")
            .replace("<", "{")
            .replace(">", "}"),
        )
        for rule in small_desk.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/")
    }
    assert described == routed
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                assert {"401", "403", "429", "503"} <= set(operation["responses"]), f"{method} {path}"
                assert operation["summary"], f"{method} {path} says nothing of itself"


def test_the_description_is_read_by_people_too(small_desk: Desk) -> None:
    page = small_desk.app.test_client().get("/api/docs")
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    assert "Log a mistake" in text
    assert "<script>" not in text
    assert text.count("<details") == len(
        [rule for rule in small_desk.app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")]
    )


def test_the_guide_names_every_call(small_desk: Desk) -> None:
    spec = small_desk.app.test_client().get("/api/openapi.json").get_json()
    guide = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    calls = {
        f"`{method.upper()} {path.removeprefix('/api/v1')}`"
        for path, operations in spec["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert {call for call in calls if call not in guide} == set()


def _schemas() -> list[type[Schema]]:
    modules = (requests, queries, answers, reports, texts, handovers, waits)
    found = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    return [each for each in found if issubclass(each, Schema)]


def test_no_schema_takes_a_number_that_is_none() -> None:
    asked = [schema for schema in _schemas() if schema.__module__.endswith((".requests", ".queries"))]
    loose = [
        f"{schema.__name__}.{name}"
        for schema in asked
        for name, field in schema().fields.items()
        if isinstance(field, fields.Number) and not isinstance(field, WholeNumber)
    ]
    assert asked
    assert loose == []


def test_no_schema_lets_an_unknown_field_pass() -> None:
    assert [schema.__name__ for schema in _schemas() if not issubclass(schema, Strict)] == []
    assert len(DESCRIBED) == 10
