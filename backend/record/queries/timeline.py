"""The timeline of one client across clinics: a page of it is one statement over the scoped rows of every app."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from backend.audit.access_log import Look, log_looks
from backend.clients.models import Client
from backend.clients.policies import is_only_auditor
from backend.clients.queries import log_reads
from backend.lib.actor import Actor
from backend.lib.prepared import Prepared
from backend.lib.rest.pages import Keyset
from backend.record.moments import MOMENTS, Moment

ORDER = ("-happened_at", "-item_id", "-what")
Row = Mapping[str, Any]


def timeline(
    actor: Actor, clients: Sequence[UUID], *, kinds: Sequence[str] = (), narrowed: Q, keyset: Keyset
) -> list[dict[str, Any]]:
    """A page of what happened to a client, and to the records that became part of them, in one statement."""
    moments = tuple(m for m in MOMENTS if m.thing.is_for(actor) and (not kinds or m.thing.kind in kinds))
    if not moments:
        return []
    if keyset.is_usual and not narrowed and len(clients) == 1:
        return _first_page(moments, keyset).rows(actor, client_id=clients[0])
    return list(_page(actor, clients, moments=moments, narrowed=narrowed, keyset=keyset))


@cache
def _first_page(moments: Sequence[Moment], keyset: Keyset) -> Prepared:
    def build(actor: Actor, *, client_id: UUID) -> QuerySet[Any, dict[str, Any]]:
        return _page(actor, [client_id], moments=moments, narrowed=Q(), keyset=keyset)

    return Prepared(build)


def _page(
    actor: Actor, clients: Sequence[UUID], *, moments: Sequence[Moment], narrowed: Q, keyset: Keyset
) -> QuerySet[Any, dict[str, Any]]:
    """Each kind is read only as far as the page needs; the page is the newest of them all."""
    first, *more = [keyset.of(moment.rows(actor, clients).filter(narrowed)) for moment in moments]
    if not more:
        return first
    order = [F(name).desc() if down else F(name).asc() for name, down in keyset.columns]
    return first.union(*more, all=True).order_by(*order)[: keyset.most]


def narrowed_to(*, discipline: str = "", organization_id: UUID | None = None, since: Any = None) -> Q:
    """What a timeline was asked for besides kinds."""
    wanted = Q()
    if discipline:
        wanted &= Q(of_discipline=discipline)
    if organization_id:
        wanted &= Q(of_organization=organization_id)
    if since:
        wanted &= Q(happened_at__gte=since)
    return wanted


def log_shown(actor: Actor, client: Client, shown: Iterable[Row]) -> None:
    """Writes who looked: at the client of another clinic, and at each note, plan and referral of one that was shown."""
    log_reads(actor, [client], subject_type="timeline")
    looks = [look for row in shown if (look := _look_at(row, actor, client.pk))]
    log_looks(actor, dict.fromkeys(looks))


def _look_at(row: Row, actor: Actor, client_id: UUID) -> Look | None:
    kind, facts = row["item_kind"], row["facts"]
    owner = UUID(facts["sender"]) if "sender" in facts else row["of_organization"]
    if owner == actor.organization_id and not is_only_auditor(actor):
        return None
    within = row["within_id"] or row["item_id"]
    if kind == "note":
        why = facts["opened_by"] if owner != actor.organization_id else "own"
        return Look("note", row["item_id"], client_id, owner, why=why)
    if kind in ("referral", "report", "message"):
        return Look("referral", within, client_id, owner, why="referral")
    return Look("care_plan", within, client_id, owner, why="care_team") if kind in ("plan", "proposal") else None
