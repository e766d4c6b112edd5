"""Reading referrals: the list and the one, each in one statement whose children PostgreSQL makes into JSON."""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BooleanField,
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

from backend.attachments.queries import OF_TIE
from backend.audit.access_log import Look, log_looks
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.expressions import Utc
from backend.lib.prepared import Prepared
from backend.lib.problems import NotFound
from backend.lib.querysets import id_or_404
from backend.lib.rest.pages import Keyset
from backend.notes.models import Note
from backend.referrals import workflow as w
from backend.referrals.models import (
    ContactAttempt,
    Guest,
    OfferedTime,
    Package,
    PlanChange,
    Referral,
    ReferralFile,
    ReferralQuerySet,
    ReferralVisit,
    Report,
    ReportQuerySet,
    ReportQuote,
    Step,
    TakenAway,
)
from backend.referrals.workflow import WORKFLOW

SENDERS_MOVE = [name for name, state in w.STATES.items() if state.mover == w.SENDER and name != w.DRAFT]
RECIPIENTS_MOVE = [name for name, state in w.STATES.items() if state.mover == w.RECIPIENT]
CLIENTS_MOVE = [name for name, state in w.STATES.items() if state.mover == w.CLIENT]
MOST = 100
BOXES = ("ours", "theirs", "client", "deciding", "drafts", "closed")


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
PLAN_VERSION = JSONObject(care_plan_id="version__plan_id", id="version_id", number="version__number")


def children(model: Any, shape: JSONObject, *order: str, most: int | None = MOST, **filters: Any) -> ArraySubquery:
    found = model.objects.filter(referral_id=OuterRef("pk"), **filters).order_by(*order)
    return ArraySubquery(found.values(data=shape)[:most])


def one_row(referral_id: UUID | str, actor: Actor) -> dict[str, Any]:
    """One referral with everything a page shows, in one statement; 404 when it is not the actor's to see."""
    for row in ONE.rows(actor, pk=id_or_404(referral_id)):
        return row
    raise NotFound


def _one(actor: Actor, *, pk: UUID) -> "QuerySet[Referral, dict[str, Any]]":
    return whole(Referral.objects.visible_to(actor).filter(pk=pk), actor)


def whole(found: ReferralQuerySet, actor: Actor, *, most: int | None = MOST) -> "QuerySet[Referral, dict[str, Any]]":
    """Referrals with everything a page shows; of what hangs on one at most ``most`` of each kind, None is all."""
    came_from = Referral.objects.filter(Q(redirected_to=OuterRef("pk")) | Q(converted_to=OuterRef("pk")))
    led_to = PlanChange.objects.visible_to(actor).filter(referral_id=OuterRef("pk")).order_by("-created_at", "-id")
    rows: QuerySet[Referral, dict[str, Any]] = with_extras(found, actor, WHOLE_PACKAGE).annotate(
        came_from=Subquery(came_from.values("id")[:1]),
        suggested_person=name_of("suggested_role"),
        plan_version=Subquery(led_to.values(data=PLAN_VERSION)[:1]),
        step_list=children(Step, STEP, "recorded_at", "id", most=most),
        visit_list=children(ReferralVisit, VISIT, "visit__starts_at", most=most),
        offer_list=children(OfferedTime, OFFER, "starts_at", most=most, is_open=True),
        attempt_list=children(ContactAttempt, ATTEMPT, "at", most=most),
        unread_list=children(Report, UNREAD, "received_at", most=most, read_at=None, in_error_at=None),
        file_list=children(ReferralFile, OF_TIE, "created_at", most=most, report=None),
    ).values(
        *ENVELOPE, *REST, *LIST_EXTRAS, "came_from", "suggested_role_id", "suggested_person", "plan_version",
        "step_list", "visit_list", "offer_list", "attempt_list", "unread_list", "file_list",
    )  # fmt: skip
    return rows


ONE = Prepared(_one)


def is_unopened(row: Mapping[str, Any], actor: Actor) -> bool:
    """Whether nobody of the reader's clinic, to which it was sent, has opened it yet."""
    return row["opened_at"] is None and row["recipient_organization_id"] == actor.organization_id


def log_shown(actor: Actor, shown: Iterable[Mapping[str, Any]]) -> None:
    """Writes who looked."""
    log_looks(actor, looks_at(actor, shown))


def looks_at(actor: Actor, shown: Iterable[Mapping[str, Any]]) -> list[Look]:
    """One look per client of another clinic whose content was shown; an auditor's always."""
    audits = actor.reads_as_auditor
    return [
        Look("referral", row["id"], row["client_id"], row["sender_organization_id"], why="referral")
        for row in shown
        if row["client_id"]
        and row["package_data"]
        and (audits or row["sender_organization_id"] != actor.organization_id)
    ]


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


def is_party(actor: Actor) -> Q:
    """Without the pool's members: what a glance does not show, no question may find out."""
    return Q(sender_organization_id=actor.organization_id) | Q(recipient_organization_id=actor.organization_id)


def held_by(role_id: UUID, actor: Actor) -> Q:
    return (Q(sender_role_id=role_id) | Q(recipient_role_id=role_id)) & is_party(actor)


def about(client_ids: Iterable[UUID], actor: Actor) -> Q:
    """Of one client under any of their ids, as far as the caller reads whom a referral is about."""
    readable = Referral.objects.content_open_to(actor).filter(pk=OuterRef("pk"))
    return Q(Q(client_id__in=list(client_ids)), Exists(readable))


def numbered(identifier: dict[str, str], actor: Actor) -> Q:
    """By the sender's or the recipient's number; both are known to both sides only."""
    number = {"system": identifier["system"], "value": identifier["value"]}
    return (Q(sender_identifier=number) | Q(recipient_identifier=number)) & is_party(actor)


def reports_of(referral_id: UUID | str, actor: Actor) -> ReportQuerySet:
    """The reports on a referral that the caller reads, with their files and the notes they quote."""
    found: ReportQuerySet = Report.objects.visible_to(actor).filter(referral_id=referral_id)
    return with_what_hangs_on(found, actor)


def with_what_hangs_on(reports: ReportQuerySet, actor: Actor) -> ReportQuerySet:
    """Their files and the notes they quote, as far as the caller reads them."""
    ties = ReferralFile.objects.visible_to(actor).select_related("attachment").defer("attachment__content")
    files: Any = ties.order_by("created_at")
    notes = Note.objects.visible_to(actor).filter(pk=OuterRef("note_id"))
    quotes: Any = ReportQuote.objects.visible_to(actor).annotate(
        stands=QuoteStands("id"), is_readable=Exists(notes) if actor.reads_clinical else Value(False)
    )
    hanging = (Prefetch("files", queryset=files), Prefetch("quotes", queryset=quotes))
    found: ReportQuerySet = reports.annotate(taken_away=TakenAway("id")).prefetch_related(*hanging)
    return found


class QuoteStands(Func):
    """Whether a quoted note was not entered in error since, also for who cannot see the note."""

    function = "quote_stands"
    output_field = BooleanField()


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
