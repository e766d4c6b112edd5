"""History: what every change of a tracked row left behind, written by a trigger, with who made it in which request.

A tracked model has a second one beside it, ``GoalChange`` for ``Goal``: its row after each change, or before it was
removed. Only triggers write there, as the guard; nobody changes or removes what they wrote.
"""

from collections.abc import Callable
from typing import Any, Self, TypeVar

import pghistory
import pgtrigger
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Exists, Func, OuterRef
from pghistory.models import Event
from pghistory.trigger import Event as EventTrigger
from pgtrigger.compiler import Trigger, UpsertTriggerSql

from backend.lib.actor import Actor
from backend.lib.database_roles import GUARD
from backend.lib.querysets import ScopedQuerySet

M = TypeVar("M", bound=models.Model)
# What every change of a row, or of one under it, moves: alone it says nothing.
BOOKKEEPING = ("version", "updated_at", "changed_by")


class HistoryQuerySet(ScopedQuerySet[M]):
    """The history of a row is read by whoever may read the row as it is now."""

    def visible_to(self, actor: Actor) -> Self:
        tracked: Any = self.model
        row = tracked.pgh_tracked_model.objects.visible_to(actor).filter(pk=OuterRef("pgh_obj_id"))
        return self.filter(Exists(row))


class DomainNow(Func):
    """The database's ``domain_now()``: a sandbox's clock moves it."""

    function = "domain_now"
    output_field = models.DateTimeField()


class Change(Event):
    """What a history holds beside the row: when, in real time and in the domain's, what was done, by whom."""

    pgh_id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)  # type: ignore[assignment]  # a number
    pgh_moment = models.DateTimeField(db_default=DomainNow(), editable=False)

    class Meta:
        abstract = True


class GuardedTriggerSql(UpsertTriggerSql):
    """Writes with the guard's rights, so that the app needs none; and no setting of a session makes it skip a row.

    The migrations keep what goes in here. Changing the text changes what they made on a new database only.
    """

    def get_template(self) -> str:
        return f"""
            CREATE OR REPLACE FUNCTION {{pgid}}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = pg_catalog, public AS $$ BEGIN {{func}} END $$;
            ALTER FUNCTION {{pgid}}() OWNER TO {GUARD};
            REVOKE ALL ON FUNCTION {{pgid}}() FROM PUBLIC;
            DROP TRIGGER IF EXISTS {{pgid}} ON {{table}};
            CREATE TRIGGER {{pgid}} {{when}} {{operation}} ON {{table}} FOR EACH {{level}} {{condition}} EXECUTE FUNCTION {{execute}};
            COMMENT ON TRIGGER {{pgid}} ON {{table}} IS '{{hash}}';
        """


class HistoryTrigger(EventTrigger):
    def compile(self, model: Any) -> Trigger:
        usual = super().compile(model)
        return Trigger(name=usual.name, sql=GuardedTriggerSql(**usual.sql.kwargs))


class _Guarded(pghistory.RowEvent):
    def add_event_trigger(self, event_model: Any) -> None:
        trigger = HistoryTrigger(  # type: ignore[no-untyped-call]  # EventTrigger says no types
            event_model=event_model,
            label=self.label,
            name=self.trigger_name,
            row=self.row,
            operation=self.operation,
            condition=self.condition,
            level=pgtrigger.Row,
        )
        pgtrigger.register(trigger)(event_model.pgh_tracked_model)


class _Created(_Guarded, pghistory.InsertEvent):
    label = "created"


class _Changed(_Guarded, pghistory.UpdateEvent):
    label = "changed"


class _Removed(_Guarded, pghistory.DeleteEvent):
    label = "removed"


def tracked(queryset: type[ScopedQuerySet[Any]] = HistoryQuerySet, *, within: str = "") -> Callable[[type[M]], type[M]]:
    """Keeps a model's history. ``queryset`` says who reads it; ``within`` names the field whose whole history is read."""

    def track(model: type[M]) -> type[M]:
        fields = model._meta.concrete_fields
        made = [field.name for field in fields if field.generated]  # by PostgreSQL, from what is kept anyway
        told = [field.name for field in fields if field.name not in (*BOOKKEEPING, *made)]
        name = model.__name__.lower()
        indexes = [models.Index(fields=["pgh_obj", "-pgh_created_at"], name=f"{name}_history")]
        if within:
            indexes.append(models.Index(fields=[within, "-pgh_created_at"], name=f"{name}_history_within"))
        keep = pghistory.track(
            _Created(),
            _Changed(condition=pgtrigger.AnyChange(*told)),
            _Removed(),
            exclude=["id", *made],
            obj_field=pghistory.ObjForeignKey(related_name="+"),
            context_field=pghistory.ContextJSONField(),
            context_id_field=pghistory.ContextUUIDField(),
            base_model=Change,
            attrs={"objects": queryset.as_manager()},
            meta={"indexes": indexes},
        )
        kept: type[M] = keep(model)
        return kept

    return track


def history_of(model: type[models.Model]) -> Any:
    """The model that holds the history of a tracked one."""
    return model.pgh_event_model  # type: ignore[attr-defined]  # set when the model is tracked
