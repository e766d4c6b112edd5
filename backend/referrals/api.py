"""The API of referrals: a view reads its input, calls one service or query, and answers."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.attachments.examples import ATTACHMENT
from backend.attachments.models import Attachment
from backend.attachments.rendering import attachment
from backend.attachments.serializers import AttachmentOut
from backend.clients.queries import records_of
from backend.lib.actor import Actor
from backend.lib.problems import Conflict, Forbidden
from backend.lib.rest.fields import Identifier, KnownCode, Moment, NoQuery, StrictSerializer
from backend.lib.rest.pages import MOST, page_of
from backend.lib.rest.transitions import asked_for
from backend.lib.rest.views import TransitionView, View
from backend.referrals import (
    corrections,
    drafts,
    examples,
    files,
    policies,
    queries,
    rendering,
    report_drafts,
    services,
)
from backend.referrals.inputs import EnteredInError, NewMessage, NewReferral, ReferralPatch, ReportDraft
from backend.referrals.models import Message, Referral, ReferralFile, Report
from backend.referrals.schema import TRANSITION
from backend.referrals.serializers import (
    Figures,
    MessageOut,
    ReferralDetail,
    ReferralSummary,
    ReportDraftOut,
    ReportOut,
)
from backend.referrals.workflow import ANSWERS, EXPIRED, STATES, WORKFLOW

IN_ERROR = (
    "By who wrote it, or an admin of that clinic, once. `wrong_client` takes it away from the other side at once; of what is in "
    "error for another reason it can still be said, once."
)


class ReferralFilters(StrictSerializer):
    """What a list can be asked for."""

    box = serializers.ChoiceField(queries.BOXES, required=False, help_text="By whose move it is.")
    state = KnownCode(list(STATES), required=False, help_text="See /catalog/transitions.")
    due_before = Moment(required=False)
    assigned_to = serializers.UUIDField(required=False, help_text="A practitioner role on either side.")
    client_id = serializers.UUIDField(required=False)
    updated_since = Moment(required=False)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=100)
    cursor = serializers.CharField(required=False, max_length=4000)


class ReferralView(View):
    """What every view of referrals shares."""

    scope_resource = "referrals"
    named: ClassVar = {
        "referral_id": Referral,
        "report_id": Report,
        "message_id": Message,
        "attachment_id": ReferralFile,
    }

    def shown(
        self, referral_id: UUID | str, *, status: int = 200, warnings: list[dict[str, Any]] | None = None
    ) -> Response:
        """One referral as the caller sees it; a look at another clinic's client is logged."""
        return self.show(queries.one_row(referral_id, self.actor), status=status, warnings=warnings)

    def show(self, row: dict[str, Any], *, status: int = 200, warnings: list[dict[str, Any]] | None = None) -> Response:
        body = rendering.detail(row, self.actor)
        self.log([row])
        if warnings is not None:
            body["warnings"] = warnings
        return self.answer(body, version=row["version"], status=status, subject=Referral(id=row["id"]))

    def log(self, rows: list[dict[str, Any]]) -> None:
        """One row per client of another clinic whose content was shown."""
        queries.log_shown(self.actor, rows)


class Referrals(ReferralView):
    @extend_schema(
        operation_id="list_referrals",
        summary="The worklist, by whose move it is",
        parameters=[ReferralFilters],
        responses=ReferralSummary(many=True),
        examples=[examples.SUMMARY],
    )
    def get(self, request: Request) -> Response:
        filters = self.query(ReferralFilters)
        box, narrowed = filters.get("box"), _narrowed(filters, self.actor)
        page = page_of(
            lambda keyset: queries.listed(self.actor, box, narrowed, keyset),
            request,
            order=("due_at", "id") if box in ("ours", "theirs", "client") else ("-created_at", "-id"),
            filters=_asked(filters),
        )
        self.log(list(page.rows))
        return page.response(lambda row: rendering.summary(row, self.actor))

    @extend_schema(
        operation_id="create_referral",
        summary="Write a referral, and perhaps send it in the same breath",
        request=NewReferral,
        responses={201: ReferralDetail},
        examples=[examples.NEW, examples.NEW_BY_NUMBER, examples.DETAIL],
    )
    def post(self, request: Request) -> Response:
        fields = self.validated(NewReferral)
        referral, warnings = drafts.create_referral(actor=self.actor, fields=fields)
        return self.shown(referral.id, status=201, warnings=warnings)


class ReferralFigures(ReferralView):
    @extend_schema(
        operation_id="count_referrals",
        summary="What waits on whom, and what ended in silence, each kind counted apart",
        responses=Figures,
        examples=[examples.FIGURES],
    )
    def get(self, request: Request) -> Response:
        return Response(queries.figures(self.actor))


class FindReferrals(StrictSerializer):
    identifier = Identifier()


