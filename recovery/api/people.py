"""Who and where: yourself, colleagues, sites, known customers."""

from typing import Any

from flask import Response

from recovery.api import answers
from recovery.api.acting import Moment, answer_with
from recovery.api.answers import Answer
from recovery.api.blueprint import ApiBlueprint
from recovery.api.schemas.answers import CustomerFoundSchema, MeSchema, OnRotaSchema, SiteSchema, StaffSchema, page_of
from recovery.api.schemas.queries import CustomerQuery, Paged, SiteQuery
from recovery.domain.permissions import GRANTED, Permission
from recovery.models import Staff
from recovery.services.access import visible_site
from recovery.services.alerting.rota import OnRota, rota_of
from recovery.services.people import directory
from recovery.services.ticketing import listing

blueprint = ApiBlueprint("people_and_sites", "Who and where.")


@blueprint.call("GET", "/staff/me", may=Permission.SIGNED_IN, gives=MeSchema)
def me() -> Response:
    """Read who this token acts as, and what it may do"""
    return answer_with(_me)


@blueprint.call("GET", "/staff", may=Permission.SEE, of="site", asks=SiteQuery, gives=page_of(StaffSchema))
def list_staff(asked: dict[str, Any]) -> Response:
    """List colleagues at your sites"""

    def read(at: Moment) -> Answer:
        site = at.site(asked.get("site"))
        return answers.cut(directory.staff_of(at.session, by=at.by, site=site), answers.staff, asked)

    return answer_with(read)


@blueprint.call("GET", "/sites", may=Permission.SEE, of="site", asks=Paged, gives=page_of(SiteSchema))
def list_sites(asked: dict[str, Any]) -> Response:
    """List your sites"""
    return answer_with(lambda at: answers.cut(directory.sites_of(at.session, by=at.by), answers.site, asked))


@blueprint.call("GET", "/sites/<slug>/rota", may=Permission.SEE, of="site", asks=Paged, gives=page_of(OnRotaSchema))
def read_rota(asked: dict[str, Any], slug: str) -> Response:
    """Read who works when at one of your sites, and who is on shift now"""

    def read(at: Moment) -> Answer:
        site = visible_site(at.session, slug, by=at.by)
        return answers.cut(rota_of(at.session, site, now=at.now), _on_rota, asked)

    return answer_with(read)


@blueprint.call(
    "GET", "/customers", may=Permission.SEE, of="site", asks=CustomerQuery, gives=page_of(CustomerFoundSchema)
)
def find_customers(asked: dict[str, Any]) -> Response:
    """Find a customer of your sites by phone number"""

    def read(at: Moment) -> Answer:
        numbers = listing.phones_as_written(at.session, asked["phone"], by=at.by, site=None, field="phone")
        return answers.cut(directory.customers_with(at.session, numbers, by=at.by), answers.known_customer, asked)

    return answer_with(read)


def _on_rota(each: OnRota) -> Answer:
    return {
        "staff": {"id": str(each.person.id), "name": each.person.name},
        "shifts": each.shifts,
        "on_shift": each.is_on,
        "until": each.until,
    }


def _me(at: Moment) -> Answer:
    staff = at.session.get_one(Staff, at.by.id)
    role = staff.role
    return {
        "id": str(staff.id),
        "name": staff.name,
        "email": staff.email,
        "role": role,
        "sites": [site.slug for site in directory.sites_of(at.session, by=at.by)],
        "scopes": sorted(at.by.scopes or ()),
        "permissions": sorted(each for each in GRANTED[role] if at.by.may(each)),
    }
