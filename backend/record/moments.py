"""What stands on a client's timeline: kinds of things, each behind the door of its own app, and moments of their lives.

Nothing here says a second time who may see what: ``rows`` is the ``visible_to`` of the app that keeps the thing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    Func,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, JSONObject, Left

from backend.careplans.models import CHANGES, Agreement, CarePlan, PlanVersion, Proposal
from backend.careplans.queries import endings_told, header_open_to, leads_passed, pauses
from backend.clients.models import Access, Consent, Hold, Precaution
from backend.lib.actor import Actor
from backend.notes.models import Addendum, Ask, Finding, Note, Section, TechniqueDone
from backend.notes.queries import children, opened_by
from backend.record.addresses import ASKS, HOLDS, PRECAUTIONS
from backend.referrals.models import Message, Package, Referral, ReferralVisit, Report
from backend.referrals.queries import name_of
from backend.visits.models import Visit

Rows = QuerySet[Any, Any]
Facts = Mapping[str, Any]
COLUMNS = (
    "of_row", "item_id", "item_kind", "of_client", "what", "happened_at", "written_at", "of_organization", "of_role", "of_discipline", "author_name",
    "within_id", "facts",
)  # fmt: skip
EXCERPT = 400
"""Characters of a text that are read for one line."""

ITS_OWN, NOBODY, UNSAID = F("organization_id"), Cast(Value(None), UUIDField()), Value("")
NOW = Func(function="domain_now", output_field=DateTimeField())


@dataclass(frozen=True, kw_only=True, eq=False)
class Thing:
    """A kind of thing: its rows for a caller, the scope that reads them, whose they are, and the facts of one line.

    ``pk`` leads to the thing, where ``rows`` are of its history; ``client`` to whom it is about, ``within`` is the row it
    belongs to; ``href`` is filled with the ids of the client, the thing and that row.
    """

    kind: str
    rows: Callable[[Actor, Sequence[UUID]], Rows]
    href: str
    pk: str = "pk"
    client: str = "client_id"
    scope: str = "clients:read"
    role: Any = NOBODY
    discipline: Any = UNSAID
    author: Any = UNSAID
    within: Any = NOBODY
    facts: Callable[[Actor], Facts] = lambda actor: {}
    reads: Callable[[Actor], bool] = lambda actor: True

    def is_for(self, actor: Actor) -> bool:
        """Whether the caller's rights and token read things of this kind at all."""
        return self.reads(actor) and actor.allows(self.scope)


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment:
    """One moment in the life of a thing: when it happened, for which of the rows, and who made it."""

    thing: Thing
    what: str
    at: Any
    recorded_at: Any
    only: Q = field(default_factory=Q)
    organization: Any = ITS_OWN
    author: Any = None

    def rows(self, actor: Actor, clients: Sequence[UUID]) -> Rows:
        """The moments of these clients that the caller sees, in the shape that all moments have."""
        thing = self.thing
        found: Rows = (
            thing.rows(actor, clients)
            .filter(self.only)
            .annotate(
                of_row=F("pk"),  # of a history, where one thing has several: what a page goes on after
                item_id=F(thing.pk),
                item_kind=Cast(Value(thing.kind), CharField()),
                of_client=F(thing.client),
                what=Cast(Value(self.what), CharField()),
                happened_at=Cast(self.at, DateTimeField()),
                written_at=Cast(self.recorded_at, DateTimeField()),
                of_organization=self.organization,
                of_role=thing.role,
                of_discipline=Cast(thing.discipline, CharField()),
                author_name=Cast(thing.author if self.author is None else self.author, CharField()),
                within_id=thing.within,
                facts=Cast(JSONObject(**thing.facts(actor)), JSONField()),
            )
        )
        return found.values(*COLUMNS)


# --- rows of these clients ------------------------------------------------------------------------------------------


def _of(model: Any, client: str = "client_id") -> Callable[[Actor, Sequence[UUID]], Rows]:
    def rows(actor: Actor, clients: Sequence[UUID]) -> Rows:
        found: Rows = model.objects.visible_to(actor).filter(**{f"{client}__in": clients})
        return found

    return rows


def _of_history(rows: Callable[[Actor], Rows]) -> Callable[[Actor, Sequence[UUID]], Rows]:
    return lambda actor, clients: rows(actor).filter(pgh_obj__client_id__in=clients)


def _asks(actor: Actor, clients: Sequence[UUID]) -> Rows:
    return Ask.objects.visible_to(actor).filter(client_id__in=clients, released_at__isnull=False)


def _referrals(actor: Actor, clients: Sequence[UUID]) -> Rows:
    """Those of which the caller reads whom they are about: a pool's, or one that closed again, does not say it."""
    return Referral.objects.visible_to(actor).content_open_to(actor).filter(client_id__in=clients)


