"""The texts that this worker has claimed and not begun: looked for, claimed in turn, and given back where they cannot go."""

import secrets
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import structlog

from recovery.bootstrap import Components
from recovery.services.sending import lanes, outbox
from recovery.services.sending.outbox import Claimed, Lanes
from recovery.services.texting import consent
from recovery.worker.away import AWAY
from recovery.worker.lines import Lines
from recovery.worker.pace import MOST_AT_ONCE

NOTHING_DUE = Lanes((), ())

log = structlog.get_logger(__name__)


class Claims:
    def __init__(self, desk: Components, lines: Lines) -> None:
        self._desk = desk
        self._lines = lines
        self._waiting: deque[Claimed] = deque()
        self._served: dict[str, int] = {}
        """By sender: the site whose turn it was last."""
        self._knows_the_sender = False
        self.token = ""

    def is_empty(self) -> bool:
        """Nothing is claimed, and nothing is there to be: an idle look is one question."""
        return not self._waiting and not self._is_due()

    def next(self, *, most: int, to_claim: int, busy: Mapping[str, int]) -> list[Claimed]:
        """What may begin now, at most so many; `to_claim` are claimed at once where nothing is claimed yet, `busy` are on
        their way by sender. What cannot go any more is given back."""
        if self._lines.is_held:
            self.give_back()
            return []
        self._follow_the_sender()
        due = NOTHING_DUE if self._waiting else self._look()
        senders = due.senders | {each.lane.sender for each in self._waiting}
        room = self._lines.room(senders, most=MOST_AT_ONCE, busy=busy)
        if not self._waiting and any(room.values()):
            self._claim(due, room, limit=to_claim)
        return self._split(most, room)

    def put_back(self, claimed: Sequence[Claimed]) -> None:
        """They come first again."""
        self._waiting.extendleft(reversed(claimed))

    def give_back(self, claimed: Iterable[Claimed] | None = None) -> None:
        """All of them, if none are named."""
        ids = [each.message_id for each in (list(self._waiting) if claimed is None else claimed)]
        if claimed is None:
            self._waiting.clear()
        if not ids:
            return
        try:
            self._desk.transact(lambda session: outbox.give_back(session, self.token, ids))
        except AWAY:
            log.warning("outbox:claims_left", why="their lease gives them back")

    def _follow_the_sender(self) -> None:
        """Before the first text of this process: the settings may name another sender than those of the last one did."""
        if not self._knows_the_sender:
            carried = self._desk.transact(partial(consent.follow_house_sender, now=self._desk.clock.now()))
            if carried:
                log.info("outbox:opt_outs_carried", opt_outs=carried)
            self._knows_the_sender = True

    def _is_due(self) -> bool:
        with self._desk.read() as session:
            return outbox.has_due(session, now=self._desk.clock.now())

    def _look(self) -> Lanes:
        """Nobody's text waits for a sender that is configured no longer."""
        with self._desk.read() as session:
            due = lanes.due_lanes(session, now=self._desk.clock.now())
            gone = lanes.strangers(session, due)
        if not gone:
            return due
        self._desk.transact(partial(lanes.give_todays_sender, gone=gone))
        return self._look()

    def _claim(self, due: Lanes, room: Mapping[str, int], *, limit: int) -> None:
        desk, now, token = self._desk, self._desk.clock.now(), secrets.token_hex(16)
        ordered, lease = lanes.in_turn(due, self._served), desk.terms.lease
        claimed = desk.transact(
            lambda session: outbox.claim(session, ordered, room, limit=limit, token=token, lease=lease, now=now)
        )
        self.token = token
        self._waiting.extend(claimed)
        self._served |= {each.lane.sender: each.lane.site_id for each in claimed}

    def _split(self, most: int, room: Mapping[str, int]) -> list[Claimed]:
        left, may_go, crowded, rest = Counter(room), list[Claimed](), list[Claimed](), list[Claimed]()
        for each in self._waiting:
            if left[each.lane.sender] <= 0:
                crowded.append(each)
            elif len(may_go) < most:
                may_go.append(each)
                left[each.lane.sender] -= 1
            else:
                rest.append(each)
        self._waiting = deque(rest)
        self.give_back(crowded)
        return may_go
