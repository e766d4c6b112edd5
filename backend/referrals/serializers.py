"""The shapes of answers about referrals, for the schema; a test compares them with what the queries make."""

from typing import Any

from rest_framework import serializers

from backend.attachments.serializers import AttachmentOut
from backend.lib.rest.fields import Identifier, Label, Moment, OpenCode
from backend.lib.rest.transitions import AvailableTransition
from backend.notes.models import Note, SectionName
from backend.referrals import workflow as w
from backend.referrals.models import Referral, Report
from backend.referrals.models.content import CanBeInError

GROUPS = ("draft", "waiting_for_them", "waiting_for_us", "in_care", "deciding", "finished")


class Side(serializers.Serializer[Any]):
    organization = Label(allow_null=True)
    practitioner_role = Label(allow_null=True, help_text="Null: the organization's queue.")


class SenderOut(Side):
    discipline = serializers.CharField(allow_null=True, help_text="The sending role's; null in the queue.")


class GuestOut(serializers.Serializer[Any]):
    """A colleague without an account. What they attested is never called verified."""

    name = serializers.CharField()
    discipline = OpenCode()
    email = serializers.EmailField()
    attested_name = serializers.CharField()
    attested_clinic = serializers.CharField()
    license_kind = serializers.CharField()
    license_number = serializers.CharField()
    license_place = serializers.CharField()
    attested_at = Moment(allow_null=True)
    bounced_at = Moment(allow_null=True)
    verified = serializers.BooleanField()


class RecipientOut(Side):
    kind = serializers.ChoiceField(Referral.RecipientKind.choices)
    discipline = OpenCode()
    near = serializers.CharField(allow_null=True)
    guest = GuestOut(allow_null=True)


class PlaceOut(serializers.Serializer[Any]):
    region = serializers.CharField()
    side = serializers.CharField()


class ShortTracking(serializers.Serializer[Any]):
    sent_at = Moment(allow_null=True)
    delivered_at = Moment(allow_null=True, help_text="Our server handed it over.")
    opened_at = Moment(allow_null=True, help_text="A person of the recipient looked.")
    reminders = serializers.IntegerField()


