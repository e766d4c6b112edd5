"""Everything that one practitioner can be told about a client, one row for each thing, in one statement.

Each source says of its rows which version the reader sees, since when it reads as it does, and whether it is red. What
they have in common (marks, what is recent, the order) is asked of all of them together.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    Count,
    DateTimeField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, Greatest, JSONObject, Trim

from backend.careplans.models import CHANGES, Agreement, CarePlan, Goal, Intervention, PlanVersion, Proposal
from backend.careplans.queries import leads_told, steps_told
from backend.clients.models import Hold, Precaution, ReadMark
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.expressions import IsOneOf
from backend.lib.history import history_of
from backend.lib.prepared import Prepared
from backend.notes.models import Addendum, Ask, Note
from backend.referrals.models import ReferralVisit, Report
from backend.visits.models import Visit

Row = Mapping[str, Any]
Found = QuerySet[Any, Any]
PINNED, UNREAD, READ = 0, 1, 2
CLIENTS, NOTES, VISITS, PLANS, REFERRALS = (
    "clients:read",
    "notes:read",
    "visits:read",
    "care-plans:read",
    "referrals:read",
)
MOST_COUNTED = 200
"""How many lines are looked at, and so the most that are counted."""
AT_ONCE = 20
OF_PLAN = {"plan_id": "plan_id", "client_id": "plan__client_id"}
OF_PLAN_ITSELF = {"plan_id": "pgh_obj_id", "client_id": "pgh_obj__client_id"}
SUBJECTS = [f"subject_{place}" for place in range(AT_ONCE)]
NOBODY, NOTHING = Value(""), Cast(Value(None), TextField())
NEVER = Value(False, output_field=BooleanField())
COLUMNS = (
    "line_kind", "line_id", "line_version", "line_at", "line_occurred_at", "line_author", "line_organization_id",
    "line_organization", "line_discipline", "line_is_red", "line_is_pinned", "line_is_read", "line_facts", "line_rank",
    "line_turn",
)  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """One practitioner reading about one client. ``name`` is the one under which their plan rows and reports stand.

    ``records`` are the ids under which the client is known here, as one text (``ids_as_text``).
    """

    actor: Actor
    records: str
    name: str

    @property
    def practitioner_id(self) -> UUID:
        assert self.actor.practitioner_id is not None, "only practitioners have a brief"
        return self.actor.practitioner_id

    @property
    def organization_id(self) -> UUID:
        return self.actor.clinic_id

    @property
    def sources(self) -> list["Source"]:
        """What the caller's token reads: each kind of line with the scope of the list it stands in."""
        return [source for source in SOURCES if self.actor.allows(source.scope)]

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(source.scope for source in self.sources)

    @property
    def withheld(self) -> list[str]:
        """The kinds that the token does not read, whether or not there is anything of them."""
        return sorted({source.kind for source in SOURCES} - {source.kind for source in self.sources})

    def is_about(self, column: str = "client_id") -> IsOneOf:
        return IsOneOf(column, self.records)

    def record_ids(self) -> list[UUID]:
        return [UUID(pk) for pk in self.records.strip("{}").split(",")]

    def written_by_reader(self, author: str) -> Q:
        """Of rows that keep their author by name only: the reader's clinic, and the reader's name."""
        return Q(organization_id=self.organization_id, **{author: self.name})

    def marks(self) -> QuerySet[ReadMark]:
        return ReadMark.objects.visible_to(self.actor).filter(practitioner_id=self.practitioner_id)


@dataclass(frozen=True)
class Source:
    """Where lines of a kind come from, and the scope that reads the list they stand in."""

    kind: str
    rows: Callable[[Reading], Found]
    scope: str = CLIENTS


def lines_since(reading: Reading, *, since: datetime, began: datetime) -> Sequence[Row]:
    """What the reader has not read since they began to see the client, and what is new since the last visit.

    Pinned first, then what is unread with the oldest first, then what was read with the newest first.
    """
    return _rows_of(_since, reading, since=since, began=began)


