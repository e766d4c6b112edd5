"""Access that a referral opens and ends, through the guard's functions."""

from functools import cache
from uuid import UUID

from django.db import connection

from backend.lib.actor import Actor
from backend.lib.prepared import Statement, write
from backend.referrals import sharing
from backend.referrals.models import Referral


def end_access(referral: Referral, actor: Actor, *, because: str) -> None:
    """Ends what the referral had opened, and tells those who lost it to stop showing their copy."""
    if referral.client_id is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, organization_id FROM end_access_of_referral(%s, %s)", [referral.id, because])
        ended = cursor.fetchall()
    sharing.tell_access_ended(referral.client_id, ended, because=because, actor=actor)


def guard(function: str, *values: UUID) -> None:
    """Calls one of the guard's functions: the only way to rows of access."""
    write(_call(function, len(values)), *values)


@cache
def _call(function: str, count: int) -> Statement:
    places = ", ".join(f"${number}" for number in range(1, count + 1))
    return Statement(f"SELECT {function}({places})", *["uuid"] * count)
