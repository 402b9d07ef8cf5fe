"""Who does a thing. Services take one as `by`; events keep it."""

from dataclasses import dataclass
from enum import StrEnum

from recovery.domain.permissions import Permission, Role, Scope, may


class ActorKind(StrEnum):
    STAFF = "staff"
    CUSTOMER = "customer"
    MACHINE = "machine"
    """The scheduler and the provider: their changes never cost a person their form."""


@dataclass(frozen=True, slots=True)
class Actor:
    kind: ActorKind
    id: int | None = None
    name: str = ""
    """First name, for texts; never kept in an event."""
    full_name: str = ""
    """For colleagues, where it is known; never shown to a customer."""
    role: Role | None = None
    site_ids: frozenset[int] = frozenset()
    """Sites that this person works at; an admin sees all whatever stands here."""
    scopes: frozenset[Scope] | None = None
    heard: bool = False
    """What they did is told by the provider, after the fact: it costs nobody their form."""

    @property
    def is_person(self) -> bool:
        return self.kind is not ActorKind.MACHINE

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN

    def may(self, permission: Permission) -> bool:
        return self.role is not None and may(self.role, permission, self.scopes)

    def works_at(self, site_id: int) -> bool:
        return self.is_admin or site_id in self.site_ids


MACHINE = Actor(ActorKind.MACHINE)
CUSTOMER = Actor(ActorKind.CUSTOMER)
