"""What becomes of one mistake: thirteen kinds of story, each told in order. Most are put right in minutes; the others are
what desks get wrong."""

from collections.abc import Callable
from datetime import timedelta

from recovery.domain.callbacks import Outcome
from recovery.domain.remedies import RemedyKind
from recovery.domain.tasks import TaskList
from recovery.domain.tickets import Severity, Source
from recovery.models import Ticket
from recovery.services.access import ticket_of_task
from recovery.services.backstage import tasks
from recovery.services.calling import booking
from recovery.services.calling.slots import open_slots
from recovery.services.deciding import remedies
from recovery.services.deciding.remedies import NewRemedy
from recovery.services.people.erasing import erase
from recovery.services.session import DeskSession
from recovery.services.ticketing import customer_page, reopening, tickets
from tests.month import staff
from tests.month.acts import Case, Script
from tests.month.town import any_of

REMAKE = NewRemedy(RemedyKind.REMAKE)


def money(case: Case, most: int, *, least: int = 100) -> NewRemedy:
    kind = RemedyKind.REFUND if case.chances(0.7) else RemedyKind.VOUCHER
    return NewRemedy(kind, case.chance.randint(least, most))


def put_right(case: Case) -> Script:
    case.new["remedies"] = (REMAKE,) if case.chances(0.6) else (money(case, 900),)
    case.new["apologised_in_person"] = case.chances(0.5)
    if not case.log():
        return
    yield case.minutes(2, 9)
    staff.finish(case, forgets_remedy=case.chances(0.1))
    yield from _aftermath(case)


def left_lying(case: Case) -> Script:
    """Logged, and then the queue was long."""
    case.new["remedies"] = (REMAKE,) if case.chances(0.5) else ()
    if not case.log():
        return
    if case.chances(0.3):
        yield case.minutes(30, 300)
        case.texts(case.chance.choice(["Hello?", "Is anybody there?", "2", "STOP", "CALL", "1"]))
    if case.chances(0.3):
        yield case.until_open(case.minutes(40, 400))
        staff.finish(case)
        yield from _aftermath(case)


def kept_posted(case: Case) -> Script:
    case.new["remedies"] = (NewRemedy(RemedyKind.REPLACEMENT, detail="A charger"),)
    case.new["promise_minutes"] = case.chance.choice([None, 5, 20, 45])
    if not case.log():
        return
    for _ in range(case.chance.randint(1, 3)):
        yield case.minutes(6, 18)
        staff.promise(case, case.chance.choice([10, 25, 60, 600]), tell=case.chances(0.8))
    yield case.until_open(case.minutes(5, 90))
    case.staff("remedies ready", lambda s, t: [
        remedies.make_ready(s, t, r, now=case.now, by=case.me) for r in remedies.remedies_of(s, t)
    ])  # fmt: skip
    if case.chances(0.8):
        yield case.until_open(case.minutes(3, 200))
        staff.finish(case)
        yield from _aftermath(case)


def asks_for_a_call(case: Case) -> Script:
    """By page or by text; moves it, cancels it, or goes away in the middle."""
    if not case.log():
        return
    yield case.minutes(1, 14)
    how = any_of(case.chance, {"slot": 45, "soon": 15, "text": 15, "gives up": 15, "by staff": 10})
    if how == "text" and case.number:
        case.texts("CALL")
    elif how == "gives up":
        case.page("calls wanted", lambda s, t: customer_page.want_call(s, t, now=case.now))
        yield case.minutes(12, 80)
    elif how == "by staff":
        due = case.now + case.minutes(15, 600)
        case.staff("calls booked", lambda s, t: booking.book(s, t, due_at=due, now=case.now, by=case.me))
    else:
        book(case, soon=how == "soon")
    yield case.minutes(3, 30)
    change = any_of(case.chance, {"": 70, "moves": 12, "cancels": 8, "moves twice": 5, "asks to stop": 5})
    for _ in range(change.startswith("moves") + change.endswith("twice")):
        book(case)
        yield case.minutes(1, 8)
    if change == "cancels":
        case.page("calls cancelled", lambda s, t: customer_page.cancel_call(s, t, now=case.now))
    elif change == "asks to stop":
        case.texts("STOP")
    yield from make_the_calls(case)
    if case.chances(0.75):
        yield case.until_open(case.minutes(1, 60))
        staff.finish(case)
        yield from _aftermath(case)


def book(case: Case, *, soon: bool = False) -> None:
    def act(session: DeskSession, ticket: Ticket) -> None:
        wanted = None
        if not soon:
            free = open_slots(session, ticket.site, now=case.now)
            wanted = free[case.chance.randrange(min(len(free), 40))] if free else None
            if case.chances(0.1):
                wanted = case.now + timedelta(minutes=7)  # which is no time that was offered
        customer_page.call_me(session, ticket, wanted=wanted, now=case.now)

    case.page("calls booked", act)


