"""Reading the catalog: short lists, sent whole unless less is asked for."""

from collections.abc import Iterable
from typing import Any, TypeVar
from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.pagination import BasePagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from backend.catalog import examples
from backend.catalog.entries import (
    BodyZone,
    Discipline,
    Measure,
    Muscle,
    NoteTemplate,
    PlanTemplate,
    Precaution,
    Reason,
    RedFlag,
    Region,
    Technique,
)
from backend.catalog.problems import PROBLEMS
from backend.catalog.queries import catalog
from backend.catalog.serializers import (
    BodyZoneFilter,
    CatalogBodyZoneSerializer,
    CatalogDisciplineSerializer,
    CatalogMeasureSerializer,
    CatalogMuscleSerializer,
    CatalogNoteTemplateSerializer,
    CatalogPlanTemplateSerializer,
    CatalogPrecautionSerializer,
    CatalogProblemSerializer,
    CatalogReasonSerializer,
    CatalogRedFlagSerializer,
    CatalogRegionSerializer,
    CatalogTechniqueSerializer,
    NoFilter,
    NoteTemplateFilter,
    RedFlagFilter,
    TechniqueFilter,
)
from backend.lib.cursors import BadCursor, open_cursor, seal
from backend.lib.problems import PROBLEM_TYPE, BadRequest, NotFound
from backend.lib.rest.authentication import actor_of

R = TypeVar("R")


