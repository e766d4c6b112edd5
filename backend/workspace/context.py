"""What every page of the workspace knows."""

import json
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from backend.directory.models import Organization
from backend.lib.actor import ANONYMOUS, Actor, ActorKind
from backend.notes.queries import drafts_of
from backend.workspace import device
from backend.workspace.sealing import owner_of_words, person_on_device

# Nothing is evaluated or styled by htmx itself, so that the content security policy stays closed; refusals are shown.
HTMX = json.dumps(
    {
        "includeIndicatorStyles": False,
        "allowEval": False,
        "allowScriptTags": False,
        "selfRequestsOnly": True,
        "historyCacheSize": 0,
        "refreshOnHistoryMiss": True,
        "responseHandling": [{"code": ".*", "swap": True}],
    }
)
OF_THE_DEVICE = {"owner_of_words": owner_of_words, "person_on_device": person_on_device}
OF_STAFF = (
    "/inbox",
    "/clients",
    "/care-plans",
    "/referrals",
    "/notes",
    "/settings",
    "/clinics",
    "/organization",
    "/accounts",
    "/keys",
    "/exports",
)


def workspace(request: HttpRequest) -> dict[str, object]:
    actor: Actor = getattr(request, "actor", ANONYMOUS)
    known: dict[str, object] = {"actor": actor, "is_sandbox": settings.SANDBOX, "htmx_config": HTMX, "zone": "UTC"}
    # Asked only where a page shows them: the API's own pages have another kind of request.
    known |= {name: partial(ask, request) for name, ask in OF_THE_DEVICE.items()}
    if (
        actor.kind == ActorKind.MEMBER
        and actor.user_id is not None
        and (request.path == "/" or request.path.startswith(OF_STAFF))
    ):
        known |= _of_member(actor, actor.user_id)
        known |= {name: device.is_on(request, name) for name in device.SWITCHES}
        known |= {"switches": list(device.SWITCHES.values()), "idle_seconds": settings.SESSION_IDLE_SECONDS}
    return known


def _of_member(actor: Actor, user_id: UUID) -> dict[str, Any]:
    """The clinic the reader works for now, and the others they may change to."""
    clinics = Organization.objects.filter(members__user_id=user_id, members__ended_at=None).order_by("name")
    found = list(clinics)
    here = next(clinic for clinic in found if clinic.id == actor.organization_id)
    return {
        "clinic": here,
        "other_clinics": [clinic for clinic in found if clinic.id != here.id],
        "zone": here.time_zone,
        "is_admin": actor.has_right("admin"),
        "works": actor.has_right("practitioner", "coordinator"),
        "unsigned": _unsigned(actor),
        "reads_clients": actor.has_right("practitioner", "coordinator", "auditor"),
    }


def _unsigned(actor: Actor) -> int:
    """How many notes of the reader's own wait for their signature."""
    return drafts_of(actor).count() if actor.treats else 0
