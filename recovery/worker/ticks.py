"""All that this process does by the clock, in one table."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from random import SystemRandom

import structlog

from recovery.bootstrap import Components
from recovery.services.hearing import photos
from recovery.services.reporting import spending
from recovery.services.running import heartbeats, restoring
from recovery.services.running.ground import is_a_lock
from recovery.services.sending import asking, departures, outbox, receipts, reconciling
from recovery.services.sending.reconciling import Look
from recovery.services.simulating import calls as simulated_calls
from recovery.services.simulating import phones
from recovery.services.telephony import dialling, ending, progress
from recovery.services.timing.due_work import DUE_WORK
from recovery.sms.gateway import Found, LookupFailed
from recovery.sms.photos import PhotoRefused, PhotoUnreachable
from recovery.worker import listening
from recovery.worker.away import AWAY, is_the_databases, is_the_rows
from recovery.worker.dialling import Dialler
from recovery.worker.sending import Sender

UNREADABLE_IN_A_ROW = 3
"""Then it is the provider's trouble, not the texts': the next tick goes on."""

log = structlog.get_logger(__name__)
shuffle = SystemRandom().shuffle


@dataclass
class Station:
    """What a tick works with. `name` is this process's own: another start is another worker."""

    desk: Components
    sender: Sender
    name: str
    stopping: threading.Event = field(default_factory=threading.Event)
    has_listened: bool = False
    """Since it started, and to the end."""
    dialler: Dialler = field(init=False)

    def __post_init__(self) -> None:
        self.dialler = Dialler(self.desk)

    def wake(self) -> None:
        """There may be something to send, or somebody to call."""
        self.sender.wake()
        self.dialler.wake()

    @property
    def now(self) -> datetime:
        return self.desk.clock.now()


@dataclass(frozen=True, slots=True)
class Tick:
    name: str
    every: float
    """Seconds."""
    run: Callable[[Station], object]


def wake(station: Station) -> None:
    station.wake()


def reap(station: Station) -> None:
    """Whoever's claims they are: no worker leads."""
    desk, now = station.desk, station.now
    with desk.read() as session:
        ids = outbox.expired(session, lease=desk.terms.lease, now=now)
    for message_id in ids:
        work = partial(outbox.reap, ids=[message_id], terms=desk.terms, now=now)
        _each(station, "reap", message_id, partial(desk.transact, work))
    if ids:
        log.info("outbox:reaped", texts=len(ids))
        station.sender.wake()


def reconcile(station: Station) -> None:
    desk = station.desk
    with desk.read() as session:
        ids = reconciling.due(session, looker=station.name, terms=desk.terms, now=station.now)
    for message_id in ids:
        _each(station, "reconcile", message_id, partial(_look_for, station, message_id))


def _look_for(station: Station, message_id: int) -> None:
    """The provider is asked between two transactions, never in one."""
    desk, now = station.desk, station.now
    try:
        look = desk.transact(
            lambda session: reconciling.start_look(session, message_id, looker=station.name, terms=desk.terms, now=now)
        )
    except Exception as problem:
        if not is_the_rows(problem):
            raise
        desk.transact(partial(reconciling.hand_over, message_id=message_id, words=departures.PARKED, now=now))
        return
    if look is None:
        return
    try:
        found = _found(station, look)
    except LookupFailed as failure:
        log.warning("outbox:lookup_failed", why=failure.detail)
        work = partial(reconciling.put_off, look=look, terms=desk.terms, now=station.now)
    else:
        work = partial(reconciling.conclude, look=look, found=found, terms=desk.terms, now=station.now)
    log.info("outbox:looked", message=message_id, then=desk.transact(work))
    station.sender.wake()


