"""The life of a note, as one table. Behaviour, refusals and documents come from here."""

from collections.abc import Mapping
from typing import Any

from backend.clients.serializers import EmptyInput
from backend.lib.workflow import Transition, Workflow
from backend.notes import inputs
from backend.notes.models import WRONG_CLIENT, Note, roles_to_sign
from backend.notes.policies import ADMIN, AUTHOR, COLLEAGUE, DRAFTER, SYSTEM

DRAFT, AWAITING_COSIGNATURE, SIGNED = Note.State.DRAFT, Note.State.AWAITING_COSIGNATURE, Note.State.SIGNED
ENTERED_IN_ERROR, CLOSED_UNSIGNED = Note.State.ENTERED_IN_ERROR, Note.State.CLOSED_UNSIGNED

TREATS, ADMINS = frozenset({"practitioner"}), frozenset({"admin"})
Details = Mapping[str, Any]


def author_has_left(note: Note, details: Details) -> bool:
    """Whoever wrote this still works here and can sign or discard it; only what somebody who left did not sign is closed."""
    return not roles_to_sign(note.author_practitioner_id, note.organization_id, note.discipline).exists()


def is_not_taken_back(note: Note, details: Details) -> bool:
    """This note was entered in error, about a wrong client: it stays as it is."""
    return note.state != ENTERED_IN_ERROR or note.entered_in_error_reason != WRONG_CLIENT


def after_signing(note: Note, details: Details) -> str:
    return AWAITING_COSIGNATURE if details["is_student"] else SIGNED


WORKFLOW: Workflow[Note] = Workflow(
    (
        Transition(
            name="sign",
            sources=(DRAFT,),
            target=SIGNED,
            targets=(SIGNED, AWAITING_COSIGNATURE),
            choose_target=after_signing,
            by=(AUTHOR, DRAFTER),
            rights=TREATS,
            event="note.signed",
            label="Sign",
            summary="Sign it: from now on it is only amended.",
            input=inputs.SignInput,
        ),
        Transition(
            name="cosign",
            sources=(AWAITING_COSIGNATURE,),
            target=SIGNED,
            by=(COLLEAGUE,),
            rights=TREATS,
            event="note.cosigned",
            label="Co-sign",
            summary="Answer for a student's note: from now on it counts as signed for everybody.",
            input=EmptyInput,
        ),
        Transition(
            name="amend",
            sources=(SIGNED, AWAITING_COSIGNATURE),
            target=None,
            by=(AUTHOR, COLLEAGUE, SYSTEM),
            rights=TREATS,
            event="note.amended",
            label="Amend",
            summary="Add to a signed note, with a reason; what was signed stays.",
            input=inputs.AmendInput,
        ),
        Transition(
            name="enter_in_error",
            sources=(SIGNED, AWAITING_COSIGNATURE, CLOSED_UNSIGNED, ENTERED_IN_ERROR),
            target=ENTERED_IN_ERROR,
            by=(AUTHOR, ADMIN),
            rights=TREATS | ADMINS,
            event="note.entered_in_error",
            label="Entered in error",
            summary="It should not have been written: the text stays, struck through.",
            input=inputs.EnterInErrorInput,
            offered=is_not_taken_back,
        ),
        Transition(
            name="close_unsigned",
            sources=(DRAFT,),
            target=CLOSED_UNSIGNED,
            by=(ADMIN,),
            rights=ADMINS,
            event="note.closed_unsigned",
            label="Close unsigned",
            summary="Keep what somebody who left did not sign, as it is, unsigned.",
            input=EmptyInput,
            requires=(author_has_left,),
        ),
    )
)