class WholeList(BasePagination):
    """The envelope of every list, for the schema."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        never = {"type": ["string", "null"], "format": "uri", "example": None, "description": "Null without `limit`."}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": never, "previous": never},
        }


class CatalogList(APIView):
    """A list of one kind; a subclass names its serializers and says which rows."""

    pagination_class = WholeList
    serializer_class: type[BaseSerializer[Any]]
    filter_class: type[BaseSerializer[Any]] = NoFilter

    def rows(self, asked: dict[str, str]) -> Iterable[object]:
        raise NotImplementedError

    def whole(self, request: Request) -> Response:
        asked = self.filter_class(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        rows, links = stretch(list(self.rows(asked.validated_data)), request, asked.validated_data.get("limit"))
        shown = self.serializer_class(rows, many=True).data
        return Response({"results": shown, **links})


def stretch(rows: list[R], request: Request, limit: int | None) -> tuple[list[R], dict[str, str | None]]:
    """As many rows of a list that never changes while it is read as were asked for, and where the others are."""
    bound_to = actor_of(request).caller_key
    start = 0
    if text := request.query_params.get("cursor"):
        try:
            (start,) = open_cursor(text, purpose=request.path, bound_to=bound_to)
        except (BadCursor, ValueError) as error:
            raise BadRequest(
                "This cursor does not belong to this list; begin again without it.", code="bad_cursor"
            ) from error
    size = limit or len(rows)

    def link(at: int) -> str:
        kept = {**request.query_params.dict(), "cursor": seal([at], purpose=request.path, bound_to=bound_to)}
        return request.build_absolute_uri(f"{request.path}?{urlencode(kept)}")

    return rows[start : start + size], {
        "next": link(start + size) if start + size < len(rows) else None,
        "previous": link(max(start - size, 0)) if start else None,
    }


class Disciplines(CatalogList):
    serializer_class = CatalogDisciplineSerializer

    def rows(self, asked: dict[str, str]) -> Iterable[Discipline]:
        return catalog().disciplines.values()

    @extend_schema(
        operation_id="list_disciplines",
        tags=["Catalog"],
        summary="Disciplines",
        description="The professions that can send and receive referrals.",
        parameters=[NoFilter],
        responses=CatalogDisciplineSerializer(many=True),
        examples=[OpenApiExample("Massage therapy", value=examples.DISCIPLINE)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class Techniques(CatalogList):
    serializer_class = CatalogTechniqueSerializer
    filter_class = TechniqueFilter

    def rows(self, asked: dict[str, str]) -> Iterable[Technique]:
        discipline, region = asked.get("discipline"), asked.get("region")
        techniques = catalog().techniques_of(discipline) if discipline else catalog().techniques.values()
        return [technique for technique in techniques if region is None or region in technique.regions]

    @extend_schema(
        operation_id="list_techniques",
        tags=["Catalog"],
        summary="Techniques",
        description="What is done in a session, by whom, on which regions and with how much load.",
        parameters=[TechniqueFilter],
        responses=CatalogTechniqueSerializer(many=True),
        examples=[OpenApiExample("Canalith repositioning", value=examples.TECHNIQUE)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class Regions(CatalogList):
    serializer_class = CatalogRegionSerializer

    def rows(self, asked: dict[str, str]) -> Iterable[Region]:
        return catalog().regions.values()

    @extend_schema(
        operation_id="list_regions",
        tags=["Catalog"],
        summary="Regions of the body",
        description="Regions with the sides they can have and their neighbors.",
        parameters=[NoFilter],
        responses=CatalogRegionSerializer(many=True),
        examples=[OpenApiExample("Neck", value=examples.REGION)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class BodyZones(CatalogList):
    serializer_class = CatalogBodyZoneSerializer
    filter_class = BodyZoneFilter

    def rows(self, asked: dict[str, str]) -> Iterable[BodyZone]:
        return catalog().body_zones_of(asked.get("region"))

    @extend_schema(
        operation_id="list_body_zones",
        tags=["Catalog"],
        summary="Zones of the body map",
        description="Spots finer than a region: where a trigger point is found, and where it refers to.",
        parameters=[BodyZoneFilter],
        responses=CatalogBodyZoneSerializer(many=True),
        examples=[OpenApiExample("Temple", value=examples.BODY_ZONE)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class Muscles(CatalogList):
    serializer_class = CatalogMuscleSerializer

    def rows(self, asked: dict[str, str]) -> Iterable[Muscle]:
        return catalog().muscles.values()

    @extend_schema(
        operation_id="list_muscles",
        tags=["Catalog"],
        summary="Muscles and where they refer to",
        description="Referral patterns are a picture aid drawn from clinical experience, not a diagnosis.",
        parameters=[NoFilter],
        responses=CatalogMuscleSerializer(many=True),
        examples=[OpenApiExample("Upper trapezius", value=examples.MUSCLE)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class Measures(CatalogList):
    serializer_class = CatalogMeasureSerializer

    def rows(self, asked: dict[str, str]) -> Iterable[Measure]:
        return catalog().measures.values()

    @extend_schema(
        operation_id="list_measures",
        tags=["Catalog"],
        summary="Outcome measures",
        description="What notes measure with: the range of each score, its unit, and which direction is better.",
        parameters=[NoFilter],
        responses=CatalogMeasureSerializer(many=True),
        examples=[OpenApiExample("Neck Disability Index", value=examples.MEASURE)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class NoteTemplates(CatalogList):
    serializer_class = CatalogNoteTemplateSerializer
    filter_class = NoteTemplateFilter

    def rows(self, asked: dict[str, str]) -> Iterable[NoteTemplate]:
        return catalog().note_templates_for(asked.get("discipline"), asked.get("kind"))

    @extend_schema(
        operation_id="list_note_templates",
        tags=["Catalog"],
        summary="Templates of notes",
        description="What each part of a note reminds its author of, by discipline and kind. Prompts, not text.",
        parameters=[NoteTemplateFilter],
        responses=CatalogNoteTemplateSerializer(many=True),
        examples=[OpenApiExample("Progress note", value=examples.NOTE_TEMPLATE)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class PlanTemplates(CatalogList):
    serializer_class = CatalogPlanTemplateSerializer

    def rows(self, asked: dict[str, str]) -> Iterable[PlanTemplate]:
        return catalog().plan_templates.values()

    @extend_schema(
        operation_id="list_plan_templates",
        tags=["Catalog"],
        summary="Templates of care plans",
        description=(
            "What a care plan can begin with: a problem, phases, the weeks to its review, and measures that fit its goals. No "
            "template plans anybody's work or says what the client wants. Conventions for a licensed clinician to look over."
        ),
        parameters=[NoFilter],
        responses=CatalogPlanTemplateSerializer(many=True),
        examples=[OpenApiExample("Low back pain", value=examples.PLAN_TEMPLATE)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class Precautions(CatalogList):
    serializer_class = CatalogPrecautionSerializer

    def rows(self, asked: dict[str, str]) -> Iterable[Precaution]:
        return catalog().precautions.values()

    @extend_schema(
        operation_id="list_precautions",
        tags=["Catalog"],
        summary="Precautions",
        description="Conditions that limit care, with the question that finds them at intake.",
        parameters=[NoFilter],
        responses=CatalogPrecautionSerializer(many=True),
        examples=[OpenApiExample("History of blood clot", value=examples.PRECAUTION)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class RedFlags(CatalogList):
    serializer_class = CatalogRedFlagSerializer
    filter_class = RedFlagFilter

    def rows(self, asked: dict[str, str]) -> Iterable[RedFlag]:
        region = asked.get("region")
        return catalog().red_flags_for([region]) if region else catalog().red_flags.values()

    @extend_schema(
        operation_id="list_red_flags",
        tags=["Catalog"],
        summary="Red flags",
        description=(
            "Signs that may point to serious disease, and how soon a doctor is needed. With `region` the most urgent "
            "come first. That none is present does not rule out disease."
        ),
        parameters=[RedFlagFilter],
        responses=CatalogRedFlagSerializer(many=True),
        examples=[OpenApiExample("Leg weakness", value=examples.RED_FLAG)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class DeclineReasons(CatalogList):
    serializer_class = CatalogReasonSerializer

    def rows(self, asked: dict[str, str]) -> Iterable[Reason]:
        return catalog().decline_reasons.values()

    @extend_schema(
        operation_id="list_decline_reasons",
        tags=["Catalog"],
        summary="Reasons to decline a referral",
        description="The codes for the transition `decline`.",
        parameters=[NoFilter],
        responses=CatalogReasonSerializer(many=True),
        examples=[OpenApiExample("A doctor first", value=examples.DECLINE_REASON)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class WithdrawReasons(CatalogList):
    serializer_class = CatalogReasonSerializer

    def rows(self, asked: dict[str, str]) -> Iterable[Reason]:
        return catalog().withdraw_reasons.values()

    @extend_schema(
        operation_id="list_withdraw_reasons",
        tags=["Catalog"],
        summary="Reasons to withdraw a referral",
        description="The codes for the transition `withdraw`.",
        parameters=[NoFilter],
        responses=CatalogReasonSerializer(many=True),
        examples=[OpenApiExample("The client asked", value=examples.WITHDRAW_REASON)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class Problems(CatalogList):
    serializer_class = CatalogProblemSerializer

    def rows(self, asked: dict[str, str]) -> Iterable[dict[str, str]]:
        return [explained(code) for code in sorted(PROBLEMS)]

    @extend_schema(
        operation_id="list_problems",
        tags=["Catalog"],
        summary="Codes of refusals",
        description="What each `code` of a problem means, and what to do. More may come.",
        parameters=[NoFilter],
        responses=CatalogProblemSerializer(many=True),
        examples=[OpenApiExample("Wrong state", value=examples.PROBLEM)],
    )
    def get(self, request: Request) -> Response:
        return self.whole(request)


class OneProblem(APIView):
    """Where the ``type`` of a problem leads; for everybody, as a link in a log is."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="get_problem",
        tags=["Catalog"],
        summary="One code of a refusal",
        description="The address in the `type` of every problem.",
        responses=CatalogProblemSerializer,
        auth=[],
        examples=[OpenApiExample("Wrong state", value=examples.PROBLEM)],
    )
    def get(self, request: Request, code: str) -> Response:
        if code not in PROBLEMS:
            raise NotFound
        return Response(explained(code))


def explained(code: str) -> dict[str, str]:
    meaning = PROBLEMS[code]
    return {
        "type": f"{PROBLEM_TYPE}{code}",
        "code": code,
        "title": code.replace("_", " ").capitalize(),
        "means": meaning.means,
        "what_to_do": meaning.what_to_do,
    }
