"""A backup holds every row and no key; put back, nothing is texted again until the provider was asked."""

import fcntl
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.pool import NullPool

from recovery.domain.ids import SETTINGS_STREAM
from recovery.domain.remedies import RemedyKind
from recovery.models import AwaitingAnchor, Base, Event, Heartbeat, LoginSession, Message
from recovery.services.deciding.remedies import NewRemedy
from recovery.services.hearing.missed import HEARD
from recovery.services.people.sign_in import open_session
from recovery.services.running.backups import LEFT_OUT, read_manifest
from recovery.services.sending.outbox import HOLD
from tests.cli.conftest import Run
from tests.factories import Business

WRITTEN_BY_RESTORING = {"events", "settings_stream", "anchors", "awaiting_anchor"}


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
            if table.name not in LEFT_OUT | WRITTEN_BY_RESTORING
        }


def settings_events(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).where(Event.stream_id == SETTINGS_STREAM)) or 0


@pytest.fixture
def backup(business: Business, run: Run, tmp_path: Path) -> Path:
    earlier = business.log(remedies=(NewRemedy(RemedyKind.REFUND, 4500),), note="“oat” – ☕")
    business.log(linked_to=earlier.reference)
    business.desk.transact(
        lambda session: open_session(session, business.actor("maya").id or 0, how="password", now=business.now)
    )
    file = tmp_path / "desk.zip"
    ran = run("backup", str(file))
    assert ran.code == 0, ran.err
    return file


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, also of the other kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'other.db'}"
    return str(request.getfixturevalue("empty_postgres_url"))


def test_it_goes_into_an_empty_database_of_either_kind_row_by_row(
    business: Business, run: Run, backup: Path, other_url: str
) -> None:
    before = contents(business.desk.settings.database_url)
    assert run("restore", str(backup), DATABASE_URL=other_url).code == 0
    assert contents(other_url) == before
    assert sum(map(len, before.values())) > 15
    assert run("audit", "verify").code == 0


def test_what_was_put_back_is_anchored_to_the_last_event(run: Run, backup: Path, other_url: str) -> None:
    run("restore", str(backup), DATABASE_URL=other_url)
    engine = create_engine(other_url, poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(AwaitingAnchor)) == 0


def test_after_it_texts_are_held_and_everybody_signs_in_anew(run: Run, backup: Path, other_url: str) -> None:
    run("restore", str(backup), DATABASE_URL=other_url)
    engine = create_engine(other_url, poolclass=NullPool)
    with engine.connect() as connection:
        assert set(connection.scalars(select(Heartbeat.name))) == {HOLD, HEARD}
        made_at = read_manifest(backup).made_at
        assert connection.scalar(select(Heartbeat.at).where(Heartbeat.name == HEARD)) == made_at, "replies since"
        assert connection.scalar(select(func.count()).select_from(LoginSession)) == 0
        assert connection.scalar(select(func.count()).where(Message.status == "pending")) == 3


def test_rows_that_are_there_are_lost_only_when_asked_for(business: Business, run: Run, backup: Path) -> None:
    before = contents(business.desk.settings.database_url)
    later = business.log()
    refused = run("restore", str(backup))
    assert refused.code == 1
    assert "--replace" in refused.err
    assert business.again(later).reference == later.reference
    assert run("restore", str(backup), "--replace").code == 0
    assert contents(business.desk.settings.database_url) == before
    assert run("audit", "verify").code == 0


def test_it_holds_no_key_and_is_nobody_elses_to_read(run: Run, backup: Path, environment: dict[str, str]) -> None:
    with zipfile.ZipFile(backup) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert environment["AUDIT_KEY"].encode() not in everything
    assert environment["SECRET_KEY"].encode() not in everything
    assert backup.stat().st_mode & 0o077 == 0


def test_one_that_was_changed_is_refused(run: Run, backup: Path, tmp_path: Path, other_url: str) -> None:
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(backup) as whole, zipfile.ZipFile(forged, "w") as archive:
        for name in whole.namelist():
            lines = whole.read(name)
            archive.writestr(name, lines.replace(b"Maya", b"Myra") if name == "staff.jsonl" else lines)
    ran = run("restore", str(forged), DATABASE_URL=other_url)
    assert ran.code == 1
    assert "no whole backup" in ran.err
    (tmp_path / "note.txt").write_text("hello")
    assert run("restore", str(tmp_path / "note.txt")).code == 1
    assert run("restore", str(tmp_path / "nothing.zip")).code == 2


def test_another_audit_key_is_refused_before_anything_is_written(run: Run, backup: Path, other_url: str) -> None:
    ran = run("restore", str(backup), DATABASE_URL=other_url, AUDIT_KEY="a key that never wrote this trail, 1234567")
    assert ran.code == 1
    assert "AUDIT_KEY" in ran.err


def test_one_of_another_schema_is_refused(run: Run, backup: Path, tmp_path: Path, other_url: str) -> None:
    older = tmp_path / "older.zip"
    with zipfile.ZipFile(backup) as whole, zipfile.ZipFile(older, "w") as archive:
        for name in whole.namelist():
            lines = whole.read(name)
            told = json.dumps(json.loads(lines) | {"revision": "0000"}) if name == "manifest.json" else lines
            archive.writestr(name, told)
    ran = run("restore", str(older), DATABASE_URL=other_url)
    assert ran.code == 1
    assert "schema 0000" in ran.err


def test_a_file_that_exists_is_never_written_over(run: Run, backup: Path) -> None:
    before = backup.read_bytes()
    assert run("backup", str(backup)).code == 2
    assert backup.read_bytes() == before


def test_bits_that_rotted_are_told_in_one_sentence(run: Run, backup: Path, tmp_path: Path) -> None:
    """Wherever they stand: packed rows are no packed rows any more, or a row is no JSON."""
    whole = backup.read_bytes()
    with zipfile.ZipFile(backup) as archive:
        begin = archive.getinfo("events.jsonl").header_offset
    rotten = tmp_path / "rotten.zip"
    for at in range(begin + 62, begin + 74):  # behind its head
        rotten.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        ran = run("restore", str(rotten))
        assert ran.code == 1
        assert ran.err == f"{rotten} is no whole backup of Recovery Desk: use another one.\n"


def test_a_newer_schema_is_not_backed_up_without_what_is_new_in_it(
    url: str, business: Business, run: Run, tmp_path: Path
) -> None:
    """The version before goes on working on it, and knows nothing of its tables and columns."""
    engine = create_engine(url, poolclass=NullPool)
    before = contents(url), settings_events(engine)
    with engine.begin() as connection:
        known = connection.scalar(text("SELECT version_num FROM alembic_version"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        ran = run("backup", str(tmp_path / "desk.zip"))
    finally:
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :known"), {"known": known})
    assert ran.code == 1
    assert "schema 9999" in ran.err
    assert "with the version that migrated it" in ran.err
    assert list(tmp_path.glob("desk.zip*")) == []
    assert (contents(url), settings_events(engine)) == before, "no trail of a backup that is not there"


def test_two_at_once_to_one_name_do_not_take_it_from_each_other(run: Run, business: Business, tmp_path: Path) -> None:
    file, first = tmp_path / "desk.zip", tmp_path / "desk.zip.unfinished"
    with first.open("wb") as held:
        held.write(b"half of it")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        ran = run("backup", str(file))
        assert ran.code == 1
        assert "Another backup is writing" in ran.err
        assert first.read_bytes() == b"half of it"
    assert run("backup", str(file)).code == 0, "what one that was killed left behind is in nobody's way"
    assert read_manifest(file).rows["sites"] >= 1
    assert not first.exists()
