from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from environs import Env, EnvValidationError

from config.variables import REPOSITORY, VARIABLES, Variable

Value = TypeVar("Value")
KEPT_BY_FIRST_RUN = {"SECRET_KEY": "secret_key", "AUDIT_KEY": "audit_key"}
"""File names under DATA_DIR; the first run writes them, and a variable of the same name comes before them."""


def given_values(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What is set, with secrets read from their files; and, by variable, a sentence where that could not be read."""
    values: dict[str, str] = {}
    problems: dict[str, str] = {}
    for variable in VARIABLES:
        name, value = variable.name, environ.get(variable.name, "").strip()
        path = environ.get(f"{name}_FILE", "").strip() if variable.secret else ""
        if value and path:
            problems[name] = f"Set {name} or {name}_FILE, not both."
        elif path and not (value := _content(Path(path))):
            problems[name] = f"{name}_FILE must be the path of a readable file that is not empty."
        if value:
            values[name] = value
    for name, kept in KEPT_BY_FIRST_RUN.items():
        if name not in values and (value := _content(data_dir_of(values) / kept)):
            values[name] = value
    return values, problems


def data_dir_of(values: Mapping[str, str]) -> Path:
    return from_repository(values.get("DATA_DIR", "var"))


def from_repository(path: str) -> Path:
    """A relative path counts from the clone, wherever a command is started."""
    return (REPOSITORY / path).resolve()


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


class Reader(Env):
    """Reads the given values instead of the process's environment, and says what is wrong in our own sentences."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(eager=False)
        self.given = values
        self.senseless: list[str] = []

    def _get_value(self, env_key: str, default: Any) -> Any:
        return self.given.get(env_key, default)

    def through(self, parse: Callable[[str], Value], name: str, default: Value) -> Value:
        """`parse` raises ValueError for what makes no sense; the default is taken as it is."""
        if name not in self.given:
            return default
        try:
            return parse(self.given[name])
        except ValueError:
            self.senseless.append(name)
            return default

    def problems(self) -> dict[str, str]:
        """By variable, one sentence for each that is missing or makes no sense."""
        wrong = set(self.senseless)
        try:
            self.seal()
        except EnvValidationError as error:
            wrong.update(cast("Mapping[str, Any]", error.error_messages))
        return {variable.name: self._sentence(variable) for variable in VARIABLES if variable.name in wrong}

    def _sentence(self, variable: Variable) -> str:
        name = variable.name
        if name not in self.given:
            return f"{name} is missing: set it or {name}_FILE, or run `python3 -m recovery` once, which makes one."
        shown = "" if variable.secret else f", not {self.given[name]!r}"
        return f"{name} must be {variable.expects}{shown}."
