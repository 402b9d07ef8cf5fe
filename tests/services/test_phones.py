"""The simulated phones: a provider without a network, whose receipts and replies come in as the real ones do."""

import pytest

from recovery.clock import FrozenClock
from recovery.domain.errors import Invalid
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.models import Ticket
from recovery.services.simulating import phones
from recovery.sms.gateway import OutgoingText
from tests.services.post import Post

SAM = "+447700900123"


def send(post: Post) -> None:
    while (claimed := post.claim())[1]:
        for departure in post.begin(*claimed):
            accepted = post.desk.gateway.send(departure.outgoing, now=post.now)
            post.finish(departure, accepted)


def ring(post: Post) -> int:
    with post.desk.read() as session:
        ids = phones.arriving(session, now=post.now)
    for text_id in ids:
        post.desk.transact(lambda session, one=text_id: phones.arrive(session, one, now=post.now))
    return len(ids)


def type_reply(post: Post, words: str) -> None:
    post.desk.transact(lambda session: phones.reply_from_phone(session, SAM, words, now=post.now))


def statuses(post: Post, ticket: Ticket) -> list[MessageStatus]:
    return [message.status for message in post.texts(ticket) if message.direction == "outbound"]


def test_a_text_stands_on_the_phone_and_arrives_a_second_later(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    send(post)
    assert statuses(post, ticket) == [MessageStatus.SENT]
    assert ring(post) == 0
    clock.advance(seconds=1)
    assert ring(post) == 1
    assert ring(post) == 0
    assert statuses(post, ticket) == [MessageStatus.DELIVERED]
    with post.desk.read() as session:
        assert [text.body for text in phones.thread(session, SAM)] == [post.texts(ticket)[0].body]
        assert [(thread.number, thread.texts) for thread in phones.threads(session)] == [(SAM, 1)]


def test_words_typed_on_the_phone_reach_the_ticket(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    send(post)
    type_reply(post, "Thank you!")
    assert post.reread(ticket).unread == 1
    assert len(post.told(ticket, Tag.TEXT_RECEIVED)) == 1


def test_stop_and_start_work_on_the_phone(post: Post, clock: FrozenClock) -> None:
    ticket = post.ticket()
    send(post)
    type_reply(post, "STOP")
    send(post)
    type_reply(post, "START")
    send(post)
    with post.desk.read() as session:
        bodies = [text.body for text in phones.thread(session, SAM)]
    assert len(bodies) == 5
    assert bodies[1::2] == ["STOP", "START"]
    assert "won't text you again" in bodies[2]
    assert post.reread(ticket).no_text_reason is None


@pytest.mark.parametrize("words", ["", "   ", "x" * 1601])
def test_nothing_and_too_much_are_refused_with_a_sentence(post: Post, words: str) -> None:
    with pytest.raises(Invalid, match="up to 1600 characters"):
        type_reply(post, words)


def test_the_provider_can_be_asked_for_what_it_has(post: Post, clock: FrozenClock) -> None:
    outgoing = OutgoingText(to=SAM, body="Hello", ref="r", validity_seconds=60, from_="simulator")
    began = clock.now()
    sid = post.desk.gateway.send(outgoing, now=began).provider_sid
    found = post.desk.gateway.find(outgoing, began)
    assert found is not None
    assert found.provider_sid == sid
    assert post.desk.gateway.find(outgoing, began, taken={sid}) is None
    status = post.desk.gateway.fetch(sid)
    assert status is not None
    assert status.status == "queued"
    assert post.desk.gateway.fetch("SMnone") is None
