"""What the admin's forms may bring; money is read by the service's own rules."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from recovery.domain.authority import LimitSpan
from recovery.domain.errors import Invalid
from recovery.domain.ids import LARGEST_ID
from recovery.domain.languages import Language
from recovery.domain.money import parse_amount, plain_amount
from recovery.domain.permissions import Role, Scope
from recovery.domain.targets import LONGEST_TARGET
from recovery.models import Site
from recovery.services.deciding.authority import CUSTOMER
from recovery.services.people.sites import NewSite
from recovery.services.people.staff import NewStaff
from recovery.web.forms import Form, Line, WholeNumber, asked, loaded, one_of

LONGEST_HOURS = 1000
LONGEST_TYPED = 5000
"""Letters of a text that are given back to be shortened; more was pasted by mistake."""
NOTHING = {"0", "0.0", "0.00", "0,00", "0.000"}
LIMITS = (
    (Role.FRONTLINE.value, LimitSpan.TICKET),
    (Role.FRONTLINE.value, LimitSpan.STAFF_DAY),
    (Role.SUPERVISOR.value, LimitSpan.TICKET),
    (Role.SUPERVISOR.value, LimitSpan.STAFF_DAY),
    (CUSTOMER, LimitSpan.CUSTOMER_MONTH),
)


class SiteForm(Form):
    always = frozenset({"hours", "sender", "calls_at_once"})

    name = Line(load_default="")
    slug = Line(load_default="")
    timezone = Line(load_default="")
    currency = Line(load_default="")
    country = Line(load_default="")
    hours = Line(LONGEST_HOURS, load_default="")
    sender = Line(load_default="")
    language = Line(load_default=Language.ENGLISH.value)
    folds_texts = fields.Boolean(load_default=True)
    calls_at_once = Line(load_default="")


class LineForm(Form):
    always = frozenset({"voice_number", "line_number"})

    voice_number = Line(load_default="")
    line_number = Line(load_default="")


class DayForm(Form):
    always = frozenset({"day", "times", "name"})

    day = Line(load_default="")
    times = Line(load_default="")
    name = Line(load_default="")
    region = Line(load_default="")


class DayGoneForm(Form):
    day = Line(load_default="")
    region = Line(load_default="")


class HolidaysForm(Form):
    region = Line(load_default="")
    days = fields.List(Line(), load_default=list)


class PlaceForm(Form):
    staff = WholeNumber(1, LARGEST_ID, "Open the page again.", **asked("Open the page again."))
    rung = WholeNumber(1, LARGEST_ID, "Open the page again.", **asked("Open the page again."))


class TargetGoneForm(Form):
    always = frozenset({"failure", "severity"})

    failure = Line(40, load_default="")
    severity = Line(12, load_default="")
    clock = Line(20, **asked("Choose one of the clocks offered."))


class TargetForm(TargetGoneForm):
    minutes = WholeNumber(
        1,
        LONGEST_TARGET,
        f"Write whole minutes, from 1 to {LONGEST_TARGET}.",
        **asked("Say within how many minutes."),
    )


class TextForm(Form):
    """What is wrong with the words is the service's to say."""

    always = frozenset({"body"})

    body = Line(LONGEST_TYPED, load_default="")
    site = Line(load_default="")


class VersionForm(Form):
    version = WholeNumber(0, LARGEST_ID, "Open the page again.", **asked("Open the page again."))
    site = Line(load_default="")


class StaffForm(Form):
    always = frozenset({"phone", "deputy", "sites"})

    name = Line(load_default="")
    email = Line(254, load_default="")
    role = Line(load_default="")
    phone = Line(load_default="")
    deputy = Line(254, load_default="")
    sites = fields.List(Line(), load_default=list)


def limit_field(whom: str, span: LimitSpan) -> str:
    return f"{whom}_{span.value}"


class LimitsForm(Form.from_dict({limit_field(*each): Line(load_default="") for each in LIMITS})):  # type: ignore[misc]
    """An empty field is no limit."""

    always = frozenset(limit_field(*each) for each in LIMITS)


class TokenForm(Form):
    scopes = fields.List(fields.String(validate=one_of(Scope)), load_default=list)


class ErasureForm(Form):
    phone = Line(load_default="")
    sure = fields.Boolean(load_default=False)


def new_site(form: dict[str, Any]) -> NewSite:
    return NewSite(**form)


def new_staff(form: dict[str, Any]) -> NewStaff:
    """The page sends an empty site before those that are ticked."""
    return NewStaff(**form | {"sites": tuple(slug for slug in form["sites"] if slug)})


def limits_typed(site: Site, kept: Mapping[str, str]) -> dict[tuple[str, LimitSpan], int | None]:
    """In minor units; an empty field is no limit, zero is nothing without asking. Raises Invalid naming every field."""
    form = loaded(LimitsForm, kept=kept)
    limits: dict[tuple[str, LimitSpan], int | None] = {}
    errors: dict[str, list[str]] = {}
    for whom, span in LIMITS:
        name = limit_field(whom, span)
        try:
            limits[whom, span] = _limit(form[name], site.currency, field=name)
        except Invalid as wrong:
            errors.update(wrong.errors)
    if errors:
        raise Invalid(next(iter(errors.values()))[0], errors)
    return limits


def shown_limit(minor_units: int | None, currency: str) -> str:
    return "" if minor_units is None else plain_amount(minor_units, currency)


def _limit(text: str, currency: str, *, field: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    return 0 if text in NOTHING else parse_amount(text, currency, field=field)
