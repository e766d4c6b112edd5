"""Reading referrals: the list and the one, each in one statement whose children PostgreSQL makes into JSON."""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    CharField,
    Count,
    Exists,
    F,
    Func,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Concat, JSONObject

from backend.audit.access_log import Look, log_looks
from backend.catalog.queries import catalog
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.prepared import Prepared
from backend.lib.problems import NotFound
from backend.lib.querysets import id_or_404
from backend.lib.rest.fields import utc
from backend.lib.rest.pages import Keyset
from backend.lib.rest.transitions import fields_of, offered
from backend.referrals import policies
from backend.referrals import workflow as w
from backend.referrals.inputs import Details
from backend.referrals.models import (
    Attachment,
    ContactAttempt,
    Guest,
    Message,
    OfferedTime,
    Package,
    Referral,
    ReferralQuerySet,
    ReferralVisit,
    Report,
    Step,
)
from backend.referrals.models.content import CanBeInError
from backend.referrals.workflow import WORKFLOW

SENDERS_MOVE = [name for name, state in w.STATES.items() if state.mover == w.SENDER and name != w.DRAFT]
RECIPIENTS_MOVE = [name for name, state in w.STATES.items() if state.mover == w.RECIPIENT]
CLIENTS_MOVE = [name for name, state in w.STATES.items() if state.mover == w.CLIENT]
BOXES = ("ours", "theirs", "client", "deciding", "drafts", "closed")


class Utc(Func):
    """A time inside JSON, as the contract writes times."""

    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    output_field = CharField()


def name_of(prefix: str) -> Concat:
    return Concat(F(f"{prefix}__practitioner__given_name"), Value(" "), F(f"{prefix}__practitioner__family_name"))


# What a list needs; the workflow's rules ask these too.
ENVELOPE = (
    "id", "version", "state", "kind", "priority", "transfer", "discipline", "regions", "technique_ids", "recipient_kind",
    "pool_near", "client_id", "sender_organization_id", "sender_role_id", "recipient_organization_id", "recipient_role_id",
    "due_at", "reminders", "release_until", "return_count", "unread_reports", "sent_at", "delivered_at", "opened_at", "created_at", "updated_at",
)  # fmt: skip
REST = (
    "sender_identifier", "recipient_identifier", "order_number", "order_by", "order_visits", "order_until", "review_on", "no_show_count",
    "accepted_at", "first_seen_at", "closed_how", "redirected_to_id", "converted_to_id",
)  # fmt: skip


def rows(actor: Actor) -> "QuerySet[Referral, dict[str, Any]]":
    """Every referral the actor sees, with what a list shows."""
    visible = Referral.objects.visible_to(actor)
    found: QuerySet[Referral, dict[str, Any]] = with_extras(visible, actor, SHORT_PACKAGE).values(
        *ENVELOPE, *LIST_EXTRAS
    )
    return found


def listed(actor: Actor, box: str | None, narrowed: Q, keyset: Keyset) -> list[dict[str, Any]]:
    """A page of a box, or of everything the actor sees, in one statement."""
    if keyset.is_usual and not narrowed:
        return _first_page(box, keyset).rows(actor)
    return list(_page(actor, box=box, keyset=keyset, narrowed=narrowed))


@cache
def _first_page(box: str | None, keyset: Keyset) -> Prepared:
    return Prepared(partial(_page, box=box, keyset=keyset, narrowed=Q()))


def _page(actor: Actor, *, box: str | None, keyset: Keyset, narrowed: Q) -> "QuerySet[Referral, dict[str, Any]]":
    """Each part is read from an index of its own, only as far as the page needs, whatever waits behind it."""
    parts = [keyset.of(part.filter(narrowed).values("pk")) for part in _parts(actor, box)]
    firsts = Referral.objects.filter(pk__in=parts[0].union(*parts[1:], all=True) if parts[1:] else parts[0])
    return keyset.of(with_extras(firsts, actor, SHORT_PACKAGE).values(*ENVELOPE, *LIST_EXTRAS))


