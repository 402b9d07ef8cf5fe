"""The look at what was written to us: the provider is asked between transactions, never in one."""

import threading
from collections.abc import Sequence
from datetime import timedelta

import structlog

from recovery.bootstrap import Components
from recovery.domain.photos import Media
from recovery.services.hearing import missed
from recovery.services.hearing.door import let_in
from recovery.services.hearing.missed import Look
from recovery.services.running.ground import is_a_lock
from recovery.sms.gateway import Heard, Hearing, LookupFailed
from recovery.worker.away import AWAY, is_the_databases

NAMED_WITHIN = timedelta(hours=1)
"""So long a text may wait for the addresses of its photos; then it comes in and says that there were some."""
NOT_TAKEN_IN = "Some of what the list holds could not be taken in: the worker's log says why."

log = structlog.get_logger(__name__)


def listen_again(desk: Components, *, thorough: bool, stopping: threading.Event) -> bool | None:
    """True where we know of all that was written. None where there was nothing to do yet."""
    with desk.read() as session:
        if not missed.is_due(session, now=desk.clock.now()):
            return None
    look = desk.transact(lambda session: missed.start_look(session, thorough=thorough, now=desk.clock.now()))
    if look is None:
        return None
    try:
        hearing = _heard(desk, look)
    except LookupFailed as failure:
        return _put_off(desk, look, failure.detail)
    return _take_all_in(desk, look, hearing, stopping=stopping)


def _take_all_in(desk: Components, look: Look, hearing: Hearing, *, stopping: threading.Event) -> bool:
    """A text that cannot be taken in holds up no other, and is looked for again."""
    if hearing.cut_at is not None:
        log.warning("replies:list_cut", at=hearing.cut_at.isoformat())
    with desk.read() as session:
        texts = missed.unknown(session, hearing.texts, now=desk.clock.now())
    taken = 0
    for text in texts:
        if stopping.is_set():
            break
        taken += _let_in(desk, text)
    if texts:
        log.info("replies:found_late", texts=taken)
    if taken < len(texts):
        return _put_off(desk, look, NOT_TAKEN_IN)
    return desk.transact(lambda session: missed.went_well(session, look, cut_at=hearing.cut_at, now=desk.clock.now()))


def _let_in(desk: Components, text: Heard) -> bool:
    try:
        inbound = missed.as_brought(text, _media(desk, text))
        let_in(desk, inbound, now=desk.clock.now())
    except LookupFailed as failure:
        log.warning("replies:photos_unread", sid=text.provider_sid, why=failure.detail)
        return False
    except Exception as problem:
        if is_the_databases(problem) and not is_a_lock(problem):
            raise
        log.exception("replies:not_taken_in", sid=text.provider_sid)
        return False
    return True


def _media(desk: Components, text: Heard) -> Sequence[Media]:
    """Raises LookupFailed."""
    if not text.photos:
        return ()
    try:
        return desk.gateway.media_of(text.provider_sid)
    except LookupFailed:
        if desk.clock.now() - text.written_at < NAMED_WITHIN:
            raise
        return [Media("")] * text.photos


def _heard(desk: Components, look: Look) -> Hearing:
    """Raises LookupFailed, also for a fault of ours: what could not be looked for was not absent."""
    try:
        return desk.gateway.heard(look.since) if look.since else Hearing(())
    except (LookupFailed, *AWAY):
        raise
    except Exception as problem:
        log.exception("replies:gateway_broke")
        raise LookupFailed(f"Our own looking broke ({type(problem).__name__}).") from problem


def _put_off(desk: Components, look: Look, why: str) -> bool:
    log.warning("replies:put_off", why=why)
    desk.transact(lambda session: missed.put_off(session, look, why=why, now=desk.clock.now()))
    return False
