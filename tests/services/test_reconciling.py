"""Texts in doubt: looked for twice, by one process, before anybody says that they never left."""

from dataclasses import dataclass, field, replace

import pytest

from recovery.clock import FrozenClock
from recovery.domain.events import Tag
from recovery.domain.messages import MessageStatus
from recovery.models import Ticket
from recovery.services.people.erasing import erase
from recovery.services.sending import reconciling
from recovery.services.sending.reconciling import NEVER_ARRIVED, NOT_TOLD, WAS_ERASED, Look
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing.tickets import resolve
from recovery.sms.gateway import Accepted, Found, Gateway, LookupFailed
from tests.services.post import NO_ANSWER, TOO_MANY, Post

GRACE, INTERVAL = 120, 60


@dataclass
class Looker:
    """One process that looks in a provider's list, which the test writes."""

    post: Post
    name: str = "worker:one"
    listed: list[Found] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    broken: bool = False
    asks: Gateway | None = None
    """A provider that keeps a list of its own."""

    def round(self) -> list[str | None]:
        terms = self.post.desk.terms
        with self.post.desk.read() as session:
            ids = reconciling.due(session, looker=self.name, terms=terms, now=self.post.now)
        return [self._look(message_id) for message_id in ids]

    def _look(self, message_id: int) -> str | None:
        desk, terms, now = self.post.desk, self.post.desk.terms, self.post.now
        look = desk.transact(
            lambda session: reconciling.start_look(session, message_id, looker=self.name, terms=terms, now=now)
        )
        if look is None:
            return None
        self.looks.append(look)
        if self.broken:
            return desk.transact(lambda session: reconciling.put_off(session, look, terms=terms, now=now))
        found = self._found(look)
        return desk.transact(lambda session: reconciling.conclude(session, look, found, terms=terms, now=now))

    def _found(self, look: Look) -> Found | None:
        if self.asks is None:
            return next((one for one in self.listed if one.provider_sid not in look.taken), None)
        finds = [self.asks.find(text, look.since, taken=look.taken) for text in look.texts]
        return next((found for found in finds if found), None)


@pytest.fixture
def looker(post: Post) -> Looker:
    return Looker(post)


@pytest.fixture
def doubted(post: Post) -> Ticket:
    """Its apology was called out, and no answer came."""
    ticket = post.ticket()
    post.finish(post.depart()[0], NO_ANSWER)
    return ticket


def test_nobody_looks_before_the_grace_is_over(post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock) -> None:
    clock.advance(seconds=GRACE - 1)
    assert looker.round() == []
    clock.advance(seconds=1)
    assert looker.round() == ["absent"]


def test_a_text_in_the_list_is_ours(post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock) -> None:
    clock.advance(seconds=GRACE)
    looker.listed = [Found("SM1", "delivered", clock.now())]
    assert looker.round() == ["found"]
    message = post.texts(doubted)[0]
    assert (message.status, message.provider_sid) == (MessageStatus.DELIVERED, "SM1")
    assert '"found":true,"how":"list"' in post.told(doubted, Tag.TEXT_SETTLED)[0]
    assert post.claim()[1] == []


def test_a_text_that_failed_at_the_provider_gets_a_call(
    post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock
) -> None:
    clock.advance(seconds=GRACE)
    looker.listed = [Found("SM1", "undelivered", clock.now(), 30005)]
    looker.round()
    assert post.texts(doubted)[0].error_code == "30005"
    assert post.call_tasks(doubted) == ["undelivered"]


def test_an_opt_out_that_stands_in_the_list_is_learnt_from_it(
    post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock
) -> None:
    clock.advance(seconds=GRACE)
    looker.listed = [Found("SM1", "undelivered", clock.now(), 21610)]
    looker.round()
    assert post.reread(doubted).no_text_reason == "opted_out"
    assert post.call_tasks(doubted) == ["opted_out"]


