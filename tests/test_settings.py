from dataclasses import fields
from pathlib import Path

import pytest

from config import variables
from config.settings import VERSION, Settings, SettingsError
from tests.fixtures.clone import REPOSITORY
from tests.fixtures.settings import MakeSettings

TWILIO = {
    "SMS_GATEWAY": "twilio",
    "TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000000",
    "TWILIO_AUTH_TOKEN": "old-token, new-token",
    "TWILIO_FROM": "+15550100",
}


def problems_of(make_settings: MakeSettings, **given: object) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        make_settings(**given)
    return list(refused.value.problems)


def test_the_defaults_are_those_of_the_table(make_settings: MakeSettings, tmp_path: Path) -> None:
    settings = make_settings(LOG_FORMAT="")
    assert settings.database_url == f"sqlite:///{tmp_path / 'recovery.db'}"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.public_url_is_loopback
    assert settings.sms_gateway == "simulator"
    assert settings.policy_file == REPOSITORY / "config" / "policy.toml"
    assert settings.worker_lease_seconds == 60
    assert settings.twilio_timeout_seconds == 10
    assert settings.reconcile_grace_seconds == 120
    assert settings.reconcile_interval_seconds == 60
    assert settings.send_concurrency == 8
    assert settings.trusted_proxies == 0
    assert settings.log_format == "json"
    assert settings.twilio_auth_tokens == ()
    assert settings.metrics_token is None


def test_the_public_address_follows_the_port(make_settings: MakeSettings) -> None:
    assert make_settings(PORT=8123).public_url == "http://127.0.0.1:8123"
    public = make_settings(PORT=8123, PUBLIC_URL="https://desk.example.com/", RECOVERY_TEST_CHEAP_HASH=0)
    assert public.public_url == "https://desk.example.com"
    assert not public.public_url_is_loopback


@pytest.mark.parametrize("prefix", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_postgresql_means_psycopg_3(make_settings: MakeSettings, prefix: str) -> None:
    settings = make_settings(DATABASE_URL=f"{prefix}://ada:s3cret@db.example.com/desk?sslmode=require")
    assert settings.database_url == "postgresql+psycopg://ada:s3cret@db.example.com/desk?sslmode=require"


def test_a_relative_sqlite_file_counts_from_the_clone(make_settings: MakeSettings) -> None:
    assert make_settings(DATABASE_URL="sqlite:///var/x.db").database_url == f"sqlite:///{REPOSITORY / 'var/x.db'}"


def test_everything_wrong_is_said_at_once_one_sentence_each() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({"DATA_DIR": "/nowhere", "SECRET_KEY": "short", "PORT": "0", "LOG_FORMAT": "xml"})
    assert refused.value.problems == (
        "SECRET_KEY must be at least 32 characters long.",
        "PORT must be a whole number from 1 to 65535, not '0'.",
        "AUDIT_KEY is missing: set it or AUDIT_KEY_FILE, or run `python3 -m recovery` once, which makes one.",
        'LOG_FORMAT must be "text" or "json", not \'xml\'.',
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://ada@db/desk"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "nonsense"),
        ("PUBLIC_URL", "desk.example.com"),
        ("PUBLIC_URL", "https://desk.example.com/?a=1"),
        ("PUBLIC_URL", "https://desk.example.com:99999"),
        ("PUBLIC_URL", "javascript:alert(1)"),
        ("PUBLIC_URL", "https://desk.example.com, https://desk.example.org"),
        ("PUBLIC_URL", "https://desk.example.com/a,https://desk.example.org"),
        ("PUBLIC_URL", "https://<your host>"),
        ("PUBLIC_URL", "https://desk..example.com"),
        ("PORT", "8000.5"),
        ("PORT", "65536"),
        ("PORT", "\u0663\u0663"),  # 33, in the digits of Arabic
        ("PORT", "+33"),
        ("PORT", "8_000"),
        ("SEND_CONCURRENCY", "\uff18"),
        ("WORKER_LEASE_SECONDS", "\u0667\u0660"),
        ("WORKER_LEASE_SECONDS", "7e1"),
        ("SMS_GATEWAY", "Twilio"),
        ("TWILIO_ACCOUNT_SID", "SK00000000000000000000000000000000"),
        ("TWILIO_AUTH_TOKEN", ","),
        ("TWILIO_MESSAGING_SERVICE_SID", "+15550100"),
        ("TWILIO_FROM", "a name that is too long"),
        ("TWILIO_API_URL", "not a url"),
        ("TWILIO_API_URL_ALLOW", "perhaps"),
        ("POLICY_FILE", "/nowhere/policy.toml"),
        ("WORKER_LEASE_SECONDS", "nan"),
        ("WORKER_LEASE_SECONDS", "inf"),
        ("TWILIO_TIMEOUT_SECONDS", "0"),
        ("RECONCILE_GRACE_SECONDS", "-1"),
        ("RECONCILE_INTERVAL_SECONDS", "1e9"),
        ("AUDIT_KEY", "short"),
        ("AUDIT_ANCHOR_FILE", "/nowhere/anchors"),
        ("METRICS_TOKEN", "two words"),
        ("TRUSTED_PROXIES", "-1"),
        ("SEND_CONCURRENCY", "0"),
        ("RECOVERY_TEST_CHEAP_HASH", "maybe"),
    ],
)
def test_a_senseless_value_is_refused_by_name(make_settings: MakeSettings, name: str, value: str) -> None:
    (problem,) = problems_of(make_settings, **{name: value})
    assert problem.startswith(f"{name} must be ")
    assert problem.endswith(".")


