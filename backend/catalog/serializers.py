"""How the catalog reads over HTTP, and the field that accepts one of its codes."""

from collections.abc import Mapping
from typing import Any, get_args

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.catalog.entries import (
    Better,
    BodyView,
    Confidence,
    Load,
    Muscle,
    NoteKind,
    PlanTemplate,
    Precaution,
    RedFlag,
    Technique,
)
from backend.catalog.queries import catalog
from backend.lib.rest.fields import OPEN, OpenCode, PlainText, StrictSerializer


@extend_schema_field(OPEN)
class CatalogCode(PlainText):
    """A code of one kind of the catalog, such as ``CatalogCode("disciplines")``; others are 400 ``unknown_code``.

    Unless the field says more, the schema says in which list the codes are.
    """

    default_error_messages = {"unknown_code": "The catalog has no “{code}” among its {kind}."}

    def __init__(self, kind: str, **options: Any) -> None:
        self.kind = kind
        options.setdefault("help_text", f"A code of `/catalog/{kind.replace('_', '-')}`.")
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data)
        if code not in getattr(catalog(), self.kind):
            self.fail("unknown_code", code=code, kind=self.kind.replace("_", " "))
        return code


class NoFilter(StrictSerializer):
    """Every list takes its size and, from the second page on, a cursor."""

    limit = serializers.IntegerField(required=False, min_value=1, max_value=100, help_text="All of them when absent.")
    cursor = serializers.CharField(required=False, max_length=4000)


class TechniqueFilter(NoFilter):
    discipline = CatalogCode(
        "disciplines", required=False, help_text="Only techniques in the scope of this discipline."
    )
    region = CatalogCode("regions", required=False, help_text="Only techniques used on this region.")


class BodyZoneFilter(NoFilter):
    region = CatalogCode("regions", required=False, help_text="Only zones of this region.")


class RedFlagFilter(NoFilter):
    region = CatalogCode(
        "regions", required=False, help_text="The signs of this region and those asked for any region."
    )


class NoteTemplateFilter(StrictSerializer):
    discipline = CatalogCode("disciplines", required=False, help_text="Only templates of this discipline.")
    kind = serializers.ChoiceField(get_args(NoteKind), required=False, help_text="Only templates of this kind of note.")


class CatalogLabelSerializer(serializers.Serializer[Any]):
    code = OpenCode()
    # DRF takes declared fields off the class, so this does not hide Serializer.label
    label = serializers.CharField(help_text="What a practitioner reads.")  # type: ignore[assignment]


class CatalogDisciplineSerializer(CatalogLabelSerializer):
    mark = serializers.CharField(help_text="Short letters for lists and the body map.")
    practitioner_title = serializers.CharField()
    taxonomy_code = serializers.CharField(allow_null=True, help_text="NUCC provider taxonomy code.")
    credential_kind = serializers.ChoiceField(
        choices=["license", "certification"], help_text="What a practitioner must hold to treat."
    )
    license_titles = serializers.ListField(child=serializers.CharField())
    takes_same_day_red_flags = serializers.BooleanField(
        help_text="A referral with a same-day red flag may go to this discipline without an explanation."
    )
    sources = serializers.ListField(child=serializers.CharField())
    confidence = serializers.ChoiceField(choices=get_args(Confidence))


class CatalogTechniqueSerializer(CatalogLabelSerializer):
    code = OpenCode(help_text="Send it in `technique_ids`.")
    group = serializers.SerializerMethodField(help_text="Techniques that act alike on tissue.")
    load = serializers.ChoiceField(choices=get_args(Load), help_text="Typical mechanical load on the treated region.")
    disciplines = serializers.ListField(child=serializers.CharField(), help_text="Usual scope; state law may differ.")
    regions = serializers.ListField(child=serializers.CharField())
    synonyms = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_blank=True)
    sources = serializers.ListField(child=serializers.CharField())
    confidence = serializers.ChoiceField(choices=get_args(Confidence))

    @extend_schema_field(CatalogLabelSerializer)
    def get_group(self, technique: Technique) -> dict[str, str]:
        return _labeled(catalog().technique_groups, technique.group)


class CatalogRegionSerializer(CatalogLabelSerializer):
    sides = serializers.ListField(child=serializers.CharField(), help_text="Of left, right, midline, bilateral.")
    adjacent = serializers.ListField(child=serializers.CharField(), help_text="Codes of the neighboring regions.")


class CatalogBodyZoneSerializer(CatalogLabelSerializer):
    code = OpenCode(help_text="Send it in `refers_to` of a note's finding.")
    region = serializers.CharField(help_text="The code of the region it is part of.")
    view = serializers.ChoiceField(choices=get_args(BodyView), help_text="On which side of the body map it is drawn.")


class CatalogMuscleSerializer(CatalogLabelSerializer):
    region = serializers.CharField()
    sides = serializers.ListField(child=serializers.CharField())
    trigger_zone = serializers.SerializerMethodField(help_text="Where its trigger point is usually found.")
    referral_zones = serializers.SerializerMethodField(help_text="Where the trigger point usually refers to.")
    complaint = serializers.CharField()
    innervation = serializers.CharField()
    sources = serializers.ListField(child=serializers.CharField())
    confidence = serializers.ChoiceField(choices=get_args(Confidence))

    @extend_schema_field(CatalogLabelSerializer)
    def get_trigger_zone(self, muscle: Muscle) -> dict[str, str]:
        return _labeled(catalog().body_zones, muscle.trigger_zone)

    @extend_schema_field(CatalogLabelSerializer(many=True))
    def get_referral_zones(self, muscle: Muscle) -> list[dict[str, str]]:
        return [_labeled(catalog().body_zones, zone) for zone in muscle.referral_zones]


