"""One unit of work: one transaction, one actor the database knows, one moment."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.db import connection, transaction

from backend.lib import clock, request_ids
from backend.lib.actor import ANONYMOUS, Actor

_actor: ContextVar[Actor] = ContextVar("actor", default=ANONYMOUS)

# The domain's now: the database's clock, moved in a sandbox.
MOMENT = "SELECT clock_timestamp() + coalesce((SELECT moved_by FROM audit_movedclock), interval '0') AS at"

# The settings are local to the transaction. Two are django-pghistory's: what every row of a history says of who acted.
INTRODUCE = f"""
SELECT set_config('app.kind', %s, true), set_config('app.organization', %s, true), set_config('app.member', %s, true),
       set_config('app.client', %s, true), set_config('app.referral', %s, true), set_config('app.link', %s, true),
       set_config('app.application', %s, true),
       set_config('app.now', moment.at::text, true), set_config('pghistory.context_id', gen_random_uuid()::text, true),
       set_config('pghistory.context_metadata', %s, true), moment.at
  FROM ({MOMENT}) moment
"""  # noqa: S608 - built from constants


def introduce(actor: Actor) -> datetime:
    """Tells the database who acts in this transaction and returns the domain's now. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(INTRODUCE, settings_of(actor))
        moment: datetime = cursor.fetchone()[-1]
    return moment


def settings_of(actor: Actor) -> list[str]:
    """What ``INTRODUCE`` tells the database, in its order; empty for what an actor has not."""
    ids = (
        actor.organization_id,
        actor.member_id,
        actor.client_id,
        actor.referral_id,
        actor.link_id,
        actor.application_id,
    )
    return [str(actor.kind), *(str(value or "") for value in ids), context_of(actor)]


def context_of(actor: Actor) -> str:
    """Who acts and in which request, as histories keep it: ids only. A token's caller says the same in its own statement."""
    known = {
        "kind": actor.kind,
        "organization_id": actor.organization_id,
        "member_id": actor.member_id,
        "role_ids": sorted(str(role_id) for role_id in actor.role_ids),
        "application_id": actor.application_id,
        "client_id": actor.client_id,
        "referral_id": actor.referral_id,
        "link_id": actor.link_id,
        "request_id": request_ids.current(),
    }
    return json.dumps({name: value for name, value in known.items() if value}, default=str)


@contextmanager
def unit_of_work(enter: Callable[[], tuple[Actor, datetime]]) -> Iterator[Actor]:
    """A transaction that begins with ``enter``: it tells the database who acts, and returns that and the domain's now."""
    with transaction.atomic():
        actor, moment = enter()
        token = _actor.set(actor)
        try:
            with clock.fixed_at(moment):
                yield actor
        finally:
            _actor.reset(token)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """A transaction in which the database sees rows as this actor may."""
    with unit_of_work(lambda: (actor, introduce(actor))):
        yield


def current_actor() -> Actor:
    """Who acts in this unit of work; for logs and records, never for decisions."""
    return _actor.get()
