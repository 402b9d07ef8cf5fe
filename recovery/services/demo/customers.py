"""Who complains: names, and numbers that are kept for fiction (Ofcom, NANPA, Arcep)."""

from recovery.services.demo.chance import Chance
from recovery.services.people.customers import NewCustomer

FIRST = (
    "Sam", "Noor", "Lee", "Priya", "Jonas", "Amara", "Felix", "Ines", "Kofi", "Hana", "Oliver", "Zoe", "Mateo", "Yara",
    "Anton", "Leila", "Hugo", "Mina", "Rafael", "Tessa", "Idris", "Clara", "Bruno", "Sofia", "Dev", "Elin", "Pavel",
    "Nia", "Theo", "Asha", "Marco", "Freya", "Emil", "Salma", "Louis", "Greta", "Omari", "Wanda", "Cyril", "Bea",
)  # fmt: skip
LAST = (
    "Whitfield", "Haddad", "Chen", "Okafor", "Larsen", "Moreau", "Silva", "Novak", "Brennan", "Osei", "Kaur", "Weber",
    "Duarte", "Lindgren", "Farah", "Bianchi", "Sato", "Marsh", "Petrov", "Cohen", "Diallo", "Ferrer", "Hughes", "Ito",
)  # fmt: skip

AREAS = ("212", "646", "718", "917", "347", "929")
"""Each has its 555-0100 to 555-0199 for fiction."""
LAST_OF_CUSTOMERS = {"GB": 899, "US": 539, "FR": 9899}
"""The numbers after these belong to the demo's staff and to its live tickets."""
NO_NUMBER, NOBODY = 0.07, 0.05
REGULARS = 1.6
"""The higher, the more often the same people come back."""


def somebody(random: Chance, country: str, people: int) -> NewCustomer | None:
    """One of `people` who come to a site; None for who had left before anybody asked."""
    draw = random.random()
    if draw < NOBODY:
        return None
    number = int(people * random.random() ** REGULARS)
    name = name_of(country, number)
    return NewCustomer(None if draw < NOBODY + NO_NUMBER else phone_of(country, number), name)


def name_of(country: str, number: int) -> str:
    person = Chance(f"{country}:{number}")
    return f"{person.choice(FIRST)} {person.choice(LAST)}"


def phone_of(country: str, number: int) -> str:
    number = min(number, LAST_OF_CUSTOMERS[country])
    if country == "GB":
        return f"+447700900{number:03d}"
    if country == "US":
        return f"+1{AREAS[number // 90]}55501{number % 90:02d}"
    return f"+3363998{number:04d}"
