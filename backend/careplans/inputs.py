"""What callers send about plans; checked by the services, after they know whether the caller may."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from rest_framework import serializers

from backend.careplans.models import (
    WRONG_CLIENT,
    Agreement,
    Decision,
    ErrorReason,
    Goal,
    Intervention,
    Problem,
    Proposal,
)
from backend.catalog.queries import catalog
from backend.catalog.serializers import CatalogCode
from backend.clients.serializers import AboutClient, RegionSerializer
from backend.directory.serializers import OnBehalfOf
from backend.lib.rest.fields import Amount, Identifier, Moment, PlainText, StrictSerializer
from backend.lib.rest.transitions import Details, TransitionInput

SHORT, LONG = 1_000, 4_000
SAID_OTHERWISE = (Intervention.EndedReason.LEFT, Intervention.EndedReason.ENTERED_IN_ERROR)
REASONS_TO_END = [reason.value for reason in Intervention.EndedReason if reason not in SAID_OTHERWISE]
LOADS = [load.value for load in Intervention.Load]
ICD10 = re.compile(r"([A-Z][0-9][0-9AB])(?:\.?([0-9A-Z]{1,4}))?")
NEEDS_SENTENCE = "Say it in a sentence, too."


class OfPlan(StrictSerializer):
    """What every change of a plan may carry."""

    on_behalf_of = OnBehalfOf(required=False, help_text="A system names the practitioner it acts for.")


# --- the plan ------------------------------------------------------------------------------------------------------


class PlanFields(OfPlan):
    """A JSON merge patch: absent = unchanged, null = clear."""

    title = PlainText(max_length=200, required=False)
    review_on = serializers.DateField(required=False, allow_null=True, help_text="When the team looks at it again.")
    identifiers = serializers.ListField(
        child=Identifier(), required=False, max_length=20, help_text="Your own; replaced whole; only you see them."
    )


class NewPlan(AboutClient, PlanFields):
    client_id = serializers.UUIDField(required=False, help_text="Needed unless `client` names them.")
    title = PlainText(max_length=200)
    practitioner_role_id = serializers.UUIDField(required=False, help_text="Who leads; else the caller's own role.")
    template = CatalogCode(
        "plan_templates",
        required=False,
        help_text=(
            "A code of `/catalog/plan-templates`: the plan begins with its problem and phases, and with its review when "
            "`review_on` is absent."
        ),
    )

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if not {"client_id", "client"} & set(said):
            raise serializers.ValidationError({"client_id": ["This field is required."]}, code="required")
        return super().validate(said)


class TransitionOfPlan(Details):
    """What every step of a plan or proposal may carry."""

    on_behalf_of = OnBehalfOf(required=False, help_text="A system names the practitioner it acts for.")


class WithReason(TransitionOfPlan):
    """A coded reason; ``other`` needs a sentence."""

    detail = PlainText(max_length=SHORT, required=False, help_text="A sentence; needed with `other`.")

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if said["reason"] == "other" and not said.get("detail"):
            raise serializers.ValidationError({"detail": [NEEDS_SENTENCE]}, code="sentence_required")
        return said


class Hold(WithReason):
    reason = serializers.ChoiceField(
        ["client_request", "away", "illness", "waiting_for_medical", "no_capacity", "other"]
    )


class Complete(WithReason):
    reason = serializers.ChoiceField(["goals_met", "goals_partly_met", "no_further_change", "client_stopped", "other"])


class Revoke(WithReason):
    reason = serializers.ChoiceField(["client_request", "replaced", "client_moved", "client_died", "other"])


class EnterInError(TransitionInput):
    """That a plan, or a row of one, should not have been written."""

    on_behalf_of = OnBehalfOf(required=False, help_text="A system names the practitioner it acts for.")
    reason = serializers.ChoiceField(
        ErrorReason.choices, help_text="`wrong_client` takes it away from everybody but who wrote it, at once."
    )
    note = PlainText(max_length=2_000, required=False, allow_blank=True, help_text="A sentence, for your clinic.")


class AboutWrongClient(EnterInError):
    """What can still be said of a plan that is in error for another reason."""

    reason = serializers.ChoiceField([(WRONG_CLIENT, ErrorReason.WRONG_CLIENT.label)])


class AcceptProposal(TransitionOfPlan):
    answer = PlainText(max_length=SHORT, required=False, help_text="A sentence to who proposed it.")
    although_changed = serializers.BooleanField(
        required=False, default=False, help_text="Accept it although the row has changed since it was proposed."
    )


class DeclineProposal(TransitionOfPlan):
    answer = PlainText(max_length=SHORT, help_text="A sentence to who proposed it.")


# --- what stands in it ---------------------------------------------------------------------------------------------


class RowFields(OfPlan):
    """The fields of a row. ``context["row"]`` is the row as it stands, when there is one."""

    BLANK: frozenset[str] = frozenset()

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        return {name: "" if value is None and name in self.BLANK else value for name, value in said.items()}

    def then(self, said: Mapping[str, Any], name: str) -> Any:
        """What a field is once this was taken."""
        return said[name] if name in said else getattr(self.context.get("row"), name, None)


class AsRead(serializers.Serializer[Any]):
    """What stands on every row and comes back unchanged from who read it."""

    id = serializers.JSONField(read_only=True)
    version = serializers.JSONField(read_only=True)
    organization = serializers.JSONField(read_only=True)
    agreement = serializers.JSONField(read_only=True)
    entered_in_error = serializers.JSONField(read_only=True)
    decision = serializers.JSONField(read_only=True)
    decision_sentence = serializers.JSONField(read_only=True)
    continues_id = serializers.JSONField(read_only=True)
    changed_by = serializers.JSONField(read_only=True)
    created_at = Moment(read_only=True)
    updated_at = Moment(read_only=True)


class ProblemFields(RowFields):
    BLANK = frozenset({"icd10"})

    text = PlainText(max_length=500)
    icd10 = PlainText(max_length=8, required=False, allow_null=True, allow_blank=True, help_text="An ICD-10-CM code.")
    state = serializers.ChoiceField(Problem.State.choices, required=False)

    def validate_icd10(self, code: str | None) -> str | None:
        if not code:
            return code
        found = ICD10.fullmatch(code.strip().upper())
        if found is None:
            raise serializers.ValidationError("This is not an ICD-10-CM code, such as M54.2.", code="not_icd10")
        return ".".join(part for part in found.groups() if part)


class GoalFields(RowFields):
    BLANK = frozenset({"measure", "unit"})

    words = PlainText(max_length=500, help_text="In the client's words.")
    measure = PlainText(
        max_length=100, required=False, allow_null=True, allow_blank=True, help_text="How it is measured."
    )
    unit = PlainText(max_length=40, required=False, allow_null=True, allow_blank=True)
    baseline = Amount(required=False, allow_null=True, min_value=-1e6, max_value=1e6)
    target = Amount(required=False, allow_null=True, min_value=-1e6, max_value=1e6)
    due_on = serializers.DateField(required=False, allow_null=True)
    state = serializers.ChoiceField(Goal.State.choices, required=False)


class Avoid(RegionSerializer):
    """Where, and perhaps what, nobody should treat."""

    technique_id = CatalogCode("techniques", required=False, help_text="This technique; any when absent.")
    note = PlainText(max_length=300, required=False, allow_blank=True)


class InterventionFields(RowFields):
    BLANK = frozenset({"home_programme", "ended_reason", "ended_detail"})

    focus = PlainText(max_length=300, help_text="What this line is about, in a few words.")
    practitioner_role_id = serializers.UUIDField(
        required=False, help_text="Who performs it, at your clinic; else the caller's own role."
    )
    technique_ids = serializers.ListField(child=CatalogCode("techniques"), required=False, max_length=20)
    regions = serializers.ListField(child=RegionSerializer(), required=False, max_length=20)
    times_per_week = Amount(required=False, allow_null=True, min_value=0.1, max_value=21)
    weeks = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=104)
    minutes = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=480)
    load = serializers.ChoiceField(
        LOADS,
        required=False,
        help_text="When absent the highest typical one of its techniques; a change of techniques does not lower it.",
    )
    avoid = serializers.ListField(child=Avoid(), required=False, max_length=20)
    home_programme = PlainText(max_length=LONG, required=False, allow_null=True, allow_blank=True)
    visit_budget = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=500)
    state = serializers.ChoiceField(Intervention.State.choices, required=False)
    ended_reason = serializers.ChoiceField(REASONS_TO_END, required=False, allow_null=True)
    ended_detail = PlainText(max_length=SHORT, required=False, allow_null=True, allow_blank=True)

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        said = super().validate(said)
        if "load" not in said and ("technique_ids" in said or "row" not in self.context):
            said["load"] = self._load_with(said.get("technique_ids", []))
        if "row" not in self.context:
            return self._begun(said)
        if self.then(said, "state") == Intervention.State.ENDED:
            self._check_end(said)
        return said

    def _load_with(self, technique_ids: list[str]) -> str:
        """The highest typical load of these techniques, and of a line that stands at least its own."""
        typical = [catalog().technique(code).load for code in technique_ids]
        own = getattr(self.context.get("row"), "load", LOADS[0])
        return max([own, *typical], key=LOADS.index)

    def _begun(self, said: dict[str, Any]) -> dict[str, Any]:
        """A new line has not ended."""
        if said.get("state") == Intervention.State.ENDED:
            raise serializers.ValidationError({"state": ["A new line has not ended yet."]}, code="ended_before_begun")
        return {name: value for name, value in said.items() if name not in ("ended_reason", "ended_detail")}

    def _check_end(self, said: Mapping[str, Any]) -> None:
        reason = self.then(said, "ended_reason")
        if not reason:
            raise serializers.ValidationError({"ended_reason": ["Say why it ends."]}, code="reason_required")
        if reason in ("other", "contraindication") and not self.then(said, "ended_detail"):
            raise serializers.ValidationError({"ended_detail": [NEEDS_SENTENCE]}, code="sentence_required")


class PhaseFields(RowFields):
    name = PlainText(max_length=100)
    position = serializers.IntegerField(required=False, min_value=0, max_value=1000, help_text="The order of phases.")
    from_on = serializers.DateField(required=False, allow_null=True)
    until_on = serializers.DateField(required=False, allow_null=True)

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        first, last = self.then(said, "from_on"), self.then(said, "until_on")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            raise serializers.ValidationError({"until_on": ["It ends before it starts."]}, code="ends_before_start")
        return super().validate(said)


class ProblemPatch(AsRead, ProblemFields):
    """A JSON merge patch of one's own row."""


