"""One photo of a ticket, as it is kept. A stranger made it: the browser may draw it, and do nothing else with it."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from recovery.domain.errors import NotFound
from recovery.domain.permissions import Permission
from recovery.domain.photos import ENDINGS, shows_in_a_page
from recovery.edge import actor, components, needs
from recovery.services.hearing.photos import kept_photo
from recovery.web.session import may_view

blueprint = Blueprint("photos", __name__, url_prefix="/photos")

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


@blueprint.get("/<row_id:photo_id>")
@needs(Permission.SEE, of="photo")
def show(photo_id: int) -> ResponseReturnValue:
    """Raises NotFound, also for a sensitive ticket that this person has not opened in the last minutes."""
    with components().read() as reading:
        ticket, photo = kept_photo(reading, photo_id, by=actor())
        if ticket.is_sensitive and not may_view(ticket.id):
            raise NotFound("There is no such photo at your sites.")
        kind, content = photo.content_type, photo.content
    how = "inline" if shows_in_a_page(kind) else "attachment"
    name = f"photo-{photo_id}.{ENDINGS[kind]}"
    return Response(content, mimetype=kind, headers=HEADERS | {"Content-Disposition": f'{how}; filename="{name}"'})