def test_a_text_absent_twice_is_sent_once_more_and_marked(
    post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock
) -> None:
    clock.advance(seconds=GRACE)
    assert looker.round() == ["absent"]
    assert looker.round() == []
    clock.advance(seconds=INTERVAL)
    assert looker.round() == ["sent_again"]
    assert '"then":"sent_again"' in post.told(doubted, Tag.TEXT_SETTLED)[0]
    assert post.send_all() == 1
    assert post.texts(doubted)[0].attempts == 2


def test_a_second_doubt_is_for_a_person(post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock) -> None:
    clock.advance(seconds=GRACE)
    looker.round()
    clock.advance(seconds=INTERVAL)
    looker.round()
    post.finish(post.depart()[0], NO_ANSWER)
    clock.advance(seconds=GRACE)
    assert looker.round() == ["absent"]
    clock.advance(seconds=INTERVAL)
    assert looker.round() == ["failed"]
    message = post.texts(doubted)[0]
    assert (message.status, message.error) == (MessageStatus.FAILED, NEVER_ARRIVED)
    assert post.call_tasks(doubted) == ["undelivered"]


def test_the_first_sending_that_turns_up_late_ends_the_second_doubt(
    post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock
) -> None:
    clock.advance(seconds=GRACE)
    looker.round()
    clock.advance(seconds=INTERVAL)
    looker.round()
    post.finish(post.depart()[0], NO_ANSWER)
    clock.advance(seconds=GRACE)
    looker.listed = [Found("SM1", "sent", clock.now())]
    assert looker.round() == ["found"]
    assert looker.looks[-1].since == post.texts(doubted)[0].created_at


def test_a_refusal_for_now_after_a_doubt_does_not_forget_the_mark(
    post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock
) -> None:
    clock.advance(seconds=GRACE)
    looker.round()
    clock.advance(seconds=INTERVAL)
    looker.round()
    post.finish(post.depart()[0], TOO_MANY)
    clock.advance(seconds=INTERVAL)
    post.finish(post.depart()[0], NO_ANSWER)
    clock.advance(seconds=GRACE)
    looker.round()
    clock.advance(seconds=INTERVAL)
    assert looker.round() == ["failed"]


