"""record(): the only way to write an event, in the transaction of the change it tells of."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from backend.audit import reactions, work
from backend.audit.models import Event
from backend.lib import clock, request_ids
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.prepared import insert


class Subject(Protocol):
    """A row that events tell of."""

    @property
    def pk(self) -> Any: ...
    @property
    def _meta(self) -> Any: ...


def record(
    type: str,
    *,
    subject: Subject,
    actor: Actor,
    organizations: Iterable[UUID | None],
    client_id: UUID | None = None,
    related: Mapping[str, str] | None = None,
    role_id: UUID | None = None,
    occurred_at: datetime | None = None,
    always: bool = False,
) -> UUID:
    """Writes one event, with a copy for each organization it concerns, and queues what reacts to it.

    ``related`` holds ids, codes and hashes. ``always`` marks the few events that are delivered although the subject can no
    longer be seen (``access.ended``, ``consent.withdrawn`` …). Returns the id that all copies share.
    """
    change_id = uuid7()
    moment = clock.now()
    copies = [
        Event(
            change_id=change_id,
            organization_id=organization_id,
            type=type,
            subject_type=subject._meta.model_name,
            subject_id=subject.pk,
            subject_version=getattr(subject, "version", 1),
            client_id=client_id,
            related=dict(related or {}),
            actor_kind=str(actor.kind),
            actor_role_id=role_id or next(iter(actor.role_ids), None),
            actor_member_id=actor.member_id,
            actor_application_id=actor.application_id,
            request_id=request_ids.current(),
            always=always,
            occurred_at=occurred_at or moment,
            recorded_at=moment,
        )
        for organization_id in sorted({o for o in organizations if o}, key=str)
    ]
    insert(*copies)
    wanted = [copy for copy in copies if reactions.wanted(type)]
    if wanted:
        work.queue_all("react", [(copy.id, copy.organization_id) for copy in wanted], due_at=moment)
    return change_id
