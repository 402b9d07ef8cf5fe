"""The end of a shift by API."""

from recovery.models import Ticket
from recovery.services.people.leaving import release
from tests.api.calling import Desk, refused
from tests.factories import SAM


def overlooked(desk: Desk) -> Ticket:
    business = desk.business
    ticket = business.log(customer=SAM)
    business.on(ticket, lambda session, held, _: release(session, held, now=business.now), by="omar")
    return ticket


def test_a_shift_is_closed_by_naming_who_takes_each_row(small_desk: Desk) -> None:
    ticket, omar = overlooked(small_desk), str(small_desk.business.staff("omar").id)
    answer = refused(small_desk.call("maya", "POST", "/handovers", {"site": "harbour-st"}), 422, "1 row has nobody yet")
    assert list(answer["errors"]) == [ticket.reference]
    rows = [{"ticket": ticket.reference, "to": omar}]
    body = {"site": "harbour-st", "rows": rows, "note": "The oven is hot", "after": 0}
    done = small_desk.done("maya", "POST", "/handovers", body, key="once")
    assert (done["site"], done["number"], done["note"]) == ("harbour-st", 1, "The oven is hot")
    (row,) = done["rows"]
    assert (row["ticket"], row["to"], row["reasons"]) == (
        ticket.reference,
        {"id": omar, "name": "Omar Haddad"},
        ["no_owner"],
    )
    assert (row["taken_at"], row["stands"]) == (None, False)
    assert small_desk.done("maya", "POST", "/handovers", body, key="once") == done
    refused(small_desk.call("maya", "POST", "/handovers", body), 409, "closed meanwhile")
    assert small_desk.done("omar", "GET", "/handovers?site=harbour-st")["items"] == [done]
    refused(small_desk.call("omar", "POST", f"/handovers/{done['id']}/taking", {"version": 1}), 422)
    taken = small_desk.done("omar", "POST", f"/handovers/{done['id']}/taking", {})
    assert taken["rows"][0]["taken_at"] is not None


def test_another_sites_shift_is_nothing(small_desk: Desk) -> None:
    ticket = overlooked(small_desk)
    done = small_desk.done("nell", "POST", "/handovers", {"site": "quay"})
    assert done["rows"] == []
    assert small_desk.done("maya", "GET", "/handovers")["items"] == []
    refused(small_desk.call("maya", "GET", "/handovers?site=quay"), 404)
    refused(small_desk.call("maya", "POST", "/handovers", {"site": "quay"}), 404)
    refused(small_desk.call("maya", "POST", f"/handovers/{done['id']}/taking", {}), 404)
    rows = [{"ticket": ticket.reference, "to": str(small_desk.business.staff("nell").id)}]
    refused(small_desk.call("nell", "POST", "/handovers", {"site": "quay", "rows": rows}), 422, "no such ticket")
