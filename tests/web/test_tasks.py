"""Backstage tasks on their pages: the ticket, where they are asked and seen, and the screen of the kitchen."""

import re
from datetime import timedelta

import pytest

from recovery.clock import FrozenClock
from recovery.domain.tasks import TaskStatus
from recovery.models import Task, Ticket
from recovery.services.backstage import task_lists
from tests.factories import LEE, Business
from tests.web.pages import Visitor, words


def asked(maya: Visitor, ticket: Ticket, what: str = "One latte", of: str = "kitchen") -> None:
    answer = maya.act(ticket.reference, "tasks", list=of, words=what)
    assert answer.status_code == 302, words(answer)


def task_of(business: Business, ticket: Ticket) -> Task:
    return business.rows(Task, ticket)[-1]


def press(visitor: Visitor, page: str, label: str) -> str:
    """The first form of the page whose button says so, with what the page put into it; gives what the next page says."""
    found = next(
        form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if f">{label}<" in form.replace("<span>", ">")
    )
    address = re.search(r'action="([^"]+)"', found)
    assert address
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', found))
    token = fields.pop("csrf_token")
    answer = visitor.client.post(address[1], data=fields | {"csrf_token": token}, follow_redirects=True)
    assert answer.status_code == 200, words(answer)
    return words(answer)


def test_the_ticket_asks_the_kitchen_and_says_who_has_it(business: Business, maya: Visitor, omar: Visitor) -> None:
    ticket = business.log()
    page = words(maya.open(f"/tickets/{ticket.reference}"))
    assert "Ask the kitchen, stock or IT" in page
    asked(maya, ticket, "One latte with oat milk")
    page = words(maya.open(f"/tickets/{ticket.reference}"))
    assert "You asked the kitchen: it stands on their screen." in page
    assert "One latte with oat milk Kitchen: Nobody has it yet asked by Maya at 09:30" in page
    assert "Maya asked the kitchen" in page
    screen = omar.open("/tasks?list=kitchen").text
    assert "It is yours." in press(omar, screen, "I have it")
    page = words(maya.open(f"/tickets/{ticket.reference}"))
    assert "Kitchen: Omar has it" in page
    assert "Omar took the task for the kitchen" in page
    assert "Done. The desk sees it." in press(omar, omar.open("/tasks?list=kitchen").text, "Done")
    page = words(maya.open(f"/tickets/{ticket.reference}"))
    assert "Kitchen: One latte with oat milk · Omar did it at 09:30." in page
    assert "We haven't forgotten you: you'll hear from us" in page


