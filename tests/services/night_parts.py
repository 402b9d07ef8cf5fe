"""What tests of nights do: log at an hour, let it pass with a worker, look at what was said."""

from datetime import timedelta
from typing import Any

from recovery.models import Callback, Message, Promise, Ticket
from recovery.services.calling import booking
from recovery.services.timing.promises import promise_by_hand
from tests.factories import Business
from tests.services.post import Post


def logged_at(post: Post, hours: int, minutes: int, **more: object) -> Ticket:
    """On a Tuesday, at that time of Harbour St, which never closes; the apology has left."""
    post.business.later(minutes=60 * hours + minutes - (9 * 60 + 30))
    ticket = post.business.log(**more)  # type: ignore[arg-type]
    post.send_all()
    return ticket


def pass_the_time(post: Post, *, minutes: int, every: int = 5) -> None:
    """With a worker that ticks and sends."""
    for _ in range(minutes // every):
        post.business.later(minutes=every)
        post.business.tick()
        post.send_all()


def promised(business: Business, ticket: Ticket, **ahead: float) -> Promise:
    due = business.now + timedelta(**ahead)
    return business.on(
        ticket,
        lambda session, held, maya: promise_by_hand(session, held, due_at=due, tell=True, now=business.now, by=maya),
    )


def do(post: Post, ticket: Ticket, act: Any, *, by: str = "maya", **more: Any) -> None:
    post.business.on(ticket, lambda session, t, who: act(session, t, now=post.now, by=who, **more), by=by)


def of(post: Post, ticket: Ticket, template: str) -> list[Message]:
    return [text for text in post.texts(ticket) if text.template == template]


def alerts(post: Post, ticket: Ticket) -> list[Message]:
    """Those about promises; what clocks say has tests of its own."""
    return [
        row for row in post.business.rows(Message, ticket) if f"ticket:{ticket.id}:escalation:" in (row.meaning or "")
    ]


def booked(post: Post, ticket: Ticket, **ahead: float) -> Callback:
    due = post.now + timedelta(**ahead)
    return post.business.on(
        ticket, lambda session, held, maya: booking.book(session, held, due_at=due, now=post.now, by=maya)
    )
