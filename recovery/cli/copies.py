"""`backup`, `restore`."""

from pathlib import Path

from config.settings import Settings
from recovery.bootstrap import Components
from recovery.cli.console import DONE, FINDING, WRONG_USE, Arguments, Commands, Progress, command, say
from recovery.cli.ground import desk
from recovery.migrations import CannotMigrate, migrate, newest
from recovery.services.proving import anchors
from recovery.services.running import backups


def add_to(commands: Commands) -> None:
    saving = command(
        commands,
        "backup",
        save,
        does="write everything into one file, while the desk works on",
        more="One snapshot, checksummed, for SQLite and PostgreSQL alike. It holds customers' numbers and words: keep it as\n"
        "you keep the database. It never holds AUDIT_KEY and SECRET_KEY: keep those apart, a restore needs them.",
        example="backup desk-2026-11-20.zip",
    )
    saving.add_argument("file", metavar="FILE", type=Path, help="is made; one that exists is refused")
    putting = command(
        commands,
        "restore",
        put_back,
        does="put a backup into an empty database",
        more="Makes the schema first. Everybody signs in anew, and no text leaves until the worker has asked the provider\n"
        "which of those that wait went out after the backup was made. Stop web and worker before `--replace`.",
        example="restore desk-2026-11-20.zip\nrestore desk-2026-11-20.zip --replace",
    )
    putting.add_argument("file", metavar="FILE", type=Path)
    putting.add_argument("--replace", action="store_true", help="lose what is in the database now")


def save(arguments: Arguments) -> int:
    file: Path = arguments.file
    if file.exists() or not file.absolute().parent.is_dir():
        say(f"{file} exists already: choose another name." if file.exists() else f"There is no folder for {file}.")
        return WRONG_USE
    with desk() as components:
        now = components.clock.now()
        anchors.anchor(components, now)
        components.transact(lambda session: backups.announce(session, revision=newest(), now=now))
        with components.read() as session:
            manifest = backups.write(session, file, revision=newest(), now=now, tell=Progress("Backing up"))
    say(f"{file} holds {sum(manifest.rows.values())} rows, as they stood at {now:%Y-%m-%d %H:%M:%S} UTC.")
    return DONE


def put_back(arguments: Arguments) -> int:
    file: Path = arguments.file
    if not file.is_file():
        say(f"There is no file {file}.")
        return WRONG_USE
    manifest = backups.read_manifest(file)
    try:
        migrate(Settings.from_env().database_url)
    except CannotMigrate as error:
        say(str(error))
        return FINDING
    with desk() as components:
        withheld = _restore(components, file, manifest, replace=arguments.replace)
    say(
        f"Everything is as it stood at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC. Texts wait until a worker has asked the "
        "provider which of them left since."
    )
    if withheld:
        say(f"{withheld} texts about what fell due since were left to people: see the calls on the desk.")
    return DONE


def _restore(components: Components, file: Path, manifest: backups.Manifest, *, replace: bool) -> int:
    now = components.clock.now()
    withheld = components.transact(
        lambda session: backups.restore(
            session,
            file,
            manifest,
            revision=newest(),
            replace=replace,
            grace=components.terms.grace,
            now=now,
            tell=Progress("Restoring"),
        )
    )
    anchors.anchor(components, now)
    return withheld
