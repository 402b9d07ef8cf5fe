"""The description of the API, at /api/openapi.json for machines and at /api/docs for people, without any script."""

from collections.abc import Sequence
from threading import Lock
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, render_template
from flask_smorest import Api

from config.settings import VERSION
from recovery.api.blueprint import ApiBlueprint
from recovery.api.reading_aloud import sections
from recovery.api.spelling import dumps
from recovery.domain.permissions import Permission
from recovery.edge import ReferenceConverter, RowIdConverter, needs

blueprint = Blueprint("api_description", __name__, url_prefix="/api")

API = "api_description"
"""Key of the app's extensions."""
ABOUT = (
    "Times are RFC 3339 in UTC with `Z`. Money is `amount` in minor units beside `currency`. Phone numbers go in as "
    "people write them, read with the site's country, and come out as E.164. Ids are text. Errors are "
    "`application/problem+json` (RFC 9457). Every POST takes an `Idempotency-Key`, kept for seven days. Lists take "
    "`limit` and `cursor`."
)
BEARER = {"type": "http", "scheme": "bearer", "description": "A token of a member of staff, narrowed by its scopes."}


class OurApi(Api):  # type: ignore[misc]  # flask-smorest is untyped
    """Describes, and leaves errors to the one table of the app: its own answers JSON for pages too, and loses Allow."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self) -> None:
        super().__init__()
        self._blueprints: list[ApiBlueprint] = []
        self._described: dict[str, Any] | None = None
        self._lock = Lock()

    def _register_error_handlers(self) -> None:
        return

    def _register_responses(self) -> None:
        """One for each status that there is: a part of the description, which is made when somebody asks."""
        return

    def register_blueprint(self, blueprint: ApiBlueprint) -> None:
        """Its calls answer from now on; described they are when somebody asks."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint)
        self._blueprints.append(blueprint)

    def described(self) -> dict[str, Any]:
        """Made once, when first asked for: it takes several times as long as making the rest of the app."""
        with self._lock:
            if self._described is None:
                super()._register_responses()
                for each in self._blueprints:
                    each.register_views_in_doc(self, self._app, self.spec, name=each.name, parameters=None)
                    self.spec.tag({"name": each.name, "description": each.description})
                self._described = cast("dict[str, Any]", self.spec.to_dict())
            return self._described


def install(app: Flask, blueprints: Sequence[ApiBlueprint]) -> None:
    app.config.update(API_TITLE="Recovery Desk", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0")
    api = OurApi()
    api.register_converter(ReferenceConverter, lambda _: {"type": "string", "example": "RD-7K3M9Q"})
    api.register_converter(RowIdConverter, lambda _: {"type": "string", "pattern": "^[0-9]{1,19}$"})
    api.init_app(app, spec_kwargs={"info": {"description": ABOUT}, "security": [{"bearer": []}]})
    api.spec.components.security_scheme("bearer", BEARER)
    for each in blueprints:
        api.register_blueprint(each)
    app.extensions[API] = api


@blueprint.get("/openapi.json")
@needs(Permission.PUBLIC)
def as_json() -> Response:
    return Response(dumps(_described()), content_type="application/json")


@blueprint.get("/docs")
@needs(Permission.PUBLIC)
def as_page() -> str:
    return render_template("api/docs.html", about=ABOUT, sections=sections(_described()), shell=None)


def _described() -> dict[str, Any]:
    api: OurApi = current_app.extensions[API]
    return api.described()
