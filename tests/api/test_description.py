"""The description is true: whatever it allows, and whatever it does not, is answered as it says, whoever asks."""

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
from recovery.api.schemas import answers, handovers, queries, reports, requests, texts
from tests.api.calling import LOGGED, Desk, photo_on

EXAMPLES = 8
"""Of each call, mode and person: some two thousand answers in all."""
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
@pytest.mark.parametrize("who", ["maya", "omar", "ada", "nell"])
def test_no_call_breaks_and_every_answer_is_described(small_desk: Desk, who: str, mode: GenerationMode) -> None:
    small_desk.app.config["API_CALLS_A_MINUTE"] = None
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", small_desk.app)
    headers = {"Authorization": f"Bearer {small_desk.token(who)}"}
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        strategy = operation.as_strategy(generation_mode=mode) | operation.as_strategy(
            generation_mode=mode, path_parameters=_real_things(small_desk)
        )

        @FUZZING
        @given(case=strategy)
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(headers=headers, checks=HELD)

        ask()
    assert asked > EXAMPLES * 30


def _real_things(desk: Desk) -> dict[str, str]:
    logged = desk.done("maya", "POST", "/tickets", LOGGED | {"remedies": [{"kind": "refund", "amount": 4500}]})
    call = desk.done("maya", "POST", f"/tickets/{logged['reference']}/callbacks", {})
    return {
        "reference": logged["reference"],
        "remedy_id": logged["remedies"][0]["id"],
        "callback_id": call["id"],
        "photo_id": photo_on(desk),
    }


def test_every_call_is_described_with_its_refusals(small_desk: Desk) -> None:
    spec = small_desk.app.test_client().get("/api/openapi.json").get_json()
    described = {
        (method.upper(), path)
        for path, operations in spec["paths"].items()
        for method in operations
        if method != "parameters"
    }
    routed = {
        (method, rule.rule.replace("<reference:reference>", "{reference}").replace("<row_id:", "{").replace(">", "}"))
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
    modules = (requests, queries, answers, reports, texts, handovers)
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
    assert len(DESCRIBED) == 9
