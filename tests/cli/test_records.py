import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from recovery.domain.messages import MessageStatus
from recovery.domain.tickets import TicketStatus
from recovery.models import AwaitingAnchor, Customer, Event, Message, Ticket
from recovery.models.triggers import drop_triggers
from recovery.services.ticketing import tickets
from tests.cli.conftest import Run
from tests.factories import Business, refund
from tests.services.post import Post


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


def finished(business: Business) -> Ticket:
    ticket = business.log(note="=HYPERLINK(1)")
    business.on(ticket, lambda session, locked, by: tickets.resolve(session, locked, how=None, now=business.now, by=by))
    return ticket


def test_a_ticket_is_exported_with_the_figures_of_the_reports(business: Business, run: Run) -> None:
    ticket = finished(business)
    ran = run("export", "tickets", "--format", "csv")
    assert ran.code == 0
    (row,) = csv.DictReader(io.StringIO(ran.out))
    assert (row["reference"], row["site"], row["status"]) == (ticket.reference, "harbour-st", "resolved")
    assert row["phone"] == "+44 7700 900123"
    assert row["note"] == "'=HYPERLINK(1)"
    assert row["resolved_seconds"].isdigit()


def test_a_span_is_in_days_of_the_site_and_leaves_out_its_end(business: Business, run: Run) -> None:
    finished(business)
    today = f"{business.now:%Y-%m-%d}"
    assert len(run("export", "tickets", "--to", today).out.splitlines()) == 1
    assert run("export", "tickets", "--from", today, "--to", today).code == 2
    assert run("export", "tickets", "--site", "moon").code == 2


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_beyond_the_calendar_is_refused_in_a_sentence(business: Business, run: Run, day: str) -> None:
    ran = run("export", "tickets", "--to", day)
    assert ran.code == 2
    assert ran.err.strip().endswith("Choose a day of this century.")


