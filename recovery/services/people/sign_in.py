"""Who may come in: passwords, sessions that can be revoked, and links that work once.

Tokens are kept as hashes alone: whoever reads the database cannot sign in with what is in it.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from recovery.domain.actors import Actor
from recovery.domain.errors import Invalid, NotFound
from recovery.domain.events import Tag
from recovery.domain.ids import new_id
from recovery.models import LoginSession, SignInLink, Staff
from recovery.services.proving.trail import record_of_staff
from recovery.services.running.tallies import UNKNOWN_SIGN_INS, count
from recovery.services.session import DeskSession, instant

SESSION_ENDS_AFTER = timedelta(hours=12)
"""A long shift; then everybody signs in anew, however busy the screen was."""
LINK_ENDS_AFTER = timedelta(hours=48)
LINK_LASTS = f"{LINK_ENDS_AFTER // timedelta(hours=1)} hours"
TOKEN_BYTES = 32
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
USED_TO_THE = timedelta(hours=1)
DEMO_PASSWORD = "let me try it"  # noqa: S105  # printed for everybody: demo accounts exist on loopback alone


class Door(NamedTuple):
    """A session that stands open."""

    login: LoginSession
    staff: Staff


def hash_password(password: str, *, cheap: bool) -> str:
    return _hasher(cheap).hash(password)


def check_new_password(password: str) -> None:
    """Raises Invalid."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid.field("password", f"Choose a password of at least {SHORTEST_PASSWORD} characters.")
    if len(password) > LONGEST_PASSWORD:
        raise Invalid.field("password", f"Choose a password of at most {LONGEST_PASSWORD} characters.")


def is_password_of(staff: Staff | None, password: str, *, cheap: bool) -> bool:
    """Takes as long for a name that does not exist. Call it with no transaction open: it is slow on purpose."""
    kept = staff.password_hash if staff is not None else None
    try:
        _hasher(cheap).verify(kept or _nobodys_hash(cheap), password[: LONGEST_PASSWORD + 1])
    except (Argon2Error, InvalidHashError):
        return False
    return kept is not None


def active_staff(session: DeskSession, email: str) -> Staff | None:
    return session.scalar(
        select(Staff).where(Staff.email == email.strip().lower(), Staff.deactivated_at.is_(None)),
    )


def open_session(session: DeskSession, staff_id: int, *, how: str, now: datetime) -> str:
    """Gives the token of the cookie; only its hash is kept. Raises NotFound for who left meanwhile."""
    staff = _locked(session, staff_id)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    login = LoginSession(
        id=new_id(now),
        staff_id=staff.id,
        token_hash=_hash(token),
        opened_at=now,
        last_used_at=now,
        ends_at=now + SESSION_ENDS_AFTER,
    )
    session.add(login)
    record_of_staff(session, staff, Tag.STAFF_SIGNED_IN, by=staff.as_actor(), at=now, session=login.id, how=how)
    return token


def refuse(session: DeskSession, staff_id: int | None, *, now: datetime) -> None:
    """An attempt under a known name stands in that person's trail; unknown names are counted alone."""
    if staff_id is None:
        count(session, UNKNOWN_SIGN_INS, now=now)
        return
    staff = _locked(session, staff_id)
    record_of_staff(session, staff, Tag.STAFF_REFUSED, by=staff.as_actor(), at=now, why="password")


def door_of(session: DeskSession, token: str, *, now: datetime) -> Door | None:
    """None where the session has ended, was revoked, or is of somebody who left."""
    found = session.execute(
        select(LoginSession, Staff)
        .join(Staff, Staff.id == LoginSession.staff_id)
        .where(
            LoginSession.token_hash == _hash(token),
            LoginSession.revoked_at.is_(None),
            LoginSession.ends_at > now,
            Staff.deactivated_at.is_(None),
        )
        .options(joinedload(Staff.places)),  # every page asks this, most of them every few seconds: in one query
    )
    row = found.unique().one_or_none()
    return None if row is None else Door(row[0], row[1])


def hold(session: DeskSession, staff_id: int | None) -> None:
    """Until this transaction ends nobody takes their role, their sites or their account away: whoever wants to waits here,
    and what is read of this person from now on stays so. SQLite has one writer at a time anyway."""
    if session.get_bind().dialect.name == "sqlite":
        return
    session.execute(select(Staff.id).where(Staff.id == staff_id).with_for_update(read=True))


