"""What is changed on a client's page: consents, precautions, holds, and what happens in life."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from backend.clients import serializers as s
from backend.clients import services
from backend.clients.models import Consent
from backend.clients.policies import READS, reads_clients, refuse_unless
from backend.clients.queries import client_for, ids_of
from backend.lib.actor import Actor
from backend.lib.problems import Problem
from backend.lib.rest.authentication import actor_of
from backend.lib.rest.views import check_version
from backend.notifications.client_links import end_own_link, own_links, send_own_link
from backend.workspace.forms import Form
from backend.workspace.pages import id_in, page, submit, version_in
from backend.workspace.views.clients import Tried, client_page, consent_form
from backend.workspace.worklist import zone_of


@page("POST")
def give_consent(request: HttpRequest, client_id: UUID) -> HttpResponse:
    def act(actor: Actor, zone: str) -> Any:
        form = consent_form(actor, zone, tried=Tried("consent", request.POST, NOTHING))
        checked = form.validated(actor=actor)
        return services.give_consent(client_id, actor=actor, **answer_of(checked))

    return _on_client(request, client_id, "consent", act, said="The client's yes is recorded.")


@page("POST")
def renew_consent(request: HttpRequest, client_id: UUID, consent_id: UUID) -> HttpResponse:
    def act(actor: Actor, zone: str) -> Any:
        _check(request, actor, client_id, consent_id)
        form = Form(s.RenewInput, zone=zone, typed=request.POST, leave_out=("given_by",))
        return services.renew_consent(consent_id, actor=actor, **answer_of(form.validated(actor=actor)))

    return _on_client(request, client_id, f"renew-{consent_id}", act, said="The consent is renewed.")


@page("POST")
def withdraw_consent(request: HttpRequest, client_id: UUID, consent_id: UUID) -> HttpResponse:
    def act(actor: Actor, zone: str) -> Any:
        _check(request, actor, client_id, consent_id)
        form = Form(s.WithdrawInput, zone=zone, typed=request.POST)
        return services.withdraw_consent(consent_id, actor=actor, **form.validated())

    said = "The consent is withdrawn. What it alone had opened is closed."
    return _on_client(request, client_id, f"withdraw-{consent_id}", act, said=said)


@page("POST")
def send_link(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The link to the client's own page; the earlier ones end."""

    def act(actor: Actor, zone: str) -> Any:
        return send_own_link(client_id, actor=actor)

    return _on_client(request, client_id, "link", act, said="A fresh link is on its way to the client.")