def versions_of(reading: Reading, named: Iterable[tuple[str, UUID]]) -> dict[tuple[str, UUID], int]:
    """The version that the reader sees now of each of these things; what they do not see is left out."""
    wanted = sorted(set(named))
    versions = {}
    for start in range(0, len(wanted), AT_ONCE):
        ids = [subject_id for _, subject_id in wanted[start : start + AT_ONCE]]
        asked = {name: ids[place % len(ids)] for place, name in enumerate(SUBJECTS)}
        for row in _rows_of(_named, reading, **asked):
            versions[row["line_kind"], row["line_id"]] = row["line_version"]
    return {thing: versions[thing] for thing in wanted if thing in versions}


def _since(reading: Reading, *, since: datetime, began: datetime) -> Found:
    unread = Q(line_is_read=False) & (Q(line_at__gt=began) | Q(line_is_known=True))
    wanted = Q(line_is_pinned=True) | unread | Q(line_at__gt=since)
    return _united(reading, wanted).order_by("line_rank", "line_turn", "-line_at", "line_id")[:MOST_COUNTED]


def _named(reading: Reading, **subjects: UUID) -> Found:
    return _united(reading, Q(pk__in=list(subjects.values())))


def _united(reading: Reading, wanted: Q) -> Found:
    first, *others = [source.rows(reading).filter(wanted).values(*COLUMNS) for source in reading.sources]
    united: Found = first.union(*others, all=True)
    return united


def _rows_of(select: Callable[..., Found], reading: Reading, **values: Any) -> Sequence[Row]:
    if not reading.sources:
        return []
    prepared = _prepared(select, reading.scopes)
    return prepared.rows(reading.actor, records=reading.records, name=reading.name, **values)


@cache
def _prepared(select: Callable[..., Found], scopes: frozenset[str]) -> Prepared:
    """Many sources under row security take longer to plan than to run, so each statement is planned once a connection."""

    def build(actor: Actor, *, records: str, name: str, **values: Any) -> Found:
        return select(Reading(actor.but(scopes=scopes), records, name), **values)

    return Prepared(build)


def _rows(
    found: Found,
    reading: Reading,
    kind: str,
    *,
    at: Any,
    version: Any = 1,
    occurred_at: Any = None,
    author: Any = NOBODY,
    organization_id: Any = F("organization_id"),  # noqa: B008 - an expression is never changed
    organization: Any = F("organization__name"),  # noqa: B008
    discipline: Any = NOTHING,
    is_red: Any = NEVER,
    pinned: Q = Q(line_is_red=True),  # noqa: B008 - a Q is never changed
    own: Q = Q(pk__in=[]),  # noqa: B008
    facts: Mapping[str, Any],
) -> Found:
    """The rows of one source with what all sources have in common. What is the reader's own counts as read."""
    marks = reading.marks().filter(subject_type=kind, subject_id=OuterRef("pk"))
    described = found.annotate(
        line_kind=Value(kind, output_field=TextField()),
        line_id=F("pk"),
        line_version=version if hasattr(version, "resolve_expression") else Value(version),
        line_at=at,
        line_occurred_at=at if occurred_at is None else occurred_at,
        line_author=Cast(author, TextField()),
        line_organization_id=organization_id,
        line_organization=Cast(organization, TextField()),
        line_discipline=Cast(discipline, TextField()),
        line_is_red=is_red,
        line_facts=JSONObject(**facts),
        line_is_known=Exists(marks),
    ).annotate(line_is_read=_whether(Exists(marks.filter(version__gte=OuterRef("line_version"))) | own))
    ranked = described.annotate(
        line_is_pinned=_whether(pinned),
        line_rank=Case(
            When(pinned, then=PINNED), When(line_is_read=False, then=UNREAD), default=READ, output_field=IntegerField()
        ),
    )
    ordered: Found = ranked.annotate(
        line_turn=Case(When(line_rank=UNREAD, then=F("line_at")), output_field=DateTimeField())
    )
    return ordered


def _whether(condition: Any) -> Case:
    return Case(When(condition, then=True), default=False, output_field=BooleanField())


def _person(role: str) -> Trim:
    return Trim(Concat(F(f"{role}__practitioner__given_name"), Value(" "), F(f"{role}__practitioner__family_name")))