class CatalogMeasureSerializer(CatalogLabelSerializer):
    code = OpenCode(help_text="Send it as `measure` among the `measures` of a note.")
    unit = serializers.CharField(help_text="Of the score, such as points or percent.")
    minimum = serializers.FloatField(help_text="The lowest score there is.")
    maximum = serializers.FloatField(help_text="The highest score there is.")
    better = serializers.ChoiceField(choices=get_args(Better), help_text="Which direction of the score is better.")


class CatalogNoteTemplateSerializer(CatalogLabelSerializer):
    discipline = serializers.CharField()
    kind = serializers.ChoiceField(choices=get_args(NoteKind))
    subjective = serializers.ListField(child=serializers.CharField(), help_text="What to ask.")
    objective = serializers.ListField(child=serializers.CharField(), help_text="What to look at and measure.")
    assessment = serializers.ListField(child=serializers.CharField(), help_text="What to conclude.")
    plan = serializers.ListField(child=serializers.CharField(), help_text="What was done and comes next.")


class CatalogPlanPhaseSerializer(CatalogLabelSerializer):
    weeks = serializers.IntegerField(help_text="How long it usually is.")
    ends_when = serializers.CharField(help_text="Until when, in words; a plan's phase says it in its name.")
    sources = serializers.ListField(child=serializers.CharField())


class CatalogPlanTemplateSerializer(CatalogLabelSerializer):
    code = OpenCode(help_text="Send it as `template` of a new care plan.")
    problem = serializers.CharField(help_text="What the plan is about; the first problem of the plan.")
    icd10 = serializers.CharField(allow_null=True, help_text="An ICD-10-CM code of the problem.")
    review_weeks = serializers.IntegerField(help_text="When the team looks at the plan again.")
    phases = serializers.SerializerMethodField(help_text="In their order, one after the other.")
    measures = serializers.SerializerMethodField(help_text="What goals of such a plan are often measured by.")
    note = serializers.CharField(help_text="Who looks over it before it is used.")
    sources = serializers.ListField(child=serializers.CharField())
    confidence = serializers.ChoiceField(choices=get_args(Confidence))

    @extend_schema_field(CatalogPlanPhaseSerializer(many=True))
    def get_phases(self, template: PlanTemplate) -> Any:
        return CatalogPlanPhaseSerializer(catalog().phases_of(template), many=True).data

    @extend_schema_field(CatalogLabelSerializer(many=True))
    def get_measures(self, template: PlanTemplate) -> list[dict[str, str]]:
        return [_labeled(catalog().measures, code) for code in template.measures]


class CatalogPrecautionLevelSerializer(CatalogLabelSerializer):
    meaning = serializers.CharField()


class CatalogPrecautionSerializer(CatalogLabelSerializer):
    category = serializers.CharField()
    strictest_level = serializers.SerializerMethodField(
        help_text="The strictest level any rule sets for any technique."
    )
    intake_question = serializers.CharField()
    synonyms = serializers.ListField(child=serializers.CharField())
    sources = serializers.ListField(child=serializers.CharField())

    @extend_schema_field(CatalogPrecautionLevelSerializer)
    def get_strictest_level(self, precaution: Precaution) -> dict[str, str]:
        level = catalog().precaution_levels[precaution.strictest_level]
        return {"code": level.code, "label": level.label, "meaning": level.meaning}


class CatalogUrgencySerializer(CatalogLabelSerializer):
    action = serializers.CharField(help_text="What to do.")


class CatalogRedFlagSerializer(CatalogLabelSerializer):
    region = serializers.CharField(help_text="`any` when it is asked whatever the region.")
    urgency = serializers.SerializerMethodField()
    think_of = serializers.CharField(help_text="What it may point to; not a diagnosis.")
    sources = serializers.ListField(child=serializers.CharField())
    confidence = serializers.ChoiceField(choices=get_args(Confidence))

    @extend_schema_field(CatalogUrgencySerializer)
    def get_urgency(self, flag: RedFlag) -> dict[str, str]:
        urgency = catalog().urgencies[flag.urgency]
        return {"code": urgency.code, "label": urgency.label, "action": urgency.action}


class CatalogReasonSerializer(CatalogLabelSerializer):
    needs_sentence = serializers.BooleanField(help_text="The reason needs a sentence in `detail`.")


def _labeled(rows: Mapping[str, Any], code: str) -> dict[str, str]:
    return {"code": code, "label": rows[code].label}


class CatalogProblemSerializer(serializers.Serializer[Any]):
    type = serializers.CharField(help_text="As in the problem; the address of this explanation.")
    code = OpenCode()
    title = serializers.CharField()
    means = serializers.CharField(help_text="What is wrong.")
    what_to_do = serializers.CharField(help_text="What can be done instead.")