@page("POST")
def end_link(request: HttpRequest, client_id: UUID, link_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    own_links(client_for(actor, client_id), actor).one(link_id)

    def act(actor: Actor, zone: str) -> Any:
        return end_own_link(client_id, link_id, actor=actor)

    return _on_client(request, client_id, "link", act, said="The link opens nothing any more.")


@page("POST")
def record_precaution(request: HttpRequest, client_id: UUID) -> HttpResponse:
    def act(actor: Actor, zone: str) -> Any:
        facts = {"regions": [], **Form(s.PrecautionInput, zone=zone, typed=request.POST).validated()}
        return services.record_precaution(client_id, actor=actor, **facts)

    return _on_client(request, client_id, "precaution", act, said="The precaution is recorded.")


@page("POST")
def end_precaution(request: HttpRequest, client_id: UUID, precaution_id: UUID) -> HttpResponse:
    def act(actor: Actor, zone: str) -> Any:
        return services.end_precaution(client_id, precaution_id, actor=actor)

    return _on_client(request, client_id, "", act, said="The precaution has ended.")


@page("POST")
def precaution_in_error(request: HttpRequest, client_id: UUID, precaution_id: UUID) -> HttpResponse:
    def act(actor: Actor, zone: str) -> Any:
        reason = Form(s.InErrorInput, zone=zone, typed=request.POST).validated()["reason"]
        return services.mark_precaution_entered_in_error(client_id, precaution_id, actor=actor, reason=reason)

    return _on_client(request, client_id, "", act, said="The precaution is marked as an error.")


@page("POST")
def place_hold(request: HttpRequest, client_id: UUID) -> HttpResponse:
    def act(actor: Actor, zone: str) -> Any:
        return services.place_hold(
            client_id, actor=actor, **Form(s.HoldInput, zone=zone, typed=request.POST).validated()
        )

    return _on_client(request, client_id, "hold", act, said="Treatment of the region is held for the whole circle.")


@page("POST")
def clear_hold(request: HttpRequest, client_id: UUID, hold_id: UUID) -> HttpResponse:
    def act(actor: Actor, zone: str) -> Any:
        clearance = Form(s.ClearHoldInput, zone=zone, typed=request.POST).validated()["clearance"]
        return services.clear_hold(client_id, hold_id, actor=actor, clearance=clearance)

    return _on_client(request, client_id, f"clear-{hold_id}", act, said="The hold is cleared.")


@page("POST")
def add_representative(request: HttpRequest, client_id: UUID) -> HttpResponse:
    def act(actor: Actor, zone: str) -> Any:
        facts = Form(s.RepresentativeInput, zone=zone, typed=request.POST).validated()
        return services.add_representative(client_id, actor=actor, **facts)

    return _on_client(request, client_id, "representative", act, said="They may answer for the client now.")


@page("POST")
def end_representative(request: HttpRequest, client_id: UUID, representative_id: UUID) -> HttpResponse:
    def act(actor: Actor, zone: str) -> Any:
        return services.end_representative(client_id, representative_id, actor=actor)

    return _on_client(request, client_id, "", act, said="They no longer answer for the client.")


@page("POST")
def unlink(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Two records are not one person after all: one's own link; as home, that of a clinic that is named."""
    whose = request.POST.get("organization_id", "")

    def act(actor: Actor, zone: str) -> Any:
        return services.unlink_client(client_id, actor=actor, organization_id=id_in(whose) if whose else None)

    said = "If they had joined the two, they are apart again." if whose else "The two records are apart again."
    return _on_client(request, client_id, "", act, said=said)


@page("POST")
def undo_merge(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """``client_id`` is that of the record that became part of another."""

    def act(actor: Actor, zone: str) -> Any:
        return services.undo_merge(client_id, actor=actor)

    return _on_client(request, client_id, "", act, said="The two records are two again.")


@page("POST")
def life(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The client moved away or died, or that was a mistake."""

    def act(actor: Actor, zone: str) -> Any:
        match request.POST.get("what"):
            case "moved":
                return services.mark_moved(client_id, actor=actor)
            case "deceased":
                day = Form(s.DeathInput, zone=zone, typed=request.POST).validated()
                return services.mark_deceased(client_id, actor=actor, **day)
            case _:
                return services.undo_death(client_id, actor=actor)

    return _on_client(request, client_id, "life", act, said="Recorded.")


NOTHING = Problem("")


def answer_of(checked: dict[str, Any]) -> dict[str, Any]:
    """Who said it, as the services take it."""
    given_by = checked.pop("given_by", None)
    if given_by is None:
        return checked
    return {**checked, "given_by_name": given_by["name"], "given_by_relationship": given_by["relationship"]}


def _check(request: HttpRequest, actor: Actor, client_id: UUID, consent_id: UUID) -> None:
    client = client_for(actor, client_id)
    consent = Consent.objects.visible_to(actor).filter(client_id__in=ids_of(actor, client)).one(consent_id)
    check_version(consent.version, version_in(request))


def _on_client(
    request: HttpRequest, client_id: UUID, form: str, act: Callable[[Actor, str], Any], *, said: str
) -> HttpResponse:
    """Does it and goes back to the client's page, or shows that page with the refusal."""
    actor = actor_of(request)
    client_for(actor, client_id)
    refuse_unless(reads_clients(actor), READS)

    def done() -> str:
        act(actor, zone_of(actor))
        return f"/clients/{client_id}"

    result = submit(request, done, said=said)
    if isinstance(result, Problem):
        return client_page(request, actor, client_id, tried=Tried(form, request.POST, result))
    return result
