"""What simulated phones sent, on the simulated provider's side: it has an address, as at a real one."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from recovery.domain.errors import Invalid
from recovery.domain.ids import new_id
from recovery.domain.photos import LARGEST, Media, type_of
from recovery.models import SimulatedPhoto
from recovery.services.session import DeskSession

ADDRESS = "simulator:photo:"


def send_photo(session: DeskSession, number: str, content: bytes, *, now: datetime) -> Media:
    """Put on the phone's text as `Inbound.media`. Raises Invalid for what no phone would send."""
    if not content:
        raise Invalid.field("photo", "Choose a photo first.")
    if len(content) > LARGEST:
        raise Invalid.field("photo", "A phone sends no photo larger than 5 MB.")
    photo = SimulatedPhoto(id=new_id(now), number=number, content=content, at=now)
    session.add(photo)
    return _media(f"{ADDRESS}{photo.id}", content)


def sent_media(session: DeskSession, url: str) -> Sequence[Media]:
    """As it was put on the phone's text, for whoever hears of that later; nothing where it was erased since."""
    content = stored_photo(session, url)
    return () if content is None else (_media(url, content),)


def _media(url: str, content: bytes) -> Media:
    return Media(url, type_of(content) or "application/octet-stream")


def stored_photo(session: DeskSession, url: str) -> bytes | None:
    name = url.removeprefix(ADDRESS)
    if name == url or not name.isascii() or not name.isdecimal():
        return None
    return session.scalar(select(SimulatedPhoto.content).where(SimulatedPhoto.id == int(name)))


def forget_photos(session: DeskSession, number: str) -> None:
    session.execute(delete(SimulatedPhoto).where(SimulatedPhoto.number == number))
