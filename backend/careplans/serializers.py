"""How plans read over the API."""

from typing import Any

from rest_framework import serializers

from backend.careplans.inputs import LOADS
from backend.careplans.models import (
    Agreement,
    CarePlan,
    Decision,
    ErrorReason,
    Goal,
    Intervention,
    Problem,
    Proposal,
    TeamMember,
)
from backend.careplans.waiting import WaitsFor
from backend.clients.serializers import RegionSerializer
from backend.lib.rest.fields import Identifier, Label, Moment, StrictSerializer
from backend.lib.rest.transitions import AvailableTransition

DECIDED = "What the lead decided when its organization left: it counts no more, and is in no later version."
DECIDED_LINE = "What the lead decided when its organization left."
WITHHELD = "Fields left out: what others wrote once the plan is closed to you, what is clinical for a coordinator."

STRUCK = "Show it struck through; it is in no count."


class PlanFilters(StrictSerializer):
    """What a list of plans can be asked for."""

    client_id = serializers.UUIDField(required=False)
    state = serializers.CharField(required=False, max_length=30)
    waits_for = serializers.ChoiceField(
        WaitsFor.choices, required=False, help_text="Only plans that wait for this step of your clinic."
    )
    updated_since = Moment(
        required=False,
        help_text="Only plans changed at or after this time; of one that is closed to you only that your clinic left it.",
    )
    limit = serializers.CharField(required=False, help_text="1 to 100, default 50.")
    cursor = serializers.CharField(required=False, max_length=4000, help_text="From `next` or `previous` of a page.")


class RowFilters(StrictSerializer):
    limit = serializers.CharField(required=False, help_text="1 to 100, default 50.")
    cursor = serializers.CharField(required=False, max_length=4000, help_text="From `next` or `previous` of a page.")


class Withholding(serializers.Serializer[Any]):
    withheld = serializers.ListField(child=serializers.CharField(), required=False, help_text=WITHHELD)


class LeadSerializer(serializers.Serializer[Any]):
    organization = Label()
    practitioner_role = Label(allow_null=True)


class PlanInErrorSerializer(serializers.Serializer[Any]):
    """That it should not have been written: why, who said so, when."""

    reason = serializers.ChoiceField(ErrorReason.choices)
    note = serializers.CharField(allow_null=True, required=False, help_text="For the clinic that said so alone.")
    by = serializers.CharField()
    at = Moment()


class CarePlanInError(serializers.Serializer[Any]):
    """What a plan says of itself to whoever entered it in error."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(CarePlan.State.choices)
    entered_in_error = PlanInErrorSerializer()


class PlanRowInError(serializers.Serializer[Any]):
    """What a row says of itself to whoever entered it in error."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
    organization = Label()
    entered_in_error = PlanInErrorSerializer()


class CarePlanSummary(Withholding):
    id = serializers.UUIDField()
    version = serializers.IntegerField(
        required=False, help_text="Withheld, as who changed it and when, once it is closed to you."
    )
    state = serializers.ChoiceField(CarePlan.State.choices)
    state_reason = serializers.CharField(allow_null=True, required=False)
    state_detail = serializers.CharField(allow_null=True, required=False)
    occurred_at = Moment(
        allow_null=True, required=False, help_text="When its present state came about, when that was told later."
    )
    title = serializers.CharField(required=False)
    client = Label()
    lead = LeadSerializer()
    review_on = serializers.DateField(allow_null=True, required=False)
    entered_in_error = PlanInErrorSerializer(allow_null=True, help_text=STRUCK)
    published = serializers.IntegerField(
        required=False, help_text="The number of the newest version; 0 before the first."
    )
    identifiers = Identifier(many=True)
    changed_by = serializers.CharField(required=False)
    created_at = Moment()
    updated_at = Moment(required=False)


class InForce(serializers.Serializer[Any]):
    """What of a line or goal is in force. Small changes within what was agreed are at once."""

    state = serializers.ChoiceField(["in_force", "waiting_for_agreement"])
    in_force_for_you = serializers.BooleanField()
    agreed = serializers.DictField(
        allow_null=True, help_text="What your organization agreed to, while that is less than what stands here."
    )
    waiting_for = serializers.ListField(
        child=serializers.UUIDField(), help_text="Organizations it is not in force for."
    )


class PlanRowOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    organization = Label(help_text="Whose row it is; only they change it.")
    entered_in_error = PlanInErrorSerializer(allow_null=True, help_text=STRUCK)
    changed_by = serializers.CharField()
    created_at = Moment()
    updated_at = Moment()


class ProblemOut(PlanRowOut):
    text = serializers.CharField()
    icd10 = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(Problem.State.choices)
    decision = serializers.ChoiceField(Decision.Answer.choices, allow_null=True, help_text=DECIDED)
    decision_sentence = serializers.CharField(allow_null=True)
    continues_id = serializers.UUIDField(
        allow_null=True, help_text="The problem of a clinic that left, taken over here."
    )


class GoalOut(PlanRowOut):
    words = serializers.CharField()
    measure = serializers.CharField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    baseline = serializers.FloatField(allow_null=True)
    target = serializers.FloatField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    state = serializers.ChoiceField(Goal.State.choices)
    decision = serializers.ChoiceField(Decision.Answer.choices, allow_null=True, help_text=DECIDED)
    decision_sentence = serializers.CharField(allow_null=True)
    continues_id = serializers.UUIDField(allow_null=True, help_text="The goal of a clinic that left, taken over here.")
    agreement = InForce()


class PhaseOut(PlanRowOut):
    name = serializers.CharField()
    position = serializers.IntegerField()
    from_on = serializers.DateField(allow_null=True)
    until_on = serializers.DateField(allow_null=True)


class AvoidOut(RegionSerializer):
    technique_id = serializers.CharField(required=False)
    note = serializers.CharField(required=False)


class InterventionOut(Withholding, PlanRowOut):
    practitioner_role = Label(allow_null=True)
    discipline = serializers.CharField()
    focus = serializers.CharField(required=False)
    technique_ids = serializers.ListField(child=serializers.CharField(), required=False)
    regions = RegionSerializer(many=True, required=False)
    times_per_week = serializers.FloatField(allow_null=True)
    weeks = serializers.IntegerField(allow_null=True)
    minutes = serializers.IntegerField(allow_null=True)
    load = serializers.ChoiceField(LOADS, required=False)
    avoid = AvoidOut(many=True, required=False)
    home_programme = serializers.CharField(allow_null=True, required=False)
    visit_budget = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField(Intervention.State.choices)
    ended_reason = serializers.ChoiceField(Intervention.EndedReason.choices, allow_null=True, required=False)
    ended_detail = serializers.CharField(allow_null=True, required=False)
    ended_at = Moment(allow_null=True)
    decision = serializers.ChoiceField(Decision.Answer.choices, allow_null=True, help_text=DECIDED_LINE)
    decision_sentence = serializers.CharField(allow_null=True, required=False)
    continues_id = serializers.UUIDField(allow_null=True, help_text="The line of a clinic that left, taken over here.")
    agreement = InForce(required=False)


class TeamMemberOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    organization = Label()
    practitioner_role = Label(allow_null=True)
    role = serializers.ChoiceField(TeamMember.Role.choices)
    from_at = Moment()
    until = Moment(allow_null=True)
    ended_because = serializers.CharField(allow_null=True)
    is_live = serializers.BooleanField(
        help_text="Counts now: its access to the client lives, inside the plan's circle."
    )


class ProposalOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField()
    organization = Label(help_text="Who proposes.")
    owner = Label(help_text="Whose row it is, and whose the answer.")
    kind = serializers.ChoiceField(Proposal.Kind.choices)
    about = serializers.ChoiceField(Proposal.About.choices)
    row_id = serializers.UUIDField(allow_null=True)
    changes = serializers.DictField()
    why = serializers.CharField()
    state = serializers.ChoiceField(Proposal.State.choices)
    is_stale = serializers.BooleanField(help_text="The row has changed since this was proposed.")
    by = serializers.CharField()
    answer = serializers.CharField(allow_null=True)
    answered_by = serializers.CharField(allow_null=True)
    answered_at = Moment(allow_null=True)
    occurred_at = Moment(allow_null=True, help_text="When it was answered, when that was told later.")
    available_transitions = AvailableTransition(many=True)
    created_at = Moment()
    updated_at = Moment()