def _parts(actor: Actor, box: str | None) -> list[ReferralQuerySet]:
    """A side's own condition says already that the actor sees it; only a pool's referral asks more."""
    found, visible, mine = Referral.objects.all(), Referral.objects.visible_to(actor), actor.organization_id
    if not actor.is_staff or box not in ("ours", None):
        return [visible.filter(in_box(actor, box) if box else Q())]
    if box == "ours":
        its_moves, pools, to_read = _ours(actor)
        return [found.filter(its_moves), visible.filter(pools), found.filter(to_read)]
    received = Q(recipient_organization_id=mine, sent_at__isnull=False)
    return [found.filter(sender_organization_id=mine), found.filter(received), visible.filter(_open_pool(actor))]


def with_extras(found: ReferralQuerySet, actor: Actor, package: JSONObject) -> ReferralQuerySet:
    """Names, counts and the package, which is there exactly when its content is open to the actor."""
    opened = Package.objects.visible_to(actor).filter(pk=OuterRef("pk"))
    return found.annotate(
        sender_name=F("sender_organization__name"),
        sender_person=name_of("sender_role"),
        sender_discipline=F("sender_role__discipline"),
        recipient_name=F("recipient_organization__name"),
        recipient_person=name_of("recipient_role"),
        recipient_left=F("recipient_role__ended_at"),
        guest_data=Subquery(Guest.objects.filter(pk=OuterRef("pk")).values(data=GUEST)),
        package_data=Subquery(opened.values(data=package)),
    )


GUEST = JSONObject(
    name="name", discipline="discipline", email="email", attested_name="attested_name", attested_clinic="attested_clinic",
    license_kind="license_kind", license_number="license_number", license_place="license_place",
    attested_at=Utc("attested_at"), bounced_at=Utc("bounced_at"),
)  # fmt: skip
SHORT_PACKAGE = JSONObject(client=JSONObject(display=KT("client__display")), reason="reason", question="question")
WHOLE_PACKAGE = JSONObject(
    client="client", reason="reason", question="question", red_flags="red_flags", precautions="precautions",
    findings="findings", scores="scores", tried="tried", goals="goals", feedback_wanted="feedback_wanted",
)  # fmt: skip
LIST_EXTRAS = (
    "sender_name", "sender_person", "sender_discipline", "recipient_name", "recipient_person", "recipient_left", "guest_data",
    "package_data",
)  # fmt: skip
STEP = JSONObject(
    name="name", **{"from": F("from_state")}, to="to_state", party="party", by="by", at=Utc("recorded_at"),
    occurred_at=Utc("occurred_at"), recorded_at=Utc("recorded_at"), reason="reason", manner="manner",
    on_behalf_of="on_behalf_of_id", application_id="application_id",
)  # fmt: skip
VISIT = JSONObject(
    id="visit_id", starts_at=Utc("visit__starts_at"), ends_at=Utc("visit__ends_at"), time_zone="visit__time_zone",
    state="visit__state", is_current="is_current",
)  # fmt: skip
OFFER = JSONObject(id="id", starts_at=Utc("starts_at"), ends_at=Utc("ends_at"), time_zone="time_zone")
ATTEMPT = JSONObject(channel="channel", outcome="outcome", by="by", at=Utc("at"))
UNREAD = JSONObject(
    id="id",
    is_final="is_final",
    received_at=Utc("received_at"),
    read_due_at=Utc("read_due_at"),
    has_red_flag="has_red_flag",
)
FILE = JSONObject(id="id", name="name", media_type="media_type", size="size", sha256="sha256")


def children(model: Any, shape: JSONObject, *order: str, **filters: Any) -> ArraySubquery:
    found = model.objects.filter(referral_id=OuterRef("pk"), **filters).order_by(*order)
    return ArraySubquery(found.values(data=shape)[:100])


