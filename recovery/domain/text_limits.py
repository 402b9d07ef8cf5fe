"""How many texts are too many, which countries are texted, and what a segment costs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caps:
    """Against loops and pumping, not against people. None: no cap."""

    number_hour: int | None
    number_day: int | None
    ticket: int | None
    site_day: int | None
    answers_day: int | None
    """To STOP, START and HELP, for one number."""

    @property
    def count_texts(self) -> bool:
        """Whether anything has to be counted before a text is queued."""
        return any(cap is not None for cap in (self.number_hour, self.number_day, self.ticket, self.site_day))

    def met(self, *, number_hour: int, number_day: int, ticket: int, site_day: int) -> str | None:
        """The name of the first cap that has been reached by so many texts."""
        counted = {"number_hour": number_hour, "number_day": number_day, "ticket": ticket, "site_day": site_day}
        for name, count in counted.items():
            most = getattr(self, name)
            if most is not None and count >= most:
                return name
        return None


@dataclass(frozen=True, slots=True)
class Prices:
    """In millionths of the currency, for a segment."""

    currency: str
    by_country: Mapping[str, int]
    otherwise: int

    def of(self, country: str | None, segments: int) -> int:
        return self.by_country.get(country or "", self.otherwise) * segments

    def known(self, country: str | None) -> int | None:
        """Of one segment; None for a country that the table does not name: a guess is nothing to show a person."""
        return self.by_country.get(country or "")


@dataclass(frozen=True, slots=True)
class Spending:
    month_limit_micros: int | None
    warn_at_percent: int


Countries = Collection[str] | None
"""Two letters each; None: those of the sites."""