def _found(station: Station, look: Look) -> Found | None:
    """From whichever sender it left. Raises LookupFailed, also for a fault of ours: what could not be looked for is not
    absent."""
    try:
        finds = (station.desk.gateway.find(text, look.since, taken=look.taken) for text in look.texts)
        return next((found for found in finds if found is not None), None)
    except (LookupFailed, *AWAY):
        raise
    except Exception as problem:
        log.exception("outbox:gateway_broke", message=look.message_id)
        raise LookupFailed(f"Our own looking broke ({type(problem).__name__}).") from problem


def ask(station: Station) -> None:
    """What became of texts that were sent, and then nothing."""
    with station.desk.read() as session:
        texts, unheard = asking.silent(session, now=station.now), asking.unheard(session, now=station.now)
    for message_id, sid in texts:
        _each(station, "ask", message_id, partial(_ask_for, station, message_id, sid))
    for message_id in unheard:
        give_up = partial(asking.give_up, message_id=message_id, now=station.now)
        _each(station, "ask", message_id, partial(station.desk.transact, give_up))


def _ask_for(station: Station, message_id: int, sid: str) -> None:
    desk, now = station.desk, station.now
    if not desk.transact(lambda session: asking.start_asking(session, message_id, now=now)):
        return
    try:
        said = desk.gateway.fetch(sid)
    except LookupFailed as failure:
        log.warning("outbox:lookup_failed", why=failure.detail)
        return
    desk.transact(lambda session: asking.hear(session, message_id, said, now=station.now))


def join_receipts(station: Station) -> None:
    desk = station.desk
    with desk.read() as session:
        ids = receipts.strays(session)
    for receipt_id in ids:
        work = partial(receipts.join_stray, receipt_id=receipt_id, now=station.now)
        _each(station, "join_receipts", receipt_id, partial(desk.transact, work))


def ring_phones(station: Station) -> None:
    """Texts arrive on the simulated phones, and their receipts at our door."""
    desk, now = station.desk, station.now
    if desk.gateway.real:
        return
    with desk.read() as session:
        ids = phones.arriving(session, now=now)
    for text_id in ids:
        _each(station, "ring_phones", text_id, partial(desk.transact, partial(phones.arrive, text_id=text_id, now=now)))


def ring_simulated_calls(station: Station) -> None:
    """What a provider does by itself on simulated lines: a phone begins to ring, and stops where nobody answers."""
    desk, now = station.desk, station.now
    if desk.telephone.real:
        return
    with desk.read() as session:
        ids = simulated_calls.waiting(session, now=now)
    for leg_id in ids:
        work = partial(simulated_calls.go_on, leg_id=leg_id, now=now)
        _each(station, "ring_simulated_calls", leg_id, partial(desk.transact, work))


def settle_calls(station: Station) -> None:
    """Calls that no worker took in time, whose worker is gone, or of which nothing more is heard."""
    desk, now = station.desk, station.now
    with desk.read() as session:
        lost, silent = dialling.lost(session, lease=desk.terms.lease, now=now), ending.overdue(session, now=now)
    for call_id in lost:
        _each(
            station, "settle_calls", call_id, partial(desk.transact, partial(dialling.reap, call_id=call_id, now=now))
        )
    for call_id in silent:
        work = partial(progress.give_up, call_id=call_id, now=now)
        _each(station, "settle_calls", call_id, partial(desk.transact, work))


def fetch_photos(station: Station) -> None:
    """What came with texts: asked of the provider between two transactions, never in one."""
    desk = station.desk
    with desk.read() as session:
        ids = photos.due(session, now=station.now)
    for photo_id in ids:
        _each(station, "fetch_photos", photo_id, partial(_fetch_photo, station, photo_id))


def _fetch_photo(station: Station, photo_id: int) -> None:
    desk, now = station.desk, station.now
    url = desk.transact(lambda session: photos.start_fetching(session, photo_id, now=now))
    if url is None:
        return
    try:
        content = desk.photos.fetch(url)
    except PhotoRefused as refusal:
        work = partial(photos.refuse, photo_id=photo_id, reason=refusal.reason, now=station.now)
    except PhotoUnreachable as trouble:
        log.warning("photos:unreachable", photo=photo_id, why=trouble.detail)
        work = partial(photos.not_reached, photo_id=photo_id, now=station.now)
    else:
        work = partial(photos.keep, photo_id=photo_id, content=content, now=station.now)
    log.info("photos:fetched", photo=photo_id, then=desk.transact(work))