def one_row(referral_id: UUID | str, actor: Actor) -> dict[str, Any]:
    """One referral with everything a page shows, in one statement; 404 when it is not the actor's to see."""
    for row in ONE.rows(actor, pk=id_or_404(referral_id)):
        return row
    raise NotFound


def _one(actor: Actor, *, pk: UUID) -> "QuerySet[Referral, dict[str, Any]]":
    came_from = Referral.objects.filter(Q(redirected_to=OuterRef("pk")) | Q(converted_to=OuterRef("pk")))
    found = with_extras(Referral.objects.visible_to(actor).filter(pk=pk), actor, WHOLE_PACKAGE)
    whole: QuerySet[Referral, dict[str, Any]] = found.annotate(
        came_from=Subquery(came_from.values("id")[:1]),
        suggested_person=name_of("suggested_role"),
        step_list=children(Step, STEP, "recorded_at", "id"),
        visit_list=children(ReferralVisit, VISIT, "visit__starts_at"),
        offer_list=children(OfferedTime, OFFER, "starts_at", is_open=True),
        attempt_list=children(ContactAttempt, ATTEMPT, "at"),
        unread_list=children(Report, UNREAD, "received_at", read_at=None, in_error_at=None),
        file_list=children(Attachment, FILE, "created_at", report=None),
    ).values(
        *ENVELOPE, *REST, *LIST_EXTRAS, "came_from", "suggested_role_id", "suggested_person",
        "step_list", "visit_list", "offer_list", "attempt_list", "unread_list", "file_list",
    )  # fmt: skip
    return whole


ONE = Prepared(_one)


def is_unopened(row: Mapping[str, Any], actor: Actor) -> bool:
    """Whether nobody of the reader's clinic, to which it was sent, has opened it yet."""
    return row["opened_at"] is None and row["recipient_organization_id"] == actor.organization_id


def log_shown(actor: Actor, shown: Iterable[Mapping[str, Any]]) -> None:
    """Writes who looked: one row per client of another clinic whose content was shown; an auditor's look always."""
    audits = policies.is_only_auditor(actor)
    log_looks(
        actor,
        [
            Look("referral", row["id"], row["client_id"], row["sender_organization_id"], why="referral")
            for row in shown
            if row["client_id"]
            and row["package_data"]
            and (audits or row["sender_organization_id"] != actor.organization_id)
        ],
    )


def ours(actor: Actor) -> Q:
    """What waits for this organization: its moves, open pools, and interim reports to read."""
    its_moves, pools, to_read = _ours(actor)
    return its_moves | pools | to_read


def _ours(actor: Actor) -> tuple[Q, Q, Q]:
    mine = actor.organization_id
    return (
        Q(mover_organization_id=mine),
        _open_pool(actor),
        Q(sender_organization_id=mine, state=w.IN_CARE, unread_reports__gt=0),
    )


def _open_pool(actor: Actor) -> Q:
    """Pools' referrals that nobody took yet; which of them the organization sees is said by ``visible_to``."""
    others = ~Q(sender_organization_id=actor.organization_id)
    return Q(recipient_kind="pool", recipient_organization=None, state=w.SENT) & others


def in_box(actor: Actor, box: str) -> Q:
    """The inbox's tabs: by whose move it is."""
    if box == "ours":
        return ours(actor)
    if box == "theirs":
        return Q(state__in=[*SENDERS_MOVE, *RECIPIENTS_MOVE]) & ~ours(actor)
    if box == "client":
        return Q(state__in=CLIENTS_MOVE)
    if box == "deciding":
        return Q(state__in=w.DECIDING, sender_organization_id=actor.organization_id)
    if box == "drafts":
        return Q(state=w.DRAFT)
    return Q(state__in=list(w.FINISHED))


# --- from a row to what the caller reads ---------------------------------------------------------------------------