def make_the_calls(case: Case) -> Script:
    """At its time, late, or never; and again as often as it takes, if nobody forgets."""
    for _ in range(6):
        due = staff.next_call_in(case)
        if due is None or due > timedelta(days=2) or case.chances(0.2):
            return
        yield due + case.minutes(0.2, 1.8 if case.chances(0.7) else 40)
        outcome = case.chance.choices(list(staff.OUTCOMES), list(staff.OUTCOMES.values()))[0]
        staff.call(case, outcome, by=case.me if case.chances(0.7) else case.boss)
        if outcome in {Outcome.REACHED, Outcome.WRONG_NUMBER}:
            return


def above_the_limit(case: Case) -> Script:
    case.new["remedies"] = (money(case, 9000, least=2100), REMAKE) if case.chances(0.7) else (money(case, 30_000),)
    if not case.log():
        return
    yield case.minutes(2, 25)
    match any_of(case.chance, {"granted": 45, "refused": 15, "withdrawn": 10, "unanswered": 30}):
        case "unanswered":
            return
        case "withdrawn":
            staff.withdraw(case)
        case answer:
            by = case.chance.choice([*case.place.supervisors, case.place.admin])
            staff.decide(case, grant=answer == "granted", by=by)
    if case.chances(0.85):
        yield case.until_open(case.minutes(2, 30))
        staff.finish(case)
        yield from _aftermath(case)


def waits_for_the_kitchen(case: Case) -> Script:
    case.new["remedies"] = (REMAKE,)
    if not case.log():
        return
    asked: list[int] = []
    for _ in range(case.chance.randint(1, 2)):
        yield case.minutes(0.5, 2)
        task = case.staff("tasks asked", lambda s, t: tasks.ask(
            s, t, of=case.chance.choice(list(TaskList)), words="One latte", now=case.now, by=case.me
        ))  # fmt: skip
        asked += [task.id] if task else []
    for task_id in asked:
        yield case.minutes(1, 20)
        act = {"finish": tasks.finish, "take": tasks.take, "cancel": tasks.cancel, "": None}[
            any_of(case.chance, {"finish": 60, "take": 15, "cancel": 10, "": 15})
        ]
        if act is not None:
            case.scene.do(f"tasks: {act.__name__}", lambda s, act=act, task_id=task_id: act(
                s, *ticket_of_task(s, task_id, by=case.me), now=case.now, by=case.me
            ))  # fmt: skip
    if case.chances(0.8):
        yield case.until_open(case.minutes(1, 20))
        staff.finish(case)
        yield from _aftermath(case)


def waits_for_the_customer(case: Case) -> Script:
    if not case.log():
        return
    yield case.minutes(2, 12)
    words = "Which size was it?"
    case.staff("texts by staff", lambda s, t: tickets.write_to_customer(s, t, words, now=case.now, by=case.me))
    case.staff("waits", lambda s, t: tickets.wait_for_customer(s, t, now=case.now, by=case.me))
    if case.chances(0.6):
        yield case.minutes(20, 900)
        case.texts("The large one")
        yield case.until_open(case.minutes(3, 240))
        staff.finish(case)
        yield from _aftermath(case)


def nobody_outside(case: Case) -> Script:
    case.customer = None
    case.new["source"] = case.chance.choice([Source.STORE_WALK, Source.MYSTERY_SHOP, Source.DRILL])
    if not case.log():
        return
    yield case.until_open(case.minutes(10, 300))
    if case.chances(0.7):
        staff.finish(case)


def mistaken(case: Case) -> Script:
    case.new["remedies"] = (money(case, 4000),)
    if not case.log():
        return
    yield case.minutes(0.5, 12)
    case.staff("voided", lambda s, t: tickets.void(
        s, t, reason="Wrong table", duplicate_of=None, now=case.now, by=case.me
    ))  # fmt: skip


def wants_no_texts(case: Case) -> Script:
    """Answers STOP, is called instead, and some come back with START."""
    case.new["remedies"] = (REMAKE,) if case.chances(0.7) else ()
    if not case.log():
        return
    yield case.minutes(1, 30)
    case.texts(case.chance.choice(["STOP", "stop.", "Please stop texting me", "UNSUBSCRIBE"]))
    if case.chances(0.4):
        yield case.minutes(5, 400)
        case.texts("START")
    if case.chances(0.4):
        yield case.until_open(case.minutes(3, 100))
        staff.call(case, Outcome.REACHED if case.chances(0.6) else Outcome.NO_ANSWER)
    if case.chances(0.6):
        yield case.until_open(case.minutes(3, 60))
        staff.finish(case)
        yield from _aftermath(case)