# --- the sources ---------------------------------------------------------------------------------------------------


def _notes(reading: Reading) -> Found:
    """Signed by others. What was added counts as far as the reader sees it; a co-signer has read what they co-signed."""
    me = reading.practitioner_id
    added = Addendum.objects.visible_to(reading.actor).filter(note_id=OuterRef("pk")).order_by()
    added = added.exclude(signed_by_role__practitioner_id=me)
    how_many = added.values("note_id").annotate(count=Count("pk")).values("count")
    found = Note.objects.visible_to(reading.actor).filter(reading.is_about(), released_at__isnull=False)
    return _rows(
        found.exclude(author_practitioner_id=me).exclude(cosigned_by_role__practitioner_id=me),
        reading,
        "note",
        version=1 + Coalesce(Subquery(how_many), 0) + Case(When(entered_in_error_at__isnull=False, then=1), default=0),
        at=Greatest("released_at", Subquery(added.order_by("-recorded_at").values("recorded_at")[:1]), "entered_in_error_at"),
        occurred_at=F("occurred_at"),
        author=_person("author_role"),
        discipline=F("discipline"),
        facts={"kind": "kind", "error": "entered_in_error_reason"},
    )  # fmt: skip


def _notes_told(reading: Reading) -> QuerySet[Note]:
    """The notes that say it themselves."""
    found = Note.objects.visible_to(reading.actor)
    return found if reading.actor.allows(NOTES) else found.none()


def _asks(reading: Reading) -> Found:
    """What is to be avoided, always; the rest where the reader may not read the note that asks it."""
    notes = _notes_told(reading).filter(pk=OuterRef("note_id"))
    active = Q(ended_at=None) & (Q(ends_at=None) | Q(ends_at__gt=clock.now()))
    found = Ask.objects.visible_to(reading.actor).filter(reading.is_about(), is_taken_back=False)
    found = found.filter(active | Q(ended_at__isnull=False), released_at__isnull=False)
    return _rows(
        found.filter(Q(kind=Ask.Kind.AVOID) | ~Exists(notes)).exclude(author_role__practitioner_id=reading.practitioner_id),
        reading,
        "ask",
        version=Case(When(ended_at=None, then=1), default=2),
        at=Coalesce("ended_at", "released_at"),
        occurred_at=F("released_at"),
        author=_person("author_role"),
        discipline=F("author_role__discipline"),
        is_red=_whether(active & Q(kind=Ask.Kind.AVOID)),
        facts={name: name for name in (
            "note_id", "kind", "region", "side", "technique", "sentence", "until", "ended_at", "ended_by", "ended_because",
        )},
    )  # fmt: skip


def _visits(reading: Reading) -> Found:
    """Of colleagues, and of the loop's other side; not those whose note the reader reads."""
    tied = ReferralVisit.objects.visible_to(reading.actor).filter(visit_id=OuterRef("pk"))
    # A note is about its visit's client; an index finds notes by the client, and none by the visit.
    told = _notes_told(reading).filter(
        client_id=OuterRef("client_id"), visit_id=OuterRef("pk"), released_at__isnull=False
    )
    found = Visit.objects.visible_to(reading.actor) | Visit.objects.filter(Exists(tied))
    found = found.filter(~Exists(told), reading.is_about(), state__in=(Visit.State.DONE, Visit.State.MISSED))
    return _rows(
        found.exclude(practitioner_role__practitioner_id=reading.practitioner_id),
        reading,
        "visit",
        version=F("version"),
        at=F("updated_at"),
        occurred_at=F("starts_at"),
        author=_person("practitioner_role"),
        discipline=F("practitioner_role__discipline"),
        facts={"state": "state"},
    )  # fmt: skip


