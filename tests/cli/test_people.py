import json

from recovery.domain.provider_codes import FaultCategory, fault_for
from recovery.services.people.sign_in import active_staff, is_password_of, owner_of_link
from recovery.services.people.tokens import bearer_of
from recovery.services.sending import gates
from tests.cli.conftest import Run
from tests.factories import Business

QUAY = (
    "site",
    "add",
    "pier",
    "--name",
    "The Pier",
    "--timezone",
    "Europe/London",
    "--currency",
    "GBP",
    "--country",
    "GB",
)


def test_a_site_is_added_with_its_hours(business: Business, run: Run) -> None:
    assert run(*QUAY, "--hours", "mon-fri 08:00-12:00 13:00-18:00; sat 18:00-02:00").code == 0
    assert business.site("pier").hours == "mon-fri 08:00-12:00 13:00-18:00; sat 18:00-02:00"


def test_a_site_is_added_with_a_sender_of_its_own(business: Business, run: Run) -> None:
    assert run(*QUAY, "--sender", "a name").code == 2
    assert run(*QUAY, "--sender", "+44 7700 900001").code == 0
    assert business.site("pier").sender == "+447700900001"


def test_hours_that_nobody_can_read_add_nothing(business: Business, run: Run) -> None:
    ran = run(*QUAY, "--hours", "always")
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert run(*QUAY).code == 0


def test_a_person_signs_in_once_by_the_printed_link(business: Business, run: Run) -> None:
    ran = run("staff", "add", "Kit@example.com", "--name", "Kit", "--role", "frontline", "--site", "harbour-st", "quay")
    assert ran.code == 0
    base, _, token = ran.out.strip().rpartition("/")
    assert base == "http://127.0.0.1:8000/sign-in"
    with business.desk.read() as session:
        kit = owner_of_link(session, token, now=business.now)
    assert (kit.email, len(kit.site_ids)) == ("kit@example.com", 2)


def test_a_password_from_stdin_prints_nothing(business: Business, run: Run) -> None:
    add = (
        "staff",
        "add",
        "kit@example.com",
        "--name",
        "Kit",
        "--role",
        "frontline",
        "--site",
        "quay",
        "--password-stdin",
    )
    assert run(*add, stdin="short\n").code == 2
    ran = run(*add, stdin="a long enough password\n")
    assert (ran.code, ran.out) == (0, "")
    with business.desk.read() as session:
        assert is_password_of(active_staff(session, "kit@example.com"), "a long enough password", cheap=True)


def test_an_unknown_site_adds_nobody(business: Business, run: Run) -> None:
    ran = run("staff", "add", "kit@example.com", "--name", "Kit", "--role", "frontline", "--site", "moon")
    assert (ran.code, ran.out) == (2, "")
    assert "moon" in ran.err


def test_a_token_is_printed_and_nothing_else(business: Business, run: Run) -> None:
    ran = run("token", "add", "maya@example.com", "--scope", "read")
    assert (ran.code, ran.err) == (0, "")
    with business.desk.read() as session:
        bearer = bearer_of(session, ran.out.strip())
    assert bearer is not None
    assert [scope.value for scope in bearer.actor.scopes or ()] == ["read"]
    assert run("token", "add", "nobody@example.com").code == 2


def test_doctor_finds_the_missing_worker_and_says_so_to_scripts_too(business: Business, run: Run) -> None:
    ran = run("doctor", "--json")
    assert ran.code == 1
    found = {each["what"]: each["state"] for each in json.loads(ran.out)}
    assert found["Worker"] == "bad"
    assert found["Database"] == "ok"
    assert found["Admins"] == "ok"


def test_doctor_says_why_texts_do_not_leave_until_they_do(business: Business, run: Run) -> None:
    desk, now = business.desk, business.now
    desk.transact(
        lambda session: gates.close(
            session, "simulator", FaultCategory.STOP_LINE, why="Authenticate", code=20003, began=now, now=now
        )
    )
    ran = run("doctor", "--json")
    (found,) = (check for check in json.loads(ran.out) if check["what"] == "Account at the provider")
    assert (ran.code, found["state"]) == (1, "bad")
    assert fault_for(20003).words in found["words"]
    desk.transact(lambda session: gates.heal(session, {"simulator": now}, now=now))
    (found,) = (check for check in json.loads(run("doctor", "--json").out) if check["what"] == found["what"])
    assert found["state"] == "ok"
