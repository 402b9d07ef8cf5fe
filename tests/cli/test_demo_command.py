import pytest

from recovery.services.demo.standing import standing
from recovery.services.people.sign_in import DEMO_PASSWORD
from tests.cli.conftest import Run
from tests.factories import Business

REMOTE = "https://desk.example.com"


@pytest.mark.slow
def test_the_whole_demo_comes_once_is_true_and_goes_again(run: Run, sqlite_url: str) -> None:
    first = run("demo", "--once", DATABASE_URL=sqlite_url)
    assert first.code == 0
    assert DEMO_PASSWORD in first.out
    assert "maya@demo.example" in first.out
    assert "1500 of 1500" in first.err
    again = run("demo", "--once")
    assert (again.out, again.err) == (first.out, "")
    assert run("audit", "verify").code == 0
    assert run("demo", "--remove").code == 0
    assert "not in this database" in run("demo", "--remove").err


def test_it_is_refused_beside_real_tickets(business: Business, run: Run) -> None:
    business.log()
    ran = run("demo")
    assert (ran.code, ran.out) == (1, "")
    assert "real tickets" in ran.err


def test_it_is_refused_where_others_could_sign_in_with_its_password(run: Run, sqlite_url: str) -> None:
    ran = run("demo", DATABASE_URL=sqlite_url, PUBLIC_URL=REMOTE, RECOVERY_TEST_CHEAP_HASH="0")
    assert (ran.code, ran.out) == (1, "")
    assert "PUBLIC_URL" in ran.err


def test_it_is_refused_with_a_gateway_that_reaches_real_telephones(run: Run, sqlite_url: str) -> None:
    twilio = {
        "SMS_GATEWAY": "twilio",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "t",
        "TWILIO_FROM": "+15550100000",
    }
    assert run("demo", DATABASE_URL=sqlite_url, **twilio).code == 1


def test_a_first_start_goes_on_without_it_where_it_may_not_be(run: Run, sqlite_url: str) -> None:
    ran = run("demo", "--once", DATABASE_URL=sqlite_url, PUBLIC_URL=REMOTE, RECOVERY_TEST_CHEAP_HASH="0")
    assert (ran.code, ran.out) == (0, "")
    assert "PUBLIC_URL" in ran.err


def test_a_first_start_leaves_a_real_business_alone(business: Business, run: Run) -> None:
    ran = run("demo", "--once")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    with business.desk.read() as session:
        assert not standing(session).has_demo
