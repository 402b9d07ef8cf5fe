"""What is so for now and concerns everybody at work, on top of every page."""

from datetime import datetime
from typing import Any

from flask import current_app, url_for

from recovery.domain.actors import Actor
from recovery.domain.permissions import Permission
from recovery.services.lines.line_trouble import NOT_LEAVING, line_trouble
from recovery.services.session import DeskSession

TEXTS_PAGE = "texting.show"


def line_banners(reading: DeskSession, *, by: Actor, now: datetime) -> list[dict[str, Any]]:
    """An admin is told what is wrong and what to do; everybody else that texts wait, so that they call."""
    troubles = line_trouble(reading, now=now)
    if by.may(Permission.ADMINISTER):
        return [
            {"tone": "late" if trouble.stops else "soon", "text": trouble.words, "link": _link()}
            for trouble in troubles
        ]
    return [{"tone": "late", "text": NOT_LEAVING, "link": None}] if any(each.stops for each in troubles) else []


def _link() -> dict[str, str]:
    endpoint = TEXTS_PAGE if TEXTS_PAGE in current_app.view_functions else "admin.show"
    return {"url": url_for(endpoint), "label": "See the texts" if endpoint == TEXTS_PAGE else "See how the desk is"}