def test_a_note_longer_than_a_page_can_send_back_is_not_taken_in(business: Business, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(f"site,phone,name,notes\nharbour-st,07700 900555,Noor,{'x' * 4001}\n")
    ran = run("import", "customers", str(file))
    assert ran.code == 1
    assert "line 2: notes is 4001 characters long: keep it to 4000." in ran.err


def test_what_no_page_would_take_is_refused_row_by_row(business: Business, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    rows = (
        "harbour-st,07700 900551,No\0or,,",
        "harbour-st,07700 900552,No\x07or,,",
        "harbour-st,07700 900553,Noor,Spanish,",
        f"harbour-st,07700 900554,{'N' * 201},,",
        "harbour-st,07700 900555,Noor,es,likes oats, and milk",
        "harbour-st,07700 900556,Noor,es,one\u2028two",
    )
    file.write_text("\n".join(("site,phone,name,language,notes", *rows)), encoding="utf-8")
    ran = run("import", "customers", str(file), "--json")
    assert ran.code == 1
    told = json.loads(ran.out)
    assert {each["line"]: each["why"].split(":")[0] for each in told["refused"]} == {
        2: "name has a control character in it, which cannot be kept",
        3: "name has a control character in it, which cannot be kept",
        4: "language is one of",
        5: "name is 201 characters long",
        6: "There are more cells than columns",
    }
    with business.desk.read() as session:
        (taken,) = session.scalars(select(Customer)).all()
        assert (taken.name, taken.language, taken.notes) == ("Noor", "es", "one\u2028two")


def test_a_ticket_of_no_year_that_can_be_reckoned_with_is_refused(business: Business, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    file.write_text(
        "site,failure,logged_at,resolved_at,cause,order_reference\n"
        "harbour-st,late,0001-01-01T10:00:00+05:00,2026-03-01T10:20:00Z,,\n"
        "harbour-st,late,0900-01-01T10:00:00Z,0900-01-01T10:20:00Z,,\n"
        f"harbour-st,late,2026-03-01T10:00:00Z,2026-03-01T10:20:00Z,{'c' * 4001},\n"
        f"harbour-st,late,2026-03-01T10:00:00Z,2026-03-01T10:20:00Z,,{'r' * 201}\n"
    )
    ran = run("import", "tickets", str(file), "--as", "maya@example.com", "--json")
    assert [each["why"].split(":")[0] for each in json.loads(ran.out)["refused"]] == [
        "logged_at lies too far back",
        "logged_at lies too far back",
        "cause is 4001 characters long",
        "order_reference is 201 characters long",
    ]


def test_a_spreadsheet_holds_no_formula(business: Business, run: Run, tmp_path: Path) -> None:
    finished(business)
    file = tmp_path / "tickets.xlsx"
    assert run("export", "tickets", "--format", "xlsx", "--output", str(file)).code == 0
    with zipfile.ZipFile(file) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_customers_are_taken_in_and_each_refused_row_is_named(business: Business, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("site;phone;name\nharbour-st;07700 900555;Noor\nmoon;07700 900556;Lee\nharbour-st;12;Sam\n")
    ran = run("import", "customers", str(file), "--json")
    assert ran.code == 1
    told = json.loads(ran.out)
    assert (told["rows"], told["taken"], [each["line"] for each in told["refused"]]) == (3, 1, [3, 4])


def test_finished_tickets_are_taken_in_once_and_nobody_is_texted(business: Business, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    file.write_text(
        "site,failure,logged_at,resolved_at,phone,order_amount,cause\n"
        "harbour-st,late,2026-03-01T10:00:00Z,2026-03-01T10:20:00Z,07700 900555,4.50,rain\n"
    )
    for _ in range(2):
        assert run("import", "tickets", str(file), "--as", "maya@example.com").code == 0
    with business.desk.read() as session:
        (ticket,) = session.scalars(select(Ticket)).all()
        assert (ticket.status, ticket.order_amount, ticket.cause) == (TicketStatus.RESOLVED, 450, "rain")
        assert {text.status for text in session.scalars(select(Message))} == {MessageStatus.DROPPED}
        assert session.scalars(select(AwaitingAnchor)).all() == [], "what is months old is anchored all the same"
    assert run("audit", "verify").code == 0


def test_an_open_ticket_is_not_imported(business: Business, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    file.write_text("site,failure,logged_at,resolved_at\nharbour-st,late,2026-03-01T10:00:00Z,\n")
    ran = run("import", "tickets", str(file), "--as", "maya@example.com")
    assert ran.code == 1
    assert "line 2: resolved_at" in ran.err


def test_a_file_with_an_unknown_column_is_refused_whole(business: Business, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("site,phone,colour\nharbour-st,07700 900555,blue\n")
    ran = run("import", "customers", str(file))
    assert ran.code == 2
    assert "colour" in ran.err


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (
            'site,phone,name\nharbour-st,07700 900555,Noor\nharbour-st,07700 900556,"Lee\nharbour-st,,Sam\n',
            "After line 2 ",
        ),
        (f"site,name\nharbour-st,{'N' * 200_000}\n", "After line 1 "),
        ("site,name,name\nharbour-st,Noor,Lee\n", "The column name stands there twice"),
    ],
)
def test_a_file_that_would_be_misread_is_refused_whole(
    business: Business, run: Run, tmp_path: Path, rows: str, why: str
) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(rows)
    ran = run("import", "customers", str(file))
    assert (ran.code, ran.err.startswith(why)) == (2, True), ran.err
    with business.desk.read() as session:
        assert session.scalars(select(Customer)).all() == []


def test_a_person_is_erased_and_the_trail_stays_whole(business: Business, run: Run) -> None:
    finished(business)
    assert run("erase", "--phone", "+44 7700 900123").code == 0
    assert run("erase", "--phone", "+44 7700 900123").code == 2
    assert run("erase", "--phone", "07700 900123").code == 2
    assert run("audit", "verify").code == 0
    assert "Sam" not in run("export", "tickets").out


def test_who_still_waits_is_not_erased(business: Business, run: Run) -> None:
    ticket = business.log()
    ran = run("erase", "--phone", "+447700900123")
    assert ran.code == 1
    assert ticket.reference in ran.err


def test_verify_names_the_event_that_was_edited(business: Business, run: Run) -> None:
    ticket = business.log()
    whole = run("audit", "verify", "--json")
    assert (whole.code, json.loads(whole.out)["ok"]) == (0, True)
    with business.desk.writing.begin() as connection:
        drop_triggers(connection)
        connection.execute(
            Event.__table__.update().where(Event.stream_id == ticket.id, Event.seq == 1).values(payload="{}")
        )
    broken = run("audit", "verify")
    assert broken.code == 1
    assert f"{ticket.reference}, event 1" in broken.out


def test_the_outbox_lists_texts_by_status_with_masked_numbers(business: Business, run: Run) -> None:
    business.log()
    (text,) = json.loads(run("outbox", "list", "--status", "pending", "--json").out)
    assert (text["template"], text["to"], text["attempts"]) == ("logged", "+447700900123", 0)
    assert json.loads(run("outbox", "list", "--status", "sent", "--json").out) == []
    assert "900123" not in run("outbox", "list").out


def test_a_claimed_text_is_shown_as_pending_and_times_end_in_z(business: Business, run: Run) -> None:
    business.log()
    Post(business).claim()
    (text,) = json.loads(run("outbox", "list", "--status", "pending", "--json").out)
    assert (text["status"], text["created_at"][-1]) == ("pending", "Z")
    assert "claimed" not in run("outbox", "list").out
    wrong = run("outbox", "list", "--status", "claimed")
    assert (wrong.code, "claimed," not in wrong.err) == (2, True)


def test_the_outbox_gives_nobody_a_link_that_approves(business: Business, run: Run) -> None:
    business.log(remedies=(refund(4500),))
    told = {text["template"]: text["body"] for text in json.loads(run("outbox", "list", "--json").out)}
    assert "asks for your approval" in told["staff_approval"]
    assert told["staff_approval"].endswith(": …")
    assert "/c/" in told["logged_waiting"]


def test_a_test_of_the_line_without_a_worker_says_why_nothing_left(business: Business, run: Run) -> None:
    ran = run("sms", "test", "+44 7700 900123", "--wait", "0.2")
    assert ran.code == 1
    assert ran.out == "Waiting to go.\n"
    assert "recovery worker" in ran.err
    assert run("sms", "test", "07700 900123").code == 2


@pytest.mark.parametrize("wait", ["-5", "nan", "inf", "1e9", "soon", "-0.1"])
def test_a_wait_that_is_none_sends_nothing(business: Business, run: Run, wait: str) -> None:
    ran = run("sms", "test", "+44 7700 900123", f"--wait={wait}")
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert json.loads(run("outbox", "list", "--json").out) == []
