"""What did not work is said once, in words for people, with a way on."""

from tests.factories import Business
from tests.web.pages import Visitor, words


def test_a_page_that_is_not_there(maya: Visitor) -> None:
    answer = maya.open("/nothing-of-the-kind")
    assert answer.status_code == 404
    said = "There is nothing here. The link may be old, or what it led to belongs to another site. Back to the desk"
    assert said in words(answer)


def test_a_slash_at_the_end_leads_to_the_same_page(maya: Visitor) -> None:
    assert words(maya.open("/log/")) == words(maya.open("/log"))
    assert maya.open("/log/").status_code == 200


def test_what_a_service_says_stands_alone(business: Business, maya: Visitor) -> None:
    used = maya.open("/sign-in/used-long-ago")
    assert used.status_code == 404
    said = "There is nothing here. This link has been used or has ended. Ask your supervisor or an admin for a new one. Back to the desk"
    assert said in words(used)
    closed = maya.open("/reports")
    assert closed.status_code == 403
    said = "This is for somebody else. Your role may not do this; ask a supervisor. Back to the desk"
    assert said in words(closed)


def test_what_no_database_can_look_for_is_not_there(on_postgres: Business) -> None:
    ada = Visitor.signed_in(on_postgres, "ada")
    for address in (
        "/tickets?q=%00",
        "/reports?site=a%00",
        "/audit?ticket=%00",
        "/admin/sites/%00",
        "/admin/texts?site=%00",
    ):
        assert ada.open(address).status_code == 404, address
    assert ada.post("/admin/texts/en/logged/preview", site="\0", body="Hello").status_code == 404
