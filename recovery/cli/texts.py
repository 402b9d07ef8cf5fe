"""`outbox list`, `sms test`."""

import time
from typing import Any

from sqlalchemy import select

from recovery.bootstrap import Components
from recovery.cli.console import (
    DONE,
    FINDING,
    Arguments,
    Commands,
    command,
    family,
    give,
    give_json,
    give_table,
    say,
    with_json,
)
from recovery.cli.ground import desk
from recovery.domain.errors import Invalid
from recovery.domain.messages import Direction, MessageStatus
from recovery.domain.phones import masked, parse_phone
from recovery.domain.spelling import instant
from recovery.models import Message
from recovery.services.lines.line_test import send_test, state_of
from recovery.services.running import heartbeats
from recovery.services.running.health import NO_WORKER
from recovery.services.texting.links import without_approval_links

SHOWN = 50
SECONDS_BETWEEN_LOOKS = 0.25
LONGEST_WAIT = 3600
OUTGOING = {status.shown for status in MessageStatus} - {MessageStatus.RECEIVED}
LEFT = {MessageStatus.SENT, MessageStatus.DELIVERED}
ARRIVES_WITHIN_LOOKS = 20
"""A text that has left is looked at so much longer: a receipt usually comes within seconds."""


def add_to(commands: Commands) -> None:
    _add_outbox(family(commands, "outbox", does="texts on their way"))
    _add_sms(family(commands, "sms", does="the line to the provider"))


def _add_outbox(commands: Commands) -> None:
    parser = command(
        commands,
        "list",
        list_outbox,
        does="texts and their states, the newest first",
        more="The table masks numbers; --json gives everything, also numbers and words.",
        example="outbox list --status in_doubt --json",
    )
    statuses = [status.value for status in MessageStatus if status in OUTGOING]
    parser.add_argument("--status", choices=statuses, metavar="STATUS", help=f"one of {', '.join(statuses)}")
    parser.add_argument("--limit", type=int, default=SHOWN, metavar="N", help=f"at most so many ({SHOWN})")
    with_json(parser)


def _add_sms(commands: Commands) -> None:
    parser = command(
        commands,
        "test",
        test_line,
        does="send one text, and tell what becomes of it",
        more="Exit code 1 where it did not leave. A worker has to run: it is what sends.",
        example="sms test +447700900123",
    )
    parser.add_argument("phone", metavar="PHONE", help="with its country code, as in +44 7700 900123")
    parser.add_argument("--wait", type=_seconds, default=30.0, metavar="SECONDS", help="for the answer (30)")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= LONGEST_WAIT:
        raise Invalid(f"Wait from 0 to {LONGEST_WAIT} seconds, not “{text[:20]}”.")
    return seconds


def list_outbox(arguments: Arguments) -> int:
    if arguments.limit < 1:
        raise Invalid("--limit is at least 1.")
    query = select(Message).where(Message.direction == Direction.OUTBOUND)
    if arguments.status:
        inside = [status for status in MessageStatus if status.shown == arguments.status]
        query = query.where(Message.status.in_(inside))
    with desk() as components, components.read() as session:
        texts = session.scalars(query.order_by(Message.id.desc()).limit(arguments.limit)).all()
    if arguments.json:
        give_json([_as_json(text) for text in texts])
    else:
        heads = ("made (UTC)", "status", "template", "to", "tries", "why")
        give_table(heads, [_row(text) for text in texts])
    return DONE


def _row(text: Message) -> tuple[Any, ...]:
    why = text.drop_reason or text.error or ""
    to = masked(text.to_number) if text.to_number else "erased"
    return (f"{text.created_at:%Y-%m-%d %H:%M:%S}", text.status.shown.value, text.template, to, text.attempts, why)


def _as_json(text: Message) -> dict[str, Any]:
    return {
        "id": str(text.id),
        "ticket_id": str(text.ticket_id) if text.ticket_id else None,
        "status": text.status.shown.value,
        "template": text.template,
        "meaning": text.meaning,
        "audience": text.audience,
        "to": text.to_number,
        "body": text.body and without_approval_links(text.body),
        "segments": text.segments,
        "attempts": text.attempts,
        "provider_sid": text.provider_sid,
        "error_code": text.error_code,
        "error": text.error,
        "drop_reason": text.drop_reason,
        "created_at": instant(text.created_at),
        "not_before": instant(text.not_before),
        "sent_at": instant(text.sent_at) if text.sent_at else None,
        "final_at": instant(text.final_at) if text.final_at else None,
    }


def test_line(arguments: Arguments) -> int:
    if not arguments.phone.strip().startswith("+"):
        raise Invalid("Write the number with its country code, as in +44 7700 900123.")
    phone = parse_phone(arguments.phone, "GB") or ""
    with desk() as components:
        now = components.clock.now()
        with components.read() as session:
            if not heartbeats.a_worker_lives(session, now=now):
                say(NO_WORKER)
        sent = components.transact(lambda session: send_test(session, phone, now=now).id)
        text = _outcome(components, sent, seconds=arguments.wait)
    give(f"{text.status.label}. {text.error or text.drop_reason or ''}".strip())
    return DONE if text.status in LEFT else FINDING


def _outcome(components: Components, message_id: int, *, seconds: float) -> Message:
    looks = max(1, int(seconds / SECONDS_BETWEEN_LOOKS))
    left_at: int | None = None
    for look in range(looks):
        with components.read() as session:
            text = state_of(session, message_id)
        left_at = look if left_at is None and text.status is MessageStatus.SENT else left_at
        if text.status.final or (left_at is not None and look - left_at >= ARRIVES_WITHIN_LOOKS):
            break
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return text
