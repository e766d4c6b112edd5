"""What an export holds, in order, and which tables it leaves out and why.

A table with client data is named here once: in ``holds`` of the section that hands it over, or in ``LEFT_OUT``. A test
walks all models and fails when one is named nowhere.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.attachments.models import Attachment
from backend.audit.access_log import Look
from backend.audit.models import AccessLog, Event
from backend.careplans import models as m_plans
from backend.careplans import policies as plan_policies
from backend.careplans import queries as plans
from backend.clients import models as m_clients
from backend.clients.queries import reads_of
from backend.lib.actor import Actor
from backend.lib.history import history_of
from backend.lib.problems import Forbidden
from backend.notes import models as m_notes
from backend.notes import queries as notes
from backend.portability import sections as s
from backend.portability.models import Export
from backend.portability.reading import Reading
from backend.referrals import models as m_referrals
from backend.referrals import policies as referral_policies
from backend.referrals import queries as referrals
from backend.visits.models import Visit

Looks = Callable[[Actor, Sequence[Any]], Iterable[Look]]


def everybody(actor: Actor) -> bool:
    """Whoever reads clients at all."""
    return True


def nothing(actor: Actor, rows: Sequence[Any]) -> Iterable[Look]:
    """For parts of what another section's look stands for already."""
    return ()


def reads_clinical(actor: Actor) -> bool:
    return actor.reads_clinical