class _Envelope:
    """A row's envelope as the workflow's rules read it."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.__dict__.update(row)
        self.is_pool = row["recipient_kind"] == "pool"
        self.is_guest = row["recipient_kind"] == "guest"
        self.is_advice = row["kind"] == "advice"
        self.recipient_role = SimpleNamespace(ended_at=row["recipient_left"]) if row["recipient_role_id"] else None


def parties(row: Mapping[str, Any], actor: Actor) -> set[str]:
    return policies.parties_of(actor, _Envelope(row))  # type: ignore[arg-type]  # has every attribute that is asked


def available(row: Mapping[str, Any], actor: Actor) -> list[dict[str, Any]]:
    """The transitions the caller can make now, for buttons and integrators."""
    sides = parties(row, actor)
    rights = actor.rights if actor.kind == ActorKind.MEMBER else None
    subject: Any = _Envelope(row)
    if subject.is_guest and w.SENDER in sides:
        sides = sides | {w.RECIPIENT}  # the sender's staff may record an answer that came by phone, fax or letter
    steps = WORKFLOW.available(subject, sides, rights)
    unread = row["unread_reports"]
    return [
        offered(s, policies.party_for(s, sides), Details)
        for s in steps
        if (s.name != "read_report" or unread) and (s.name != "assign" or actor.kind != ActorKind.GUEST)
    ]


def label(pk: Any, display: Any) -> dict[str, Any] | None:
    return {"id": str(pk), "display": display} if pk else None


def moment(value: Any) -> str | None:
    return utc(value) if value else None


def summary(row: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """What lists show, and the beginning of what one referral shows."""
    sides = parties(row, actor)
    state = w.STATES[row["state"]]
    withheld: list[str] = []
    package = row["package_data"] if policies.may_read_content(actor) or actor.kind != ActorKind.MEMBER else None
    is_pool_glance = w.POOL in sides and row["recipient_organization_id"] != actor.organization_id
    body: dict[str, Any] = {
        "id": str(row["id"]),
        "version": row["version"],
        "state": row["state"],
        "state_group": w.state_group(row["state"], sides),
        "whose_move": state.mover,
        "due_at": moment(row["due_at"]),
        "is_overdue": row["due_at"] is not None and row["due_at"] < clock.now(),
        "kind": row["kind"],
        "priority": row["priority"],
        "discipline": row["discipline"],
        "regions": row["regions"],
        "technique_ids": row["technique_ids"],
        "created_at": moment(row["created_at"]),
        "updated_at": moment(row["updated_at"]),
    }
    if is_pool_glance:
        body["recipient"] = _recipient(row)
        body["withheld"] = ["client", "sender", "package", "history", "identifiers", "tracking"]
        return body
    body |= {
        "transfer": row["transfer"],
        "sender": {
            "organization": label(row["sender_organization_id"], row["sender_name"]),
            "practitioner_role": label(row["sender_role_id"], row["sender_person"]),
            "discipline": row["sender_discipline"],
        },
        "recipient": _recipient(row),
        "unread_report_count": row["unread_reports"],
        "tracking": {
            "sent_at": moment(row["sent_at"]),
            "delivered_at": moment(row["delivered_at"]),
            "opened_at": moment(row["opened_at"]),
            "reminders": row["reminders"],
        },
    }
    if package is not None:
        body["client"] = _client(row, package)
        body["reason"], body["question"] = package["reason"], package["question"]
    else:
        withheld += ["client", "reason", "question"]
    if withheld:
        body["withheld"] = withheld
    return body


def _client(row: Mapping[str, Any], package: Mapping[str, Any]) -> dict[str, Any] | None:
    return label(row["client_id"], (package["client"] or {}).get("display")) if row["client_id"] else None


def _known(client: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The package's client, whose empty fields were not known."""
    return {name: value or None for name, value in client.items()} if client else None


def _recipient(row: Mapping[str, Any]) -> dict[str, Any]:
    guest = row["guest_data"]
    return {
        "kind": row["recipient_kind"],
        "organization": label(row["recipient_organization_id"], row["recipient_name"]),
        "practitioner_role": label(row["recipient_role_id"], row["recipient_person"]),
        "discipline": row["discipline"],
        "near": row["pool_near"] or None,
        "guest": {**guest, "verified": False} if guest else None,
    }


