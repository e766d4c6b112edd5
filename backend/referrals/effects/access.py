"""Access that a referral opens and ends, through the guard's functions."""

from typing import Any

from django.db import connection

from backend.lib.actor import Actor
from backend.referrals import sharing
from backend.referrals.models import (
    Referral,
)


def end_access(referral: Referral, actor: Actor, *, because: str) -> None:
    """Ends what the referral had opened, and tells those who lost it to stop showing their copy."""
    if referral.client_id is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, organization_id FROM end_access_of_referral(%s, %s)", [referral.id, because])
        ended = cursor.fetchall()
    sharing.tell_access_ended(referral.client_id, ended, because=because, actor=actor)


def guard(function: str, *values: Any) -> None:
    """Calls one of the guard's functions: the only way to rows of access."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({', '.join(['%s'] * len(values))})", list(values))