def reads_plans(actor: Actor) -> bool:
    try:
        plan_policies.check_reads(actor)
    except Forbidden:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an export.

    ``scope`` is the resource whose reading scope a token needs, ``may_read`` what the role needs. ``needs_client``: only
    while the client is open to the reader. ``holds`` are the tables it hands over. ``is_settled`` is false for what
    comes and goes by itself, and is one's own: it is not asked for again before a file is taken away. ``is_own_work``:
    rows here are a reason to export although the client is not open any more. ``stays``: never handed on to
    others. ``nested`` are lists inside a row whose rows have doors of their own.
    """

    name: str
    title: str
    scope: str
    found: Callable[[Reading], s.Found]
    shown: Callable[[Reading, s.Rows], list[s.Json]]
    holds: tuple[type[Any], ...]
    may_read: Callable[[Actor], bool] = everybody
    looks: Looks = nothing
    needs_client: bool = True
    is_settled: bool = True
    is_own_work: bool = False
    stays: bool = False
    nested: tuple[str, ...] = ()

    def is_for(self, reading: Reading) -> bool:
        actor = reading.actor
        return (
            actor.allows(f"{self.scope}:read") and self.may_read(actor) and not (self.stays and reading.is_to_hand_on)
        )


RECORD = (
    Section("client", "The client", "clients", s.the_client, s.shown_client,
            (m_clients.Client, m_clients.ClientIdentifier), looks=reads_of),
    Section("registration", "How this clinic knows the client", "clients", s.the_client, s.shown_registration,
            (m_clients.Registration,)),
    Section("representatives", "Who may answer for the client", "clients", s.representatives, s.shown_representatives,
            (m_clients.Representative,)),
    Section("consents", "What the client allows", "clients", s.consents, s.shown_consents, (m_clients.Consent,)),
    Section("access", "Who may see the client", "clients", s.access, s.shown_access, (m_clients.Access,),
            is_settled=False, stays=True),
    Section("looks", "Who did look", "clients", s.looks, s.shown_looks, (AccessLog,), is_settled=False,
            stays=True),
    Section("precautions", "Precautions", "clients", s.precautions, s.shown_precautions, (m_clients.Precaution,)),
    Section("holds", "Regions not to be treated", "clients", s.holds, s.shown_holds, (m_clients.Hold,)),
    Section("asks", "What was asked of everybody", "clients", s.asks, s.shown_asks, (m_notes.Ask,)),
)  # fmt: skip
LOOP = (
    Section("referrals", "Referrals", "referrals", s.referrals, s.shown_referrals,
            (m_referrals.Referral, m_referrals.Package, m_referrals.Step, m_referrals.ReferralVisit,
             m_referrals.OfferedTime, m_referrals.ContactAttempt, m_referrals.Guest, m_referrals.PlanChange),
            may_read=referral_policies.may_read_content, looks=referrals.looks_at, needs_client=False,
            is_own_work=True, nested=("attachments",)),
    Section("messages", "Messages", "referrals", s.messages, s.shown_messages, (m_referrals.Message,),
            may_read=referral_policies.may_read_content, needs_client=False, is_own_work=True),
    Section("reports", "Reports", "referrals", s.reports, s.shown_reports, (m_referrals.Report, m_referrals.ReportQuote),
            may_read=reads_clinical, needs_client=False, is_own_work=True,
            nested=("attachments",)),
    Section("attachments", "Files", "referrals", s.attachments, s.shown_attachments, (Attachment, m_referrals.ReferralFile),
            may_read=reads_clinical, needs_client=False, is_own_work=True),
    Section("visits", "Visits", "visits", s.visits, s.shown_visits, (Visit,), needs_client=False, is_own_work=True),
)  # fmt: skip
CARE = (
    Section("care_plans", "Care plans", "care-plans", s.care_plans, s.shown_care_plans,
            (m_plans.CarePlan, m_plans.PlanIdentifier, m_plans.TeamMember, m_plans.Phase, m_plans.Problem, m_plans.Goal,
             m_plans.Intervention),
            may_read=reads_plans, looks=plans.looks_at, needs_client=False, is_own_work=True,
            nested=("team", "phases", "problems", "goals", "interventions")),
    Section("proposals", "Proposals", "care-plans", s.proposals, s.shown_proposals, (m_plans.Proposal,),
            may_read=reads_clinical, needs_client=False),
    Section("versions", "Published versions of care plans", "care-plans", s.versions, s.shown_versions,
            (m_plans.PlanVersion,), may_read=reads_clinical, needs_client=False),
    Section("agreements", "What was said to the versions", "care-plans", s.agreements, s.shown_agreements,
            (m_plans.Agreement,), may_read=reads_clinical, needs_client=False),
    Section("decisions", "Lines of clinics that left", "care-plans", s.decisions, s.shown_decisions,
            (m_plans.Decision,), may_read=reads_clinical, needs_client=False),
    Section("notes", "Notes", "notes", s.all_notes, s.shown_notes,
            (m_notes.Note, m_notes.Section, m_notes.Finding, m_notes.TechniqueDone, m_notes.Addendum,
             m_notes.NoteIdentifier),
            looks=notes.looks_at, needs_client=False, is_own_work=True,
            nested=("findings", "techniques", "asks", "addenda", "attachments")),
    Section("note_files", "Files of notes", "notes", s.note_files, s.shown_note_files, (m_notes.NoteFile,),
            needs_client=False, is_own_work=True),
    Section("events", "What happened, as it was told to this clinic", "events", s.events, s.shown_events, (Event,),
            needs_client=False, is_settled=False, stays=True),
)  # fmt: skip
CONTENTS = (*RECORD, *LOOP, *CARE)
SECTIONS = {section.name: section for section in CONTENTS}

EARLIER_STATES = "Earlier states of rows that are here; what changed in a plan or a note is read at its own address."
TRACKED = (
    m_clients.Consent, m_clients.Hold, m_clients.Precaution, m_notes.Ask, m_notes.Finding, m_notes.Note, m_notes.Section,
    m_notes.TechniqueDone, m_plans.CarePlan, m_plans.Goal, m_plans.Intervention, m_plans.Phase, m_plans.Problem,
    m_plans.Proposal, m_plans.TeamMember, Visit,
)  # fmt: skip
# By the model's label: why an export does not hold it.
LEFT_OUT: Mapping[str, str] = {
    **{history_of(model)._meta.label: EARLIER_STATES for model in TRACKED},
    "audit.IdempotentRequest": "Answers kept for a week, so that a repeated request gets the same one; copies of rows.",
    "audit.Work": "What the worker has to do next; ids only, gone when it is done.",
    "clients.ReadMark": "Which lines of the brief a practitioner has read: what a reader did, not what is known.",
    "links.Code": "One-time codes: keys, not a record.",
    "links.Link": "Secret links: keys, not a record. Who came by one is among the looks.",
    "notifications.Mail": "That a mail left, and whether it arrived; the referral's tracking says what came of it.",
    "notifications.Notice": "What a member still has to be told; made from events, which are here.",
    "portability.Export": "The exports themselves.",
    "portability.Piece": "The exports themselves.",
    "referrals.PoolPass": "Which clinics let a pool's referral pass; nobody is told.",
    "referrals.Press": "A press that can still be taken back, for ten seconds; then it is a step of the referral.",
}


def sections_for(reading: Reading) -> list[Section]:
    """The sections this reader gets of this client, in order."""
    here = [section for section in CONTENTS if section.is_for(reading)]
    return [section for section in here if reading.client is not None or not section.needs_client]


def withheld_from(reading: Reading) -> list[str]:
    """Names of the sections this reader does not get. Says what role, scope and access are, never what there is."""
    given = {section.name for section in sections_for(reading)}
    return [section.name for section in CONTENTS if section.name not in given]


def has_own_work(reading: Reading) -> bool:
    """Whether the reader's clinic has something of its own about this client, also when the client is closed to it."""
    own = Reading(reading.actor, reading.client_id, reading.ids, reading.client, Export.Include.OWN)
    written = (section.found(own).exists() for section in CONTENTS if section.is_own_work)
    return any(written) or s.accepted_here(own)