class ToDecide(serializers.Serializer[Any]):
    """A line, goal or problem whose organization left."""

    kind = serializers.ChoiceField(["interventions", "goals", "problems"])
    id = serializers.UUIDField()
    name = serializers.CharField(help_text="The focus of a line, the words of a goal, the text of a problem.")
    organization = Label()
    left_at = Moment()


class DecisionOut(serializers.Serializer[Any]):
    """Of the three ids that one is named which it is about."""

    line_id = serializers.UUIDField(allow_null=True)
    goal_id = serializers.UUIDField(allow_null=True)
    problem_id = serializers.UUIDField(allow_null=True)
    answer = serializers.ChoiceField(Decision.Answer.choices)
    sentence = serializers.CharField(allow_null=True)
    by = serializers.CharField()
    decided_at = Moment()


class PartySerializer(serializers.Serializer[Any]):
    organization = Label()
    answer = serializers.ChoiceField(Agreement.Answer.choices, allow_null=True, help_text="Null is silence: no answer.")
    sentence = serializers.CharField(allow_null=True, required=False)
    answered_at = Moment(allow_null=True)
    agreed_version = serializers.IntegerField(allow_null=True, help_text="The newest version this party agrees to.")
    withheld = serializers.ListField(child=serializers.CharField(), required=False)


class AgreementState(serializers.Serializer[Any]):
    version = serializers.IntegerField(allow_null=True)
    published_at = Moment(allow_null=True)
    is_asked = serializers.BooleanField(help_text="False while one party is alone on the plan.")
    parties = PartySerializer(many=True)


class CarePlanDetail(CarePlanSummary):
    available_transitions = AvailableTransition(many=True)
    team = TeamMemberOut(many=True, required=False)
    phases = PhaseOut(many=True)
    problems = ProblemOut(many=True, required=False)
    goals = GoalOut(many=True, required=False)
    interventions = InterventionOut(many=True)
    proposals = ProposalOut(many=True, required=False, help_text="The open ones; all under `…/proposals`.")
    to_decide = ToDecide(many=True, required=False, help_text="Of who left, for the lead to take over or drop.")
    agreement = AgreementState(required=False)
    unpublished = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="What has changed since the newest version, in sentences.",
    )


class VersionSummary(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    by = serializers.CharField()
    organization = Label()
    published_at = Moment()


class VersionOut(VersionSummary):
    body = serializers.DictField(help_text="The plan as it was published; never changed.")
    changes = serializers.ListField(child=serializers.DictField())
    difference = serializers.ListField(
        child=serializers.CharField(), help_text="What changed since the version before, in sentences."
    )
    taken_back = serializers.ListField(
        child=serializers.UUIDField(), help_text="Rows of others that are left out: they were about another client."
    )


class AgreementOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    organization = Label()
    number = serializers.IntegerField()
    answer = serializers.ChoiceField(Agreement.Answer.choices)
    sentence = serializers.CharField(allow_null=True)
    by = serializers.CharField()
    answered_at = Moment()


class GoalProgress(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    words = serializers.CharField()
    measure = serializers.CharField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    baseline = serializers.FloatField(allow_null=True)
    target = serializers.FloatField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    state = serializers.ChoiceField(Goal.State.choices)
    latest = serializers.FloatField(allow_null=True, help_text="The last known value; null when none is known.")
    latest_at = Moment(allow_null=True)


class LineProgress(Withholding):
    id = serializers.UUIDField()
    organization = Label()
    focus = serializers.CharField(required=False)
    state = serializers.ChoiceField(Intervention.State.choices)
    visit_budget = serializers.IntegerField(allow_null=True)
    visits_done = serializers.IntegerField()
    visits_booked = serializers.IntegerField()


class ProgressOut(Withholding):
    goals = GoalProgress(many=True, required=False)
    interventions = LineProgress(many=True)
