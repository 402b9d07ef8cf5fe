"""One way to declare a call: its permission, what it takes, what it gives, and every status it may answer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, request
from flask_smorest import Blueprint as DescribedBlueprint
from marshmallow import Schema

from recovery.api.fields import Strict
from recovery.api.parsing import StrictParser
from recovery.api.schemas.problems import ProblemSchema
from recovery.api.schemas.requests import Versioned
from recovery.domain.permissions import Permission
from recovery.edge import needs

View = TypeVar("View", bound=Callable[..., Response])

PREFIX = "/api/v1"
PROBLEM = "application/problem+json"
REFUSED = ProblemSchema()
READING = "GET"
WITH_BODY = frozenset({"POST", "PATCH"})
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "description": "Sent again with the same body, it answers the first answer again; with another body, 422.",
}
WORDS = {
    400: "The body is not JSON.",
    401: "No token, or one that opens nothing.",
    403: "The role, or the token's scopes, do not allow this.",
    404: "Nothing that you may see.",
    409: "Not in this state, or somebody changed it meanwhile.",
    413: "The body is over a megabyte.",
    415: "The body is not declared as JSON.",
    422: "Something in it cannot be taken: `errors` names the fields.",
    429: "Too many calls: see Retry-After.",
    503: "The database does not answer: see Retry-After.",
}


@dataclass(frozen=True, slots=True)
class Bytes:
    """An answer that is no JSON."""

    kinds: tuple[str, ...]
    """Its content types."""
    words: str


class ApiBlueprint(DescribedBlueprint):  # type: ignore[misc]  # flask-smorest is untyped
    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, words: str) -> None:
        """Named apart from the pages of the same thing; `words` tell what is in it."""
        super().__init__(f"api_{name}", __name__, url_prefix=PREFIX, description=words)
        self.shown_as = name.replace("_", " ")

    def call(
        self,
        method: str,
        rule: str,
        *,
        may: Permission,
        of: str = "",
        takes: type[Schema] | None = None,
        asks: type[Schema] | None = None,
        gives: type[Schema] | Bytes,
        status: int = 200,
    ) -> Callable[[View], View]:
        """`takes` is the schema of the body, `asks` of the query, `gives` of the answer, or says what kind of bytes that
        is. A query of which a call says nothing is empty, and so is the body of one that only reads."""
        takes = takes or (Versioned if method in WITH_BODY else None)

        def declare(view: View) -> View:
            described: Any = view
            if takes is not None:
                described = self.arguments(takes(), location="json", required=_has_needed(takes))(described)
            described = self.arguments(asks(), location="query")(described) if asks else _asking_nothing(described)
            described = self._giving(status, gives)(described)
            for code in _refusals(method, rule, takes=takes, asks=asks):
                described = self.alt_response(code, schema=REFUSED, content_type=PROBLEM, description=WORDS[code])(
                    described
                )
            if method == "POST":
                described = self.doc(parameters=[IDEMPOTENCY_KEY])(described)
            needs(may, of=of)(described)
            self.route(rule, methods=[method], tags=[self.shown_as])(described)
            return cast("View", described)

        return declare

    def _giving(self, status: int, gives: type[Schema] | Bytes) -> Callable[[Any], Any]:
        if not isinstance(gives, Bytes):
            return cast("Callable[[Any], Any]", self.response(status, gives))
        content: dict[str, Any] = {kind: {"schema": {}} for kind in gives.kinds}
        return cast(
            "Callable[[Any], Any]", self.doc(responses={str(status): {"description": gives.words, "content": content}})
        )


def _asking_nothing(view: Any) -> Any:
    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        ApiBlueprint.ARGUMENTS_PARSER.parse(Strict(), request, location="query")
        return view(*args, **kwargs)

    return checked


def _has_needed(schema: type[Schema]) -> bool:
    return any(field.required for field in schema().fields.values())


def _refusals(method: str, rule: str, *, takes: type[Schema] | None, asks: type[Schema] | None) -> list[int]:
    codes = {401, 403, 422, 429, 503}
    if "<" in rule or method != READING or asks is not None:
        codes.add(404)
    if takes is not None:
        codes |= {400, 413, 415}
    if method != READING:
        codes |= {409, 413}
    return sorted(codes)
