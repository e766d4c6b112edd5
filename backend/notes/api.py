"""Notes over HTTP: reading, drafting, signing, amending; and what is asked of those who treat a client."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.attachments.examples import ATTACHMENT
from backend.attachments.models import Attachment
from backend.attachments.rendering import attachment
from backend.attachments.serializers import AttachmentOut
from backend.clients.api.view import ClientView
from backend.clients.queries import records_of
from backend.clients.rendering import names_of
from backend.clients.serializers import EmptyInput, PageQuery
from backend.directory.history import NEWEST_FIRST
from backend.directory.serializers.changes import ChangeSerializer
from backend.lib.rest.pages import page_of
from backend.lib.rest.views import View
from backend.notes import examples, history, inputs, policies, queries, rendering, services
from backend.notes import serializers as s
from backend.notes.models import Addendum, Ask, Note, NoteFile

NEW_NOTE = OpenApiExample("A progress note", value=examples.NEW, request_only=True)
BY_NUMBER = OpenApiExample("Of a client by your own number", value=examples.BY_NUMBER, request_only=True)
COPY = OpenApiExample("As last time", value={"copy_from": examples.NOTE_ID}, request_only=True)
CHANGE = OpenApiExample("What still holds, and what is new", value=examples.CHANGE, request_only=True)
NOTE = OpenApiExample("A signed note", value=examples.NOTE, response_only=True)
SIGN = OpenApiExample("As the signed-in person", value={}, request_only=True)
DELIVER = OpenApiExample("Signed in your own software", value=examples.DELIVERED, request_only=True)
AMEND = OpenApiExample("A correction", value=examples.AMEND, request_only=True)
ADDENDUM = OpenApiExample("A correction", value=examples.ADDENDUM, response_only=True)
IN_ERROR = OpenApiExample("Wrong client", value={"reason": "wrong_client"}, request_only=True)
CHANGED = OpenApiExample("What changed", value=examples.CHANGED, response_only=True)
NOTHING = OpenApiExample("Nothing more to say", value={}, request_only=True)
END_ASK = OpenApiExample("It has settled", value={"reason": "No symptoms for a week."}, request_only=True)
ASKS = OpenApiExample("What is asked of you", value=examples.ASKS, response_only=True)


class NoteView(View):
    scope_resource = "notes"
    named: ClassVar = {"note_id": Note, "ask_id": Ask}

    def read_body(self) -> None:
        """What is not one object cannot be read, whoever sends it and whatever the address."""
        _ = self.sent

    def detail(self, note_id: UUID | str, *, status: int = 200) -> Response:
        """One note as the caller reads it, and the look is logged when another clinic wrote it."""
        row = queries.one_row(note_id, self.actor)
        queries.log_shown(self.actor, [row])
        data = rendering.note_data(row, self.actor)
        return self.answer(data, version=row["version"], status=status, subject=Note(pk=row["id"]))

    def moved(self, note_id: str, name: str) -> Response:
        """Makes a transition with the body as its input, which is checked after it was chosen."""
        version = self.expected_version(required=False)
        note = services.move_note(note_id, name, self.sent, actor=self.actor, expected_version=version)
        return self.detail(note.pk)


class Notes(NoteView):
    @extend_schema(
        operation_id="list_notes",
        summary="Notes you may read, newest first",
        description=(
            "What your clinic wrote, and what other clinics signed for the care team, as far as the client's consents go. "
            "Coordinators and admins see that a note is there, and none of its text. `state=draft&mine=true` is what you "
            "have not signed."
        ),
        parameters=[inputs.NoteFilter],
        responses=s.NoteSerializer(many=True),
        examples=[NOTE],
    )
    def get(self, request: Request) -> Response:
        asked = self.query(inputs.NoteFilter)
        narrowed = _narrowed(asked, self)
        page = page_of(
            lambda keyset: queries.listed(self.actor, narrowed, keyset),
            request,
            order=queries.NEWEST_FIRST,
            filters={name: str(value) for name, value in asked.items() if name not in ("cursor", "limit")},
        )
        queries.log_shown(self.actor, page.rows)
        return page.response(lambda row: rendering.note_data(row, self.actor))

    @extend_schema(
        operation_id="write_note",
        summary="Begin a note",
        description=(
            "A draft; nobody outside your clinic sees it before it is signed. With `copy_from` it begins with the parts of "
            "a note of yours, each named in `untouched` until you change or confirm it, and is for whom that note is: who else "
            "reads it, which sections leave your clinic and whether it is sensitive are carried over unless you send them."
        ),
        request=inputs.NoteInput,
        responses={201: s.NoteSerializer},
        examples=[NEW_NOTE, BY_NUMBER, COPY, NOTE],
    )
    def post(self, request: Request) -> Response:
        note = services.draft_note(actor=self.actor, sent=self.sent)
        return self.detail(note.pk, status=201)


class OneNote(NoteView):
    @extend_schema(
        operation_id="get_note",
        summary="One note",
        description="What you may not read is absent and named in `withheld`.",
        responses=s.NoteSerializer,
        examples=[NOTE],
    )
    def get(self, request: Request, note_id: str) -> Response:
        return self.detail(note_id)

    @extend_schema(
        operation_id="change_note",
        summary="Change a draft",
        description="A JSON merge patch with `If-Match`; lists are replaced whole, and a row with its `id` stays the same row.",
        request=s.NotePatch,
        responses=s.NoteSerializer,
        examples=[CHANGE, NOTE],
    )
    def patch(self, request: Request, note_id: str) -> Response:
        policies.check_edits(self.actor, Note.objects.visible_to(self.actor).one(note_id))
        current = rendering.note_data(queries.one_row(note_id, self.actor), self.actor)
        version = self.expected_version(required=True)
        note = services.change_draft(
            note_id, actor=self.actor, expected_version=version, sent=self.sent, current=current
        )
        return self.detail(note.pk)

    @extend_schema(
        operation_id="discard_note",
        summary="Throw a draft away",
        description="With `If-Match`. What was signed is never deleted: see entered-in-error.",
        responses={204: None},
    )
    def delete(self, request: Request, note_id: str) -> Response:
        policies.check_edits(self.actor, Note.objects.visible_to(self.actor).one(note_id))
        version = self.expected_version(required=True)
        services.discard_draft(note_id, actor=self.actor, expected_version=version)
        return Response(status=204)


class SignNote(NoteView):
    @extend_schema(
        operation_id="sign_note",
        summary="Sign a note",
        description=(
            "The signer is the signed-in person, never a parameter. A clinic's system delivers what the author signed in "
            "their own software with `signed_elsewhere` (scope `notes:transmit`, agreed to by the author): only under a draft "
            "that this system began itself, and never signed before the client was seen. Once that draft was changed, by its "
            "author or by the system, `If-Match` with its current ETag says which words were signed (409 `draft_changed` "
            "without). From then on the note is only amended. A student's note counts as signed for others once a colleague has co-signed it."
        ),
        request=inputs.SignInput,
        responses=s.NoteSerializer,
        examples=[SIGN, DELIVER, NOTE],
    )
    def post(self, request: Request, note_id: str) -> Response:
        return self.moved(note_id, "sign")


class CosignNote(NoteView):
    @extend_schema(
        operation_id="cosign_note",
        summary="Co-sign a student's note",
        description="By a colleague of the same clinic and discipline whose credential is in force.",
        request=EmptyInput,
        responses=s.NoteSerializer,
        examples=[NOTHING, NOTE],
    )
    def post(self, request: Request, note_id: str) -> Response:
        return self.moved(note_id, "cosign")


class NoteInError(NoteView):
    @extend_schema(
        operation_id="mark_note_entered_in_error",
        summary="A note was entered in error",
        description=(
            "By its author or an admin. The text stays, to be shown struck through; `wrong_client` takes the note away from "
            "the other clinics and the client at once, and can be said once also of a note that is in error for another "
            "reason. Who had read it is in the access log, and is told."
        ),
        request=inputs.EnterInErrorInput,
        responses=s.NoteSerializer,
        examples=[IN_ERROR, NOTE],
    )
    def post(self, request: Request, note_id: str) -> Response:
        return self.moved(note_id, "enter_in_error")


class CloseUnsigned(NoteView):
    @extend_schema(
        operation_id="close_note_unsigned",
        summary="Close what somebody who left did not sign",
        description=(
            "By an admin, once its author has no role of its discipline at the clinic. It stays as it is, unsigned; nobody "
            "signs it in another's place."
        ),
        request=EmptyInput,
        responses=s.NoteSerializer,
        examples=[NOTHING, NOTE],
    )
    def post(self, request: Request, note_id: str) -> Response:
        return self.moved(note_id, "close_unsigned")


class Addenda(NoteView):
    @extend_schema(
        operation_id="list_addenda",
        summary="What was added to a note",
        parameters=[PageQuery],
        responses=s.AddendumSerializer(many=True),
        examples=[ADDENDUM],
    )
    def get(self, request: Request, note_id: str) -> Response:
        row = queries.one_row(note_id, self.actor)
        policies.check_reads_text(self.actor)
        self.query(PageQuery)
        queries.log_shown(self.actor, [row])
        added = Addendum.objects.visible_to(self.actor).filter(note_id=row["id"])
        return page_of(added, request, order=("recorded_at", "id")).response(
            lambda addendum: rendering.addendum_data(addendum.__dict__)
        )

    @extend_schema(
        operation_id="amend_note",
        summary="Add to a signed note",
        description="With a reason and a signature of its own. By the author or a colleague; what was signed stays.",
        request=inputs.AmendInput,
        responses={201: s.AddendumSerializer},
        examples=[AMEND, ADDENDUM],
    )
    def post(self, request: Request, note_id: str) -> Response:
        version = self.expected_version(required=False)
        added = services.amend_note(note_id, self.sent, actor=self.actor, expected_version=version)
        return self.answer(rendering.addendum_data(added.__dict__), version=1, status=201, subject=added)


class ChangesOfNote(NoteView):
    @extend_schema(
        operation_id="list_changes_of_note",
        summary="What changed in a note, newest first",
        description=(
            "By whom, in which request, from what to what. What was written before the note was released stays with the "
            "clinic that wrote it; others read what happened since: signed, co-signed, an ask ended, entered in error."
        ),
        parameters=[PageQuery],
        responses=ChangeSerializer(many=True),
        examples=[CHANGED],
    )
    def get(self, request: Request, note_id: str) -> Response:
        row = queries.one_row(note_id, self.actor)
        self.query(PageQuery)
        queries.log_shown(self.actor, [row])
        found = history.history_for(self.actor, row)
        page = page_of(lambda keyset: found.rows(self.actor, row["id"], keyset), request, order=NEWEST_FIRST)
        return page.response(found.told)


class NoteAttachments(NoteView):
    @extend_schema(
        operation_id="list_note_attachments",
        summary="The files of a note",
        description="Where the objective is read. The bytes are at `/attachments/{attachment_id}/content`.",
        parameters=[PageQuery],
        responses=AttachmentOut(many=True),
        examples=[ATTACHMENT],
    )
    def get(self, request: Request, note_id: str) -> Response:
        row = queries.one_row(note_id, self.actor)
        policies.check_reads_text(self.actor)
        self.query(PageQuery)
        queries.log_shown(self.actor, [row])
        ties = NoteFile.objects.visible_to(self.actor).filter(note_id=row["id"])
        found = Attachment.objects.visible_to(self.actor).filter(pk__in=ties.values("pk")).defer("content")
        return page_of(found, request, order=("id",)).response(attachment)


class EndAsk(NoteView):
    @extend_schema(
        operation_id="end_ask",
        summary="What a note asked no longer holds",
        description="By a licensed practitioner of the clinic that asked. The note stays as it was signed.",
        request=inputs.EndAskInput,
        responses=s.NoteSerializer,
        examples=[END_ASK, NOTE],
    )
    def post(self, request: Request, note_id: str, ask_id: str) -> Response:
        version = self.expected_version(required=False)
        services.end_ask(note_id, ask_id, actor=self.actor, sent=self.sent, expected_version=version)
        return self.detail(note_id)


class AsksOfClient(ClientView):
    scope_resource = "clients"

    @extend_schema(
        operation_id="list_asks",
        summary="What is asked of those who treat a client now",
        description=(
            "Part of every circle's safety floor, also for who may not read the notes. An ask of a sensitive note outside "
            "the consent is only named in `contact_first`. Coordinators read it without the sentence."
        ),
        parameters=[PageQuery],
        responses=s.AskListSerializer,
        examples=[ASKS],
    )
    def get(self, request: Request, client_id: str) -> Response:
        client = self.person_looked_at(client_id, "ask")
        self.query(PageQuery)
        page = page_of(queries.asks_of(client, self.actor), request)
        hidden = queries.withheld_asks(records_of(client.pk, self.actor))
        names = names_of([*(ask.organization_id for ask in page.rows), *(row[1] for row in hidden)])
        response = page.response(lambda ask: rendering.ask_data(ask, self.actor, names))
        response.data["contact_first"] = [rendering.contact_first_data(row, names) for row in hidden]
        return response


def _narrowed(asked: dict[str, Any], view: NoteView) -> Q:
    """What a list was asked for."""
    narrowed = Q()
    for name, lookup in (("state", "state"), ("updated_since", "updated_at__gte")):
        if name in asked:
            narrowed &= Q(**{lookup: asked[name]})
    if "client_id" in asked:
        narrowed &= queries.about(asked["client_id"], view.actor)
    return narrowed & queries.written_by(view.actor) if asked.get("mine") else narrowed