def listen_again(station: Station) -> None:
    """What was written to us while our web was away."""
    well = listening.listen_again(station.desk, thorough=not station.has_listened, stopping=station.stopping)
    if well is not None:
        station.has_listened |= well
        station.sender.wake()


def release_restored(station: Station) -> None:
    """After a restore: each waiting text is looked for before anything is sent. What was looked for stays so, whoever
    goes on."""
    desk = station.desk
    with desk.read() as session:
        hold = restoring.standing_hold(session)
        if hold is None or not restoring.is_ripe(hold, grace=desk.terms.grace, now=station.now):
            return
        ids = restoring.to_look_for(session, hold)
    shuffle(ids)  # those that cannot be looked for shall not always come first
    unreadable = 0
    for message_id in ids:
        if station.stopping.is_set() or unreadable == UNREADABLE_IN_A_ROW:
            break
        unreadable = 0 if _look_before_release(station, message_id) else unreadable + 1
    work = partial(restoring.release, grace=desk.terms.grace, now=station.now)
    if not station.stopping.is_set() and desk.transact(work):
        log.info("outbox:released")
        station.sender.wake()


def _look_before_release(station: Station, message_id: int) -> bool:
    """False where the list could not be read. A text over which we fall is a person's: it holds up all the others."""
    desk = station.desk
    try:
        with desk.read() as session:
            look = restoring.look_of(session, message_id)
        found = _found(station, look) if look else None
        desk.transact(partial(restoring.looked_for, message_id=message_id, found=found, now=station.now))
    except LookupFailed as failure:
        log.warning("outbox:lookup_failed", why=failure.detail)
        return False
    except Exception as problem:
        if is_the_databases(problem):
            raise
        log.exception("outbox:parked", message=message_id)
        desk.transact(partial(departures.park, message_id=message_id, now=station.now))
    return True


def release_held_for_money(station: Station) -> None:
    desk, now = station.desk, station.now
    with desk.read() as session:
        if not spending.held_for_money(session) or spending.is_spent(session, now=now):
            return
    texts = desk.transact(lambda session: spending.release(session, now=now))
    log.info("outbox:money", released=texts)
    station.sender.wake()


def beat(station: Station) -> None:
    station.desk.transact(lambda session: heartbeats.beat(session, station.name, now=station.now, detail={}))


def _each(station: Station, tick: str, row: int, work: Callable[[], object]) -> None:
    """One row that trips holds up no other; a database that is away holds up all, and is told once."""
    if station.stopping.is_set():
        return
    try:
        work()
    except Exception as problem:
        if is_the_databases(problem) and not is_a_lock(problem):
            raise
        log.exception("worker:row_failed", tick=tick, row=row)


def _due(run: Callable[[Components, datetime], int], station: Station) -> None:
    if run(station.desk, station.now):
        station.sender.wake()


TICKS: Sequence[Tick] = (
    Tick("outbox", 0.5, wake),
    Tick("reap", 2, reap),
    Tick("reconcile", 2, reconcile),
    Tick("simulated phones", 0.5, ring_phones),
    Tick("simulated calls", 0.5, ring_simulated_calls),
    Tick("calls", 2, settle_calls),
    Tick("sent and silent", 60, ask),
    Tick("photos", 2, fetch_photos),
    Tick("texts that we missed", 15, listen_again),
    Tick("receipts that came early", 60, join_receipts),
    Tick("restored outbox", 5, release_restored),
    Tick("texts held for money", 60, release_held_for_money),
    Tick("heartbeat", heartbeats.EVERY.total_seconds(), beat),
    *(Tick(work.name, work.every, partial(_due, work.run)) for work in DUE_WORK),
)
