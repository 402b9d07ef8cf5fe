"""One photo of a ticket, as it is kept."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from recovery.domain.errors import NotFound
from recovery.domain.permissions import Permission
from recovery.edge import actor, components, needs, photo_answer
from recovery.services.hearing.photos import kept_photo
from recovery.web.session import may_view

blueprint = Blueprint("photos", __name__, url_prefix="/photos")


@blueprint.get("/<row_id:photo_id>")
@needs(Permission.SEE, of="photo")
def show(photo_id: int) -> ResponseReturnValue:
    """Raises NotFound, also for a sensitive ticket that this person has not opened in the last minutes."""
    with components().read() as reading:
        ticket, photo = kept_photo(reading, photo_id, by=actor())
        if ticket.is_sensitive and not may_view(ticket.id):
            raise NotFound("There is no such photo at your sites.")
        return photo_answer(photo.id, photo.content_type, photo.content)
