"""Who may do what: one table, by role. Scope by site is applied in the queries themselves."""

from enum import StrEnum


class Role(StrEnum):
    FRONTLINE = "frontline"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"

    @property
    def label(self) -> str:
        return self.value


class Permission(StrEnum):
    PUBLIC = "public"
    """No sign-in: machines, the customer's page, the sign-in page itself."""
    SIGNED_IN = "signed_in"
    SEE = "see"
    LOG = "log"
    WORK = "work"
    """Grant inside limits, reply, call, fulfil, resolve."""
    APPROVE = "approve"
    SUPERVISE = "supervise"
    """Reassign, close, edit others' tickets."""
    LEAD = "lead"
    """Let one's own people in again, and say who answers in one's place."""
    REPORTS = "reports"
    AUDIT = "audit"
    ADMINISTER = "administer"


class Scope(StrEnum):
    """What a bearer token is narrowed to."""

    READ = "read"
    WRITE = "write"
    APPROVE = "approve"
    ADMIN = "admin"


_FRONTLINE = frozenset({Permission.SIGNED_IN, Permission.SEE, Permission.LOG, Permission.WORK})
_SUPERVISOR = _FRONTLINE | {
    Permission.APPROVE,
    Permission.SUPERVISE,
    Permission.LEAD,
    Permission.REPORTS,
    Permission.AUDIT,
}
GRANTED: dict[Role, frozenset[Permission]] = {
    Role.FRONTLINE: _FRONTLINE,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMIN: _SUPERVISOR | {Permission.ADMINISTER},
}

SCOPES: dict[Scope, frozenset[Permission]] = {
    Scope.READ: frozenset({Permission.SIGNED_IN, Permission.SEE, Permission.REPORTS, Permission.AUDIT}),
    Scope.WRITE: frozenset(
        {Permission.SIGNED_IN, Permission.SEE, Permission.LOG, Permission.WORK, Permission.SUPERVISE}
    ),
    Scope.APPROVE: frozenset({Permission.SIGNED_IN, Permission.SEE, Permission.APPROVE}),
    Scope.ADMIN: frozenset(Permission),
}


def may(role: Role, permission: Permission, scopes: frozenset[Scope] | None = None) -> bool:
    """`scopes` is None for a person signed in on a page: only tokens are narrowed."""
    if permission is Permission.PUBLIC:
        return True
    if permission not in GRANTED[role]:
        return False
    return scopes is None or any(permission in SCOPES[scope] for scope in scopes)
