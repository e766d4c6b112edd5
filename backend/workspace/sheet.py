"""The new-referral sheet: what was typed, in the shape of the contract, and writing it down, asking or sending at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import QueryDict

from backend.careplans.models import CarePlan
from backend.careplans.workflow import ACTIVE, ON_HOLD
from backend.catalog.queries import catalog
from backend.clients import services as clients
from backend.clients.models import Client
from backend.directory.models import Organization
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, FieldError, Problem
from backend.referrals import drafts, gates, presses, services
from backend.referrals.files import attach, take_off
from backend.referrals.inputs import NewReferral, ReferralFields
from backend.referrals.models import Guest, Referral
from backend.referrals.sharing import CATEGORIES
from backend.workspace.pickers import GUEST, places_in, recipient_of

SAID = ("in_person", "paper", "verbal")
PLANS_OFFERED = 20
WORDS = ("findings", "tried", "goals", "feedback_wanted")
# What a draft cannot be kept without, by the field a refusal points to.
LACKING = {
    "/to/guest": "write the colleague's name, discipline and e-mail",
    "/to": "say who it goes to",
    "/reason": "say why",
    "/regions": "choose the side of each region",
    "/question": "write the question",
}


@dataclass(slots=True)
class Sheet:
    """What the sheet shows in its fields."""

    to: str = ""
    near: str = ""
    guest: dict[str, str] = field(default_factory=dict)
    kind: str = Referral.Kind.EVALUATE_AND_TREAT
    priority: str = Referral.Priority.ROUTINE
    transfer: bool = False
    chip: str = ""
    own_reason: str = ""
    question: str = ""
    regions: list[dict[str, str]] = field(default_factory=list)
    asked: bool = False
    flags: list[str] = field(default_factory=list)
    emergency_action: str = ""
    why_not_medicine: str = ""
    findings: str = ""
    tried: str = ""
    goals: str = ""
    feedback_wanted: str = ""
    sender_role: str = ""
    said: str = ""
    shared_plans: list[str] = field(default_factory=list)
    is_confirmed: bool = False
    take_off: list[str] = field(default_factory=list)

    @property
    def has_more(self) -> bool:
        return any(getattr(self, name) for name in WORDS)


def typed_sheet(typed: QueryDict) -> Sheet:
    """The sheet as it was sent, so that nothing typed is lost."""
    text = {name: typed.get(name, "") for name in ("question", "emergency_action", "why_not_medicine", *WORDS)}
    return Sheet(
        to=typed.get("to", ""),
        near=typed.get("near", ""),
        guest={key: typed.get(f"guest_{key}", "") for key in GUEST},
        kind=typed.get("kind", Referral.Kind.ADVICE),
        priority=typed.get("priority", Referral.Priority.ROUTINE),
        transfer="transfer" in typed,
        chip=typed.get("chip", ""),
        own_reason=typed.get("own_reason", ""),
        regions=places_in(typed),
        asked="asked" in typed,
        flags=typed.getlist("flag"),
        sender_role=typed.get("practitioner_role_id", ""),
        said=typed.get("said", ""),
        shared_plans=typed.getlist("share_plan"),
        is_confirmed="confirmed" in typed,
        take_off=typed.getlist("take_off"),
        **text,
    )


def stored_sheet(row: dict[str, Any]) -> Sheet:
    """A draft, to go on writing."""
    package, flags = row["package_data"], row["package_data"]["red_flags"] or {}
    return Sheet(
        to=_stored_recipient(row),
        near=row["pool_near"],
        guest={key: row["guest_data"][key] for key in GUEST} if row["guest_data"] else {},
        kind=row["kind"],
        priority=row["priority"],
        transfer=row["transfer"],
        own_reason=package["reason"],
        question=package["question"],
        regions=row["regions"],
        asked=bool(flags.get("asked")),
        flags=flags.get("positive", []),
        emergency_action=flags.get("emergency_action", ""),
        why_not_medicine=flags.get("why_not_medicine", ""),
        sender_role=str(row["sender_role_id"] or ""),
        **{name: package[name] for name in WORDS},
    )


def first_sheet(client: Client | None, to: str, actor: Actor) -> Sheet:
    """An empty sheet; the region comes from what was written last about this client."""
    if client is None:
        return Sheet(to=to, kind=Referral.Kind.ADVICE)
    last = Referral.objects.visible_to(actor).filter(client_id=client.pk, sender_organization_id=actor.organization_id)
    newest = last.order_by("-created_at").first()
    return Sheet(to=to, regions=newest.regions if newest else [])


def _stored_recipient(row: dict[str, Any]) -> str:
    match row["recipient_kind"]:
        case Referral.RecipientKind.ROLE:
            return f"role:{row['recipient_role_id']}"
        case Referral.RecipientKind.ORGANIZATION:
            return f"clinic:{row['recipient_organization_id']}:{row['discipline']}"
        case Referral.RecipientKind.POOL:
            return f"pool:{row['discipline']}"
    return "guest"


def fields_of(sheet: Sheet, client_id: UUID | None) -> dict[str, Any]:
    """What was typed, in the shape of the contract."""
    flags = _flags_asked(sheet)
    red_flags: dict[str, Any] = {"asked": sheet.asked or bool(flags), "positive": flags}
    for name in ("emergency_action", "why_not_medicine"):
        if text := getattr(sheet, name).strip():
            red_flags[name] = text
    return {
        **({"client_id": str(client_id)} if client_id else {}),
        "to": recipient_of(sheet.to, near=sheet.near, guest=sheet.guest) or {},
        "kind": sheet.kind,
        "priority": sheet.priority,
        "transfer": sheet.transfer,
        "reason": sheet.own_reason.strip() or sheet.chip,
        "question": sheet.question.strip(),
        "regions": sheet.regions,
        "red_flags": red_flags,
        **{name: getattr(sheet, name).strip() for name in WORDS},
        **({"practitioner_role_id": sheet.sender_role} if sheet.sender_role else {}),
    }


def _flags_asked(sheet: Sheet) -> list[str]:
    """Only signs of the regions that are chosen: what is hidden on the page was not answered."""
    regions = {place["region"] for place in sheet.regions} | {"any"}
    known = catalog().red_flags
    return [code for code in sheet.flags if code not in known or known[code].region in regions]


def write(
    sheet: Sheet,
    fields: dict[str, Any],
    press: str,
    *,
    actor: Actor,
    referral_id: UUID | None = None,
    version: int | None = None,
    files: Sequence[UUID] = (),
) -> UUID:
    """Writes or changes the draft and, as pressed, sends it or asks the client; all of it or nothing.

    ``files`` are kept uploads that go with it.
    ``press`` is draft, send or ask. With a yes told in person, on paper or by phone the consent is recorded first.
    Raises 409 ``possible_duplicate`` until that was confirmed, and every refusal of the services.
    """
    if referral_id is None:
        checked = NewReferral(data=fields)
        checked.is_valid(raise_exception=True)
        referral, warnings = drafts.create_referral(actor=actor, fields=checked.validated_data)
    else:
        changes = ReferralFields(data={name: value for name, value in fields.items() if name != "client_id"})
        changes.is_valid(raise_exception=True)
        referral = drafts.change_draft(
            referral_id, actor=actor, expected_version=version, fields=changes.validated_data
        )
        warnings = drafts.warnings_about(referral)
    for file_id in sheet.take_off:
        take_off(file_id, referral_id=referral.pk, actor=actor, expected_version=None)
    attach(files, referral=referral, actor=actor)
    if press == "draft":
        return referral.pk
    if warnings and not sheet.is_confirmed:
        raise Conflict(
            "A referral of this client to the same recipient for the same region is open already. Send another one?",
            code="possible_duplicate",
            referral_ids=[pk for warning in warnings for pk in warning["referral_ids"]],
        )
    if sheet.said in SAID:
        _record_the_yes(referral, sheet, actor)
    if sheet.said == "link":
        services.move_referral(referral.pk, "ask_consent", actor=actor)
    else:
        presses.press(referral.pk, "send", actor=actor, expected_version=None)
    return referral.pk


def not_kept_because(problem: Problem) -> str:
    """What a draft still lacks, in words; what is wrong otherwise, in the refusal's own."""
    lacking = dict.fromkeys(_lacking(error) for error in problem.errors)
    return f"Not kept yet: {', '.join(lacking)}." if lacking and all(lacking) else f"Not kept: {problem.detail}"


