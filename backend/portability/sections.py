"""The sections of an export: which rows, behind which door, and the app's own rendering of them.

Each function takes the reading; what it finds is what the same reader finds through the API, whatever is asked there.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from backend.attachments import rendering as files
from backend.attachments.models import Attachment, Tie
from backend.attachments.services import is_served
from backend.audit.models import AccessLog, Event
from backend.careplans import queries as plans
from backend.careplans import rendering as plan_rendering
from backend.careplans.models import CarePlan, PlanVersion
from backend.clients import rendering as clients
from backend.clients.models import Access, Client, Consent, Hold, Precaution, Representative
from backend.clients.queries import looks_at, with_home, withheld_precautions
from backend.notes import queries as notes
from backend.notes import rendering as note_rendering
from backend.notes.models import Ask, Note, NoteFile
from backend.portability.handing_on import about_another_client, may_leave
from backend.portability.reading import Reading
from backend.record.queries.feed import told_to
from backend.record.serializers import rendered
from backend.referrals import care, queries, rendering
from backend.referrals.models import Message, Referral, ReferralFile, Report
from backend.visits.models import Visit

Json = dict[str, Any]
Rows = Sequence[Any]
Found = QuerySet[Any, Any]
# What is for pages and programs, not for who reads a record.
BUTTONS = ("available_transitions", "cursor")
NESTED_IN_A_PLAN = ("team", "phases", "problems", "goals", "interventions", "proposals")
UNFINISHED = ("unpublished", "to_decide")
OF_ALL_PARTIES = ("agreement", *UNFINISHED)


def _asked_for(model: Any, reading: Reading, *, own: Q | None = None) -> Q:
    """What the reader's own people wrote, or what may be handed on, when only that is asked for."""
    if reading.is_own:
        return Q(organization_id=reading.clinic_id) if own is None else own
    return may_leave(model) if reading.is_to_hand_on else Q()


def _about(model: Any, reading: Reading) -> Any:
    return model.objects.visible_to(reading.actor).filter(_asked_for(model, reading), client_id__in=reading.ids)


def _without_buttons(row: Mapping[str, Any]) -> Json:
    return {name: value for name, value in row.items() if name not in BUTTONS}


# --- the client ----------------------------------------------------------------------------------------------------


def the_client(reading: Reading) -> Found:
    """The client's own row, and those that became part of it."""
    found = with_home(Client.objects.visible_to(reading.actor), reading.actor).filter(pk__in=reading.ids)
    narrowed: Found = found.registered_at(reading.clinic_id) if reading.is_own else found
    return narrowed


def shown_client(reading: Reading, rows: Rows) -> list[Json]:
    """With the caller's own numbers, and whom to ask where something sensitive is kept by a colleague."""
    numbers = clients.identifiers_of(reading.actor, rows)
    return [
        {**clients.client_data(row, reading.actor, numbers[row.pk]), "contact_first": _contact_first(row, reading)}
        for row in rows
    ]


def _contact_first(client: Client, reading: Reading) -> list[Json]:
    if reading.is_own:
        return []
    precautions, asks = withheld_precautions([client.pk]), notes.withheld_asks([client.pk])
    names = clients.names_of([*(row[1] for row in precautions), *(row[1] for row in asks)])
    return [
        *(clients.contact_first_data(row, names) for row in precautions),
        *(note_rendering.contact_first_data(row, names) for row in asks),
    ]


def shown_registration(reading: Reading, rows: Rows) -> list[Json]:
    return [{"id": str(row.pk), **clients.registration_data(row, reading.actor)} for row in rows]


def representatives(reading: Reading) -> Found:
    found: Found = _about(Representative, reading)
    return found


def shown_representatives(reading: Reading, rows: Rows) -> list[Json]:
    return [clients.representative_data(row) for row in rows]


def consents(reading: Reading) -> Found:
    found: Found = _about(Consent, reading)
    return found


def shown_consents(reading: Reading, rows: Rows) -> list[Json]:
    assert reading.client is not None
    names = clients.names_of(wanted for row in rows for wanted in row.organization_ids)
    told = [clients.consent_data(row, reading.actor, names, reading.client) for row in rows]
    return [clients.consent_for_others(consent) for consent in told] if reading.is_to_hand_on else told


def access(reading: Reading) -> Found:
    found: Found = _about(Access, reading).live()
    return found


def shown_access(reading: Reading, rows: Rows) -> list[Json]:
    names = clients.names_of(row.organization_id for row in rows)
    return [clients.access_data(row, names) for row in rows]


def looks(reading: Reading) -> Found:
    found: QuerySet[AccessLog] = looks_at(reading.actor, reading.ids).filter(_asked_for(AccessLog, reading))
    return found


def shown_looks(reading: Reading, rows: Rows) -> list[Json]:
    names = clients.names_of(row.organization_id for row in rows)
    return [clients.look_data(row, names) for row in rows]


# --- safety --------------------------------------------------------------------------------------------------------