def test_an_address_is_kept_in_small_letters_as_far_as_case_means_nothing(make_settings: MakeSettings) -> None:
    settings = make_settings(PUBLIC_URL="HTTPS://Desk.Example.COM:8443/Sub/", RECOVERY_TEST_CHEAP_HASH="0")
    assert settings.public_url == "https://desk.example.com:8443/Sub"
    assert make_settings(PUBLIC_URL="HTTP://LOCALHOST:8000").public_url_is_loopback
    for address in ("http://[::1]:8000", "http://desk_1:8000", "https://münchen.example/desk-2", "http://10.0.0.7"):
        assert make_settings(PUBLIC_URL=address, RECOVERY_TEST_CHEAP_HASH="0").public_url == address


def test_an_empty_variable_counts_as_absent(make_settings: MakeSettings) -> None:
    assert make_settings(PORT="", TWILIO_FROM=" ").port == 8000


@pytest.mark.parametrize("name", [v.name for v in variables.VARIABLES if v.secret and v.name != "DATABASE_URL"])
def test_every_secret_may_come_from_a_file(
    environment: dict[str, str], make_settings: MakeSettings, tmp_path: Path, name: str
) -> None:
    secret = "a-secret-of-more-than-thirty-two-letters"
    (tmp_path / "secret").write_text(f"{secret}\n")
    environment.pop(name, None)
    settings = make_settings(**{f"{name}_FILE": tmp_path / "secret"})
    found = [getattr(settings, each.name) for each in fields(settings)]
    assert secret in found or (secret,) in found


def test_a_secret_file_that_cannot_be_read_is_said(make_settings: MakeSettings) -> None:
    assert problems_of(make_settings, METRICS_TOKEN_FILE="/nowhere") == [
        "METRICS_TOKEN_FILE must be the path of a readable file that is not empty."
    ]


def test_a_secret_given_twice_is_refused(make_settings: MakeSettings) -> None:
    assert problems_of(make_settings, SECRET_KEY_FILE="/nowhere") == ["Set SECRET_KEY or SECRET_KEY_FILE, not both."]


def test_the_keys_that_the_first_run_wrote_are_found(tmp_path: Path) -> None:
    for name in ("secret_key", "audit_key"):
        (tmp_path / name).write_text(f"the {name} that the first run has written\n")
    settings = Settings.from_env({"DATA_DIR": str(tmp_path)})
    assert settings.secret_key == "the secret_key that the first run has written"
    assert settings.audit_key == "the audit_key that the first run has written"


def test_no_secret_stands_in_a_printed_settings(make_settings: MakeSettings) -> None:
    secrets = {"DATABASE_URL": "postgres://ada:canary-1@db/desk", "METRICS_TOKEN": "canary-2"}
    secrets |= {"SECRET_KEY": "canary-3" * 4, "AUDIT_KEY": "canary-4" * 4, "TWILIO_AUTH_TOKEN": "canary-5"}
    assert "canary" not in repr(make_settings(**secrets))


def test_a_refused_secret_is_not_repeated(make_settings: MakeSettings) -> None:
    assert "canary" not in str(problems_of(make_settings, SECRET_KEY="canary", DATABASE_URL="canary://"))


def test_several_tokens_are_accepted_while_rotating(make_settings: MakeSettings) -> None:
    assert make_settings(**TWILIO).twilio_auth_tokens == ("old-token", "new-token")


@pytest.mark.parametrize("missing", ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"])
def test_twilio_without_its_account_or_sender_is_refused(make_settings: MakeSettings, missing: str) -> None:
    (problem,) = problems_of(make_settings, **{**TWILIO, missing: ""})
    assert missing in problem


def test_twilio_takes_one_sender(make_settings: MakeSettings) -> None:
    assert problems_of(make_settings, **TWILIO, TWILIO_MESSAGING_SERVICE_SID="MG0") == [
        "Set TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM, not both."
    ]


def test_another_machine_is_not_sent_the_token_by_accident(make_settings: MakeSettings) -> None:
    elsewhere = "https://emulator.example.com"
    (problem,) = problems_of(make_settings, TWILIO_API_URL=elsewhere)
    assert problem.startswith("TWILIO_API_URL is another machine")
    assert make_settings(TWILIO_API_URL=elsewhere, TWILIO_API_URL_ALLOW=1).twilio_api_url == elsewhere
    for local in ("http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"):
        assert make_settings(TWILIO_API_URL=local).twilio_api_url == local


def test_a_lease_outlasts_a_send(make_settings: MakeSettings) -> None:
    (problem,) = problems_of(make_settings, WORKER_LEASE_SECONDS=10, TWILIO_TIMEOUT_SECONDS=10)
    assert problem.startswith("WORKER_LEASE_SECONDS must be longer")


def test_cheap_hashes_are_refused_where_others_can_come(make_settings: MakeSettings) -> None:
    assert make_settings().argon2_cheap
    (problem,) = problems_of(make_settings, PUBLIC_URL="https://desk.example.com")
    assert problem.startswith("RECOVERY_TEST_CHEAP_HASH is for tests alone")


def test_the_documents_hold_the_table_that_the_settings_are_read_by() -> None:
    assert variables.DOCUMENT.read_text(encoding="utf-8") == variables.document(), "run python -m config.variables"


def test_the_readme_holds_the_same_table() -> None:
    readme = variables.README.read_text(encoding="utf-8")
    assert variables.markdown_table() in readme, "run python -m config.variables (README.md needs the two markers)"


def test_every_variable_that_is_read_stands_in_the_table() -> None:
    source = (REPOSITORY / "config" / "settings.py").read_text(encoding="utf-8")
    assert [
        each.name for each in variables.VARIABLES if f'"{each.name}"' not in source and each.name != "DATA_DIR"
    ] == []


def test_the_version_is_that_of_the_package() -> None:
    assert f'version = "{VERSION}"' in (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