def _lacking(error: FieldError) -> str:
    """Empty when the field was filled, but wrongly."""
    if error.code == "max_length":
        return ""
    return next((words for pointer, words in LACKING.items() if error.pointer.startswith(pointer)), "")


def plans_with_a_team(client_id: UUID, actor: Actor) -> list[tuple[CarePlan, list[Organization]]]:
    """The plans of the client that whoever accepts may join, where a yes has to name the clinics beside the actor's, too."""
    going_on = {"client_id": client_id, "state__in": (ACTIVE, ON_HOLD)}
    plans = CarePlan.objects.open_to(actor).filter(**going_on).order_by("-created_at")[:PLANS_OFFERED]
    others = {plan.pk: set(plan.party_ids) - {actor.organization_id} for plan in plans}
    named = Organization.objects.in_bulk({pk for clinics in others.values() for pk in clinics})
    return [(plan, [named[pk] for pk in plan.party_ids if pk in others[plan.pk]]) for plan in plans if others[plan.pk]]


def _record_the_yes(referral: Referral, sheet: Sheet, actor: Actor) -> None:
    """The client told us: the consent that this referral needs, unless one covers it already."""
    guest = Guest.objects.filter(pk=referral.pk).first() if referral.is_guest else None
    email = guest.email if guest else ""
    if not gates.needs_consent(referral) or gates.covering_consent(referral, guest_email=email) is not None:
        return
    assert referral.client_id is not None
    recipient = referral.recipient_organization_id
    clients.give_consent(
        referral.client_id,
        actor=actor,
        organization_ids=[*([recipient] if recipient else []), *_team_named(referral, sheet, actor)],
        guests=[email] if email else [],
        pools=[{"discipline": referral.discipline, "near": referral.pool_near}] if referral.is_pool else [],
        categories=CATEGORIES,
        method=sheet.said,
    )


def _team_named(referral: Referral, sheet: Sheet, actor: Actor) -> list[UUID]:
    """The clinics of the plans that the yes is about, too; a guest joins none."""
    assert referral.client_id is not None
    if referral.is_guest or not sheet.shared_plans:
        return []
    plans = plans_with_a_team(referral.client_id, actor)
    return [clinic.pk for plan, others in plans if str(plan.pk) in sheet.shared_plans for clinic in others]
