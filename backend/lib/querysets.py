"""The one door to rows about clients: scoped, locked when writing, 404 when not yours."""

from typing import Any, Self, TypeVar
from uuid import UUID

from django.db import models

from backend.lib.actor import Actor
from backend.lib.problems import NotFound

M = TypeVar("M", bound=models.Model)


class ScopedQuerySet(models.QuerySet[M]):
    """A queryset whose rows are reached through ``visible_to(actor)``.

    A subclass says in ``visible_to`` which rows an actor may see, with ``WHERE`` and ``EXISTS`` only, so that locking,
    update and count work on the result. PostgreSQL's row policies say the same a second time.
    """

    def visible_to(self, actor: Actor) -> Self:
        raise TypeError(f"{type(self).__name__} does not say what {actor.kind} may see.")

    def locked(self) -> Self:
        # no_key: foreign keys to this row may still be inserted while it is locked
        return self.select_for_update(of=("self",), no_key=True)

    def one(self, pk: UUID | str | Any) -> M:
        """The row with this id, or 404 as for a random id."""
        found = self.filter(pk=id_or_404(pk)).first()
        if found is None:
            raise NotFound
        return found


def id_or_404(pk: UUID | str | Any) -> UUID:
    """What cannot be an id is answered like a random one."""
    try:
        return UUID(str(pk))
    except ValueError as error:
        raise NotFound from error