def _visits(actor: Actor, clients: Sequence[UUID]) -> Rows:
    """The clinic's own, and those of a loop that both of its sides read."""
    found: Rows = Visit.objects.filter(Exists(_own_visit(actor)) | Exists(_loop_of_visit(actor)), client_id__in=clients)
    return found


def _own_visit(actor: Actor) -> Rows:
    return Visit.objects.visible_to(actor).filter(pk=OuterRef("pk"))


def _loop_of_visit(actor: Actor) -> Rows:
    loops = Referral.objects.visible_to(actor).content_open_to(actor).filter(pk=OuterRef("referral_id"))
    return ReferralVisit.objects.visible_to(actor).filter(Exists(loops), visit_id=OuterRef("pk"))


# --- what a line is made of -----------------------------------------------------------------------------------------


def _named(*names: str) -> dict[str, Any]:
    return {name: F(name) for name in names}


def _only(*names: str) -> Callable[[Actor], Facts]:
    return lambda actor: _named(*names)


def _of_note(actor: Actor) -> Facts:
    text = JSONObject(name="name", text=Left("text", EXCERPT))
    return {
        **_named("kind", "state", "visibility", "author_practitioner_id", "untouched"),
        "sections": children(Section, text, actor, "name"),
        "techniques": children(TechniqueDone, JSONObject(code="technique"), actor, "position", "id"),
        "findings": children(Finding, JSONObject(kind="kind", intensity="intensity"), actor, "position", "id"),
        "is_amended": Exists(Addendum.objects.visible_to(actor).filter(note_id=OuterRef("pk"))),
        "opened_by": opened_by(actor),
    }


def _of_plan(actor: Actor) -> Facts:
    title = Case(When(header_open_to(actor), then=F("title")), default=UNSAID)
    return {"title": title, "error": F("entered_in_error_reason"), **_named("state")}


def _of_visit(actor: Actor) -> Facts:
    loop = _loop_of_visit(actor).values("referral_id")[:1]
    return {
        **_named("state", "starts_at", "time_zone"),
        "is_own": Exists(_own_visit(actor)),
        "referral_id": Subquery(loop),
    }


def _of_referral(actor: Actor) -> Facts:
    package = Package.objects.visible_to(actor).filter(pk=OuterRef("pk"))
    return {
        **_named("kind", "state", "regions", "has_red_flag", "closed_how", "recipient_kind", "discipline"),
        "recipient": Coalesce("recipient_organization__name", "guest__name", UNSAID),
        "reason": Subquery(package.values("reason")),
        "sender": F("sender_organization_id"),
    }


def _of_report(actor: Actor) -> Facts:
    return {
        **_named("is_final", "outcome", "has_red_flag", "new_precautions", "read_at", "in_error_at"),
        "answer": Left("answer", EXCERPT),
        "sender": F("referral__sender_organization_id"),
    }


def _of_message(actor: Actor) -> Facts:
    return {
        **_named("kind", "in_error_at"),
        "text": Left("text", EXCERPT),
        "sender": F("referral__sender_organization_id"),
    }


