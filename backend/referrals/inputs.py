"""What each transition takes with it: one serializer per transition, checked after the transition was chosen."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from backend.catalog.queries import catalog
from backend.clients.models import Consent
from backend.clients.serializers import AboutClient, GivenBySerializer
from backend.directory.serializers import OnBehalfOf
from backend.lib.rest import transitions
from backend.lib.rest.fields import Changes, CodedReason, Identifier, Moment, PlainText, StrictSerializer, ZoneName
from backend.referrals.models import ContactAttempt, Referral, Report
from backend.referrals.models.content import CanBeInError

LONG, SHORT = 10_000, 2_000
PLAN_CHANGES = ("no_change", "updated")


class Recorded(StrictSerializer):
    """An answer that came by another way, written down by the sender's staff."""

    who = PlainText(max_length=200, help_text="Who answered.")
    how = serializers.ChoiceField(["phone", "fax", "letter", "in_person"])
    at = Moment(required=False, help_text="When the answer came.")
    attachment_id = serializers.UUIDField(required=False, help_text="A scan of the letter or fax.")


class Details(transitions.Details):
    """What every transition of a referral may carry."""

    on_behalf_of = OnBehalfOf(required=False)
    recorded = Recorded(required=False, help_text="For a guest's or client's answer that came by phone, fax or letter.")


class Question(Details):
    question = PlainText(max_length=SHORT)


class Answer(Details):
    answer = PlainText(max_length=LONG)


class ConsentAnswer(Details):
    """How the client said yes or no."""

    method = serializers.ChoiceField(["in_person", "paper", "verbal"], required=False)
    given_by = GivenBySerializer(required=False, help_text="The client when absent.")
    categories = serializers.ListField(child=serializers.ChoiceField(Consent.Category.choices), required=False)
    expires_on = serializers.DateField(required=False)
    excluded_practitioner_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=50, help_text="“Not this person.”"
    )


class Accept(Details):
    practitioner_role_id = serializers.UUIDField(required=False, help_text="Who takes it; else the caller's own role.")
    own_client_id = serializers.UUIDField(required=False, help_text="The same person among one's own clients.")
    recipient_identifier = Identifier(required=False, help_text="The recipient's number for this referral (FILL).")


class TimeSpan(StrictSerializer):
    starts_at = Moment()
    ends_at = Moment()
    time_zone = ZoneName(required=False)

    def validate(self, span: dict[str, Any]) -> dict[str, Any]:
        if span["ends_at"] <= span["starts_at"]:
            raise serializers.ValidationError({"ends_at": ["It ends before it starts."]}, code="ends_before_start")
        return span


class OfferTimes(Details):
    times = serializers.ListField(child=TimeSpan(), min_length=1, max_length=5)


class ChooseTime(Details):
    time_id = serializers.UUIDField()


class Waitlist(Details):
    review_on = serializers.DateField(help_text="The day on which the recipient will look at it again.")
    detail = PlainText(max_length=SHORT, required=False)


class Book(Details):
    visit = TimeSpan(required=False)
    visit_id = serializers.UUIDField(required=False)

    def validate(self, details: dict[str, Any]) -> dict[str, Any]:
        if ("visit" in details) == ("visit_id" in details):
            raise serializers.ValidationError({"visit": ["Give either the visit's times or a visit_id."]})
        return details


class CancelVisit(Details):
    by = serializers.ChoiceField(["client", "recipient"])
    detail = PlainText(max_length=SHORT, required=False)


class Detail(Details):
    detail = PlainText(max_length=SHORT, required=False)


class LogContact(Details):
    channel = serializers.ChoiceField(ContactAttempt.Channel.choices)
    outcome = serializers.ChoiceField(ContactAttempt.Outcome.choices)


def _codes(kind: str) -> list[tuple[str, str]]:
    return [(code, reason.label) for code, reason in getattr(catalog(), kind).items()]