def detail(row: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """One referral as this reader sees it; what is withheld is absent and named."""
    body = summary(row, actor)
    body["available_transitions"] = available(row, actor)
    if "sender" not in body:
        return body
    withheld = body.pop("withheld", [])
    package = row["package_data"]
    if package is not None and "client" in body:
        if policies.may_read_clinical(actor):
            body["attachments"] = row["file_list"]
        else:
            package = _front_desk(package)
            withheld += ["package.findings", "attachments"]
        body["package"] = {**package, "client": _known(package["client"])}
        body["offered_times"] = row["offer_list"]
        body["order"] = _order(row)
    else:
        withheld += ["package", "attachments", "offered_times", "order"]
    body |= {
        "identifiers": {"sender": row["sender_identifier"], "recipient": row["recipient_identifier"]},
        "tracking": {
            **body["tracking"],
            "accepted_at": moment(row["accepted_at"]),
            "first_seen_at": moment(row["first_seen_at"]),
            "no_shows": row["no_show_count"],
            "contact_attempts": row["attempt_list"],
        },
        "review_on": row["review_on"].isoformat() if row["review_on"] else None,
        "visits": row["visit_list"],
        "unread_reports": row["unread_list"],
        "history": row["step_list"],
        "closed_how": row["closed_how"] or None,
        "suggested_practitioner_role": label(row["suggested_role_id"], row["suggested_person"]),
        "redirected_to_id": str(row["redirected_to_id"]) if row["redirected_to_id"] else None,
        "converted_to_id": str(row["converted_to_id"]) if row["converted_to_id"] else None,
        "came_from_id": str(row["came_from"]) if row["came_from"] else None,
        "withheld": withheld,
    }
    return body


def let_go(referral: Referral) -> dict[str, Any]:
    """What a clinic still reads of a pool's referral that it passed on or gave back."""
    return {
        "id": str(referral.id),
        "version": referral.version,
        "state": referral.state,
        "state_group": w.state_group(referral.state, set()),
        "whose_move": w.STATES[referral.state].mover,
        "due_at": moment(referral.due_at),
        "kind": referral.kind,
        "priority": referral.priority,
        "discipline": referral.discipline,
        "available_transitions": [],
        "withheld": ["client", "sender", "package", "history", "identifiers", "tracking"],
    }


def _front_desk(package: Mapping[str, Any]) -> dict[str, Any]:
    """A coordinator reads reason, question and contact data, and precautions in one line."""
    precautions = ", ".join(
        catalog().precautions[p["code"]].label for p in package["precautions"] if p["code"] in catalog().precautions
    )
    return {
        "client": package["client"],
        "reason": package["reason"],
        "question": package["question"],
        "precautions_line": precautions or None,
    }


def _order(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if not row["order_number"]:
        return None
    until = row["order_until"]
    return {
        "number": row["order_number"],
        "by": row["order_by"] or None,
        "visits": row["order_visits"],
        "until": until.isoformat() if until else None,
    }


def is_party(actor: Actor) -> Q:
    """Without the pool's members: what a glance does not show, no question may find out."""
    return Q(sender_organization_id=actor.organization_id) | Q(recipient_organization_id=actor.organization_id)


def held_by(role_id: UUID, actor: Actor) -> Q:
    return (Q(sender_role_id=role_id) | Q(recipient_role_id=role_id)) & is_party(actor)


def about(client_id: UUID, actor: Actor) -> Q:
    """Of one client, as far as the caller reads whom a referral is about."""
    readable = Referral.objects.content_open_to(actor).filter(pk=OuterRef("pk"))
    return Q(Q(client_id=client_id), Exists(readable))


def numbered(identifier: dict[str, str], actor: Actor) -> Q:
    """By the sender's or the recipient's number; both are known to both sides only."""
    number = {"system": identifier["system"], "value": identifier["value"]}
    return (Q(sender_identifier=number) | Q(recipient_identifier=number)) & is_party(actor)


def files_of(actor: Actor) -> "Prefetch[Any, Any, Any]":
    return Prefetch("attachments", queryset=Attachment.objects.visible_to(actor).defer("content"))


def attachment(found: Attachment) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "name": found.name,
        "media_type": found.media_type,
        "size": found.size,
        "sha256": found.sha256,
    }


def report(found: Report) -> dict[str, Any]:
    """A signed report as a reader sees it."""
    return {
        "id": str(found.id),
        "is_final": found.is_final,
        "answer": found.answer,
        "findings": found.findings,
        "recommendations": found.recommendations,
        "outcome": found.outcome,
        "not_completed_reason": found.not_completed_reason or None,
        "has_red_flag": found.has_red_flag,
        "new_precautions": found.new_precautions,
        "signature": {
            "kind": found.signature_kind,
            "practitioner": found.signed_by,
            "license": found.signed_license,
            "signed_at": moment(found.signed_at),
            "received_at": moment(found.received_at),
            "application": str(found.application_id) if found.application_id else None,
        },
        "content_hash": found.content_hash,
        "supersedes_id": str(found.supersedes_id) if found.supersedes_id else None,
        "read_due_at": moment(found.read_due_at),
        "read_at": moment(found.read_at),
        "read_by": found.read_by or None,
        "plan_change": found.plan_change or None,
        "entered_in_error": in_error(found),
        "attachments": [attachment(a) for a in found.attachments.all()],
    }


def message(found: Message) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "kind": found.kind,
        "party": found.party,
        "by": found.by,
        "text": found.text,
        "created_at": moment(found.created_at),
        "entered_in_error": in_error(found),
    }