def _reports(reading: Reading) -> Found:
    """Signed by others. One with a red flag or a new precaution is pinned until it was read."""
    found = Report.objects.visible_to(reading.actor).filter(reading.is_about("referral__client_id"))
    alarming = (Q(has_red_flag=True) | Q(new_precautions__len__gt=0)) & Q(in_error_at=None)
    return _rows(
        found.exclude(signed_by_role__practitioner_id=reading.practitioner_id),
        reading,
        "report",
        version=Case(When(in_error_at=None, then=1), default=2),
        at=Coalesce("in_error_at", "received_at"),
        occurred_at=F("signed_at"),
        author=F("signed_by"),
        discipline=Coalesce("signed_by_role__discipline", "referral__discipline"),
        is_red=_whether(alarming),
        pinned=Q(line_is_red=True, line_is_read=False),
        facts={"referral_id": "referral_id", "is_final": "is_final", "answer": "answer", "has_red_flag": "has_red_flag",
               "new_precautions": "new_precautions", "in_error_at": "in_error_at"},
    )  # fmt: skip


# Of a plan that was entered in error the one line that says so is told, and nothing that stands in it.
OF_A_PLAN = Q(plan__entered_in_error_at=None)


def _versions(reading: Reading) -> Found:
    found = PlanVersion.objects.visible_to(reading.actor).filter(OF_A_PLAN, reading.is_about("plan__client_id"))
    return _rows(
        found.exclude(reading.written_by_reader("by")),
        reading,
        "plan_version",
        at=F("published_at"),
        author=F("by"),
        facts={**OF_PLAN, "number": "number", "changes": CHANGES},
    )


def _plan_steps(reading: Reading) -> Found:
    """That a plan was held, resumed, reopened or ended, by its lead or with the client's death; the newest of each plan.

    That it was begun is told by its first version.
    """
    held = (
        history_of(CarePlan)
        .objects.visible_to(reading.actor)
        .filter(pgh_obj_id=OuterRef("pgh_obj_id"), state=CarePlan.State.ON_HOLD)
    )
    found = steps_told(reading.actor).filter(reading.is_about("pgh_obj__client_id")).exclude(state=CarePlan.State.DRAFT)
    return _rows(
        found.filter(~Q(state=CarePlan.State.ACTIVE) | Exists(held)).exclude(
            lead_organization_id=reading.organization_id, changed_by=reading.name
        ),
        reading,
        "plan",
        at=Coalesce("entered_in_error_at", "state_entered_at"),
        occurred_at=Coalesce("entered_in_error_at", "occurred_at", "state_entered_at"),
        author=Case(When(state_reason="client_died", then=NOBODY), default=F("changed_by")),
        organization_id=F("lead_organization_id"),
        organization=F("lead_organization__name"),
        facts={
            **OF_PLAN_ITSELF,
            **{name: name for name in ("state", "state_reason", "state_detail", "entered_in_error_reason")},
        },
    )


def _plan_leads(reading: Reading) -> Found:
    """That somebody else leads a plan now; not to who handed it over or took it."""
    here = Q(lead_organization_id=reading.organization_id) | Q(led_before=reading.organization_id)
    found = leads_told(reading.actor).filter(reading.is_about("pgh_obj__client_id")).exclude(state=CarePlan.State.DRAFT)
    found = found.filter(pgh_obj__entered_in_error_at=None)
    return _rows(
        found.exclude(here, changed_by=reading.name),
        reading,
        "plan",
        at=F("updated_at"),
        organization_id=F("lead_organization_id"),
        organization=F("lead_organization__name"),
        facts={**OF_PLAN_ITSELF, "led_by": "lead_organization__name"},
    )


def _plan_rows(reading: Reading, model: Any, kind: str, facts: Sequence[str]) -> Found:
    """What changed in a plan that was begun and is not told by a version of somebody else's yet."""
    versions = PlanVersion.objects.visible_to(reading.actor).exclude(reading.written_by_reader("by"))
    versions = versions.filter(plan_id=OuterRef("plan_id"))
    found = model.objects.visible_to(reading.actor).filter(OF_A_PLAN, reading.is_about("plan__client_id"))
    found = found.exclude(plan__state=CarePlan.State.DRAFT)
    return _rows(
        found.filter(~Exists(versions.filter(published_at__gte=OuterRef("updated_at")))).exclude(
            reading.written_by_reader("changed_by")
        ),
        reading,
        kind,
        version=F("version"),
        at=F("updated_at"),
        author=F("changed_by"),
        facts={**OF_PLAN, **{name: name for name in ("version", "state", "entered_in_error_reason", *facts)}},
    )


