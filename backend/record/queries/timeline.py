"""The timeline of one client across clinics: a page of it is one statement over the scoped rows of every app."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from backend.audit.access_log import Look, log_looks
from backend.clients.models import Client
from backend.clients.queries import log_reads_of_person
from backend.lib.actor import Actor
from backend.lib.prepared import Prepared
from backend.lib.rest.pages import LIMIT, Keyset
from backend.notes.queries import is_left_behind
from backend.record.moments import MOMENTS, TOGETHER, Moment

ORDER = ("-happened_at", "-of_row", "-what")
AFTER = ("after_happened_at", "after_of_row", "after_what")
FILTERS = {"discipline": "of_discipline", "organization_id": "of_organization", "since": "happened_at__gte"}
ON_A_PAGE = 20
Row = Mapping[str, Any]


def timeline(
    actor: Actor, clients: Sequence[UUID], *, kinds: Sequence[str] = (), wanted: Mapping[str, Any], keyset: Keyset
) -> list[dict[str, Any]]:
    """A page of what happened to a client under any of these records, in one statement.

    ``wanted`` narrows it: to a ``discipline``, to an ``organization_id``, to what happened ``since``.
    """
    moments = tuple(m for m in MOMENTS if m.thing.is_for(actor) and (not kinds or m.thing.kind in kinds))
    if not moments:
        return []
    if len(clients) == 1 and _is_usual(kinds, wanted, keyset):
        prepared = _prepared(moments, tuple(wanted), keyset.columns, keyset.most, keyset.after is not None)
        return prepared.rows(actor, client_id=clients[0], **wanted, **_named(keyset.after or ()))
    return list(_page(actor, clients, moments=moments, wanted=wanted, keyset=keyset))


def _is_usual(kinds: Sequence[str], wanted: Mapping[str, Any], keyset: Keyset) -> bool:
    """What nearly everybody asks for; each of these is planned once and kept, so there are few of them."""
    together = len(kinds) <= 1 or tuple(kinds) in TOGETHER.values()
    return together and set(wanted) <= {"discipline"} and keyset.most in (LIMIT + 1, ON_A_PAGE + 1)


@cache
def _prepared(
    moments: Sequence[Moment], wanted: Sequence[str], columns: tuple[tuple[str, bool], ...], most: int, goes_on: bool
) -> Prepared:
    def build(actor: Actor, *, client_id: UUID, **values: Any) -> QuerySet[Any, dict[str, Any]]:
        after = tuple(values[name] for name in AFTER) if goes_on else None
        narrowed = {name: values[name] for name in wanted}
        keyset = Keyset(columns, after, most)
        return _page(actor, [client_id], moments=moments, wanted=narrowed, keyset=keyset)

    return Prepared(build)


def _named(after: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(AFTER, after, strict=False))


def _page(
    actor: Actor, clients: Sequence[UUID], *, moments: Sequence[Moment], wanted: Mapping[str, Any], keyset: Keyset
) -> QuerySet[Any, dict[str, Any]]:
    """Each kind is read only as far as the page needs; the page is the newest of them all."""
    narrowed = Q(**{FILTERS[name]: value for name, value in wanted.items()})
    first, *more = [keyset.of(moment.rows(actor, clients).filter(narrowed)) for moment in moments]
    if not more:
        return first
    order = [F(name).desc() if down else F(name).asc() for name, down in keyset.columns]
    return first.union(*more, all=True).order_by(*order)[: keyset.most]


def log_shown(actor: Actor, client: Client, records: Iterable[UUID], shown: Iterable[Row]) -> None:
    """Writes who looked: at the client of another clinic, and at what of it."""
    log_reads_of_person(actor, client, records, subject_type="timeline")
    log_things(actor, shown)


def log_things(actor: Actor, shown: Iterable[Row]) -> None:
    """The notes, plans and referrals of other clinics among what was shown, once each; an auditor's look always."""
    looks = [look for row in shown if (look := _look_at(row, actor))]
    log_looks(actor, dict.fromkeys(looks))


def _look_at(row: Row, actor: Actor) -> Look | None:
    kind, facts, client_id = row["item_kind"], row["facts"], row["of_client"]
    owner = UUID(facts["sender"]) if "sender" in facts else row["of_organization"]
    is_own = owner == actor.organization_id and not (kind == "note" and is_left_behind(facts, actor))
    if is_own and not actor.reads_as_auditor:
        return None
    within = row["within_id"] or row["item_id"]
    if kind == "note":
        why = facts["opened_by"] if owner != actor.organization_id else "own"
        return Look("note", row["item_id"], client_id, owner, why=why)
    if kind in ("referral", "report", "message"):
        return Look("referral", within, client_id, owner, why="referral")
    return Look("care_plan", within, client_id, owner, why="care_team") if kind in ("plan", "proposal") else None
