"""What the story says of a try to call, and of how it was corrected."""

from collections.abc import Mapping
from typing import Any

from recovery.domain.callbacks import Outcome
from recovery.web.wording import length


def attempted(payload: Mapping[str, Any], *_: object) -> str:
    label = Outcome(payload["outcome"]).label
    seconds = payload.get("seconds")
    lasted = f" after {length(seconds)}" if seconds is not None else ""
    return f"called: {label}{lasted}{' (inferred)' if payload.get('inferred') else ''}"


def corrected(payload: Mapping[str, Any], *_: object) -> str:
    if payload["before"] == payload["after"]:
        return f"says that the call went so: {Outcome(payload['after']).label}"
    return f"corrected how the call went: {Outcome(payload['after']).label}, not {Outcome(payload['before']).label}"
