"""From a bearer token or a session to the actor it stands for."""

import hashlib
from typing import Any
from uuid import UUID

from django.db import connection

from backend.lib.actor import ANONYMOUS, Actor, ActorKind

MEMBER_COLUMNS = """
  m.id, m.organization_id, m.rights, u.id, p.id, trim(u.first_name || ' ' || u.last_name),
  (SELECT array_agg(r.id) FROM directory_practitionerrole r
    WHERE r.practitioner_id = p.id AND r.organization_id = m.organization_id AND r.ended_at IS NULL)
"""

# One statement finds the token, its member or application, and the roles the person holds.
BY_TOKEN = f"""
SELECT a.id, a.organization_id, a.name, t.scope, t.user_id, {MEMBER_COLUMNS}
  FROM directory_accesstoken t
  JOIN directory_application a ON a.id = t.application_id AND a.ended_at IS NULL
  LEFT JOIN directory_member m ON m.id = t.member_id AND m.ended_at IS NULL
  LEFT JOIN directory_user u ON u.id = t.user_id AND u.is_active
  LEFT JOIN directory_practitioner p ON p.user_id = u.id
 WHERE t.token_checksum = %s AND t.expires > clock_timestamp()
"""  # noqa: S608 - built from constants

BY_USER = f"""
SELECT {MEMBER_COLUMNS}
  FROM directory_member m
  JOIN directory_user u ON u.id = m.user_id AND u.is_active
  LEFT JOIN directory_practitioner p ON p.user_id = u.id
 WHERE m.user_id = %s AND m.ended_at IS NULL
 ORDER BY (m.organization_id = %s) DESC, m.created_at LIMIT 1
"""  # noqa: S608 - built from constants


BY_MEMBER = f"""
SELECT {MEMBER_COLUMNS}
  FROM directory_member m
  JOIN directory_user u ON u.id = m.user_id AND u.is_active
  LEFT JOIN directory_practitioner p ON p.user_id = u.id
 WHERE m.id = %s AND m.ended_at IS NULL
"""  # noqa: S608 - built from constants


def actor_with_token(token: str) -> Actor | None:
    """The actor of a bearer token, or None when it is unknown, expired or its person has left."""
    row = _one(BY_TOKEN, [hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()])
    if row is None:
        return None
    application_id, organization_id, name, scope, user_id, *member = row
    scopes = frozenset(scope.split())
    if user_id is None:
        return Actor(
            kind=ActorKind.SYSTEM,
            organization_id=organization_id,
            application_id=application_id,
            scopes=scopes,
            display=name,
            as_person=False,
        )
    if member[0] is None:
        return None
    return _member(member).but(application_id=application_id, scopes=scopes)


def actor_of_member(member_id: UUID) -> Actor | None:
    """The member as they are now, for what they asked for a moment ago; None when they have left."""
    row = _one(BY_MEMBER, [member_id])
    return _member(row) if row else None


def actor_of_user(user_id: UUID, organization_id: UUID | None, *, second_factor: bool) -> Actor:
    """The member that a signed-in person acts as: in the chosen organization, else in their first."""
    row = _one(BY_USER, [user_id, organization_id])
    return _member(row).but(second_factor=second_factor) if row else ANONYMOUS


def _member(row: Any) -> Actor:
    member_id, organization_id, rights, user_id, practitioner_id, display, role_ids = row
    return Actor(
        kind=ActorKind.MEMBER,
        organization_id=organization_id,
        member_id=member_id,
        user_id=user_id,
        practitioner_id=practitioner_id,
        role_ids=frozenset(role_ids or ()),
        rights=frozenset(rights),
        display=display,
    )


def _one(sql: str, values: list[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()
