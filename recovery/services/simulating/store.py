"""The simulated phones as their gateway keeps them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from recovery.clock import Clock
from recovery.domain.photos import Media
from recovery.services.hearing.phone_photos import stored_photo
from recovery.services.running.ground import Ground
from recovery.services.simulating import calls, phones
from recovery.sms.gateway import Found, Heard, OutgoingText, ProviderStatus, SendRefused
from recovery.sms.telephone import OutgoingCall


@dataclass(frozen=True, slots=True)
class Phones:
    """The simulated provider's own store: its transactions are not those of the outbox."""

    ground: Ground
    clock: Clock

    def keep(self, outgoing: OutgoingText, at: datetime) -> str:
        return self.ground.transact(lambda session: phones.keep(session, outgoing, at=at))

    def ring(self, outgoing: OutgoingCall, at: datetime) -> str:
        return self.ground.transact(lambda session: calls.ring(session, outgoing, at=at))

    def refuse(self, outgoing: OutgoingText) -> None:
        """Raises SendRefused where this phone is to be refused."""
        with self.ground.read() as session:
            fault = phones.refusal(session, outgoing.to)
        if fault is not None:
            at = self.clock.now()
            self.ground.transact(lambda session: phones.keep_refused(session, outgoing, fault, at=at))
            raise SendRefused(fault.category, fault.code, fault.words)

    def find(self, outgoing: OutgoingText, not_before: datetime, taken: Collection[str]) -> Found | None:
        with self.ground.read() as session:
            return phones.find(session, outgoing, not_before=not_before, taken=taken)

    def fetch(self, provider_sid: str) -> ProviderStatus | None:
        with self.ground.read() as session:
            return phones.fetch(session, provider_sid)

    def heard(self, since: Mapping[str, datetime]) -> Sequence[Heard]:
        with self.ground.read() as session:
            return phones.heard(session, since)

    def media_of(self, provider_sid: str) -> Sequence[Media]:
        with self.ground.read() as session:
            return phones.media_of(session, provider_sid)

    def photo(self, url: str) -> bytes | None:
        with self.ground.read() as session:
            return stored_photo(session, url)
