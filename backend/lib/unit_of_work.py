"""One unit of work: one transaction, one actor the database knows, one moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.db import connection, transaction

from backend.lib import clock
from backend.lib.actor import ANONYMOUS, Actor

_actor: ContextVar[Actor] = ContextVar("actor", default=ANONYMOUS)

# The settings are local to the transaction; app.now is the domain's clock, moved in a sandbox.
INTRODUCE = """
SELECT set_config('app.kind', %s, true), set_config('app.organization', %s, true), set_config('app.member', %s, true),
       set_config('app.client', %s, true), set_config('app.referral', %s, true), set_config('app.link', %s, true),
       set_config('app.now', moment.at::text, true), moment.at
  FROM (SELECT clock_timestamp() + coalesce((SELECT moved_by FROM audit_movedclock), interval '0') AS at) moment
"""


def introduce(actor: Actor) -> datetime:
    """Tells the database who acts in this transaction and returns the domain's now. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            INTRODUCE,
            [
                str(actor.kind),
                *(
                    str(value or "")
                    for value in (
                        actor.organization_id,
                        actor.member_id,
                        actor.client_id,
                        actor.referral_id,
                        actor.link_id,
                    )
                ),
            ],
        )
        moment: datetime = cursor.fetchone()[-1]
    return moment


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """A transaction in which the database sees rows as this actor may."""
    with transaction.atomic():
        moment = introduce(actor)
        token = _actor.set(actor)
        try:
            with clock.fixed_at(moment):
                yield
        finally:
            _actor.reset(token)


def current_actor() -> Actor:
    """Who acts in this unit of work; for logs and records, never for decisions."""
    return _actor.get()
