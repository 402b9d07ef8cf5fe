"""Bearer tokens: shown once, kept as a hash, acting as their member of staff and narrowed by scopes."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from recovery.domain.actors import Actor, ActorKind
from recovery.domain.errors import Invalid, NotFound
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.domain.permissions import Scope
from recovery.models import ApiToken, Staff, StaffSite
from recovery.services.people.sites import require_admin
from recovery.services.proving.trail import record_of_staff
from recovery.services.session import DeskSession

BEGINS = "rd_"
"""So that a scanner of repositories, and a person reading a log, can tell what it is."""
TOKEN_BYTES = 32
DEFAULT_SCOPES = frozenset({Scope.READ, Scope.WRITE, Scope.APPROVE})
"""What the person may do at the counter and as a supervisor; administering has to be asked for."""
STAMPED_TO_THE = timedelta(hours=1)


BEARERS = (
    select(
        ApiToken.id,
        ApiToken.scopes,
        ApiToken.last_used_at,
        Staff.id,
        Staff.name,
        Staff.role,
        StaffSite.site_id,
    )
    .join(Staff, Staff.id == ApiToken.staff_id)
    .outerjoin(StaffSite, StaffSite.staff_id == Staff.id)
    .where(
        ApiToken.token_hash == bindparam("token_hash"),
        ApiToken.revoked_at.is_(None),
        Staff.deactivated_at.is_(None),
    )
)
"""Made once: it runs twice for every change."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a token speaks for, as it stands now."""

    token_id: int
    actor: Actor
    last_used_at: datetime | None


def add_token(
    session: DeskSession,
    staff: Staff,
    *,
    scopes: Iterable[Scope] = DEFAULT_SCOPES,
    now: datetime,
    by: Actor,
) -> tuple[ApiToken, str]:
    """The row, and the token itself, which nobody can show again. `staff` is locked by whoever calls.

    Raises Forbidden, Invalid for a person who left or a token without any scope.
    """
    require_admin(by)
    if staff.deactivated_at is not None:
        raise Invalid.field("staff", "This person no longer works here: reactivate them first.")
    words = " ".join(sorted({scope.value for scope in scopes}))
    if not words:
        raise Invalid.field("scopes", "Choose at least one of: read, write, approve, admin.")
    plain = BEGINS + secrets.token_urlsafe(TOKEN_BYTES)
    token = ApiToken(id=new_id(now), staff_id=staff.id, token_hash=_hash(plain), scopes=words, added_at=now)
    session.add(token)
    record_of_staff(session, staff, Tag.TOKEN_ADDED, by=by, at=now, token=token.id, scopes=words)
    return token, plain


def revoke_token(session: DeskSession, token_id: int, *, now: datetime, by: Actor) -> None:
    """From the next request on it opens nothing. Raises Forbidden, NotFound."""
    require_admin(by)
    token = session.get(ApiToken, token_id)
    if token is None:
        raise NotFound("There is no such token.")
    staff = session.get_one(Staff, token.staff_id, with_for_update=True, populate_existing=True)
    if token.revoked_at is None:
        token.revoked_at = now
        record_of_staff(session, staff, Tag.TOKEN_REVOKED, by=by, at=now, token=token.id)


def tokens_of(session: DeskSession, staff_id: int) -> Sequence[ApiToken]:
    """Newest first, revoked ones too."""
    query = select(ApiToken).where(ApiToken.staff_id == staff_id)
    return session.scalars(query.order_by(ApiToken.added_at.desc(), ApiToken.id.desc())).all()


def bearer_of(session: DeskSession, plain: str) -> Bearer | None:
    """None for what opens nothing: unknown, revoked, or of somebody who left. One query."""
    rows = session.execute(BEARERS, {"token_hash": _hash(plain)}).all()
    if not rows:
        return None
    token_id, scopes, last_used_at, staff_id, name, role, _ = rows[0]
    actor = Actor(
        ActorKind.STAFF,
        id=staff_id,
        name=name.split()[0],
        full_name=name,
        role=role,
        site_ids=frozenset(row[6] for row in rows if row[6] is not None),
        scopes=frozenset(Scope(word) for word in scopes.split()),
    )
    return Bearer(token_id, actor, last_used_at)


def stamp(session: DeskSession, bearer: Bearer, *, now: datetime) -> None:
    """To the hour, so that a busy token costs one write an hour."""
    if bearer.last_used_at is None or now - bearer.last_used_at >= STAMPED_TO_THE:
        session.execute(update(ApiToken).where(ApiToken.id == bearer.token_id).values(last_used_at=now))


def _hash(plain: str) -> str:
    """A random token needs no slow hash: there is nothing to guess."""
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()
