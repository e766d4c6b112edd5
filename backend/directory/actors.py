"""From a bearer token or a session to the actor it stands for."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from backend.lib import request_ids
from backend.lib.actor import ANONYMOUS, Actor, ActorKind
from backend.lib.prepared import Statement
from backend.lib.unit_of_work import MOMENT

MEMBER_COLUMNS = """
  m.id, m.organization_id, m.rights, u.id, p.id, trim(u.first_name || ' ' || u.last_name),
  (SELECT array_agg(r.id) FROM directory_practitionerrole r
    WHERE r.practitioner_id = p.id AND r.organization_id = m.organization_id AND r.ended_at IS NULL)
"""

# Finds the token, its member or application, and the roles the person holds.
BY_TOKEN = f"""
SELECT a.id AS application_id, a.organization_id AS application_organization, a.name, t.scope, t.user_id AS token_user,
       member.*
  FROM directory_accesstoken t
  JOIN directory_application a ON a.id = t.application_id AND a.ended_at IS NULL
  LEFT JOIN LATERAL (
    SELECT {MEMBER_COLUMNS}
      FROM directory_member m
      JOIN directory_user u ON u.id = m.user_id AND u.is_active
      LEFT JOIN directory_practitioner p ON p.user_id = u.id
     WHERE m.id = t.member_id AND m.user_id = t.user_id AND m.ended_at IS NULL
  ) member (id, organization_id, rights, user_id, practitioner_id, display, role_ids) ON true
 WHERE t.token_checksum = $1 AND t.expires > clock_timestamp()
"""  # noqa: S608 - built from constants
FIND_TOKEN = Statement(BY_TOKEN, "text")

# The same, and tells the database who acts; also when the token is unknown: then nobody does.
ENTER_WITH_TOKEN = Statement(
    f"""
SELECT set_config('app.kind', acting.kind, true), set_config('app.organization', coalesce(acting.organization::text, ''), true),
       set_config('app.member', coalesce(caller.id::text, ''), true), set_config('app.client', '', true),
       set_config('app.referral', '', true), set_config('app.link', '', true),
       set_config('app.application', coalesce(caller.application_id::text, ''), true),
       set_config('app.now', moment.at::text, true), set_config('pghistory.context_id', gen_random_uuid()::text, true),
       set_config('pghistory.context_metadata', jsonb_strip_nulls(jsonb_build_object(
         'kind', acting.kind, 'organization_id', acting.organization, 'member_id', caller.id, 'role_ids', caller.role_ids,
         'application_id', caller.application_id, 'request_id', nullif($2, '')))::text, true), moment.at, caller.*
  FROM ({MOMENT}) moment LEFT JOIN ({BY_TOKEN}) caller ON true
 CROSS JOIN LATERAL (
    SELECT CASE WHEN caller.id IS NOT NULL THEN 'member'
                WHEN caller.application_organization IS NOT NULL AND caller.token_user IS NULL THEN 'system'
                ELSE 'anonymous' END AS kind,
           CASE WHEN caller.token_user IS NULL THEN caller.application_organization ELSE caller.organization_id END AS organization
 ) acting
""",  # noqa: S608 - built from constants
    "text",
    "text",
)
SETTINGS = 10

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

BY_APPLICATION = """
SELECT organization_id, name, allowed_scopes FROM directory_application
 WHERE id = %s AND organization_id IS NOT NULL AND ended_at IS NULL
"""


def actor_with_token(token: str) -> Actor | None:
    """The actor of a bearer token, or None when it is unknown, expired or its person has left."""
    with FIND_TOKEN.run(_checksum(token)) as cursor:
        row = cursor.fetchone()
    return _caller(row) if row else None


def enter_with_token(token: str) -> tuple[Actor, datetime]:
    """Finds the actor of a bearer token, tells the database, and returns the domain's now as well. One statement."""
    with ENTER_WITH_TOKEN.run(_checksum(token), request_ids.current()) as cursor:
        moment, *caller = cursor.fetchone()[SETTINGS:]
    return _caller(caller) or ANONYMOUS, moment


def _checksum(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _caller(row: Sequence[Any]) -> Actor | None:
    application_id, organization_id, name, scope, user_id, *member = row
    if application_id is None:
        return None
    scopes = frozenset(scope.split())
    if user_id is None:
        if organization_id is None:  # a person's tool without a person
            return None
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


def actor_of_user(user_id: UUID, organization_id: UUID | None, *, second_factor: bool) -> Actor:
    """The member that a signed-in person acts as: in the chosen organization, else in their first."""
    row = _one(BY_USER, [user_id, organization_id])
    return _member(row).but(second_factor=second_factor) if row else ANONYMOUS


def actor_of_member(member_id: UUID) -> Actor | None:
    """A member as they would act now, or None when they have left."""
    row = _one(BY_MEMBER, [member_id])
    return _member(row) if row else None


def actor_of_application(application_id: UUID, scopes: Iterable[str]) -> Actor | None:
    """A clinic's system as it would act now with these scopes, as far as they are still its own; None when it has ended."""
    row = _one(BY_APPLICATION, [application_id])
    if row is None:
        return None
    organization_id, name, allowed = row
    return Actor(
        kind=ActorKind.SYSTEM,
        organization_id=organization_id,
        application_id=application_id,
        scopes=frozenset(scopes) & frozenset(allowed.split()),
        display=name,
        as_person=False,
    )


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
