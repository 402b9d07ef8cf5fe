"""The worker as a process: one scheduler, in memory, in UTC; it leaves when asked, and what it leaves is nobody's doubt."""

import os
import secrets
import signal
import socket
import sys
import threading
from contextlib import suppress
from datetime import UTC
from functools import partial
from types import FrameType

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.interval import IntervalTrigger

from config import logging
from config.settings import Settings
from recovery.bootstrap import build
from recovery.services.running import heartbeats
from recovery.worker.alone import AnotherWorker, the_only_worker
from recovery.worker.away import AWAY
from recovery.worker.ears import listen
from recovery.worker.sending import Sender
from recovery.worker.ticks import TICKS, Station, Tick

WAKE_EVERY = 1.0
"""Seconds: after the machine's clock was set back, the scheduler would sleep for as long as the step."""
TICKING_THREADS = 6

log = structlog.get_logger(__name__)


def main(settings: Settings) -> int:
    """Works until SIGTERM or SIGINT. 1 where another worker holds this SQLite database, else 0."""
    logging.configure(settings.log_format)
    desk = build(settings)
    try:
        with the_only_worker(desk):
            _work(Station(desk, Sender(desk), _own_name()))
    except AnotherWorker as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    finally:
        desk.dispose()
    return 0


def _work(station: Station) -> None:
    scheduler = _scheduler(station)
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, partial(_stop, station))
    ears = threading.Thread(
        target=listen, args=(station.desk, station.wake, station.stopping), name="outbox-ears", daemon=True
    )
    waker = threading.Thread(target=_keep_awake, args=(scheduler, station), name="waker", daemon=True)
    station.sender.start()
    station.dialler.start()
    for thread in (ears, waker):
        thread.start()
    log.info("worker:started", name=station.name, gateway=station.desk.gateway.name)
    try:
        scheduler.start()
    finally:
        station.stopping.set()
        station.dialler.stop()
        station.sender.stop()
        waker.join(timeout=2 * WAKE_EVERY)
        _say_goodbye(station)


def _stop(station: Station, _number: int, _frame: FrameType | None) -> None:
    station.stopping.set()


def _keep_awake(scheduler: BlockingScheduler, station: Station) -> None:
    while not station.stopping.wait(WAKE_EVERY):
        scheduler.wakeup()
    while not scheduler.running:  # asked to stop before it had begun
        threading.Event().wait(1 / 20)
    scheduler.shutdown(wait=False)


def _scheduler(station: Station) -> BlockingScheduler:
    scheduler = BlockingScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(TICKING_THREADS)})
    for tick in TICKS:
        scheduler.add_job(
            _run,
            IntervalTrigger(seconds=tick.every, timezone=UTC),
            args=(tick, station),
            id=tick.name,
            next_run_time=station.now,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    return scheduler


def _run(tick: Tick, station: Station) -> None:
    """Never raises: a tick that failed comes again."""
    if station.stopping.is_set():
        return
    try:
        tick.run(station)
    except AWAY as error:
        log.warning("worker:database_away", tick=tick.name, why=type(error).__name__)
    except Exception:
        log.exception("worker:tick_failed", tick=tick.name)


def _say_goodbye(station: Station) -> None:
    """A worker that left is not missed."""
    with suppress(*AWAY):
        station.desk.transact(lambda session: heartbeats.stop_beating(session, station.name))
    log.info("worker:stopped", name=station.name)


def _own_name() -> str:
    return f"{heartbeats.WORKER}{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
