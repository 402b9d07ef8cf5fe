"""Places the calls that people wait for: one look whenever something may be there, each call in a thread of its own.

No transaction is open while the provider is asked.
"""

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import structlog

from recovery.bootstrap import Components
from recovery.domain.messages import Doubt
from recovery.services.telephony import dialling
from recovery.services.telephony.dialling import Departure
from recovery.sms.gateway import Accepted, SendInDoubt, SendRefused
from recovery.worker.away import AWAY
from recovery.worker.feeding import WAIT_FOR_DATABASE, feed_until

AT_ONCE = 4
"""People press a button; more than so many at once wait a second."""
TO_LEAVE = 1.0
"""Seconds beside the provider's time-out when we stop."""

log = structlog.get_logger(__name__)


class Dialler:
    def __init__(self, desk: Components) -> None:
        self._desk = desk
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._callers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="dialler")
        self._free = threading.Semaphore(AT_ONCE)
        feeding = partial(feed_until, self._stopping, self._woken, self._feed, what="calls")
        self._feeder = threading.Thread(target=feeding, name="dialler-feeder", daemon=True)

    def start(self) -> None:
        self._feeder.start()

    def wake(self) -> None:
        """There may be a call to place."""
        self._woken.set()

    def stop(self) -> None:
        """Takes nothing more, and lets the calls that are being placed come to their answer."""
        self._stopping.set()
        self.wake()
        self._feeder.join(timeout=self._desk.settings.twilio_timeout_seconds + TO_LEAVE)
        self._callers.shutdown(wait=True, cancel_futures=True)

    def _feed(self) -> bool:
        """True where there may be more to do at once."""
        desk = self._desk
        with desk.read() as session:
            if not dialling.has_requested(session):
                return False
        self._free.acquire()
        since, token = desk.clock.monotonic(), secrets.token_hex(16)
        try:
            departure = desk.transact(
                lambda session: dialling.begin(
                    session, token=token, lease=desk.terms.lease, real=desk.telephone.real, now=desk.clock.now()
                )
            )
        except BaseException:
            self._free.release()
            raise
        if departure is None:
            self._free.release()
            return False
        self._callers.submit(self._place, departure, since)
        return True

    def _place(self, departure: Departure, since: float) -> None:
        try:
            self._record(departure, self._asked(departure, since))
        finally:
            self._free.release()

    def _asked(self, departure: Departure, since: float) -> Accepted | SendRefused | SendInDoubt:
        clock, lease = self._desk.clock, self._desk.terms.lease.total_seconds()
        try:
            return self._desk.telephone.dial(
                departure.outgoing, now=clock.now(), still_ours=lambda: clock.monotonic() - since < lease
            )
        except SendRefused as refusal:
            log.warning("calls:refused", call=departure.call_id, code=refusal.code)
            return refusal
        except SendInDoubt as doubt:
            log.warning("calls:in_doubt", call=departure.call_id, why=doubt.why.value)
            return doubt
        except Exception as problem:
            log.exception("calls:telephone_broke", call=departure.call_id)
            return SendInDoubt(Doubt.OUR_MISTAKE, f"Our own calling broke ({type(problem).__name__}).")

    def _record(self, departure: Departure, outcome: Accepted | SendRefused | SendInDoubt) -> None:
        """An answer is not lost while we live: it is written as soon as the database is back."""
        desk = self._desk
        while True:
            try:
                desk.transact(lambda session: dialling.finish(session, departure, outcome, now=desk.clock.now()))
            except AWAY as error:
                log.warning("calls:answer_waits", why=type(error).__name__)
                if self._stopping.wait(WAIT_FOR_DATABASE):
                    return
            except Exception:
                log.exception("calls:answer_lost", call=departure.call_id)
                return
            else:
                return
