"""When two records are one person: a link across clinics, a merge inside one; both can be undone."""

from dataclasses import dataclass
from uuid import UUID

from backend.audit.events import record
from backend.clients.models import Client, ClientIdentifier, Consent, Hold, Precaution, Registration, Representative
from backend.clients.policies import WORKS, refuse_unless, works_with_clients
from backend.clients.queries import ask_guard
from backend.clients.services.taking import changed, is_home, own_client, refuse_who_only_reads
from backend.lib.actor import Actor
from backend.lib.ids import uuid7
from backend.lib.problems import Conflict, NotFound, invalid

COMPARED = (
    "family_name",
    "given_name",
    "birth_date",
    "gender",
    "email",
    "phone",
    "address",
    "city",
    "region",
    "postal_code",
)


def link_client(client_id: UUID, *, actor: Actor, own_client_id: UUID) -> Registration:
    """The client of a received referral is this client of ours. Opens nothing by itself; only our clinic sees it."""
    refuse_unless(works_with_clients(actor), WORKS)
    own = own_client(actor, own_client_id)
    refuse_who_only_reads(actor, client_id)
    if client_id == own.pk or is_home(actor, client_id):
        raise invalid("/own_client_id", "This client is your own already; merge two records of your own instead.")
    if Registration.objects.visible_to(actor).filter(client_id=client_id, ended_at=None).exists():
        raise Conflict("This client is linked already; undo that link first.", code="already_linked")
    link_id = uuid7()
    ask_guard("SELECT link_client(%s, %s, %s)", [link_id, client_id, own.pk])
    link = Registration.objects.visible_to(actor).get(pk=link_id)
    record(
        "client.linked",
        subject=Client(pk=client_id),
        actor=actor,
        organizations=[actor.organization_id],
        client_id=client_id,
        related={"own_client_id": str(own.pk)},
    )
    return link


def unlink_client(client_id: UUID, *, actor: Actor, organization_id: UUID | None = None) -> None:
    """Takes a link back: one's own, or as the home clinic that of another organization.

    Home gets the same answer whether or not there was a link: nobody learns where a person was known before.
    """
    refuse_unless(works_with_clients(actor), WORKS)
    refuse_who_only_reads(actor, client_id)
    linked_at = organization_id or actor.organization_id
    if linked_at != actor.organization_id:
        own_client(actor, client_id)
    undone = ask_guard("SELECT unlink_client(%s, %s)", [client_id, linked_at])
    if not undone and linked_at == actor.organization_id:
        raise Conflict("This client is not linked to one of yours.", code="not_linked")
    if undone:
        record(
            "client.unlinked",
            subject=Client(pk=client_id),
            actor=actor,
            organizations=[linked_at],
            client_id=client_id,
        )


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What a merge would do: what comes along, and where the two records say different things."""

    old: Client
    survivor: Client
    comes_along: dict[str, int]
    differences: dict[str, tuple[object, object]]


def preview_merge(client_id: UUID, *, actor: Actor, into: UUID) -> MergePreview:
    """Looks, and changes nothing."""
    old, survivor = _both(client_id, into, actor)
    hanging = (
        ("identifiers", ClientIdentifier.objects),
        ("consents", Consent.objects),
        ("precautions", Precaution.objects),
        ("holds", Hold.objects),
        ("representatives", Representative.objects),
    )
    return MergePreview(
        old,
        survivor,
        {name: rows.visible_to(actor).filter(client_id=old.pk).count() for name, rows in hanging},
        {
            name: (getattr(old, name), getattr(survivor, name))
            for name in COMPARED
            if getattr(old, name) and getattr(old, name) != getattr(survivor, name)
        },
    )


def merge_clients(client_id: UUID, *, actor: Actor, into: UUID) -> Client:
    """Two records of one's own clinic become one: the old id answers with the surviving record from now on.

    No row moves, so that undoing is exact, and whoever was sent the old record keeps what they had.
    """
    old, survivor = _both(client_id, into, actor)
    old.merged_into = survivor
    changed(old, "merged_into")
    changed(survivor)
    _tell("client.merged", old, survivor, actor)
    return survivor


def undo_merge(client_id: UUID, *, actor: Actor) -> Client:
    """The two records are two again; ``client_id`` is the old one's."""
    old = Client.objects.visible_to(actor).locked().one(client_id)
    refuse_unless(works_with_clients(actor), WORKS)
    refuse_unless(is_home(actor, old.pk), "Only the clinic that registered it undoes this.", code="not_home")
    if old.merged_into is None:
        raise Conflict("This record was not merged into another.", code="not_merged")
    survivor = old.merged_into
    old.merged_into = None
    changed(old, "merged_into")
    changed(survivor)
    _tell("client.unmerged", old, survivor, actor)
    return old


def _both(client_id: UUID, into: UUID, actor: Actor) -> tuple[Client, Client]:
    """Both records locked in the order of their ids, so that two merges the other way round do not block each other."""
    rows = {
        row.pk: row for row in Client.objects.visible_to(actor).filter(pk__in=[client_id, into]).order_by("pk").locked()
    }
    if client_id not in rows:
        raise NotFound
    refuse_unless(works_with_clients(actor), WORKS)
    refuse_unless(is_home(actor, client_id), "Only clients of your own clinic can be merged.", code="not_home")
    if into not in rows or into == client_id or not is_home(actor, into):
        raise invalid("/into", "Name another client that your clinic registered.")
    old, survivor = rows[client_id], rows[into]
    if old.merged_into_id or survivor.merged_into_id:
        raise Conflict("One of these records became part of another already.", code="already_merged")
    if (old.status == Client.Status.DECEASED) != (survivor.status == Client.Status.DECEASED):
        raise Conflict(
            "Of one of these records a death is recorded: record it of the other one too, or take it back, then merge.",
            code="client_deceased",
        )
    if Client.objects.visible_to(actor).filter(merged_into=old).exists():
        raise Conflict(
            "Other records became part of this one; merge the other way round, or undo those merges first.",
            code="has_merged",
        )
    return old, survivor


def _tell(type: str, old: Client, survivor: Client, actor: Actor) -> None:
    record(
        type,
        subject=survivor,
        actor=actor,
        organizations=[actor.organization_id],
        client_id=survivor.pk,
        related={"merged_id": str(old.pk)},
    )
