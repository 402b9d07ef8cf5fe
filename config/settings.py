import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from os import environ as process_environment
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from environs import validate
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from config.reading import Reader, data_dir_of, from_repository, given_values
from config.variables import REPOSITORY, SHORTEST_KEY

VERSION = "0.1.0"
A_DAY = 86_400
SENDER = r"(\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$"
VOICE = r"\+[1-9]\d{6,14}$"
NO_TOKENS: tuple[str, ...] = ()
HOST = r"[\w-]+(\.[\w-]+)*\.?|[0-9a-f:.]+(%25\w+)?"
"""A name, or an address of either kind. A second address behind the first is no part of it."""
PATH = r"[^\s,;<>]*"
POSTGRESQL_NAMES = re.compile(r"postgres(ql)?(?=://)")


class SettingsError(ValueError):
    """All that is wrong with the environment: `problems` holds one sentence each, naming the variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    public_url: str
    port: int
    sms_gateway: Literal["simulator", "twilio"]
    twilio_account_sid: str | None
    twilio_auth_tokens: tuple[str, ...] = field(repr=False)
    twilio_messaging_service_sid: str | None
    twilio_from: str | None
    twilio_voice_from: str | None
    twilio_finds_machines: bool
    twilio_api_url: str | None
    policy_file: Path
    worker_lease_seconds: float
    twilio_timeout_seconds: float
    reconcile_grace_seconds: float
    reconcile_interval_seconds: float
    audit_key: str = field(repr=False)
    audit_anchor_file: Path | None
    metrics_token: str | None = field(repr=False)
    trusted_proxies: int
    send_concurrency: int
    log_format: Literal["text", "json"]
    data_dir: Path
    argon2_cheap: bool
    version: str = VERSION

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Raises SettingsError with every problem at once; `environ` stands in for the process's own."""
        values, unread = given_values(process_environment if environ is None else environ)
        reader = Reader(values)
        parsed = _parsed(reader)
        problems = list((reader.problems() | unread).values())
        if not problems:
            problems = _contradictions(parsed, other_machine_allowed=values.get("TWILIO_API_URL_ALLOW") == "1")
        if problems:
            raise SettingsError(problems)
        return cls(**parsed)

    @property
    def public_url_is_loopback(self) -> bool:
        return is_loopback(self.public_url)


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _parsed(env: Reader) -> dict[str, Any]:
    long_enough = validate.Length(min=SHORTEST_KEY)
    port = env.through(_whole(1, 65_535), "PORT", 8000)
    data_dir = data_dir_of(env.given)
    env.bool("TWILIO_API_URL_ALLOW", default=False)
    return {
        "database_url": env.through(_database, "DATABASE_URL", f"sqlite:///{data_dir / 'recovery.db'}"),
        "secret_key": env.str("SECRET_KEY", validate=long_enough),
        "public_url": env.through(_base, "PUBLIC_URL", f"http://127.0.0.1:{port}"),
        "port": port,
        "sms_gateway": env.str("SMS_GATEWAY", "simulator", validate=validate.OneOf(["simulator", "twilio"])),
        "twilio_account_sid": env.str("TWILIO_ACCOUNT_SID", None, validate=validate.Regexp(r"AC\w+$")),
        "twilio_auth_tokens": env.through(_tokens, "TWILIO_AUTH_TOKEN", NO_TOKENS),
        "twilio_messaging_service_sid": env.str(
            "TWILIO_MESSAGING_SERVICE_SID", None, validate=validate.Regexp(r"MG\w+$")
        ),
        "twilio_from": env.str("TWILIO_FROM", None, validate=validate.Regexp(SENDER)),
        "twilio_voice_from": env.str("TWILIO_VOICE_FROM", None, validate=validate.Regexp(VOICE)),
        "twilio_finds_machines": env.bool("TWILIO_FIND_VOICEMAIL", default=False),
        "twilio_api_url": env.through(_base, "TWILIO_API_URL", None),
        "policy_file": env.through(_file, "POLICY_FILE", REPOSITORY / "config" / "policy.toml"),
        "worker_lease_seconds": env.through(_seconds, "WORKER_LEASE_SECONDS", 60.0),
        "twilio_timeout_seconds": env.through(_seconds, "TWILIO_TIMEOUT_SECONDS", 10.0),
        "reconcile_grace_seconds": env.through(_seconds, "RECONCILE_GRACE_SECONDS", 120.0),
        "reconcile_interval_seconds": env.through(_seconds, "RECONCILE_INTERVAL_SECONDS", 60.0),
        "audit_key": env.str("AUDIT_KEY", validate=long_enough),
        "audit_anchor_file": env.through(_new, "AUDIT_ANCHOR_FILE", None),
        "metrics_token": env.str("METRICS_TOKEN", None, validate=validate.Regexp(r"\S+$")),
        "trusted_proxies": env.through(_whole(0, 10), "TRUSTED_PROXIES", 0),
        "send_concurrency": env.through(_whole(1, 64), "SEND_CONCURRENCY", 8),
        "log_format": env.str("LOG_FORMAT", _usual_log_format(), validate=validate.OneOf(["text", "json"])),
        "data_dir": data_dir,
        "argon2_cheap": env.bool("RECOVERY_TEST_CHEAP_HASH", default=False),
    }