class ReferralSearch(ReferralView):
    reads_by_post = True

    @extend_schema(
        operation_id="search_referrals",
        summary="Find a referral by either side's number",
        request=FindReferrals,
        responses=ReferralSummary(many=True),
        examples=[examples.SEARCH, examples.SUMMARY],
    )
    def post(self, request: Request) -> Response:
        self.query(NoQuery)
        identifier = self.validated(FindReferrals)["identifier"]
        numbered = queries.rows(self.actor).filter(queries.numbered(identifier, self.actor))
        found = list(numbered.order_by("-created_at", "-id")[:MOST])  # a number is unique per clinic: a page holds them
        self.log(found)
        return Response(
            {"results": [rendering.summary(row, self.actor) for row in found], "next": None, "previous": None}
        )


class OneReferral(ReferralView):
    @extend_schema(
        operation_id="read_referral",
        summary="One referral: state, whose move, what is possible, package, history",
        responses=ReferralDetail,
        examples=[examples.DETAIL],
    )
    def get(self, request: Request, referral_id: UUID) -> Response:
        row = queries.one_row(referral_id, self.actor)
        if queries.is_unopened(row, self.actor) and services.mark_opened(referral_id, actor=self.actor):
            row = queries.one_row(referral_id, self.actor)
        return self.show(row)

    @extend_schema(
        operation_id="change_referral",
        summary="Change a draft (JSON merge patch, needs If-Match)",
        request=ReferralPatch,
        responses=ReferralDetail,
        examples=[examples.CHANGE, examples.DETAIL],
    )
    def patch(self, request: Request, referral_id: UUID) -> Response:
        shown = rendering.detail(queries.one_row(referral_id, self.actor), self.actor)
        drafts.own_referral(referral_id, self.actor)  # before a missing If-Match is said
        draft = drafts.draft_to_change(
            referral_id, actor=self.actor, expected_version=self.expected_version(required=True)
        )
        drafts.change(draft, actor=self.actor, fields=self.validated(ReferralPatch, current=shown))
        return self.shown(referral_id)

    @extend_schema(
        operation_id="discard_referral", summary="Discard a draft that was never shown", responses={204: None}
    )
    def delete(self, request: Request, referral_id: UUID) -> Response:
        queries.one_row(referral_id, self.actor)
        services.discard_draft(referral_id, actor=self.actor, expected_version=self.expected_version(required=True))
        return Response(status=204)


class ReferralTransitions(TransitionView, ReferralView):
    workflow = WORKFLOW

    @extend_schema(
        operation_id="move_referral",
        summary="Make one transition of the workflow",
        request=TRANSITION,
        responses=ReferralDetail,
        examples=[*examples.MOVES, examples.DETAIL],
    )
    def post(self, request: Request, referral_id: UUID) -> Response:
        name, details = asked_for(self.sent)
        try:
            moved = services.move_referral(
                referral_id,
                name,
                actor=self.actor,
                expected_version=self.expected_version(required=False),
                **details,
            )
        except Conflict as refusal:
            self._keep_if_late(refusal, referral_id, name, details)
            raise
        if name in ("pass", "release"):  # a pool's referral that one let go is no longer one's to see
            return self.answer(rendering.let_go(moved), version=moved.version)
        return self.shown(referral_id)

    def _keep_if_late(self, refusal: Conflict, referral_id: UUID, name: str, details: dict[str, Any]) -> None:
        """An answer that came after the referral had expired is refused, and kept for the sender to read."""
        if refusal.code == "wrong_state" and refusal.extra.get("state") == EXPIRED and name in ANSWERS:
            keep = partial(services.keep_late_answer, referral_id, name, actor=self.actor, details=details)
            self.request._request.after_refusal.append(keep)  # type: ignore[attr-defined]  # set by OneTransactionMiddleware


class ReferralMessages(ReferralView):
    @extend_schema(
        operation_id="list_messages",
        summary="What the two sides wrote to each other",
        responses=MessageOut(many=True),
        examples=[examples.MESSAGE],
    )
    def get(self, request: Request, referral_id: UUID) -> Response:
        row = queries.one_row(referral_id, self.actor)
        found = Message.objects.visible_to(self.actor).filter(referral_id=referral_id)
        if not policies.may_read_content(self.actor):
            found = found.none()
        self.log([row])
        return page_of(found, request).response(rendering.message)

    @extend_schema(
        operation_id="write_message",
        summary="Write to the other side; the referral does not move",
        request=NewMessage,
        responses={201: MessageOut},
        examples=[examples.NEW_MESSAGE, examples.MESSAGE],
    )
    def post(self, request: Request, referral_id: UUID) -> Response:
        queries.one_row(referral_id, self.actor)
        text = self.validated(NewMessage)["text"]
        message = services.add_message(referral_id, actor=self.actor, text=text)
        return self.answer(rendering.message(message), version=1, status=201, subject=message)


