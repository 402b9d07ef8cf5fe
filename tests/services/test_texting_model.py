"""Receipts, replies, opt-outs and what staff do, in every order that a machine thinks of, against a small model."""

import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from recovery.bootstrap import build
from recovery.clock import FrozenClock
from recovery.domain.messages import Direction, MessageClass, MessageStatus, rank
from recovery.domain.ratings import SCALE
from recovery.domain.threads import FIXED, RATING, WHICH
from recovery.domain.tickets import LIVE
from recovery.models import Contact, Customer, Event, Message, OptOut, Site, Stranger, Ticket
from recovery.services.hearing.hands import move_by_hand
from recovery.services.hearing.strangers import set_aside
from recovery.services.proving.audit import verify
from recovery.services.texting.replies import Inbound, receive
from recovery.services.ticketing import tickets
from tests.factories import Business, NewCustomer
from tests.fixtures.settings import MakeSettings
from tests.services.post import Post

STEPS, EXAMPLES = 50, 40
MOST_LIVE, MOST_NIGHTS = 4, 2
BEGINS = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
"""All examples together end before the clocks change."""
APART = timedelta(days=4)
OTHER_SENDER = "+447700900002"
"""Of the hotel; the café has the organisation's."""
SITES = ("harbour-st", "quay")
WORDS = ("Is anybody there?", "Still cold", "please stop texting me", "", "1 2")
DIGITS = ("1", "2", "3", "7")
RECEIPTS = ("queued", "sent", "delivered", "undelivered", "failed", "read", "canceled", "odd")
AT_HOTEL = st.sampled_from((False, False, True))
NEVER_SAME_AGAIN = itertools.count(100)


@dataclass
class Model:
    """What has to be so, from what was said and done alone."""

    ranks: dict[int, int] = field(default_factory=dict)
    ends: dict[int, MessageStatus] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    stopped: set[str] = field(default_factory=set)
    inbound: dict[str, int] = field(default_factory=dict)
    """By the provider's name: the text that we keep."""
    answered: dict[int, datetime] = field(default_factory=dict)
    rated: dict[int, int] = field(default_factory=dict)