def test_on_the_ticket_one_stays_there(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    asked(maya, ticket)
    address = f"/tickets/{ticket.reference}"
    for label, says in (("I have it", "Kitchen: Maya has it"), ("Not needed", "not needed any more at 09:30")):
        page = press(maya, maya.open(address).text, label)
        assert says in page
        assert "Story" in page
    assert task_of(business, ticket).status is TaskStatus.CANCELLED


def test_what_was_typed_is_shown_again_with_one_sentence(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    for fields, sentence in (
        ({"list": "it", "words": ""}, "Say in a few words what is needed."),
        ({"list": "it", "words": "y" * 201}, "Keep it below 201 characters."),
        ({"list": "garden", "words": "Roses"}, "Choose one of those offered."),
    ):
        answer = maya.act(ticket.reference, "tasks", **fields)
        assert answer.status_code == 422
        assert sentence in words(answer)
        assert f'value="{fields["words"]}"' in answer.text
    assert business.rows(Task, ticket) == []


def test_asking_over_somebodys_newer_change_shows_both(business: Business, maya: Visitor, omar: Visitor) -> None:
    ticket = business.log()
    asked(omar, ticket)
    answer = maya.post(f"/tickets/{ticket.reference}/tasks", version="1", list="it", words="Mend the till")
    assert answer.status_code == 409
    assert "Mend the till" in words(answer)
    assert "task asked" in words(answer)


def test_the_screen_of_a_list_shows_its_own_oldest_first_with_their_clocks(
    business: Business, maya: Visitor, clock: FrozenClock
) -> None:
    ticket, other = business.log(), business.log(customer=LEE)
    asked(maya, ticket, "First")
    clock.advance(minutes=4)
    asked(maya, other, "Second")
    asked(maya, other, "A new till", of="it")
    page = words(maya.open("/tasks?list=kitchen"))
    assert "Kitchen: two things to do." in page
    assert page.index("First") < page.index("Second")
    assert "Sam Whitfield: wrong order · asked by Maya" in page
    assert "6:00 left by 09:40" in page
    assert "A new till" not in page
    assert "IT: one thing to do." in words(maya.open("/tasks?list=it"))
    everything = words(maya.open("/tasks?list=garden"))
    assert "Three things to do." in everything
    assert "IT: Nobody has it yet" in everything
    assert "Stock: nothing to do." in words(maya.open("/tasks?list=stock"))


def test_a_task_that_was_just_asked_is_in_time_and_turns_as_a_promise_does(business: Business, maya: Visitor) -> None:
    asked(maya, business.log())
    for minutes, looks in ((0, "ok"), (7, "soon"), (3, "late")):
        business.later(minutes=minutes)
        assert f'class="time {looks}"' in maya.open("/tasks").text


def test_who_comes_second_is_told_who_has_it(business: Business, maya: Visitor, omar: Visitor) -> None:
    ticket = business.log()
    asked(maya, ticket)
    address = f"/tasks/{task_of(business, ticket).id}/taking"
    assert omar.post(address, back="kitchen").status_code == 302
    late = maya.post(address, back="kitchen")
    assert late.status_code == 409
    assert "Omar has it already: take another one." in words(late)
    assert "Kitchen: one thing to do." in words(late)
    late = maya.post(address, back="ticket")
    assert late.status_code == 409
    assert "Omar has it already" in words(late)
    assert "Story" in words(late)


def test_a_screen_that_asks_again_gets_a_304_until_something_is_new(
    business: Business, maya: Visitor, omar: Visitor, clock: FrozenClock
) -> None:
    ticket = business.log()
    asked(maya, ticket)
    first = omar.open("/tasks/rows?list=kitchen")
    assert first.headers["ETag"] in omar.open("/tasks?list=kitchen").text.replace("&#34;", '"')
    clock.advance(seconds=5)
    again = omar.open("/tasks/rows?list=kitchen", headers={"If-None-Match": first.headers["ETag"], "X-Poll": "1"})
    assert (again.status_code, again.data) == (304, b"")
    asked(maya, ticket, "A second latte")
    new = omar.open("/tasks/rows?list=kitchen", headers={"If-None-Match": first.headers["ETag"]})
    assert new.status_code == 200
    assert "A second latte" in words(new)


def test_a_sensitive_ticket_is_kept_private_and_its_task_is_done_all_the_same(
    business: Business, maya: Visitor, omar: Visitor
) -> None:
    ticket = business.log(by="omar", failure="unsafe", remedies=())
    omar.post(f"/tickets/{ticket.reference}/viewings")
    asked(omar, ticket, "Keep the packet")
    for visitor, sees in ((maya, False), (omar, True)):
        screen = visitor.open("/tasks?list=kitchen")
        assert "Keep the packet" in words(screen)
        assert "Kept private · asked by Omar" in words(screen)
        assert "Sam" not in words(screen)
        assert (ticket.reference in screen.text) is sees
    press(maya, maya.open("/tasks?list=kitchen").text, "I have it")
    assert task_of(business, ticket).status is TaskStatus.TAKEN


def test_a_task_past_its_time_leads_from_the_undetected_board_to_the_ticket(business: Business, maya: Visitor) -> None:
    ticket = business.log(promise_minutes=60)
    asked(maya, ticket)
    business.later(minutes=10)
    business.tick("tasks to be late")
    board = maya.open("/undetected")
    assert "What was asked backstage is past its time." in words(board)
    assert "See who has it" in words(board)
    assert f"/tickets/{ticket.reference}#tasks" in board.text
    assert "The kitchen is late with its task" in words(maya.open(f"/tickets/{ticket.reference}"))


def test_it_stands_among_the_pages_and_another_site_sees_none_of_it(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    asked(maya, ticket, "One latte")
    assert 'href="/tasks"' in maya.open("/").text
    nell = Visitor.signed_in(business, "nell", maya)
    assert "Nothing to do." in words(nell.open("/tasks"))
    assert nell.post(f"/tasks/{task_of(business, ticket).id}/completion").status_code == 404
    assert task_of(business, ticket).status is TaskStatus.WAITING


def test_whoever_has_several_sites_is_told_which(business: Business, maya: Visitor) -> None:
    asked(maya, business.log())
    assert "Harbour St Coffee" not in words(maya.open("/tasks")).partition("things")[2]
    ada = Visitor.signed_in(business, "ada", maya)
    assert "Harbour St Coffee · Sam Whitfield: wrong order" in words(ada.open("/tasks"))


@pytest.mark.parametrize("act", ["taking", "completion", "cancellation"])
def test_a_form_with_a_field_of_its_own_is_refused(business: Business, maya: Visitor, act: str) -> None:
    ticket = business.log()
    asked(maya, ticket)
    assert maya.post(f"/tasks/{task_of(business, ticket).id}/{act}", mine="yes").status_code == 422
    assert task_of(business, ticket).status is TaskStatus.WAITING


def test_a_list_longer_than_a_screen_says_so(business: Business, maya: Visitor) -> None:
    ticket = business.log()
    for number in range(51):
        business.later(seconds=1)
        asked(maya, ticket, f"Thing {number}")
    page = words(maya.open("/tasks"))
    assert "50+ things to do." in page
    assert "and more, none of them due before these." in page
    assert "Thing 50" not in page
    with business.desk.read() as session:
        rows = task_lists.tasks(session, by=business.actor("maya")).items
    assert rows[-1].due_at - rows[0].due_at == timedelta(seconds=49)