class ReferralReports(ReferralView):
    @extend_schema(
        operation_id="list_reports",
        summary="The signed reports on a referral, newest first",
        responses=ReportOut(many=True),
        examples=[examples.REPORT],
    )
    def get(self, request: Request, referral_id: UUID) -> Response:
        row = queries.one_row(referral_id, self.actor)
        if not self.actor.reads_clinical:
            raise Forbidden("Reports are read by practitioners.", code="right_required")
        found = queries.reports_of(referral_id, self.actor)
        self.log([row])
        return page_of(found, request, order=("-received_at", "-id")).response(rendering.report)


class ReportDrafts(ReferralView):
    reads_by_post = True

    @extend_schema(
        operation_id="draft_report",
        summary="Words for a report, from the notes your clinic signed",
        description=(
            "For the recipient's practitioner, or its system with `notes:read` too. Only what may leave your clinic: no "
            "draft, no private or sensitive note, no section that is not shared, nothing entered in error. Nothing is stored."
        ),
        request=ReportDraft,
        responses=ReportDraftOut,
        examples=[examples.DRAFT_REPORT, examples.REPORT_DRAFT],
    )
    def post(self, request: Request, referral_id: UUID) -> Response:
        referral = Referral.objects.visible_to(self.actor).one(referral_id)
        report_drafts.check_drafts(referral, self.actor)
        said = self.validated(ReportDraft)
        return Response(report_drafts.draft_report(referral, said.get("note_ids"), actor=self.actor))


class ReportInError(ReferralView):
    @extend_schema(
        operation_id="mark_report_entered_in_error",
        summary="A signed report was a mistake: kept, struck through",
        description=IN_ERROR,
        request=EnteredInError,
        responses=ReportOut,
        examples=[examples.IN_ERROR, examples.REPORT],
    )
    def post(self, request: Request, referral_id: UUID, report_id: UUID) -> Response:
        queries.one_row(referral_id, self.actor)
        said = self.validated(EnteredInError)
        corrections.enter_report_in_error(referral_id, report_id, actor=self.actor, **said)
        report = queries.reports_of(referral_id, self.actor).one(report_id)
        return self.answer(rendering.report(report), version=1, subject=report)


class MessageInError(ReferralView):
    @extend_schema(
        operation_id="mark_message_entered_in_error",
        summary="A message was a mistake: kept, struck through",
        description=IN_ERROR,
        request=EnteredInError,
        responses=MessageOut,
        examples=[examples.IN_ERROR, examples.MESSAGE],
    )
    def post(self, request: Request, referral_id: UUID, message_id: UUID) -> Response:
        queries.one_row(referral_id, self.actor)
        said = self.validated(EnteredInError)
        message = corrections.enter_message_in_error(referral_id, message_id, actor=self.actor, **said)
        return self.answer(rendering.message(message), version=1, subject=message)


class ReferralAttachments(ReferralView):
    @extend_schema(
        operation_id="list_attachments",
        summary="The files of a referral and its reports",
        responses=AttachmentOut(many=True),
        examples=[ATTACHMENT],
    )
    def get(self, request: Request, referral_id: UUID) -> Response:
        row = queries.one_row(referral_id, self.actor)
        ties = ReferralFile.objects.visible_to(self.actor).filter(referral_id=referral_id)
        found = Attachment.objects.visible_to(self.actor).filter(pk__in=ties.values("pk")).defer("content")
        if not self.actor.reads_clinical:
            found = found.none()
        self.log([row])
        return page_of(found, request).response(attachment)


class OneAttachment(ReferralView):
    @extend_schema(
        operation_id="take_off_attachment",
        summary="Take a file off a draft again (needs If-Match with the referral's version)",
        responses={204: None},
    )
    def delete(self, request: Request, referral_id: UUID, attachment_id: UUID) -> Response:
        queries.one_row(referral_id, self.actor)
        expected = self.expected_version(required=True)
        files.take_off(attachment_id, referral_id=referral_id, actor=self.actor, expected_version=expected)
        return Response(status=204)


class TransitionCatalog(View):
    @extend_schema(
        operation_id="list_transitions",
        summary="The workflow of referrals: states, transitions, who may",
        responses=OpenApiTypes.OBJECT,
        examples=[examples.TRANSITIONS],
    )
    def get(self, request: Request) -> Response:
        self.query(NoQuery)
        return Response(
            {"results": rendering.transitions(), "states": rendering.states(), "next": None, "previous": None}
        )


def _asked(filters: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) for name, value in filters.items() if name not in ("cursor", "limit")}


def _narrowed(filters: dict[str, Any], actor: Actor) -> Q:
    """What a list was asked for besides its box."""
    narrowed = Q()
    for name, lookup in (
        ("state", "state"),
        ("due_before", "due_at__lt"),
        ("updated_since", "updated_at__gte"),
    ):
        if value := filters.get(name):
            narrowed &= Q(**{lookup: value})
    if role := filters.get("assigned_to"):
        narrowed &= queries.held_by(role, actor)
    if client_id := filters.get("client_id"):
        narrowed &= queries.about(records_of(client_id, actor), actor)
    return narrowed
