"""What the next page says about what was just done."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import flash


class Link(NamedTuple):
    url: str
    label: str


def say(
    text: str,
    *,
    tone: str = "ok",
    undo: str = "",
    undo_fields: dict[str, str] | None = None,
    links: Sequence[Link] = (),
) -> None:
    """`undo` is the address that the Undo button posts `undo_fields` to."""
    if not undo and not links:
        flash(text, tone)
        return
    shown = [each._asdict() for each in links]
    message = {"text": text, "undo": undo, "undo_fields": undo_fields or {}, "links": shown}
    flash(message, tone)  # type: ignore[arg-type]  # Flask keeps any JSON; its stub knows text alone