def precautions(reading: Reading) -> Found:
    found: Found = _about(Precaution, reading)
    return found


def shown_precautions(reading: Reading, rows: Rows) -> list[Json]:
    names = clients.names_of(row.organization_id for row in rows)
    return [clients.precaution_data(row, reading.actor, names) for row in rows]


def holds(reading: Reading) -> Found:
    found: Found = _about(Hold, reading)
    return found


def shown_holds(reading: Reading, rows: Rows) -> list[Json]:
    names = clients.names_of(row.organization_id for row in rows)
    return [clients.hold_data(row, reading.actor, names) for row in rows]


def asks(reading: Reading) -> Found:
    """Also those that ended: a record tells what was asked."""
    found: Found = _about(Ask, reading).filter(released_at__isnull=False).select_related("author_role__practitioner")
    return found


def shown_asks(reading: Reading, rows: Rows) -> list[Json]:
    names = clients.names_of(row.organization_id for row in rows)
    return [note_rendering.ask_data(row, reading.actor, names) for row in rows]


# --- referrals and visits ------------------------------------------------------------------------------------------


def referrals(reading: Reading) -> Found:
    """Those whose content is open to the reader; of others nobody learns whom they are about."""
    about = queries.about(reading.ids, reading.actor)
    asked_for = _asked_for(Referral, reading, own=Q(sender_organization_id=reading.clinic_id))
    found: Found = Referral.objects.visible_to(reading.actor).filter(about & asked_for)
    return queries.whole(found, reading.actor, most=None)  # type: ignore[arg-type]  # a queryset of referrals


def shown_referrals(reading: Reading, rows: Rows) -> list[Json]:
    return [_without_buttons(rendering.detail(row, reading.actor)) for row in rows]


def _of_referrals(model: Any, reading: Reading) -> Any:
    visible = model.objects.visible_to(reading.actor)
    return visible.filter(_asked_for(model, reading), referral__client_id__in=reading.ids)


def messages(reading: Reading) -> Found:
    found: Found = _of_referrals(Message, reading)
    return found


def shown_messages(reading: Reading, rows: Rows) -> list[Json]:
    return [{"referral_id": str(row.referral_id), **rendering.message(row)} for row in rows]


def reports(reading: Reading) -> Found:
    return queries.with_what_hangs_on(_of_referrals(Report, reading), reading.actor)


def shown_reports(reading: Reading, rows: Rows) -> list[Json]:
    return [{"referral_id": str(row.referral_id), **rendering.report(row)} for row in rows]


def attachments(reading: Reading) -> Found:
    """Files that go with referrals and their reports."""
    return _files(_of_referrals(ReferralFile, reading), reading)


def note_files(reading: Reading) -> Found:
    """Files that go with notes."""
    asked_for = _asked_for(NoteFile, reading, own=Q(note__organization_id=reading.clinic_id))
    ties = NoteFile.objects.visible_to(reading.actor).filter(asked_for, note__client_id__in=reading.ids)
    return _files(ties, reading)


def _files(ties: QuerySet[Any], reading: Reading) -> Found:
    visible = Attachment.objects.visible_to(reading.actor).filter(pk__in=ties.values("attachment_id"))
    return visible.defer("content")


def shown_attachments(reading: Reading, rows: Rows) -> list[Json]:
    return _shown_files(ReferralFile, "referral_id", reading, rows)


def shown_note_files(reading: Reading, rows: Rows) -> list[Json]:
    return _shown_files(NoteFile, "note_id", reading, rows)


def _shown_files(ties: type[Tie], owner: str, reading: Reading, rows: Rows) -> list[Json]:
    """Each with what it goes with, and the name under which its bytes stand in the ZIP file, if they do."""
    hung = ties.objects.visible_to(reading.actor).filter(attachment__in=[row.pk for row in rows])
    owners = dict(hung.values_list("attachment_id", owner))
    return [
        {
            owner: str(owners[row.pk]),
            **files.attachment(row),
            "by": row.by,
            "file": name_in_zip(row) if is_served(row, reading.actor) else None,
        }
        for row in rows
    ]


def name_in_zip(attachment: Attachment) -> str:
    return f"files/{attachment.pk.hex[-8:]}-{attachment.name}"


def visits(reading: Reading) -> Found:
    found: Found = _about(Visit, reading).select_related("organization", "practitioner_role__practitioner")
    return found


def shown_visits(reading: Reading, rows: Rows) -> list[Json]:
    return [_without_buttons(row) for row in care.visits_data(rows, reading.actor)]


# --- care plans ----------------------------------------------------------------------------------------------------


def care_plans(reading: Reading) -> Found:
    asked_for = _asked_for(CarePlan, reading, own=Q(party_ids__contains=[reading.clinic_id]))
    found: Any = CarePlan.objects.visible_to(reading.actor).filter(asked_for, client_id__in=reading.ids)
    return plans.whole(found, reading.actor, most=None)