def _plan_lines(reading: Reading) -> Found:
    facts = ("focus", "ended_reason", "ended_detail", "times_per_week", "weeks", "minutes", "load")
    return _plan_rows(reading, Intervention, "plan_line", facts)


def _goals(reading: Reading) -> Found:
    return _plan_rows(reading, Goal, "goal", ("words",))


def _proposals(reading: Reading) -> Found:
    """Made to the reader's clinic and not answered; or made by it, and answered."""
    mine = reading.organization_id
    to_us = Q(owner_id=mine, state=Proposal.State.OPEN) & ~Q(organization_id=mine)
    answered = (Proposal.State.ACCEPTED, Proposal.State.DECLINED)
    to_others = Q(organization_id=mine, state__in=answered) & ~Q(owner_id=mine)
    found = Proposal.objects.visible_to(reading.actor).filter(
        OF_A_PLAN, to_us | to_others, reading.is_about("plan__client_id")
    )
    return _rows(
        found,
        reading,
        "proposal",
        version=F("version"),
        at=F("updated_at"),
        occurred_at=Coalesce("occurred_at", "updated_at"),
        author=Case(When(to_us, then=F("by")), default=F("answered_by")),
        organization_id=Case(When(to_us, then=F("organization_id")), default=F("owner_id")),
        organization=Case(When(to_us, then=F("organization__name")), default=F("owner__name")),
        facts={**OF_PLAN, "kind": "kind", "about": "about", "why": "why", "state": "state", "answer": "answer"},
    )  # fmt: skip


def _agreements(reading: Reading) -> Found:
    """What other clinics say to a version; that its publisher agrees to it goes without saying."""
    published = PlanVersion.objects.visible_to(reading.actor).filter(
        plan_id=OuterRef("plan_id"), number=OuterRef("number"), organization_id=OuterRef("organization_id")
    )
    found = Agreement.objects.visible_to(reading.actor).filter(OF_A_PLAN, reading.is_about("plan__client_id"))
    return _rows(
        found.filter(~Exists(published) | Q(answer=Agreement.Answer.OBJECT)).exclude(
            organization_id=reading.organization_id
        ),
        reading,
        "agreement",
        at=F("answered_at"),
        author=F("by"),
        facts={**OF_PLAN, "number": "number", "answer": "answer", "sentence": "sentence"},
    )


def _precautions(reading: Reading) -> Found:
    """Pinned as long as they hold, whoever recorded them."""
    holds = Q(ended_at=None, entered_in_error_reason="")
    return _rows(
        Precaution.objects.visible_to(reading.actor).filter(reading.is_about()),
        reading,
        "precaution",
        version=F("version"),
        at=Coalesce("ended_at", "created_at"),
        occurred_at=F("created_at"),
        author=F("recorded_by"),
        is_red=_whether(holds),
        own=reading.written_by_reader("recorded_by"),
        facts={"code": "code", "regions": "regions", "note": "note", "ended_at": "ended_at", "error": "entered_in_error_reason"},
    )  # fmt: skip


def _holds(reading: Reading) -> Found:
    """Pinned until somebody clears them."""
    return _rows(
        Hold.objects.visible_to(reading.actor).filter(reading.is_about()),
        reading,
        "hold",
        version=F("version"),
        at=Coalesce("cleared_at", "created_at"),
        occurred_at=F("created_at"),
        author=F("cleared_by"),
        is_red=_whether(Q(cleared_at=None)),
        facts={name: name for name in ("regions", "because", "cleared_at", "clearance")},
    )


SOURCES = (
    Source("note", _notes, NOTES),
    Source("ask", _asks),
    Source("visit", _visits, VISITS),
    Source("report", _reports, REFERRALS),
    Source("plan_version", _versions, PLANS),
    Source("plan", _plan_steps, PLANS),
    Source("plan", _plan_leads, PLANS),
    Source("plan_line", _plan_lines, PLANS),
    Source("goal", _goals, PLANS),
    Source("proposal", _proposals, PLANS),
    Source("agreement", _agreements, PLANS),
    Source("precaution", _precautions),
    Source("hold", _holds),
)