def test_a_security_text_is_never_risked_twice(post: Post, looker: Looker, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.send_all()
    stop = Inbound("+447700900123", "simulator", "STOP", "SMstop")
    post.desk.transact(lambda session: receive(session, stop, now=post.now))
    post.finish(post.depart()[0], NO_ANSWER)
    clock.advance(seconds=GRACE)
    looker.round()
    clock.advance(seconds=INTERVAL)
    assert looker.round() == ["failed"]
    assert post.texts(ticket)[-1].status is MessageStatus.FAILED


def test_a_list_that_cannot_be_read_says_nothing(
    post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock
) -> None:
    clock.advance(seconds=GRACE)
    looker.broken = True
    for _ in range(5):
        assert looker.round() == ["put_off"]
        clock.advance(seconds=INTERVAL)
    looker.broken = False
    assert looker.round() == ["absent"]
    assert str(LookupFailed("x")) == "x"


def test_a_list_that_stays_unreadable_makes_the_doubt_a_persons(
    post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock
) -> None:
    clock.advance(seconds=GRACE)
    looker.broken = True
    clock.advance(hours=2, seconds=-GRACE - 1)
    assert looker.round() == ["put_off"]
    clock.advance(seconds=INTERVAL)
    assert looker.round() == ["failed"]
    message = post.texts(doubted)[0]
    assert (message.status, message.error) == (MessageStatus.FAILED, NOT_TOLD)
    assert post.call_tasks(doubted) == ["undelivered"]
    assert '"found":false,"how":"list"' in post.told(doubted, Tag.TEXT_SETTLED)[0]


def test_a_doubt_settled_while_the_list_could_not_be_read_stays_settled(
    post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock
) -> None:
    clock.advance(hours=3)
    desk, terms = post.desk, post.desk.terms
    message_id = post.texts(doubted)[0].id
    look = desk.transact(
        lambda session: reconciling.start_look(session, message_id, looker="one", terms=terms, now=post.now)
    )
    assert look is not None
    post.receipt("SM1", "delivered", of=message_id)
    assert desk.transact(lambda session: reconciling.put_off(session, look, terms=terms, now=post.now)) is None
    assert post.status(message_id) is MessageStatus.DELIVERED


def test_it_is_looked_for_under_the_sender_that_it_left_from(post: Post, looker: Looker, clock: FrozenClock) -> None:
    ticket = post.ticket()
    departure = post.depart()[0]
    post.desk.gateway.send(departure.outgoing, now=post.now)
    post.finish(departure, NO_ANSWER)
    post.desk.house = replace(post.desk.house, sender="MG" + "5" * 32)
    clock.advance(seconds=GRACE)
    looker.asks = post.desk.gateway
    assert looker.round() == ["found"]
    assert post.texts(ticket)[0].status is MessageStatus.SENT


def test_an_erased_doubt_is_settled_at_once_and_nobody_is_looked_for(
    post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock
) -> None:
    post.business.on(doubted, lambda session, mine, by: resolve(session, mine, how=None, now=post.now, by=by))
    ada = post.business.actor("ada")
    post.desk.transact(lambda session: erase(session, "+447700900123", now=post.now, by=ada))
    clock.advance(seconds=GRACE)
    looker.asks = post.desk.gateway
    assert looker.round() == [None]
    assert looker.looks == []
    message = post.texts(doubted)[0]
    assert (message.status, message.error) == (MessageStatus.FAILED, WAS_ERASED)
    assert post.call_tasks(doubted) == [], "there is no number to call"
    assert len(post.told(doubted, Tag.TEXT_SETTLED)) == 1


def test_both_looks_are_by_one_process_so_a_restart_begins_anew(
    post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock
) -> None:
    clock.advance(seconds=GRACE)
    looker.round()
    restarted = Looker(post, "worker:one after its restart")
    clock.advance(seconds=INTERVAL)
    assert restarted.round() == [], "it may still be there, and looks itself"
    clock.advance(seconds=INTERVAL)
    assert restarted.round() == ["absent"]
    clock.advance(seconds=INTERVAL)
    assert restarted.round() == ["sent_again"]


def test_two_processes_do_not_look_at_once(post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock) -> None:
    clock.advance(seconds=GRACE)
    desk, terms = post.desk, post.desk.terms
    message_id = post.texts(doubted)[0].id

    def start(name: str) -> Look | None:
        return desk.transact(
            lambda session: reconciling.start_look(session, message_id, looker=name, terms=terms, now=post.now)
        )

    first = start("worker:one")
    assert first is not None
    assert start("worker:two") is None


def test_a_doubt_settled_during_the_look_is_left_alone(
    post: Post, looker: Looker, doubted: Ticket, clock: FrozenClock
) -> None:
    clock.advance(seconds=GRACE)
    desk, terms = post.desk, post.desk.terms
    message_id = post.texts(doubted)[0].id
    look = desk.transact(
        lambda session: reconciling.start_look(session, message_id, looker="one", terms=terms, now=post.now)
    )
    assert look is not None
    post.receipt("SM1", "sent", of=message_id)
    found = Found("SM1", "sent", clock.now())
    then = desk.transact(lambda session: reconciling.conclude(session, look, found, terms=terms, now=post.now))
    assert then is None
    assert len(post.told(doubted, Tag.TEXT_SENT)) == 1


def test_a_name_that_another_text_has_is_not_taken_for_ours(post: Post, looker: Looker, clock: FrozenClock) -> None:
    ticket = post.ticket()
    post.finish(post.depart()[0], Accepted("SM1", "queued"))
    post.say(ticket)
    post.finish(post.depart()[0], NO_ANSWER)
    clock.advance(seconds=GRACE)
    looker.listed = [Found("SM1", "sent", clock.now())]
    assert looker.round() == ["absent"]
    assert looker.looks[0].taken == {"SM1"}