def shown_care_plans(reading: Reading, rows: Rows) -> list[Json]:
    told = [_without_buttons(plan_rendering.detail(row, reading.actor)) for row in rows]
    if reading.is_to_hand_on:
        anothers = about_another_client(reading.actor, {row["id"] for row in rows})
        return [_to_hand_on(plan, anothers) for plan in told]
    return [_own_of_plan(plan, row, reading) for plan, row in zip(told, rows, strict=True)] if reading.is_own else told


def _to_hand_on(plan: Json, anothers: set[str]) -> Json:
    """Without what is not published yet, and the rows that were about another client; proposals have a section of their own."""
    kept = {name: value for name, value in plan.items() if name not in (*UNFINISHED, "proposals")}
    nested = [name for name in NESTED_IN_A_PLAN if name in kept]
    return {**kept, **{name: [one for one in kept[name] if one["id"] not in anothers] for name in nested}}


def _own_of_plan(plan: Json, row: Mapping[str, Any], reading: Reading) -> Json:
    """The rows that the reader's own people wrote; the header's words when their clinic leads."""
    mine = str(reading.clinic_id)
    leads = row["lead_organization_id"] == reading.clinic_id
    kept = {name: value for name, value in plan.items() if name not in OF_ALL_PARTIES and (leads or name != "title")}
    nested = [name for name in NESTED_IN_A_PLAN if name in kept]
    return {**kept, **{name: [one for one in kept[name] if one["organization"]["id"] == mine] for name in nested}}


def _of_plans(kind: str, reading: Reading) -> Found:
    model = plans.MODELS[kind]
    found = plans.rows_about(reading.actor, kind, reading.ids)
    return found.filter(_asked_for(model, reading, own=model.objects.own(reading.clinic_id)))


def proposals(reading: Reading) -> Found:
    return _of_plans("proposals", reading)


def shown_proposals(reading: Reading, rows: Rows) -> list[Json]:
    visible = CarePlan.objects.visible_to(reading.actor).filter(pk__in={row["plan_id"] for row in rows})
    of = {plan["id"]: plan for plan in plans.whole(visible, reading.actor, most=None)}
    return [
        {
            "care_plan_id": str(row["plan_id"]),
            **_without_buttons(
                plan_rendering.proposal_for(
                    plan_rendering.shown("proposals", row["data"]), of[row["plan_id"]], reading.actor
                )
            ),
        }
        for row in rows
    ]


def versions(reading: Reading) -> Found:
    found: Any = PlanVersion.objects.visible_to(reading.actor).filter(plan__client_id__in=reading.ids)
    asked_for = _asked_for(PlanVersion, reading, own=found.own(reading.clinic_id))
    whole: Found = found.filter(asked_for).whole().select_related("organization")
    return whole


def shown_versions(reading: Reading, rows: Rows) -> list[Json]:
    told = [{"care_plan_id": str(row.plan_id), **plan_rendering.version_for(row)} for row in rows]
    if not reading.is_to_hand_on:
        return told
    anothers = about_another_client(reading.actor, {row.plan_id for row in rows})
    return [plan_rendering.version_without(version, anothers) for version in told]


def agreements(reading: Reading) -> Found:
    return _of_plans("agreements", reading)


def decisions(reading: Reading) -> Found:
    return _of_plans("decisions", reading)


def shown_agreements(reading: Reading, rows: Rows) -> list[Json]:
    return [{"care_plan_id": str(row["plan_id"]), **plan_rendering.shown("agreements", row["data"])} for row in rows]


def shown_decisions(reading: Reading, rows: Rows) -> list[Json]:
    return [{"care_plan_id": str(row["plan_id"]), **plan_rendering.shown("decisions", row["data"])} for row in rows]


# --- notes and events ----------------------------------------------------------------------------------------------


def all_notes(reading: Reading) -> Found:
    return notes.whole(_about(Note, reading), reading.actor, most=None)


def shown_notes(reading: Reading, rows: Rows) -> list[Json]:
    told = [_without_buttons(note_rendering.note_data(row, reading.actor)) for row in rows]
    return [note_rendering.for_others(note) for note in told] if reading.is_to_hand_on else told


def events(reading: Reading) -> Found:
    """Of the reader's own feed."""
    found: Found = Event.objects.visible_to(reading.actor).filter(client_id__in=reading.ids)
    return found


def shown_events(reading: Reading, rows: Rows) -> list[Json]:
    """Those that the feed would tell the reader now."""
    told = told_to(reading.actor, rows)
    return [_without_buttons(rendered(row, reading.actor)) for row in rows if row.id in told]


def accepted_here(reading: Reading) -> bool:
    """Whether the clinic accepted a referral of this client, which is its own record from then on."""
    about = queries.about(reading.ids, reading.actor)
    accepted = Q(recipient_organization_id=reading.clinic_id, accepted_at__isnull=False)
    return Referral.objects.visible_to(reading.actor).filter(about & accepted).exists()
