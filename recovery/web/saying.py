"""What the next page says about what was just done."""

from flask import flash


def say(text: str, *, tone: str = "ok", undo: str = "", undo_fields: dict[str, str] | None = None) -> None:
    """`undo` is the address that the Undo button posts `undo_fields` to."""
    if not undo:
        flash(text, tone)
        return
    message = {"text": text, "undo": undo, "undo_fields": undo_fields or {}}
    flash(message, tone)  # type: ignore[arg-type]  # Flask keeps any JSON; its stub knows text alone