class Decline(Details):
    reason = CodedReason(_codes("decline_reasons"))
    detail = PlainText(max_length=SHORT, required=False)
    suggested_practitioner_role_id = serializers.UUIDField(required=False)
    suggested_name = PlainText(
        max_length=200, required=False, help_text="A colleague who is not in the directory; shown as it is written."
    )

    def validate(self, details: dict[str, Any]) -> dict[str, Any]:
        if catalog().decline_reasons[details["reason"]].needs_sentence and not details.get("detail"):
            raise serializers.ValidationError(
                {"detail": ["This reason needs a sentence, so that the sender knows what to do next."]},
                code="detail_required",
            )
        return details


class Withdraw(Details):
    reason = CodedReason(_codes("withdraw_reasons"))
    detail = PlainText(max_length=SHORT, required=False)


class Assign(Details):
    practitioner_role_id = serializers.UUIDField()
    side = serializers.ChoiceField(["sender", "recipient"], required=False, help_text="Needed inside one organization.")


class Start(Details):
    seen_at = Moment(required=False, help_text="When the client was first seen; now when absent.")


class ReportBody(StrictSerializer):
    """What the report says. ``outcome`` is answered when absent."""

    answer = PlainText(max_length=LONG, help_text="The answer to the question.")
    findings = PlainText(max_length=LONG, allow_blank=True, required=False, default="")
    recommendations = PlainText(max_length=LONG, allow_blank=True, required=False, default="")
    outcome = serializers.ChoiceField(Report.Outcome.choices, required=False, default=Report.Outcome.ANSWERED)
    not_completed_reason = serializers.ChoiceField(_codes("not_completed_reasons"), required=False)
    has_red_flag = serializers.BooleanField(required=False, default=False)
    new_precautions = serializers.ListField(child=PlainText(max_length=40), required=False, max_length=20)
    attachment_ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=20)
    quoted_note_ids = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=50,
        help_text="Signed notes of your clinic about this client that the report was written from.",
    )

    def validate(self, report: dict[str, Any]) -> dict[str, Any]:
        if report["outcome"] == Report.Outcome.NOT_COMPLETED and not report.get("not_completed_reason"):
            raise serializers.ValidationError(
                {"not_completed_reason": ["Say why it was not completed."]}, code="reason_required"
            )
        unknown = [code for code in report.get("new_precautions", []) if code not in catalog().precautions]
        if unknown:
            raise serializers.ValidationError({"new_precautions": [f"Unknown precaution {unknown[0]}."]})
        return report


class SignedElsewhere(StrictSerializer):
    """What a practitioner signed in the clinic's own software, delivered by its system."""

    practitioner_role_id = serializers.UUIDField()
    signed_at = Moment()
    source = Identifier()  # type: ignore[assignment]  # the word of the contract
    document_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", required=False)


class MakeReport(Details):
    final = serializers.BooleanField(default=True)
    report = ReportBody()
    signed_elsewhere = SignedElsewhere(required=False)
    seen_at = Moment(required=False, help_text="Seen and report in one: when the client was seen.")


class PlanChanged(Details):
    """Whether the plan changed, and which version of it came of that: by its id, or by its plan and number."""

    plan_change = serializers.ChoiceField(PLAN_CHANGES)
    plan_version_id = serializers.UUIDField(
        required=False, help_text="The published version of your plan for this client that the report led to."
    )
    care_plan_id = serializers.UUIDField(required=False, help_text="The same by its plan, with `version`.")
    version = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000)

    def validate(self, details: dict[str, Any]) -> dict[str, Any]:
        named = {"plan_version_id", "care_plan_id", "version"} & set(details)
        if named and details.get("plan_change") != "updated":
            raise serializers.ValidationError(
                {sorted(named)[0]: ["Only a plan that was updated has a version to name."]}, code="plan_not_updated"
            )
        if named and named not in ({"plan_version_id"}, {"care_plan_id", "version"}):
            raise serializers.ValidationError(
                {sorted(named)[0]: ["Name the version by its id, or by its plan and its number."]}
            )
        return details


class ReadReport(PlanChanged):
    report_id = serializers.UUIDField()