OF_ERROR = F("plan__entered_in_error_reason")
"""Of what stands in a plan: why the plan was entered in error, if it was."""
# As signed it names the clinic, too; a guest and who was written down have nothing but that.
SIGNED_BY = Case(When(signed_by_role=None, then=F("signed_by")), default=name_of("signed_by_role"))
NOTE = Thing(
    kind="note", rows=_of(Note), href="/api/v1/notes/{id}", scope="notes:read", role=F("author_role_id"),
    discipline=F("discipline"), author=name_of("author_role"), facts=_of_note,
)  # fmt: skip
ASK = Thing(
    kind="ask", rows=_asks, href=ASKS, role=F("author_role_id"), within=F("note_id"),
    discipline=F("author_role__discipline"), author=name_of("author_role"),
    facts=_only("kind", "region", "side", "technique", "sentence", "until", "ended_at", "ended_because", "is_taken_back"),
)  # fmt: skip
PLAN = Thing(kind="plan", rows=_of(CarePlan), href="/api/v1/care-plans/{id}", scope="care-plans:read", facts=_of_plan)
ENDING = Thing(
    kind="plan", rows=lambda actor, clients: endings_told(actor).filter(client_id__in=clients), href=PLAN.href,
    scope=PLAN.scope, facts=_of_plan,
)  # fmt: skip
PAUSE = Thing(
    kind="plan", rows=_of_history(pauses), pk="pgh_obj_id", client="pgh_obj__client_id", href=PLAN.href, scope=PLAN.scope,
    author=F("changed_by"),
    facts=lambda actor: {"error": F("pgh_obj__entered_in_error_reason"), **_named("state", "state_reason", "state_detail")},
)  # fmt: skip
PASSING = Thing(
    kind="plan", rows=_of_history(leads_passed), pk="pgh_obj_id", client="pgh_obj__client_id", href=PLAN.href, scope=PLAN.scope,
    author=F("changed_by"),
    facts=lambda actor: {"error": F("pgh_obj__entered_in_error_reason"), "lead": F("lead_organization__name")},
)  # fmt: skip
VERSION = Thing(
    kind="plan", rows=_of(PlanVersion, "plan__client_id"), client="plan__client_id",
    href="/api/v1/care-plans/{within_id}/versions", scope="care-plans:read",
    author=F("by"), within=F("plan_id"), facts=lambda actor: {"changes": CHANGES, "error": OF_ERROR, **_named("number")},
)  # fmt: skip
AGREEMENT = Thing(
    kind="plan", rows=_of(Agreement, "plan__client_id"), client="plan__client_id",
    href="/api/v1/care-plans/{within_id}/agreements",
    scope="care-plans:read", author=F("by"), within=F("plan_id"),
    facts=lambda actor: {"error": OF_ERROR, **_named("number", "answer", "sentence")},
)  # fmt: skip
PROPOSAL = Thing(
    kind="proposal", rows=_of(Proposal, "plan__client_id"), client="plan__client_id",
    href="/api/v1/care-plans/{within_id}/proposals/{id}",
    scope="care-plans:read", author=F("by"), within=F("plan_id"), reads=lambda actor: actor.reads_clinical,
    facts=lambda actor: {"error": OF_ERROR, **_named("kind", "about", "why", "state", "answer")},
)  # fmt: skip
VISIT = Thing(
    kind="visit", rows=_visits, href="/api/v1/visits/{id}", scope="visits:read", role=F("practitioner_role_id"),
    discipline=F("practitioner_role__discipline"), author=name_of("practitioner_role"), facts=_of_visit,
)  # fmt: skip
REFERRAL = Thing(
    kind="referral", rows=_referrals, href="/api/v1/referrals/{id}", scope="referrals:read", role=F("sender_role_id"),
    discipline=F("sender_role__discipline"), author=name_of("sender_role"), facts=_of_referral,
)  # fmt: skip
REPORT = Thing(
    kind="report", rows=_of(Report, "referral__client_id"), client="referral__client_id",
    href="/api/v1/referrals/{within_id}/reports", scope="referrals:read",
    role=F("signed_by_role_id"), discipline=Coalesce("signed_by_role__discipline", "referral__discipline"), author=SIGNED_BY,
    within=F("referral_id"), facts=_of_report,
)  # fmt: skip
MESSAGE = Thing(
    kind="message", rows=_of(Message, "referral__client_id"), client="referral__client_id",
    href="/api/v1/referrals/{within_id}/messages",
    scope="referrals:read", author=F("by"), within=F("referral_id"), facts=_of_message,
    discipline=Case(
        When(party="sender", then=F("referral__sender_role__discipline")),
        When(party="recipient", then=F("referral__discipline")),
        default=UNSAID,
    ),
)  # fmt: skip
PRECAUTION = Thing(
    kind="precaution", rows=_of(Precaution), href=PRECAUTIONS, author=F("recorded_by"),
    facts=_only("code", "regions", "note", "ended_at", "entered_in_error_reason"),
)  # fmt: skip
HOLD = Thing(
    kind="hold", rows=_of(Hold), href=HOLDS,
    facts=_only("regions", "because", "cleared_at", "clearance"),
)  # fmt: skip
CONSENT = Thing(
    kind="consent", rows=_of(Consent), href="/api/v1/clients/{client_id}/consents/{id}", author=F("recorded_by"),
    facts=_only("organization_ids", "guests", "pools", "categories", "status"),
)  # fmt: skip
ACCESS = Thing(
    kind="access", rows=_of(Access), href="/api/v1/clients/{client_id}/access", facts=_only("why", "extent", "ended_because"),
)  # fmt: skip

ANSWERED = Q(state__in=["accepted", "declined"], answered_at__isnull=False)
BEGUN = Case(When(starts_at__gt=NOW, then=F("created_at")), default=F("starts_at"))
"""A visit stands where it was booked until it begins: a timeline tells what happened, a calendar what comes."""
SENDER = F("sender_organization_id")
# Accepting opens the shared record in place of the package: nobody reads less from then on.
OVER = Q(until__lte=NOW) & ~Q(ended_because="accepted")