def in_error(found: CanBeInError) -> dict[str, Any] | None:
    """That it was a mistake: who said so, when and why."""
    if found.in_error_at is None:
        return None
    return {
        "at": moment(found.in_error_at),
        "by": found.in_error_by,
        "reason": found.in_error_reason,
        "note": found.in_error_note or None,
    }


def transitions() -> list[dict[str, Any]]:
    """The workflow as data, for integrators and for pages that draw it."""
    return [
        {
            "name": row.name,
            "label": row.label,
            "summary": row.summary,
            "sources": list(row.sources),
            "targets": list(row.possible_targets),
            "by": list(row.by),
            "event": row.event,
            "fields": fields_of(row.input, Details),
        }
        for row in WORKFLOW.rows
    ]


def states() -> list[dict[str, Any]]:
    """Every state, with its side of the move and what FHIR and IHE 360X call it."""
    return [
        {
            "name": name,
            "label": state.words.format(them="the recipient", recipient="The recipient", sender="The sender"),
            "whose_move": state.mover,
            "fhir_task_status": state.fhir_task,
            "ihe_360x": state.ihe_360x or None,
        }
        for name, state in w.STATES.items()
    ]


def figures(actor: Actor) -> dict[str, Any]:
    """What waits, by whose move, and what the service itself had to end: each kind counted apart. Two statements."""
    seen = Referral.objects.visible_to(actor)
    is_late = Q(due_at__lt=clock.now())
    waiting = seen.aggregate(
        ours=Count("pk", filter=ours(actor)),
        theirs=Count("pk", filter=in_box(actor, "theirs")),
        client=Count("pk", filter=in_box(actor, "client")),
        overdue=Count("pk", filter=is_late & ~Q(state__in=[w.DRAFT, *w.FINISHED])),
        unsent=Count("pk", filter=Q(state=w.DRAFT)),
        closed=Count("pk", filter=Q(state__in=list(w.FINISHED))),
    )
    by_system = Step.objects.visible_to(actor).filter(party=w.SYSTEM).order_by()
    counted = dict(by_system.values_list("name").annotate(n=Count("pk")))
    names = [row.name for row in WORKFLOW.rows if w.SYSTEM in row.by]
    return {**waiting, "by_the_system": {name: counted.get(name, 0) for name in names}}
