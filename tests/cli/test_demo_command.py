import json

import pytest

from recovery.domain.actors import MACHINE
from recovery.domain.events import Tag
from recovery.services.demo.standing import standing
from recovery.services.people.sign_in import DEMO_PASSWORD
from recovery.services.people.sites import NewSite, add_site
from recovery.services.proving.trail import record_of_settings
from tests.cli.conftest import Run
from tests.factories import Business

REMOTE = "https://desk.example.com"


@pytest.mark.slow
@pytest.mark.timeout(900)
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


@pytest.fixture
def demo(business: Business) -> Business:
    """A business whose database holds a demo business that was loaded whole, as far as anybody can tell."""
    with business.desk.write() as session:
        add_site(session, NewSite("Plaza", "Europe/Madrid", "EUR", "ES"), now=business.now, by=MACHINE, is_demo=True)
        record_of_settings(session, Tag.DEMO_LOADED, by=MACHINE, at=business.now, tickets=0)
    return business


def test_beside_real_tickets_a_demo_that_is_there_is_refused_as_well(demo: Business, run: Run) -> None:
    assert DEMO_PASSWORD in run("demo").out
    demo.log()
    ran = run("demo")
    assert (ran.code, ran.out) == (1, "")
    assert "real tickets" in ran.err
    assert DEMO_PASSWORD in run("demo", "--once").out  # a start goes on as before


def test_its_accounts_are_told_to_nobody_where_others_may_sign_in(demo: Business, run: Run) -> None:
    public = {"PUBLIC_URL": REMOTE, "RECOVERY_TEST_CHEAP_HASH": "0"}
    for words, code in ((("demo",), 1), (("demo", "--once"), 0)):
        ran = run(*words, **public)
        assert (ran.code, ran.out) == (code, "")
        assert "PUBLIC_URL" in ran.err
    checks = {check["what"]: check for check in json.loads(run("doctor", "--json").out)}
    assert checks["Demo"]["state"] == "bad"
    assert "demo --remove" in checks["Demo"]["words"]


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
