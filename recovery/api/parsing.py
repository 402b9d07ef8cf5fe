"""From a request to what a schema has checked: JSON only, strictly read, with one sentence for whatever is wrong."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from flask import Request
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from recovery.domain.errors import Invalid

JSON = "application/json"
WHOLE = "_schema"
MOST_DIGITS = 400
"""From here on a number is infinite for a float, and so never taken for a whole one."""


class StrictParser(FlaskParser):
    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}  # noqa: RUF012  # webargs reads it from the class

    def load_json(self, req: Request, schema: Schema) -> Any:  # noqa: ARG002  # webargs' signature
        return json_body(req)

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """A parameter that comes twice has no one meaning."""
        twice = [name for name, values in req.args.lists() if len(values) > 1]
        if twice:
            raise Invalid.field(twice[0], f"“{twice[0]}” stands more than once in the query: send it once.")
        return MultiDictProxy(req.args, schema)

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> NoReturn:
        raise complaint(error)


def json_body(request: Request) -> Any:
    """An empty body is an empty object; only a body that is there has to be JSON. Raises BadRequest, UnsupportedMediaType."""
    raw = request.get_data()
    if not raw:
        return {}
    if request.mimetype != JSON:
        raise UnsupportedMediaType
    try:
        return json.loads(raw, parse_constant=_refuse_constant, parse_int=_whole)
    except (ValueError, RecursionError):
        raise BadRequest from None


def complaint(error: ValidationError) -> Invalid:
    by_location = error.messages if isinstance(error.messages, dict) else {WHOLE: error.messages}
    found: dict[str, list[str]] = {}
    for errors in by_location.values():
        for path, sentences in _leaves(errors):
            found.setdefault(path, []).extend(sentences)
    first = next(iter(found))
    detail = found[first][0] if first == WHOLE else f"{first}: {found[first][0]}"
    return Invalid(detail, found)


def _leaves(errors: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """`remedies.0.amount` and its sentences."""
    if not isinstance(errors, Mapping):
        yield path or WHOLE, [str(sentence) for sentence in errors]
        return
    for name, inner in errors.items():
        step = path if name == WHOLE else f"{path}.{name}".lstrip(".")
        yield from _leaves(inner, step)


def _whole(digits: str) -> int | float:
    """Python refuses to read an integer of thousands of digits: it is JSON, and a number beyond all that a field takes."""
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