class Texting(RuleBasedStateMachine):
    """One customer with a number of their own, at two sites with a sender each, for as long as an example takes."""

    def __init__(self, post: Post) -> None:
        super().__init__()
        self.business, self.post, self.model = post.business, post, Model()
        self.number = f"+447700{next(NEVER_SAME_AGAIN):06d}"
        self.senders = (post.business.desk.house.sender, OTHER_SENDER)
        self.nights = 0
        self.begin_as_all_others()
        self.zones = {post.business.site(slug).id: ZoneInfo(post.business.site(slug).timezone) for slug in SITES}
        self.nell, self.ada = (post.business.actor(who) for who in ("nell", "ada"))
        self.texts: list[Message] = []
        self.theirs: list[Ticket] = []
        self.strangers: list[Stranger] = []

    # --- what happens ---

    @initialize(failures=st.lists(st.sampled_from(("wrong_order", "late")), max_size=2))
    def begin(self, failures: list[str]) -> None:
        for failure in failures:
            self.log(failure, at_hotel=False)
        self.post.send_all()

    @precondition(lambda self: len(self.live()) < MOST_LIVE)
    @rule(failure=st.sampled_from(("wrong_order", "late", "overcharged")), at_hotel=AT_HOTEL)
    def log(self, failure: str, at_hotel: bool) -> None:  # noqa: FBT001 - a rule is called by name
        who, site = ("nell", "quay") if at_hotel else ("maya", "harbour-st")
        self.business.log(by=who, site=site, failure=failure, customer=NewCustomer(self.number, "Sam"), remedies=())

    @rule(words=st.sampled_from((*WORDS, *DIGITS, "CALL")), hotel=AT_HOTEL, twice=st.booleans())
    def write(self, words: str, hotel: bool, twice: bool) -> None:  # noqa: FBT001
        self.say(words, hotel=hotel, twice=twice)

    @rule(words=st.sampled_from(WORDS), digit=st.sampled_from(DIGITS), hotel=AT_HOTEL)
    def converse(self, words: str, digit: str, hotel: bool) -> None:  # noqa: FBT001
        """They write, we answer, and they answer that."""
        for said in (words, digit):
            self.say(said, hotel=hotel, twice=False)
            self.post.send_all()

    @rule(word=st.sampled_from(("STOP", "START", "HELP", "UNSUBSCRIBE", "UNSTOP")), hotel=AT_HOTEL)
    def keyword(self, word: str, hotel: bool) -> None:  # noqa: FBT001
        sender = self.senders[hotel]
        self.say(word, hotel=hotel, twice=False)
        if word in {"STOP", "UNSUBSCRIBE"}:
            self.model.stopped.add(sender)
        elif word in {"START", "UNSTOP"}:
            self.model.stopped.discard(sender)

    @rule()
    def send(self) -> None:
        self.post.send_all()

    @rule(minutes=st.sampled_from((0, 1, 11, 45)))
    def wait(self, minutes: int) -> None:
        self.business.later(minutes=minutes, seconds=1)

    @precondition(lambda self: self.nights < MOST_NIGHTS)
    @rule()
    def sleep(self) -> None:
        """Until no question is open any more."""
        self.nights += 1
        self.business.later(hours=25)

    @precondition(lambda self: self.sent())
    @rule(status=st.sampled_from(RECEIPTS), which=st.randoms(use_true_random=False), times=st.integers(1, 2))
    def hear(self, status: str, which: object, times: int) -> None:
        message = which.choice(self.sent())  # type: ignore[attr-defined]
        for _ in range(times):
            self.post.receipt(message.provider_sid, status, code="30008" if status == "undelivered" else "")

    @precondition(lambda self: self.live())
    @rule(which=st.randoms(use_true_random=False))
    def resolve(self, which: object) -> None:
        ticket = which.choice(self.live())  # type: ignore[attr-defined]
        self.on(ticket, lambda session, row, by: tickets.resolve(session, row, how=None, now=self.business.now, by=by))

    @precondition(lambda self: self.live())
    @rule(which=st.randoms(use_true_random=False), digit=st.sampled_from(("1", "2")))
    def settle(self, which: object, digit: str) -> None:
        """Resolved, asked whether it is right, and told."""
        self.resolve(which)
        self.business.later(seconds=11)
        self.post.send_all()
        self.say(digit, hotel=False, twice=False)

    @precondition(lambda self: self.theirs)
    @rule(which=st.randoms(use_true_random=False))
    def read(self, which: object) -> None:
        ticket = which.choice(self.theirs)  # type: ignore[attr-defined]
        self.on(ticket, lambda session, row, by: tickets.mark_read(session, row, now=self.business.now, by=by))

    @precondition(lambda self: self.live())
    @rule(which=st.randoms(use_true_random=False))
    def text(self, which: object) -> None:
        ticket = which.choice(self.live())  # type: ignore[attr-defined]
        self.on(
            ticket,
            lambda session, row, by: tickets.write_to_customer(session, row, "Soon.", now=self.business.now, by=by),
        )

    @precondition(lambda self: len(self.live()) > 1)
    @rule(which=st.randoms(use_true_random=False))
    def move(self, which: object) -> None:
        """To another of the same customer's, whatever we had thought."""
        incoming = [each for each in self.texts if each.direction is Direction.INBOUND and each.ticket_id]
        if not incoming:
            return
        message = which.choice(incoming)  # type: ignore[attr-defined]
        targets = [ticket for ticket in self.live() if ticket.id != message.ticket_id]
        target = which.choice(targets)  # type: ignore[attr-defined]
        source = next(ticket for ticket in self.theirs if ticket.id == message.ticket_id)
        how = {"version": None, "now": self.business.now, "by": self.ada}
        self.business.desk.transact(
            lambda s: move_by_hand(s, source.reference, message.id, target.reference, **how)  # type: ignore[arg-type]
        )

    @rule()
    def look_after_strangers(self) -> None:
        for row in self.strangers:
            if row.settled_at is None:
                how = {"reason": "nothing to do", "now": self.business.now, "by": self.ada}
                self.business.desk.transact(lambda s, row=row, how=how: set_aside(s, row.id, **how))  # type: ignore[misc]

    # --- what has to be so ---

    @invariant()
    def all_is_well(self) -> None:
        """Read once after each step."""
        with self.business.desk.read() as session:
            contact_id = session.scalar(select(Contact.id).where(Contact.phone == self.number))
            mine = select(Message).where(Message.contact_id == contact_id).order_by(Message.id)
            self.texts = list(session.scalars(mine))
            tickets_of = select(Ticket).join(Customer, Customer.id == Ticket.customer_id).order_by(Ticket.id)
            self.theirs = list(session.scalars(tickets_of.where(Customer.contact_id == contact_id)))
            self.strangers = list(session.scalars(select(Stranger).where(Stranger.contact_id == contact_id)))
            no_texts = select(OptOut.sender).where(OptOut.contact_id == contact_id, OptOut.lifted_at.is_(None))
            standing = session.scalars(no_texts).all()
        self.a_state_never_goes_back()
        self.after_a_stop_nothing_begins_from_that_sender()
        assert Counter(standing) == Counter(self.model.stopped), "an opt-out is the sender's alone"
        self.each_text_of_theirs_is_in_exactly_one_place()
        self.unread_is_what_nobody_read()
        self.a_question_is_answered_once()
        self.a_rating_is_theirs_and_stays()
        self.no_second_question_which_one_is_open()

    def a_state_never_goes_back(self) -> None:
        for text in self.texts:
            if text.direction is Direction.OUTBOUND:
                assert rank(text.status) >= self.model.ranks.get(text.id, 0)
                assert self.model.ends.get(text.id, text.status) is text.status
                self.model.ranks[text.id] = rank(text.status)
                if text.status.final:
                    self.model.ends[text.id] = text.status

    def after_a_stop_nothing_begins_from_that_sender(self) -> None:
        begun = {text.id: text for text in self.texts if text.sending_at is not None}
        for text in (begun[each] for each in begun.keys() - self.model.begun):
            assert text.sender not in self.model.stopped or text.message_class is MessageClass.SECURITY, text.body
            self.by_night_only_what_is_urgent_begins(text)
        self.model.begun |= begun.keys()

    def by_night_only_what_is_urgent_begins(self, text: Message) -> None:
        """By the clock on the wall of its site, not by ours."""
        begun = text.sending_at
        if begun is None or text.site_id is None or (text.urgent_until is not None and text.urgent_until > begun):
            return
        assert 8 <= begun.astimezone(self.zones[text.site_id]).hour < 21, text.template

    def each_text_of_theirs_is_in_exactly_one_place(self) -> None:
        texts = [text for text in self.texts if text.direction is Direction.INBOUND]
        assert {text.provider_sid: text.id for text in texts} == self.model.inbound
        assert len(texts) == len(self.model.inbound)
        theirs = {ticket.id for ticket in self.theirs}
        assert all(text.ticket_id in theirs for text in texts if text.ticket_id is not None)
        lost = [text for text in texts if text.ticket_id is None and text.read_at is None]
        waiting = Counter({row.sender: row.texts for row in self.strangers if row.settled_at is None})
        assert Counter(text.sender for text in lost) == waiting

    def unread_is_what_nobody_read(self) -> None:
        unread = Counter(
            text.ticket_id for text in self.texts if text.direction is Direction.INBOUND and text.read_at is None
        )
        assert {ticket.id: ticket.unread for ticket in self.theirs} == {
            ticket.id: unread[ticket.id] for ticket in self.theirs
        }

    def a_question_is_answered_once(self) -> None:
        for text in self.texts:
            if text.asks in {FIXED, WHICH, RATING} and text.answered_at is not None:
                assert self.model.answered.setdefault(text.id, text.answered_at) == text.answered_at

    def a_rating_is_theirs_and_stays(self) -> None:
        for ticket in self.theirs:
            if ticket.rating is not None:
                assert ticket.rating in SCALE
                assert self.model.rated.setdefault(ticket.id, ticket.rating) == ticket.rating
                asked = [text for text in self.texts if text.ticket_id == ticket.id and text.asks == RATING]
                assert any(text.answered_at is not None for text in asked)

    def no_second_question_which_one_is_open(self) -> None:
        open_ones = Counter(
            text.sender
            for text in self.texts
            if text.asks == WHICH
            and text.answered_at is None
            and text.status not in {MessageStatus.DROPPED, MessageStatus.FAILED, MessageStatus.UNDELIVERED}
            and text.created_at > self.business.now - self.business.desk.house.policy.question_open_for
        )
        assert all(count == 1 for count in open_ones.values())

    # --- how ---

    def begin_as_all_others(self) -> None:
        """At half past nine in the morning, days later: what was drawn before has to do again what it did, and by night
        texts wait."""
        days = -(-(self.business.now - BEGINS) // APART)
        self.business.later(seconds=(BEGINS + days * APART - self.business.now).total_seconds())

    def say(self, words: str, *, hotel: bool, twice: bool) -> None:
        sid = f"SMin{next(NEVER_SAME_AGAIN)}"
        inbound = Inbound(self.number, self.senders[hotel], words, sid)
        kept = {
            self.business.desk.transact(lambda session: receive(session, inbound, now=self.business.now)).id
            for _ in range(1 + twice)
        }
        (self.model.inbound[sid],) = kept

    def on(self, ticket: Ticket, act: object) -> None:
        who = "nell" if ticket.site_id in self.nell.site_ids else "maya"
        self.business.on(ticket, act, by=who)  # type: ignore[arg-type]

    def sent(self) -> list[Message]:
        return [text for text in self.texts if text.provider_sid and text.direction is Direction.OUTBOUND]

    def live(self) -> list[Ticket]:
        return [ticket for ticket in self.theirs if ticket.status in LIVE]

    def teardown(self) -> None:
        self.post.send_all()


def test_nothing_is_lost_doubled_or_sent_after_a_stop_whatever_happens_in_whatever_order(
    make_settings: MakeSettings, sqlite_url: str, clock: FrozenClock
) -> None:
    desk = build(make_settings(DATABASE_URL=sqlite_url), clock=clock)
    post = Post(Business.opened(desk))
    with desk.writing.begin() as connection:
        connection.execute(Site.__table__.update().where(Site.slug == "quay").values(sender=OTHER_SENDER))
    run_state_machine_as_test(
        lambda: Texting(post),
        settings=settings(
            stateful_step_count=STEPS,
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
    with desk.read() as session:
        assert verify(session, desk.house.audit_key).ok
        answered = select(Message.id).where(Message.answered_at.is_not(None))
        happened = {
            "answered which": answered.where(Message.asks == WHICH),
            "answered whether": answered.where(Message.asks == FIXED),
            "answered how well": answered.where(Message.asks == RATING),
            "moved": select(Event.seq).where(Event.tag == "ticket:text:moved"),
            "contradicted": select(Event.seq).where(Event.tag == "ticket:text:contradicted"),
            "opted in again": select(OptOut.id).where(OptOut.lifted_at.is_not(None)),
            "stranger no more": select(Stranger.id).where(Stranger.how == "logged"),
        }
        counts = {what: len(session.execute(query).all()) for what, query in happened.items()}
    print(counts)
    assert min(counts.values()) > 0, counts
    desk.dispose()