class GoalPatch(AsRead, GoalFields):
    """A JSON merge patch of one's own row."""


class PhasePatch(AsRead, PhaseFields):
    """A JSON merge patch of one's own row."""


class InterventionPatch(AsRead, InterventionFields):
    """A JSON merge patch of one's own row."""

    practitioner_role = serializers.JSONField(read_only=True)
    discipline = serializers.JSONField(read_only=True)
    ended_at = Moment(read_only=True)


class RowDecisionInput(OfPlan):
    """What becomes of a goal or problem whose organization left."""

    answer = serializers.ChoiceField(Decision.Answer.choices)
    sentence = PlainText(max_length=SHORT, required=False, allow_blank=True)


class DecisionInput(RowDecisionInput):
    """What becomes of a line whose organization left."""

    changes = serializers.DictField(
        required=False, help_text="On `take_over`: fields of the line that shall be different from now on."
    )


# --- what the parties say ------------------------------------------------------------------------------------------


class NewProposal(OfPlan):
    kind = serializers.ChoiceField(Proposal.Kind.choices)
    about = serializers.ChoiceField(Proposal.About.choices)
    row_id = serializers.UUIDField(required=False, help_text="The line or goal, unless it is to be added.")
    owner_id = serializers.UUIDField(required=False, help_text="The organization that shall add it.")
    changes = serializers.DictField(required=False, help_text="A merge patch of the row's own fields.")
    why = PlainText(max_length=SHORT)

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        adds = said["kind"] == Proposal.Kind.ADD
        needed = ["owner_id", "changes"] if adds else ["row_id"]
        if said["kind"] == Proposal.Kind.CHANGE:
            needed.append("changes")
        if missing := {name: ["This field is required."] for name in needed if not said.get(name)}:
            raise serializers.ValidationError(missing, code="required")
        extra = {"row_id"} if adds else {"owner_id"}
        if wrong := {name: ["This does not go with this kind."] for name in extra & set(said)}:
            raise serializers.ValidationError(wrong, code="unknown_field")
        return said


class AgreementInput(OfPlan):
    number = serializers.IntegerField(min_value=1, max_value=1_000_000, help_text="Of the version.")
    answer = serializers.ChoiceField(Agreement.Answer.choices)
    sentence = PlainText(max_length=SHORT, required=False, allow_blank=True, help_text="Needed to object.")

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if said["answer"] == Agreement.Answer.OBJECT and not said.get("sentence"):
            raise serializers.ValidationError({"sentence": [NEEDS_SENTENCE]}, code="sentence_required")
        return said


class NewTeamMember(OfPlan):
    organization_id = serializers.UUIDField(
        help_text="It shares the client's record already, in one circle with the lead."
    )
    practitioner_role_id = serializers.UUIDField(required=False)


class NewLead(OfPlan):
    organization_id = serializers.UUIDField(help_text="On the team of the plan now, with access that lives.")
    practitioner_role_id = serializers.UUIDField(
        required=False, help_text="Who leads there; else who is on the team for it."
    )
