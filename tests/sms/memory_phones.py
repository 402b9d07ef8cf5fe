"""Simulated phones in memory, for tests of the gateway itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from recovery.domain.photos import Media
from recovery.sms.gateway import Found, Heard, OutgoingText, ProviderStatus


@dataclass(frozen=True)
class Kept:
    sid: str
    outgoing: OutgoingText
    at: datetime


class MemoryPhones:
    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.written: list[Heard] = []
        self.media: dict[str, Sequence[Media]] = {}

    def keep(self, outgoing: OutgoingText, at: datetime) -> str:
        self.kept.append(Kept(f"SM{len(self.kept):032d}", outgoing, at))
        return self.kept[-1].sid

    def find(self, outgoing: OutgoingText, not_before: datetime, taken: Collection[str]) -> Found | None:
        for text in self.kept:
            same = (text.outgoing.to, text.outgoing.body) == (outgoing.to, outgoing.body)
            same_sender = (text.outgoing.from_, text.outgoing.messaging_service) == (
                outgoing.from_,
                outgoing.messaging_service,
            )
            if same and same_sender and text.at >= not_before and text.sid not in taken:
                return Found(text.sid, "queued", text.at)
        return None

    def fetch(self, provider_sid: str) -> ProviderStatus | None:
        return next((ProviderStatus("queued") for text in self.kept if text.sid == provider_sid), None)

    def heard(self, since: Mapping[str, datetime]) -> Sequence[Heard]:
        theirs = [
            text
            for text in self.written
            for sender in {text.to, text.service} & since.keys()
            if text.written_at >= since[sender]
        ]
        return sorted(theirs, key=lambda text: text.written_at)

    def media_of(self, provider_sid: str) -> Sequence[Media]:
        return self.media.get(provider_sid, ())
