"""Every variable that the environment may set: one table, read by the settings, the documents and the tests.

`python -m config.variables` writes the table anew into docs/settings.md and, between its markers, into README.md.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENT = REPOSITORY / "docs" / "settings.md"
README = REPOSITORY / "README.md"
SHORTEST_KEY = 32
MARKED = re.compile(r"(<!-- settings: begin -->\n).*?(<!-- settings: end -->)", re.DOTALL)

HEADING = """# Settings

Recovery Desk is set by environment variables alone. An empty variable counts as absent. A missing or senseless value stops
the start: every problem is named at once, one sentence each, and the command ends with exit code 2.

Relative paths count from the clone. A secret can also be read from a file: `NAME_FILE` holds its path (set one of the two, not both).

"""


@dataclass(frozen=True, kw_only=True)
class Variable:
    name: str
    default: str
    meaning: str
    expects: str
    """Finishes the sentence "NAME must be …" when a value makes no sense."""
    secret: bool = False


VARIABLES = (
    Variable(
        name="DATABASE_URL",
        default="`sqlite:///var/recovery.db`",
        meaning="any SQLAlchemy URL of SQLite or PostgreSQL; `postgres://` and `postgresql://` are taken as psycopg 3",
        expects="a database URL that begins with sqlite:/// or postgresql:// and names a database",
        secret=True,
    ),
    Variable(
        name="SECRET_KEY",
        default="none; the first run writes one to `var/secret_key`",
        meaning="signs sessions and links; nothing starts without, or with a short one",
        expects="at least 32 characters long",
        secret=True,
    ),
    Variable(
        name="PUBLIC_URL",
        default="`http://127.0.0.1:$PORT`",
        meaning="base of the links in texts and of webhook signatures",
        expects="one address such as https://desk.example.com, without a query",
    ),
    Variable(
        name="PORT",
        default="`8000`",
        meaning="where the web listens",
        expects="a whole number from 1 to 65535",
    ),
    Variable(
        name="SMS_GATEWAY",
        default="`simulator`",
        meaning="`simulator` keeps texts on the page of simulated phones, `twilio` sends them",
        expects='"simulator" or "twilio"',
    ),
    Variable(
        name="TWILIO_ACCOUNT_SID",
        default="none",
        meaning="the account that sends; needed with `twilio`",
        expects="an account SID, which begins with AC",
    ),
    Variable(
        name="TWILIO_AUTH_TOKEN",
        default="none",
        meaning="the first one signs our requests; several, comma separated, are accepted for webhooks while rotating",
        expects="one or more tokens, separated by commas",
        secret=True,
    ),
    Variable(
        name="TWILIO_MESSAGING_SERVICE_SID",
        default="none",
        meaning="the service that sends; this or `TWILIO_FROM`",
        expects="a messaging service SID, which begins with MG",
    ),
    Variable(
        name="TWILIO_FROM",
        default="none",
        meaning="the number that sends; this or `TWILIO_MESSAGING_SERVICE_SID`",
        expects="a number such as +15550100, a short code or a sender name of up to 11 letters",
    ),
    Variable(
        name="TWILIO_VOICE_FROM",
        default="none: people dial themselves",
        meaning="the number that calls, for click to call; `TWILIO_FROM` may be it, a messaging service cannot call",
        expects="a number with its country code, such as +15550100",
    ),
    Variable(
        name="TWILIO_FIND_VOICEMAIL",
        default="`0`",
        meaning="`1` has the provider listen for voicemail on calls (it charges for that), so that one is taken for what it is",
        expects="0 or 1",
    ),
    Variable(
        name="TWILIO_API_URL",
        default="Twilio's own",
        meaning="another base for an emulator; refused unless loopback or `TWILIO_API_URL_ALLOW=1`",
        expects="an address such as http://127.0.0.1:9000, without a query",
    ),
    Variable(
        name="TWILIO_API_URL_ALLOW",
        default="`0`",
        meaning="`1` lets `TWILIO_API_URL` be another machine: it is sent the account's token",
        expects="0 or 1",
    ),
    Variable(
        name="POLICY_FILE",
        default="`config/policy.toml`",
        meaning="targets, limits, ladders, quiet hours",
        expects="the path of a readable file",
    ),
    Variable(
        name="WORKER_LEASE_SECONDS",
        default="`60`",
        meaning="how long a worker owns a text that it has claimed; longer than `TWILIO_TIMEOUT_SECONDS`",
        expects="a number of seconds above 0, up to 86400",
    ),
    Variable(
        name="TWILIO_TIMEOUT_SECONDS",
        default="`10`",
        meaning="how long one send may take",
        expects="a number of seconds above 0, up to 86400",
    ),
    Variable(
        name="RECONCILE_GRACE_SECONDS",
        default="`120`",
        meaning="how long an unknown outcome rests before the provider is asked",
        expects="a number of seconds above 0, up to 86400",
    ),
    Variable(
        name="RECONCILE_INTERVAL_SECONDS",
        default="`60`",
        meaning="how much later it is asked a second time",
        expects="a number of seconds above 0, up to 86400",
    ),
    Variable(
        name="AUDIT_KEY",
        default="none; the first run writes one to `var/audit_key`",
        meaning="key of the event chain; keep it out of the database and its backups, the same on every machine",
        expects="at least 32 characters long",
        secret=True,
    ),
    Variable(
        name="AUDIT_ANCHOR_FILE",
        default="none",
        meaning="the file that anchors of the event chain are appended to; without, they go to the log",
        expects="a path in a folder that exists",
    ),
    Variable(
        name="METRICS_TOKEN",
        default="none: `/metrics` is 404",
        meaning="bearer token that `/metrics` asks for",
        expects="a token without spaces",
        secret=True,
    ),
    Variable(
        name="TRUSTED_PROXIES",
        default="`0`",
        meaning="how many proxies in front may speak for the client's address and scheme",
        expects="a whole number from 0 to 10",
    ),
    Variable(
        name="SEND_CONCURRENCY",
        default="`8`",
        meaning="texts in flight per worker",
        expects="a whole number from 1 to 64",
    ),
    Variable(
        name="LOG_FORMAT",
        default="`text` on a terminal, else `json`",
        meaning="how the log is written, one line per event",
        expects='"text" or "json"',
    ),
    Variable(
        name="DATA_DIR",
        default="`var/`",
        meaning="where the first run keeps its keys, and SQLite its database and locks",
        expects="the path of a folder",
    ),
    Variable(
        name="RECOVERY_TEST_CHEAP_HASH",
        default="`0`",
        meaning="`1` makes password hashes cheap for tests; refused unless `PUBLIC_URL` is loopback",
        expects="0 or 1",
    ),
)


def markdown_table() -> str:
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    rows += [f"| `{v.name}`{' *(secret)*' if v.secret else ''} | {v.default} | {v.meaning} |" for v in VARIABLES]
    return "\n".join(rows) + "\n"


def document() -> str:
    return HEADING + markdown_table()


def in_readme(readme: str) -> str:
    """The README with the table between its markers replaced; a README without markers comes back as it is."""
    return MARKED.sub(lambda found: found[1] + markdown_table() + found[2], readme)


def write_documents() -> None:
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(document(), encoding="utf-8")
    if README.is_file():
        README.write_text(in_readme(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write_documents()
    sys.stdout.write(f"Wrote {DOCUMENT.name} and the table of {README.name}.\n")