class ReferralSummary(serializers.Serializer[Any]):
    """A referral in a list."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
    state = OpenCode(help_text="See /catalog/transitions.")
    state_group = serializers.ChoiceField(GROUPS)
    whose_move = serializers.ChoiceField([w.SENDER, w.RECIPIENT, w.CLIENT], allow_null=True)
    due_at = Moment(allow_null=True)
    is_overdue = serializers.BooleanField()
    kind = serializers.ChoiceField(Referral.Kind.choices)
    priority = serializers.ChoiceField(Referral.Priority.choices)
    transfer = serializers.BooleanField()
    discipline = OpenCode()
    regions = PlaceOut(many=True)
    technique_ids = serializers.ListField(child=serializers.CharField())
    client = Label(allow_null=True, required=False)
    reason = serializers.CharField(required=False)
    question = serializers.CharField(required=False)
    sender = SenderOut(required=False)
    recipient = RecipientOut()
    tracking = ShortTracking(required=False)
    unread_report_count = serializers.IntegerField()
    created_at = Moment()
    updated_at = Moment()
    withheld = serializers.ListField(child=serializers.CharField(), required=False)


class StepOut(serializers.Serializer[Any]):
    name = OpenCode()
    to = OpenCode()
    party = serializers.CharField()
    by = serializers.CharField()
    at = Moment()
    occurred_at = Moment(allow_null=True)
    recorded_at = Moment()
    reason = OpenCode(help_text="A code, or empty.")
    manner = serializers.CharField()
    on_behalf_of = serializers.UUIDField(allow_null=True)
    application_id = serializers.UUIDField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]  # DRF's own signature
        return {**super().get_fields(), "from": OpenCode()}


class ClientDemographics(serializers.Serializer[Any]):
    """The client as the recipient sees them before accepting, so that a match can be made."""

    id = serializers.UUIDField()
    display = serializers.CharField()
    family_name = serializers.CharField()
    given_name = serializers.CharField(allow_null=True)
    birth_date = serializers.DateField(allow_null=True)
    gender = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    address = serializers.CharField(allow_null=True)
    city = serializers.CharField(allow_null=True)
    region = serializers.CharField(allow_null=True)
    postal_code = serializers.CharField(allow_null=True)
    country = serializers.CharField(allow_null=True)
    language = serializers.CharField(allow_null=True)


class PackageOut(serializers.Serializer[Any]):
    """The immutable snapshot that was sent. A front desk reads client, reason, question and one line of precautions."""

    client = ClientDemographics(allow_null=True)
    reason = serializers.CharField()
    question = serializers.CharField()
    red_flags = serializers.DictField(required=False)
    precautions = serializers.ListField(child=serializers.DictField(), required=False)
    findings = serializers.CharField(required=False)
    scores = serializers.ListField(child=serializers.DictField(), required=False)
    tried = serializers.CharField(required=False)
    goals = serializers.CharField(required=False)
    feedback_wanted = serializers.CharField(required=False)
    precautions_line = serializers.CharField(allow_null=True, required=False)


class OfferedTimeOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    starts_at = Moment()
    ends_at = Moment()
    time_zone = serializers.CharField()


class VisitOut(OfferedTimeOut):
    state = serializers.CharField()
    is_current = serializers.BooleanField()


class OrderOut(serializers.Serializer[Any]):
    number = serializers.CharField()
    by = serializers.CharField(allow_null=True)
    visits = serializers.IntegerField(allow_null=True)
    until = serializers.DateField(allow_null=True)


class IdentifiersOut(serializers.Serializer[Any]):
    sender = Identifier(allow_null=True, help_text="PLAC")
    recipient = Identifier(allow_null=True, help_text="FILL")


class ContactAttemptOut(serializers.Serializer[Any]):
    channel = serializers.CharField()
    outcome = serializers.CharField()
    by = serializers.CharField()
    at = Moment()


class Tracking(ShortTracking):
    accepted_at = Moment(allow_null=True)
    first_seen_at = Moment(allow_null=True)
    no_shows = serializers.IntegerField()
    contact_attempts = ContactAttemptOut(many=True)


class UnreadReport(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    is_final = serializers.BooleanField()
    received_at = Moment()
    read_due_at = Moment(allow_null=True)
    has_red_flag = serializers.BooleanField()


class Warning(serializers.Serializer[Any]):
    code = OpenCode()
    detail = serializers.CharField()
    referral_ids = serializers.ListField(child=serializers.UUIDField())


class PlanVersionRef(serializers.Serializer[Any]):
    """A published version of a care plan."""

    care_plan_id = serializers.UUIDField()
    id = serializers.UUIDField()
    number = serializers.IntegerField()


class ReferralDetail(ReferralSummary):
    """One referral, as this reader sees it."""

    tracking = Tracking(required=False)
    available_transitions = AvailableTransition(many=True)
    package = PackageOut(required=False)
    attachments = AttachmentOut(many=True, required=False)
    offered_times = OfferedTimeOut(many=True, required=False)
    order = OrderOut(allow_null=True)
    identifiers = IdentifiersOut(required=False)
    review_on = serializers.DateField(allow_null=True)
    visits = VisitOut(many=True)
    unread_reports = UnreadReport(many=True)
    history = StepOut(many=True)
    closed_how = OpenCode(allow_null=True)
    suggested_practitioner_role = Label(allow_null=True, help_text="Whom a decline named: redirect to it.")
    redirected_to_id = serializers.UUIDField(allow_null=True)
    converted_to_id = serializers.UUIDField(allow_null=True)
    came_from_id = serializers.UUIDField(allow_null=True)
    plan_version = PlanVersionRef(
        allow_null=True, help_text="What the plan became of a report; for those who may read that version."
    )
    warnings = Warning(many=True, required=False, help_text="Only in the answer to creating.")


class InErrorOut(serializers.Serializer[Any]):
    """It was a mistake: show it struck through, or not at all."""

    at = Moment()
    by = serializers.CharField()
    reason = serializers.ChoiceField(CanBeInError.Reason.choices)
    note = serializers.CharField(allow_null=True)


class MessageOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    party = serializers.CharField()
    by = serializers.CharField()
    text = serializers.CharField()
    created_at = Moment()
    entered_in_error = InErrorOut(allow_null=True)


class SignatureOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(Report.SignatureKind.choices)
    practitioner = serializers.CharField()
    license = serializers.CharField()
    signed_at = Moment()
    received_at = Moment()
    application = serializers.UUIDField(allow_null=True)


class QuoteOut(serializers.Serializer[Any]):
    """A signed note that a report was written from; what it says is read at the note's own address.

    Of a note of another organization that was about another client there is the id alone, and that it does not stand.
    """

    note_id = serializers.UUIDField()
    kind = serializers.ChoiceField(Note.Kind.choices, allow_null=True)
    signed_by = serializers.CharField(allow_null=True)
    signed_at = Moment(allow_null=True)
    occurred_at = Moment(allow_null=True)
    content_hash = serializers.CharField(allow_null=True, help_text="Of the note as it was when the report was signed.")
    stands = serializers.BooleanField(help_text="False once the note was entered in error.")
    is_readable = serializers.BooleanField(help_text="Whether you may read the note now.")


class DraftedQuote(serializers.Serializer[Any]):
    """What one section of a note says, with its addenda."""

    note_id = serializers.UUIDField()
    signed_at = Moment()
    signature = serializers.CharField(help_text="Who signed the note.")
    section = serializers.ChoiceField(SectionName.choices)
    text = serializers.CharField()
    content_hash = serializers.CharField()


class ReportDraftOut(serializers.Serializer[Any]):
    """Words for a report, made from signed notes; nothing is stored. Correct them, then send them with ``report``."""

    answer = serializers.CharField()
    findings = serializers.CharField()
    recommendations = serializers.CharField()
    outcome = serializers.ChoiceField(Report.Outcome.choices, allow_null=True, help_text="After a discharge note.")
    new_precautions = serializers.ListField(
        child=OpenCode(), help_text="Recorded by your clinic since it accepted, and not in the package."
    )
    quoted_note_ids = serializers.ListField(child=serializers.UUIDField(), help_text="For `report.quoted_note_ids`.")
    quotes = DraftedQuote(many=True)


class ReportOut(serializers.Serializer[Any]):
    """A signed report; it is superseded or amended, never changed."""

    id = serializers.UUIDField()
    is_final = serializers.BooleanField()
    answer = serializers.CharField()
    findings = serializers.CharField()
    recommendations = serializers.CharField()
    outcome = serializers.ChoiceField(Report.Outcome.choices)
    not_completed_reason = OpenCode(allow_null=True)
    has_red_flag = serializers.BooleanField()
    new_precautions = serializers.ListField(child=serializers.CharField())
    signature = SignatureOut()
    content_hash = serializers.CharField(help_text="SHA-256 over the canonical JSON of what was signed.")
    supersedes_id = serializers.UUIDField(allow_null=True)
    read_due_at = Moment(allow_null=True)
    read_at = Moment(allow_null=True)
    read_by = serializers.CharField(allow_null=True)
    plan_change = serializers.CharField(allow_null=True)
    entered_in_error = InErrorOut(allow_null=True)
    attachments = AttachmentOut(many=True)
    quotes = QuoteOut(many=True, help_text="The notes it was written from.")


class Figures(serializers.Serializer[Any]):
    """How many referrals wait on whom."""

    ours = serializers.IntegerField()
    theirs = serializers.IntegerField()
    client = serializers.IntegerField()
    overdue = serializers.IntegerField()
    unsent = serializers.IntegerField()
    closed = serializers.IntegerField()
    by_the_system = serializers.DictField(
        child=serializers.IntegerField(), help_text="Transitions the service made itself, by name."
    )
