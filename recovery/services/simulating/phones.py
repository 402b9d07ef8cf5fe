"""The simulated phones: the provider's side of the simulator, kept in the database so that web and worker share them.

Their receipts and their replies come in through the same services as the real provider's webhooks.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select

from recovery.domain.errors import Invalid
from recovery.domain.ids import new_id
from recovery.domain.messages import Direction, Keyword, understand
from recovery.domain.photos import Media
from recovery.domain.provider_codes import OPTED_OUT, Fault, fault_for
from recovery.domain.simulated_phones import USUAL_WAIT, Fate
from recovery.domain.threads import FIXED, digits_for
from recovery.models import Contact, Message, SimulatedText
from recovery.services.hearing.phone_photos import send_photo, sent_media
from recovery.services.hearing.routing import open_question
from recovery.services.sending.receipts import Told, take
from recovery.services.session import DeskSession
from recovery.services.simulating.phone_habits import habits_of, set_opted_out
from recovery.services.texting.replies import Inbound, receive
from recovery.services.texting.senders import senders_named
from recovery.sms.gateway import Found, Heard, OutgoingText, ProviderStatus

QUEUED, SENT, DELIVERED, UNDELIVERED, RECEIVED = "queued", "sent", "delivered", "undelivered", "received"
REFUSED = "refused"
"""Never taken: it stands on the page of the phone, and in no list of the provider's."""
STOPPED = "You get no more texts from this number. Reply START to get them again."
STARTED = "You get texts from this number again. Reply STOP to get none."
HELPED = "Reply STOP to get no more texts from this number."
PROVIDERS_OWN = {Keyword.STOP: STOPPED, Keyword.START: STARTED, Keyword.HELP: HELPED}
"""What a provider that deals with such words itself answers with."""
LONGEST_REPLY = 1600
A_PHOTO = "(a photo)"
"""On the page of the phone, where no words came with it."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A phone as the list of phones shows it: its newest text."""

    number: str
    last: SimulatedText
    texts: int


def threads(session: DeskSession, *, limit: int = 200) -> list[Thread]:
    """Every phone that has a text, the newest first."""
    newest = (
        select(SimulatedText.number, func.max(SimulatedText.id).label("last"), func.count().label("texts"))
        .group_by(SimulatedText.number)
        .order_by(func.max(SimulatedText.id).desc())
        .limit(limit)
        .subquery()
    )
    rows = session.execute(
        select(newest.c.number, SimulatedText, newest.c.texts)
        .join(SimulatedText, SimulatedText.id == newest.c.last)
        .order_by(SimulatedText.id.desc()),
    )
    return [Thread(number, text, texts) for number, text, texts in rows]


def thread(session: DeskSession, number: str, *, limit: int = 200) -> list[SimulatedText]:
    """What stands on this phone, the oldest of the newest `limit` first."""
    newest = session.scalars(
        select(SimulatedText)
        .where(SimulatedText.number == number)
        .order_by(SimulatedText.at.desc(), SimulatedText.id.desc())
        .limit(limit),
    ).all()
    return list(reversed(newest))


def reply_from_phone(
    session: DeskSession,
    number: str,
    body: str,
    *,
    photo: bytes | None = None,
    desk_is_away: bool = False,
    now: datetime,
) -> Message | None:
    """Typed on a simulated phone; a photo needs no words. None where the desk is away: the provider has the text, and we
    hear of it when we look. Raises Invalid for nothing, or for more than a text holds."""
    words = body.strip().replace("\0", "")
    if (not words and photo is None) or len(words) > LONGEST_REPLY:
        raise Invalid.field("body", f"Write something, up to {LONGEST_REPLY} characters.")
    sid = _new_sid()
    sender = _last_heard_from(session, number) or session.house.sender
    answer = _providers_answer(session, number, words, now=now)
    media = () if photo is None else (send_photo(session, number, photo, now=now),)
    session.add(
        SimulatedText(
            id=new_id(now),
            number=number,
            sender=sender,
            direction=Direction.INBOUND,
            body=words or A_PHOTO,
            ref=media[0].url if media else "",
            sid=sid,
            status=RECEIVED,
            at=now,
        ),
    )
    if answer:
        _add(session, number, sender, answer, status=DELIVERED, now=now)
    if desk_is_away:
        return None
    inbound = Inbound(number, sender, words, sid, provider_has_answered=bool(answer), media=media)
    return receive(session, inbound, now=now)


def _providers_answer(session: DeskSession, number: str, words: str, *, now: datetime) -> str:
    """Empty where the provider leaves such words to us."""
    understood = understand(words)
    if not isinstance(understood, Keyword) or not habits_of(session, number).answers_stop:
        return ""
    if understood in {Keyword.STOP, Keyword.START}:
        set_opted_out(session, number, now if understood is Keyword.STOP else None)
    return PROVIDERS_OWN.get(understood, "")


def refusal(session: DeskSession, number: str) -> Fault | None:
    """Why the provider takes no text for this phone; None where it does."""
    habits = habits_of(session, number)
    if habits.opted_out_at is not None:
        return fault_for(OPTED_OUT)
    return fault_for(habits.code) if habits.fate is Fate.REFUSED else None


def keep_refused(session: DeskSession, outgoing: OutgoingText, fault: Fault, *, at: datetime) -> None:
    """What it would have said stands on the phone's page, once, however often it is tried."""
    same = select(SimulatedText).where(SimulatedText.ref == outgoing.ref, SimulatedText.status == REFUSED)
    tried = session.scalars(same.where(SimulatedText.ref != "").limit(1)).first()
    if tried is None:
        sender = outgoing.sender
        tried = _add(session, outgoing.to, sender, outgoing.body, status=REFUSED, ref=outgoing.ref, now=at)
    tried.at, tried.error_code = at, str(fault.code)