class ReturnReport(Details):
    missing = PlainText(max_length=SHORT, help_text="What is missing.")


class Acknowledge(PlanChanged):
    """After a report: whether the plan changed. Else: what the client was told."""

    plan_change = serializers.ChoiceField(PLAN_CHANGES, required=False)
    client_told = PlainText(max_length=SHORT, required=False)


class Reason(Details):
    reason = PlainText(max_length=SHORT)


class GuestAddress(StrictSerializer):
    name = PlainText(max_length=200)
    discipline = PlainText(max_length=40)
    email = serializers.EmailField()


class To(StrictSerializer):
    """The recipient: one practitioner, a clinic, whoever of a discipline near a place, or a colleague without an account."""

    practitioner_role_id = serializers.UUIDField(required=False)
    organization_id = serializers.UUIDField(required=False)
    discipline = PlainText(max_length=40, required=False)
    near = PlainText(max_length=100, required=False, allow_blank=True)
    guest = GuestAddress(required=False)

    def validate(self, to: dict[str, Any]) -> dict[str, Any]:
        ways = {"practitioner_role_id", "guest"} & set(to)
        if "organization_id" in to:
            ways.add("organization_id")
        elif "discipline" in to:
            ways.add("discipline")
        if len(ways) != 1:
            raise serializers.ValidationError(
                "Name one recipient: a practitioner_role_id, an organization_id, a discipline or a guest."
            )
        for place in (to, to.get("guest", {})):
            code = place.get("discipline")
            if code is not None and code not in catalog().disciplines:
                raise serializers.ValidationError({"discipline": ["There is no such discipline."]}, code="unknown_code")
        return to


class Redirect(Details):
    to = To(required=False, help_text="Left out: to the same recipient again.")
    question = PlainText(max_length=SHORT, required=False)
    reason = PlainText(max_length=SHORT, required=False)


class RegionSide(StrictSerializer):
    region = PlainText(max_length=40)
    side = PlainText(max_length=20, required=False, default="midline")

    def validate(self, place: dict[str, Any]) -> dict[str, Any]:
        region = catalog().regions.get(place["region"])
        if region is None:
            raise serializers.ValidationError({"region": ["There is no such region."]}, code="unknown_code")
        if place["side"] not in region.sides:
            raise serializers.ValidationError(
                {"side": [f"The sides here are {', '.join(region.sides)}."]}, code="unknown_code"
            )
        return place


class Convert(Details):
    kind = serializers.ChoiceField([c for c in Referral.Kind.choices if c[0] != Referral.Kind.ADVICE])
    to = To(required=False)
    client_id = serializers.UUIDField(required=False, help_text="Needed when the advice was asked without a client.")
    regions = serializers.ListField(
        child=RegionSide(), required=False, max_length=20, help_text="Needed when the advice named none."
    )


class RedFlags(StrictSerializer):
    """The red-flag check: asked, and which were positive."""

    asked = serializers.BooleanField()
    positive = serializers.ListField(child=PlainText(max_length=20), max_length=50, default=list)
    emergency_action = PlainText(max_length=SHORT, required=False, help_text="Called / sent to emergency care at …")
    why_not_medicine = PlainText(
        max_length=SHORT, required=False, help_text="Why a same-day flag does not go to medicine."
    )

    def validate_positive(self, codes: list[str]) -> list[str]:
        unknown = [code for code in codes if code not in catalog().red_flags]
        if unknown:
            raise serializers.ValidationError(f"There is no red flag {unknown[0]}.", code="unknown_code")
        return codes


class Score(StrictSerializer):
    measure = PlainText(max_length=40)
    value = serializers.DecimalField(max_digits=8, decimal_places=2)
    on = serializers.DateField(required=False)


class OrderDetails(StrictSerializer):
    """An order or authorization."""

    number = PlainText(max_length=100)
    by = PlainText(max_length=200, required=False)
    visits = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    until = serializers.DateField(required=False)