MOMENTS = (
    Moment(thing=NOTE, what="written", at=F("occurred_at"), recorded_at=F("recorded_at")),
    Moment(thing=ASK, what="asked", at=F("released_at"), recorded_at=F("released_at")),
    Moment(
        thing=ASK, what="ended", at=F("ended_at"), recorded_at=F("ended_at"), only=Q(ended_at__isnull=False), author=F("ended_by")
    ),
    Moment(thing=PLAN, what="begun", at=F("created_at"), recorded_at=F("created_at")),
    Moment(
        thing=ENDING,
        what="finished",
        at=Coalesce("entered_in_error_at", "occurred_at", "state_entered_at"),
        recorded_at=Coalesce("entered_in_error_at", "state_entered_at"),
        organization=F("lead_organization_id"),
    ),
    *(
        Moment(
            thing=PAUSE,
            what=what,
            at=Coalesce("occurred_at", "state_entered_at"),
            recorded_at=F("state_entered_at"),
            only=Q(state=state),
            organization=F("lead_organization_id"),
        )
        for what, state in (("paused", "on_hold"), ("resumed", "active"))
    ),
    Moment(
        thing=PASSING,
        what="handed_over",
        at=F("pgh_moment"),
        recorded_at=F("pgh_moment"),
        organization=F("lead_organization_id"),
    ),
    Moment(thing=VERSION, what="published", at=F("published_at"), recorded_at=F("published_at")),
    Moment(thing=AGREEMENT, what="answered", at=F("answered_at"), recorded_at=F("answered_at")),
    Moment(thing=PROPOSAL, what="made", at=F("created_at"), recorded_at=F("created_at")),
    Moment(
        thing=PROPOSAL,
        what="answered",
        at=Coalesce("occurred_at", "answered_at"),
        recorded_at=F("answered_at"),
        only=ANSWERED,
        organization=F("owner_id"),
        author=F("answered_by"),
    ),
    Moment(thing=VISIT, what="visited", at=BEGUN, recorded_at=F("created_at")),
    Moment(
        thing=REFERRAL,
        what="drafted",
        at=F("created_at"),
        recorded_at=F("created_at"),
        only=Q(sent_at=None),
        organization=SENDER,
    ),
    Moment(
        thing=REFERRAL,
        what="sent",
        at=F("sent_at"),
        recorded_at=F("sent_at"),
        only=Q(sent_at__isnull=False),
        organization=SENDER,
    ),
    Moment(
        thing=REFERRAL,
        what="closed",
        at=F("closed_at"),
        recorded_at=F("closed_at"),
        only=Q(closed_at__isnull=False),
        organization=SENDER,
    ),
    Moment(thing=REPORT, what="reported", at=F("signed_at"), recorded_at=F("received_at")),
    Moment(thing=MESSAGE, what="said", at=F("created_at"), recorded_at=F("created_at")),
    Moment(thing=PRECAUTION, what="recorded", at=F("created_at"), recorded_at=F("created_at")),
    Moment(thing=PRECAUTION, what="ended", at=F("ended_at"), recorded_at=F("ended_at"), only=Q(ended_at__isnull=False), author=UNSAID),
    Moment(thing=HOLD, what="placed", at=F("created_at"), recorded_at=F("created_at")),
    Moment(
        thing=HOLD, what="cleared", at=F("cleared_at"), recorded_at=F("cleared_at"), only=Q(cleared_at__isnull=False), author=F("cleared_by")
    ),
    Moment(
        thing=CONSENT,
        what="given",
        at=Coalesce("occurred_at", "given_at"),
        recorded_at=F("created_at"),
        only=~Q(status="refused"),
    ),
    Moment(thing=CONSENT, what="refused", at=Coalesce("occurred_at", "given_at"), recorded_at=F("created_at"), only=Q(status="refused")),
    Moment(
        thing=CONSENT, what="withdrawn", at=F("withdrawn_at"), recorded_at=F("withdrawn_at"), only=Q(withdrawn_at__isnull=False), author=UNSAID
    ),
    Moment(thing=ACCESS, what="started", at=F("from_at"), recorded_at=F("from_at")),
    Moment(thing=ACCESS, what="ended", at=F("until"), recorded_at=F("until"), only=OVER),
)  # fmt: skip
KINDS = tuple(dict.fromkeys(moment.thing.kind for moment in MOMENTS))
BY_NAME: Mapping[tuple[str, str], Moment] = {(moment.thing.kind, moment.what): moment for moment in MOMENTS}
# What a reader asks for together; what the pages offer.
TOGETHER: Mapping[str, tuple[str, ...]] = {
    "notes": ("note",),
    "asks": ("ask", "precaution", "hold"),
    "plan": ("plan", "proposal"),
    "referrals": ("referral", "report", "message"),
    "visits": ("visit",),
    "sharing": ("consent", "access"),
}
