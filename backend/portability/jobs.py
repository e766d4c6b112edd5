"""What the worker does with exports: makes them with the rights of whoever asked, and removes them after a day."""

from functools import partial

from backend.audit import work
from backend.directory.actors import actor_of_application, actor_of_member
from backend.lib import clock
from backend.lib.actor import Actor, system_of
from backend.lib.problems import Problem
from backend.lib.typesetting import pdf_of
from backend.lib.unit_of_work import acting_as
from backend.portability import making
from backend.portability.models import Export
from backend.portability.reading import Reading, check_may_export, reading_of

MOST_TRIES = 5
"""How often one step is tried before the requester is told that it does not work."""


@work.handles(making.MAKE)
def make_export(claim: work.Claim) -> None:
    """One step. The next one is queued by it, in its transaction."""
    assert claim.organization_id is not None
    with acting_as(system_of(claim.organization_id)):
        export = Export.objects.visible_to(system_of(claim.organization_id)).filter(pk=claim.subject_id).first()
        requester = _requester(export) if export else None
        if export is None or requester is None or claim.attempts > MOST_TRIES:
            if export is not None and export.is_being_made:
                making.fail(export, "not_allowed" if requester is None else "trouble")
            work.finish(claim)
            return
    draft = _step(claim, requester)
    if draft is not None:
        _print(claim, requester, draft)


def _requester(export: Export) -> Actor | None:
    """Whoever asked, with the rights they have now and the scopes they asked with; None when they have left."""
    if export.member_id is None:
        assert export.application_id is not None
        return actor_of_application(export.application_id, export.scopes or ())
    member = actor_of_member(export.member_id)
    if member is None:
        return None
    scopes = None if export.scopes is None else frozenset(export.scopes)
    return member.but(application_id=export.application_id, scopes=scopes)


def _step(claim: work.Claim, requester: Actor) -> making.Draft | None:
    """Reads on; when everything is read, returns what the files are made of, with the row of work still claimed."""
    with acting_as(requester):
        export = Export.objects.visible_to(requester).locked().filter(pk=claim.subject_id).first()
        if export is None or not export.is_being_made:
            work.finish(claim)
            return None
        reading = _reading(export, requester)
        if reading is None:
            work.finish(claim)
            return None
        if export.state == Export.State.WAITING:
            making.begin(export, reading)
        if not export.place["sections"]:
            return making.draft_of(export, reading)
        making.read_on(export, reading)
        making.save(export)
        work.queue(making.MAKE, export.pk, organization_id=export.organization_id, due_at=clock.now())
    return None


def _reading(export: Export, requester: Actor) -> Reading | None:
    """The client as the requester sees them now; when they may not export them any more, the export has failed."""
    reading = reading_of(requester, export.client_id, export.include)
    try:
        check_may_export(reading)
    except Problem:
        making.fail(export, "not_allowed")
        return None
    return reading


def _print(claim: work.Claim, requester: Actor, draft: making.Draft) -> None:
    """The pages are set between two transactions; what was read is asked for again in the second."""
    pdf = pdf_of(draft.page, printed_at=draft.made_at)
    with acting_as(requester):
        export = Export.objects.visible_to(requester).locked().filter(pk=claim.subject_id).first()
        work.finish(claim)
        if export is None or not export.is_being_made:
            return
        reading = _reading(export, requester)
        if reading is None:
            return
        if not making.still_agrees(export, reading):
            making.fail(export, "outdated")
            return
        making.finish(export, draft, pdf, reading)
        expires_at = export.expires_at
        assert expires_at is not None
        work.queue(making.REMOVE, export.pk, organization_id=export.organization_id, due_at=expires_at)


@work.handles(making.REMOVE)
def remove_export(claim: work.Claim) -> None:
    assert claim.organization_id is not None
    actor = system_of(claim.organization_id)
    work.do_in_organization(claim, partial(making.remove, claim.subject_id, actor=actor))
