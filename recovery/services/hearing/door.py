"""Where texts come in, whoever brings them: the provider's webhook, or our own look at its list."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from recovery.models import Message
from recovery.services.running.ground import Ground
from recovery.services.texting import replies
from recovery.services.texting.replies import Inbound


def let_in(ground: Ground, inbound: Inbound, *, now: datetime) -> Message:
    """Kept once, also where both bring it in the same moment."""
    try:
        return ground.transact(lambda session: replies.receive(session, inbound, now=now))
    except IntegrityError:  # its twin came in the same moment, and is kept by now
        return ground.transact(lambda session: replies.receive(session, inbound, now=now))
