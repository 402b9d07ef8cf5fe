"""One line of a table of people, for the admin's page and for a supervisor's."""

from collections.abc import Mapping
from typing import Any

from recovery.models import Staff


def person_row(person: Staff, sites: Mapping[int, str], *, url: str = "") -> dict[str, Any]:
    """For components/people.html. `sites` are names by id; of others nothing is said."""
    return {
        "name": person.name,
        "url": url,
        "role": person.role.label,
        "sites": ", ".join(sorted(sites[site_id] for site_id in person.site_ids if site_id in sites)),
        "has_password": person.password_hash is not None,
        "is_active": person.deactivated_at is None,
    }