class ReferralFields(StrictSerializer):
    """A referral's words, all optional: what a draft may have changed."""

    to = To(required=False)
    kind = serializers.ChoiceField(Referral.Kind.choices, required=False)
    priority = serializers.ChoiceField(Referral.Priority.choices, required=False)
    transfer = serializers.BooleanField(required=False)
    reason = PlainText(max_length=SHORT, required=False)
    question = PlainText(max_length=SHORT, required=False)
    regions = serializers.ListField(child=RegionSide(), required=False, max_length=20)
    technique_ids = serializers.ListField(child=PlainText(max_length=40), required=False, max_length=20)
    red_flags = RedFlags(required=False)
    findings = PlainText(max_length=LONG, required=False, allow_blank=True)
    scores = serializers.ListField(child=Score(), required=False, max_length=50)
    tried = PlainText(max_length=LONG, required=False, allow_blank=True)
    goals = PlainText(max_length=LONG, required=False, allow_blank=True)
    feedback_wanted = PlainText(max_length=SHORT, required=False, allow_blank=True)
    order = OrderDetails(required=False, allow_null=True)
    practitioner_role_id = serializers.UUIDField(required=False, help_text="The sender's role; else the caller's own.")
    sender_identifier = Identifier(required=False, allow_null=True)

    def validate_technique_ids(self, ids: list[str]) -> list[str]:
        unknown = [code for code in ids if code not in catalog().techniques]
        if unknown:
            raise serializers.ValidationError(f"There is no technique {unknown[0]}.", code="unknown_code")
        return ids


# What a merge patch leaves behind where it says null. What a referral cannot be without is not cleared.
CLEARED: dict[str, Any] = {
    **dict.fromkeys(("findings", "tried", "goals", "feedback_wanted"), ""),
    **{name: [] for name in ("regions", "technique_ids", "scores")},
    "transfer": False,
    "red_flags": {"asked": False, "positive": []},
    "order": None,
    "sender_identifier": None,
}


class ReferralPatch(Changes, ReferralFields):
    """A merge patch of a draft: absent is unchanged, null clears."""

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]  # DRF's own signature
        fields = super().get_fields()
        for name in CLEARED:
            fields[name].allow_null = True
        return fields

    def validate(self, patch: dict[str, Any]) -> dict[str, Any]:
        return {name: CLEARED.get(name) if value is None else value for name, value in patch.items()}


class NewReferral(AboutClient, ReferralFields):
    """A referral as it is created. With ``send`` it is sent in the same breath, and a refused send stores nothing."""

    client_id = serializers.UUIDField(required=False, help_text="Left out only for advice without a client.")
    to = To()
    kind = serializers.ChoiceField(Referral.Kind.choices)
    priority = serializers.ChoiceField(Referral.Priority.choices, default=Referral.Priority.ROUTINE)
    reason = PlainText(max_length=SHORT)
    question = PlainText(max_length=SHORT)
    regions = serializers.ListField(child=RegionSide(), max_length=20, default=list)
    red_flags = RedFlags(required=False)
    on_behalf_of = OnBehalfOf(required=False)
    attachment_ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=20)
    send = serializers.BooleanField(default=False)
    ask_consent = serializers.BooleanField(
        default=False, help_text="Ask the client by link; it is sent when they say yes."
    )


class ReportDraft(StrictSerializer):
    """From which notes a report is drafted."""

    note_ids = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        min_length=1,
        max_length=50,
        help_text="All that your clinic signed in the referral's own record since it accepted when absent.",
    )


class NewMessage(StrictSerializer):
    text = PlainText(max_length=LONG)


class EnteredInError(StrictSerializer):
    reason = serializers.ChoiceField(
        CanBeInError.Reason.choices,
        help_text="`wrong_client` takes the words from the other side at once, also after another reason was given.",
    )
    note = PlainText(max_length=SHORT, required=False)


def role_named(details: dict[str, Any]) -> UUID | None:
    """The practitioner role a system names, by whichever field the transition has for it."""
    named = details.get("practitioner_role_id") or (details.get("on_behalf_of") or {}).get("practitioner_role_id")
    return named if isinstance(named, UUID) else None
