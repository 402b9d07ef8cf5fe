"""How commands answer: help with an example, one sentence for wrong use, exit codes that a script can trust."""

import argparse
import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recovery import cli
from recovery.cli import _parser
from recovery.first_run.commands import commands as commands_of_first_run
from tests.cli.conftest import Run
from tests.factories import Business

REPOSITORY = Path(__file__).parents[2]
SHIPPED = (REPOSITORY / "config" / "policy.toml").read_bytes()


def commands(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from commands(below, (*words, name))
            return
    yield words


EVERY_COMMAND = sorted(commands(_parser()[0]))


def test_the_commands_of_the_contract_are_there() -> None:
    assert {" ".join(words) for words in EVERY_COMMAND} == {
        "audit verify",
        "backup",
        "demo",
        "doctor",
        "erase",
        "export tickets",
        "import customers",
        "import tickets",
        "migrate",
        "outbox list",
        "restore",
        "routes",
        "site add",
        "sms test",
        "staff add",
        "token add",
        "worker",
    }


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
def test_every_command_explains_itself_with_an_example(run: Run, words: tuple[str, ...]) -> None:
    ran = run(*words, "--help")
    assert ran.code == 0
    assert f"example:\n  python3 -m recovery {' '.join(words)}" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 130


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("sing",),
        ("site",),
        ("site", "add"),
        ("site", "add", "x", "--nam", "y"),
        ("outbox", "list", "--status", "lost"),
    ],
)
def test_wrong_use_is_one_sentence_and_two(run: Run, words: tuple[str, ...]) -> None:
    ran = run(*words)
    assert ran.code == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert "--help` shows how" in ran.err


@pytest.mark.parametrize("word", ["sing", "", "tests", "“”"])
def test_an_unknown_command_is_answered_with_all_that_there_are(run: Run, word: str) -> None:
    ran = run(word)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert [name for name in ("audit", "test", "worker") if f" {name}" not in ran.err] == []


@pytest.mark.parametrize(
    "words",
    [("export", "tickets", "--output"), ("export", "tickets", "--format", "xlsx", "--output")],
    ids=["csv", "xlsx"],
)
def test_a_file_that_cannot_be_written_is_one_sentence(
    run: Run, business: Business, tmp_path: Path, words: tuple[str, ...]
) -> None:
    business.log()
    nowhere = str(tmp_path / "nowhere" / "october.csv")
    ran = run(*words, nowhere)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1] == f"{nowhere} cannot be used: No such file or directory."
    assert "Traceback" not in ran.err


def test_a_folder_for_the_data_that_cannot_be_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = run("doctor", DATA_DIR=str(tmp_path / "file" / "var"))
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert "DATA_DIR" in ran.err
    assert run("migrate").code == 2


def test_a_setting_that_makes_no_sense_is_named(run: Run) -> None:
    ran = run("doctor", PORT="coffee")
    assert (ran.code, ran.out) == (2, "")
    assert "PORT" in ran.err


BROKEN_POLICIES = {
    "no TOML": b"[promise",
    "no UTF-8": b"# caf\xe9",
    "nothing": b"",
    "a word for a number": SHIPPED.replace(b"minor = 15", b'minor = "abc"'),
    "a time that has passed": SHIPPED.replace(b"minor = 15", b"minor = -15"),
    "an entry less": SHIPPED.replace(b"minor = 15", b""),
}


WEB_WITH_EACH = """
import os, runpy, sys

for policy in sys.argv[1:]:
    os.environ["POLICY_FILE"] = policy
    try:
        runpy.run_path("wsgi.py")
    except SystemExit as asked:
        print(asked.code)
"""


def test_a_policy_that_cannot_be_used_is_named_by_commands_and_by_the_web(
    run: Run, environment: dict[str, str], url: str, tmp_path: Path
) -> None:
    """The web in one process for all of them, as it takes seconds to begin."""
    policies, told = [tmp_path / f"{what}.toml" for what in BROKEN_POLICIES], ""
    for policy, content in zip(policies, BROKEN_POLICIES.values(), strict=True):
        policy.write_bytes(content)
        ran = run("doctor", DATABASE_URL=url, POLICY_FILE=str(policy))
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1), policy.stem
        assert ran.err.startswith(f"POLICY_FILE {policy} cannot be used: ")
        told += ran.err
    web = subprocess.run(
        [sys.executable, "-c", WEB_WITH_EACH, *map(str, policies)],
        cwd=REPOSITORY,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (web.stdout.split(), web.stderr) == (["2"] * len(policies), told)


@pytest.mark.parametrize("words", [("outbox", "list"), ("audit", "verify")], ids=" ".join)
def test_a_database_without_a_schema_says_what_to_do(run: Run, empty_database_url: str, words: tuple[str, ...]) -> None:
    ran = run(*words, DATABASE_URL=empty_database_url)
    assert (ran.code, ran.out) == (1, "")
    assert "`python3 -m recovery migrate`" in ran.err


def test_a_database_that_is_away_is_one_sentence_without_its_password(run: Run) -> None:
    ran = run("audit", "verify", DATABASE_URL="postgresql://desk:sesame@127.0.0.1:9/desk")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert "sesame" not in ran.err


def test_migrate_tells_what_it_does_and_then_that_nothing_is_left_to_do(run: Run, empty_database_url: str) -> None:
    first = run("migrate", DATABASE_URL=empty_database_url)
    assert (first.code, first.out) == (0, "")
    assert "migrating up to 0001" in first.err
    assert "already" in run("migrate").err


def test_a_command_looks_for_garbage_again_once_it_is_imported() -> None:
    assert commands_of_first_run() is cli.main
    assert gc.isenabled()
    gc.unfreeze()


def test_every_route_names_its_permission_and_its_object(run: Run, business: Business) -> None:
    ran = run("routes", "--json")
    assert ran.code == 0
    one = next(each for each in json.loads(ran.out) if each["rule"].startswith("/api/v1/tickets/<"))
    assert (one["methods"], one["permission"], one["object"]) == (["GET"], "see", "ticket")
