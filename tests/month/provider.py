"""The texting provider of the month: the simulator's gateway over phones in memory, and what goes wrong there."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from recovery.domain.messages import Doubt
from recovery.domain.provider_codes import OPTED_OUT, fault_for
from recovery.services.sending.receipts import Told
from recovery.sms.gateway import Found, OutgoingText, ProviderStatus, SendInDoubt, SendRefused
from recovery.sms.simulator import SimulatedGateway
from tests.sms.memory_phones import MemoryPhones

ARRIVES, SWITCHED_OFF, LANDLINE, NOT_MOBILE = "arrives", "off", "landline", "not_mobile"
SILENT, FLAKY, STOPPED = "silent", "flaky", "stopped"
HABITS = {ARRIVES: 840, SWITCHED_OFF: 30, LANDLINE: 30, NOT_MOBILE: 40, SILENT: 20, FLAKY: 30, STOPPED: 10}
"""Of phones, by chance: how texts fare there, for the whole month."""
CODES = {SWITCHED_OFF: 30003, LANDLINE: 30006}
REFUSED = {NOT_MOBILE: 21614, STOPPED: OPTED_OUT}


@dataclass
class Trouble:
    """From `since` on the line takes no text and says so by this code, until it has said so often enough."""

    since: datetime
    code: int
    left: int


@dataclass
class Provider(MemoryPhones):
    seed: str
    troubles: list[Trouble] = field(default_factory=list)
    now: Callable[[], datetime] = datetime.now  # replaced by the clock of the month
    receipts: list[tuple[datetime, Told]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__init__()
        self._texts: Counter[str] = Counter()
        self._status: dict[str, ProviderStatus] = {}
        self.gateway = SimulatedGateway(self, before=self._before, after=self._after)

    def keep(self, outgoing: OutgoingText, at: datetime) -> str:
        sid = super().keep(outgoing, at)
        status, code = self._fate(outgoing)
        self._status[sid] = ProviderStatus("sent" if status == SILENT else status, code)
        self.counts["texts taken"] += 1
        if status == SILENT:
            self.counts["texts without a receipt"] += 1
        else:
            told = Told(sid, status, str(code or ""), ref=outgoing.ref)
            self.receipts.append((at + timedelta(seconds=4), told))
        return sid

    def find(self, outgoing: OutgoingText, not_before: datetime, taken: object) -> Found | None:
        return super().find(outgoing, not_before, taken)  # type: ignore[arg-type]

    def fetch(self, provider_sid: str) -> ProviderStatus | None:
        return self._status.get(provider_sid)

    def _before(self, outgoing: OutgoingText) -> None:
        """Drawn anew for each try at each number, and the same in every run of this seed."""
        self._texts[outgoing.to] += 1
        chance = self._chance(outgoing)
        for trouble in self.troubles:
            if trouble.left and trouble.since <= self.now():
                trouble.left -= 1
                self._refuse(trouble.code)
        if code := REFUSED.get(self.habit(outgoing.to)):
            self._refuse(code)
        if chance < 0.004:
            self._refuse(20429)
        elif chance < 0.008:
            self.counts["texts in doubt, not taken"] += 1
            raise SendInDoubt(Doubt.NO_ANSWER, "The line broke before the provider had it.")

    def _after(self, outgoing: OutgoingText) -> None:
        if 0.008 <= self._chance(outgoing) < 0.012:
            self.counts["texts in doubt, taken"] += 1
            raise SendInDoubt(Doubt.NO_ANSWER, "The line broke after the provider had it.")

    def _refuse(self, code: int) -> None:
        fault = fault_for(code)
        self.counts[f"refused {code}"] += 1
        raise SendRefused(fault.category, code, fault.words)

    def _fate(self, outgoing: OutgoingText) -> tuple[str, int | None]:
        habit = self.habit(outgoing.to)
        if habit == FLAKY:
            habit = SWITCHED_OFF if self._chance(outgoing) > 0.5 else ARRIVES
        if habit == SILENT:
            return SILENT, None
        code = CODES.get(habit)
        return ("undelivered", code) if code else ("delivered", None)

    def habit(self, number: str) -> str:
        if number.startswith("+447700900"):  # those of staff
            return ARRIVES
        return Random(f"{self.seed} {number}").choices(list(HABITS), list(HABITS.values()))[0]

    def _chance(self, outgoing: OutgoingText) -> float:
        return Random(f"{self.seed} {outgoing.to} {self._texts[outgoing.to]}").random()