def _whole(smallest: int, largest: int) -> Callable[[str], int]:
    """In plain digits: Python reads those of every script, with signs and underscores."""

    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not smallest <= int(value) <= largest:
            raise ValueError("no such number")
        return int(value)

    return read


def _seconds(value: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value) or not 0 < float(value) <= A_DAY:
        raise ValueError("no such time")
    return float(value)


def _database(value: str) -> str:
    """SQLAlchemy's own reading of `postgresql://` depends on its version; ours is always psycopg 3."""
    try:
        url = make_url(POSTGRESQL_NAMES.sub("postgresql+psycopg", value, count=1))
    except ArgumentError as error:
        raise ValueError("no database URL") from error
    if url.drivername not in {"sqlite", "postgresql+psycopg"} or not url.database or url.database == ":memory:":
        raise ValueError("no database that several processes can share")
    if url.drivername == "sqlite":
        url = url.set(database=str(from_repository(url.database)))
    return url.render_as_string(hide_password=False)


def _base(value: str) -> str:
    """Scheme and host in small letters: what reads them later compares letter by letter."""
    parts = urlsplit(value)
    _ = parts.port  # raises ValueError on a port that is none
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("no base address")
    if not re.fullmatch(HOST, parts.hostname) or not re.fullmatch(PATH, parts.path):
        raise ValueError("several addresses, or none that a link could hold")
    return parts._replace(netloc=parts.netloc.lower()).geturl().rstrip("/")


def _tokens(value: str) -> tuple[str, ...]:
    tokens = tuple(token for part in value.split(",") if (token := part.strip()))
    if not tokens or any(re.search(r"\s", token) for token in tokens):
        raise ValueError("no tokens")
    return tokens


def _file(value: str) -> Path:
    path = from_repository(value)
    if not path.is_file():
        raise ValueError("no such file")
    return path


def _new(value: str) -> Path:
    path = from_repository(value)
    if not path.parent.is_dir() or path.is_dir():
        raise ValueError("no folder for it")
    return path


def _usual_log_format() -> str:
    return "text" if sys.stderr.isatty() else "json"


def _contradictions(parsed: Mapping[str, Any], *, other_machine_allowed: bool) -> list[str]:
    problems = _missing_for_twilio(parsed) if parsed["sms_gateway"] == "twilio" else []
    api = parsed["twilio_api_url"]
    if api and not is_loopback(api) and not other_machine_allowed:
        problems.append(
            "TWILIO_API_URL is another machine, which would be sent the account's token: set TWILIO_API_URL_ALLOW=1 if it is yours."
        )
    if parsed["worker_lease_seconds"] <= parsed["twilio_timeout_seconds"]:
        problems.append(
            "WORKER_LEASE_SECONDS must be longer than TWILIO_TIMEOUT_SECONDS, or a slow text loses its owner."
        )
    if parsed["argon2_cheap"] and not is_loopback(parsed["public_url"]):
        problems.append(
            "RECOVERY_TEST_CHEAP_HASH is for tests alone: unset it, or PUBLIC_URL must be a loopback address."
        )
    return problems


def _missing_for_twilio(parsed: Mapping[str, Any]) -> list[str]:
    problems = []
    if not parsed["twilio_account_sid"]:
        problems.append("TWILIO_ACCOUNT_SID is missing: SMS_GATEWAY=twilio needs it.")
    if not parsed["twilio_auth_tokens"]:
        problems.append("TWILIO_AUTH_TOKEN is missing: SMS_GATEWAY=twilio needs it.")
    senders = [parsed["twilio_messaging_service_sid"], parsed["twilio_from"]]
    if not any(senders):
        problems.append("TWILIO_MESSAGING_SERVICE_SID is missing: SMS_GATEWAY=twilio needs it, or TWILIO_FROM.")
    if all(senders):
        problems.append("Set TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM, not both.")
    return problems