def second_thoughts(case: Case) -> Script:
    """Resolved, undone, and resolved again; with a call or a task on it meanwhile."""
    case.new["remedies"] = (REMAKE,)
    if not case.log():
        return
    yield case.minutes(2, 10)
    if case.chances(0.7):
        book(case)
    yield case.minutes(0.5, 2)
    staff.finish(case)
    yield timedelta(seconds=case.chance.choice([3, 8, 9.9, 30]))
    case.staff("resolutions undone", lambda s, t: reopening.undo_resolution(s, t, now=case.now, by=case.me))
    if case.chances(0.7):
        yield case.until_open(case.minutes(2, 200))
        staff.finish(case)
        yield from _aftermath(case)


def comes_back_later(case: Case) -> Script:
    """Not right after all: the next day, or after the window, when it goes on in another ticket."""
    case.new["remedies"] = (REMAKE,)
    if not case.log():
        return
    yield case.minutes(2, 9)
    staff.finish(case)
    for _ in range(case.chance.randint(1, 3)):
        yield case.minutes(60, 60 * 24 * 10)
        what = any_of(case.chance, {"page": 30, "words": 20, "text 2": 20, "CALL": 20, "by staff": 10})
        if what == "page":
            case.page("still not right", lambda s, t: customer_page.still_not_right(s, t, words="Cold", now=case.now))
        elif what == "by staff":
            case.staff("reopened", lambda s, t: reopening.reopen(s, t, why="cold", now=case.now, by=case.boss),
                       by=case.boss)  # fmt: skip
        else:
            case.texts({"words": "Still not right", "text 2": "2"}.get(what, what))
        if case.chances(0.6):
            yield case.until_open(case.minutes(2, 90))
            staff.finish(case, by=case.boss)


def talks(case: Case) -> Script:
    """Writes and writes: words, digits that nobody asked for, another language, a second matter."""
    case.new["remedies"] = (money(case, 1500),)
    if not case.log():
        return
    for _ in range(case.chance.randint(1, 4)):
        yield case.minutes(0.5, 60)
        words = case.chance.choice(["thanks", "1", "2", "3", "HELP", "YES", "ça va", "…", "Please call me", "INFO"])
        case.texts(words)
    if case.chances(0.3):
        case.page("languages", lambda s, t: customer_page.speak(s, t, case.chance.choice(["es", "fr"]), now=case.now))
    if case.chances(0.4):
        case.page("words by page", lambda s, t: customer_page.write(s, t, "It was the blue one", now=case.now))
    if case.chances(0.3):
        wanted = tickets.Change(severity=case.chance.choice(list(Severity)))
        case.staff("changes", lambda s, t: tickets.change(s, t, wanted, now=case.now, by=case.me))
    if case.chances(0.7):
        yield case.until_open(case.minutes(2, 40))
        case.staff("replies read", lambda s, t: tickets.mark_read(s, t, now=case.now, by=case.me))
        staff.finish(case)
        yield from _aftermath(case)


STORIES: dict[Callable[[Case], Script], int] = {
    put_right: 320,
    left_lying: 35,
    kept_posted: 40,
    asks_for_a_call: 55,
    above_the_limit: 45,
    waits_for_the_kitchen: 35,
    waits_for_the_customer: 20,
    nobody_outside: 15,
    mistaken: 20,
    wants_no_texts: 20,
    second_thoughts: 15,
    comes_back_later: 20,
    talks: 25,
}


def _aftermath(case: Case) -> Script:
    """What the customer says to it, if anything."""
    match any_of(case.chance, {"": 680, "1": 180, "2": 30, "words": 30, "right": 30, "STOP": 8, "twice": 12,
                               "erased": 10, "CALL": 10, "closed": 10}):  # fmt: skip
        case "":
            return
        case "right":
            yield case.minutes(3, 300)
            case.page("said to be right", lambda s, t: customer_page.say_it_is_right(s, t, now=case.now))
        case "erased":
            yield case.minutes(60, 6000)
            if case.number:
                admin, number = case.place.admin, case.number
                case.scene.do("erased", lambda s: erase(s, number, now=case.now, by=admin))
        case "closed":
            yield case.minutes(30, 3000)
            case.staff("closed by hand", lambda s, t: tickets.close(
                s, t, cause="Two orders swapped", action=None, now=case.now, by=case.boss
            ), by=case.boss)  # fmt: skip
        case "twice":
            yield case.minutes(3, 60)
            case.texts("2")
            yield case.minutes(1, 10)
            case.texts("1")
        case said:
            yield case.minutes(3, 600)
            case.texts({"words": case.chance.choice(["Thanks!", "Well, it was late", "No."])}.get(said, said))
            if said in {"2", "CALL"} and case.chances(0.7):
                yield case.until_open(case.minutes(3, 60))
                staff.finish(case)