def is_stamp_due(login: LoginSession, *, now: datetime) -> bool:
    return now - login.last_used_at >= USED_TO_THE


def stamp(session: DeskSession, login_id: int, *, now: datetime) -> None:
    """Last used, to the hour: for whoever looks at who is signed in."""
    session.execute(update(LoginSession).where(LoginSession.id == login_id).values(last_used_at=now))


def end_session(session: DeskSession, login_id: int, *, now: datetime, by: Actor) -> None:
    login = session.get_one(LoginSession, login_id)
    if login.revoked_at is not None:
        return
    staff = _locked(session, login.staff_id)
    login.revoked_at = now
    record_of_staff(session, staff, Tag.STAFF_SIGNED_OUT, by=by, at=now, session=login.id)


def issue_link(session: DeskSession, staff_id: int, *, now: datetime, by: Actor) -> str:
    """A token that signs in once and lets the person choose a password. Earlier links of theirs end."""
    staff = _locked(session, staff_id)
    session.execute(
        update(SignInLink)
        .where(SignInLink.staff_id == staff.id, SignInLink.used_at.is_(None), SignInLink.ends_at > now)
        .values(ends_at=now),
    )
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link = SignInLink(
        id=new_id(now),
        staff_id=staff.id,
        token_hash=_hash(token),
        issued_at=now,
        ends_at=now + LINK_ENDS_AFTER,
    )
    session.add(link)
    record_of_staff(session, staff, Tag.STAFF_LINK_ISSUED, by=by, at=now, expires_at=instant(link.ends_at))
    return token


def sign_in_url(public_url: str, token: str) -> str:
    return f"{public_url}/sign-in/{token}"


def owner_of_link(session: DeskSession, token: str, *, now: datetime) -> Staff:
    """Raises NotFound for a link that is used, ended or made up: they all look the same."""
    link = _usable_link(session, token, now=now)
    return session.get_one(Staff, link.staff_id)


def use_link(session: DeskSession, token: str, *, password_hash: str, now: datetime) -> str:
    """Once: keeps the new password, ends every other session of that person, opens one. Gives its token.

    Raises NotFound as `owner_of_link`.
    """
    link = _usable_link(session, token, now=now, lock=True)
    staff = _locked(session, link.staff_id)
    link.used_at = now
    staff.password_hash = password_hash
    session.execute(
        update(LoginSession)
        .where(LoginSession.staff_id == staff.id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=now),
    )
    record_of_staff(session, staff, Tag.STAFF_CHANGED, by=staff.as_actor(), at=now, field="password")
    return open_session(session, staff.id, how="link", now=now)


def _usable_link(session: DeskSession, token: str, *, now: datetime, lock: bool = False) -> SignInLink:
    query = (
        select(SignInLink)
        .join(Staff, Staff.id == SignInLink.staff_id)
        .where(
            SignInLink.token_hash == _hash(token),
            SignInLink.used_at.is_(None),
            SignInLink.ends_at > now,
            Staff.deactivated_at.is_(None),
        )
    )
    link = session.scalar(query.with_for_update(of=SignInLink) if lock else query)
    if link is None:
        raise NotFound("This link has been used or has ended. Ask your supervisor or an admin for a new one.")
    return link


def _locked(session: DeskSession, staff_id: int) -> Staff:
    staff = session.get(Staff, staff_id, with_for_update=True, populate_existing=True)
    if staff is None or staff.deactivated_at is not None:
        raise NotFound("There is no such person any more.")
    return staff


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@lru_cache(maxsize=2)
def _hasher(cheap: bool) -> PasswordHasher:  # noqa: FBT001  # the one thing that it depends on
    """OWASP's figures for argon2id: 19 MiB, two passes, one lane. The cheap one is for tests and for the demo's load."""
    if cheap:
        return PasswordHasher(memory_cost=8, time_cost=1, parallelism=1)
    return PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)


@lru_cache(maxsize=2)
def _nobodys_hash(cheap: bool) -> str:  # noqa: FBT001  # as above
    return _hasher(cheap).hash(secrets.token_urlsafe(TOKEN_BYTES))