def _last_heard_from(session: DeskSession, number: str) -> str | None:
    """Whom somebody answers who answers the newest text on their phone."""
    return session.scalar(
        select(SimulatedText.sender)
        .where(SimulatedText.number == number, SimulatedText.direction == Direction.OUTBOUND)
        .order_by(SimulatedText.at.desc(), SimulatedText.id.desc())
        .limit(1),
    )


def digits_asked(session: DeskSession, number: str, *, now: datetime) -> Sequence[int]:
    """Those that answer our newest open question there; where there is none, what a digit usually says."""
    contact = session.scalar(select(Contact).where(Contact.phone == number))
    heard_from = _last_heard_from(session, number) or session.house.sender
    senders = {*senders_named(session, contact, heard_from), heard_from}
    question = open_question(session, contact, senders, now=now) if contact else None
    return digits_for(question.asks, question.options) if question else digits_for(FIXED, None)


def keep(session: DeskSession, outgoing: OutgoingText, *, at: datetime) -> str:
    """The simulated provider accepts a text: its new name."""
    sid = _new_sid()
    session.add(
        SimulatedText(
            id=new_id(at),
            number=outgoing.to,
            sender=outgoing.sender,
            direction=Direction.OUTBOUND,
            body=outgoing.body,
            ref=outgoing.ref,
            sid=sid,
            status=QUEUED,
            at=at,
            due_at=at + habits_of(session, outgoing.to).wait,
        ),
    )
    return sid


def find(session: DeskSession, outgoing: OutgoingText, *, not_before: datetime, taken: Collection[str]) -> Found | None:
    text = session.scalars(
        select(SimulatedText)
        .where(
            SimulatedText.number == outgoing.to,
            SimulatedText.sender == outgoing.sender,
            SimulatedText.direction == Direction.OUTBOUND,
            SimulatedText.body == outgoing.body,
            SimulatedText.at >= not_before,
            SimulatedText.status != REFUSED,
            SimulatedText.sid.not_in(taken),
        )
        .order_by(SimulatedText.at, SimulatedText.id)
        .limit(1),
    ).first()
    return Found(text.sid, text.status, text.at, _code(text)) if text else None


def fetch(session: DeskSession, sid: str) -> ProviderStatus | None:
    text = session.scalar(select(SimulatedText).where(SimulatedText.sid == sid))
    return ProviderStatus(text.status, _code(text)) if text else None


def heard(session: DeskSession, since: Mapping[str, datetime]) -> Sequence[Heard]:
    """What was typed on the phones for each of these senders, not before the moment beside it, the oldest first."""
    theirs = [(SimulatedText.sender == sender) & (SimulatedText.at >= at) for sender, at in since.items()]
    if not theirs:
        return ()
    texts = session.scalars(
        select(SimulatedText)
        .where(SimulatedText.direction == Direction.INBOUND, or_(*theirs))
        .order_by(SimulatedText.at, SimulatedText.id),
    )
    return [_heard(text) for text in texts]


def _heard(text: SimulatedText) -> Heard:
    has_photo = bool(text.ref)
    return Heard(
        provider_sid=text.sid,
        from_number=text.number,
        to=text.sender,
        body="" if has_photo and text.body == A_PHOTO else text.body,
        written_at=text.at,
        photos=int(has_photo),
    )


def media_of(session: DeskSession, sid: str) -> Sequence[Media]:
    url = session.scalar(select(SimulatedText.ref).where(SimulatedText.sid == sid))
    return sent_media(session, url) if url else ()


def _code(text: SimulatedText) -> int | None:
    return int(text.error_code) if text.error_code else None


def arriving(session: DeskSession, *, now: datetime, limit: int = 200) -> list[int]:
    """Accepted long enough ago to ring by now."""
    return list(
        session.scalars(
            select(SimulatedText.id)
            .where(
                SimulatedText.status == QUEUED,
                or_(
                    SimulatedText.due_at <= now,
                    and_(SimulatedText.due_at.is_(None), SimulatedText.at <= now - USUAL_WAIT),
                ),
            )
            .order_by(SimulatedText.at)
            .limit(limit),
        ),
    )


def arrive(session: DeskSession, text_id: int, *, now: datetime) -> None:
    """The phone rings, or does not, and the provider tells us so in its way, or nothing."""
    text = session.get_one(SimulatedText, text_id, with_for_update=True, populate_existing=True)
    if text.status != QUEUED:
        return
    habits = habits_of(session, text.number)
    if habits.fate is Fate.SILENT:
        text.status = SENT
        return
    fails = habits.fate is Fate.FAILS
    text.status, text.error_code = (UNDELIVERED, str(habits.code)) if fails else (DELIVERED, None)
    for status in habits.receipts.told(text.status):
        code = text.error_code or "" if status == text.status else ""
        take(session, Told(text.sid, status, code, ref=text.ref), now=now)


def _add(
    session: DeskSession, number: str, sender: str, body: str, *, status: str, now: datetime, ref: str = ""
) -> SimulatedText:
    """What the provider itself puts on the phone's page."""
    text = SimulatedText(
        id=new_id(now),
        number=number,
        sender=sender,
        direction=Direction.OUTBOUND,
        body=body,
        ref=ref,
        sid=_new_sid(),
        status=status,
        at=now,
    )
    session.add(text)
    return text


def _new_sid() -> str:
    return "SM" + secrets.token_hex(16)
