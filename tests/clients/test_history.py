"""The histories of precautions, holds, consents and visits: written with actor and request, read as the rows are."""

from typing import Any

import pytest

from backend.clients.models import Consent, Hold, Precaution
from backend.lib.history import history_of
from backend.lib.unit_of_work import acting_as
from backend.visits.models import Visit
from tests import make
from tests.attacks.sql import rows
from tests.clients.conftest import Shared

pytestmark = pytest.mark.django_db
TRACKED: tuple[Any, ...] = (Precaution, Hold, Consent, Visit)
FLAGS = {"asked": True, "positive": ["RF12"], "why_not_medicine": "Seen by the doctor this morning."}


def labels(clinic: make.Clinic, model: Any) -> list[str]:
    found = rows(clinic, f"SELECT pgh_label FROM {history_of(model)._meta.db_table} ORDER BY pgh_created_at")
    return [label for (label,) in found]


def everything(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    """A precaution that ended, a hold that was cleared and a visit that was moved."""
    precaution = north.http.send("POST", f"clients/{client_id}/precautions", {"code": "anticoag", "regions": []}).json()
    north.http.send("POST", f"clients/{client_id}/precautions/{precaution['id']}/end", {})
    make.referral(north, south, client_id=client_id, priority="asap", red_flags=FLAGS)
    [hold] = north.http.send("GET", f"clients/{client_id}/holds").json()["results"]
    north.http.send("POST", f"clients/{client_id}/holds/{hold['id']}/clear", {"clearance": "Seen and cleared."})
    visit = north.http.send("POST", "visits", {"client_id": client_id, **make.visit_window()}).json()
    body = {"name": "cancel", "by": "client"}
    assert north.http.send("POST", f"visits/{visit['id']}/transitions", body).status_code == 200


def test_what_was_written_and_changed_is_kept_with_actor_and_request(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    everything(north, south, shared.client_id)
    north.http.send(
        "POST", f"{shared.path}/consents/{shared.consent_id}/withdraw", {}, **{"X-Request-Id": "req-of-withdrawal"}
    )

    for model in TRACKED:
        assert labels(north, model) == ["created", "changed"], model
    [kept] = rows(
        north,
        "SELECT pgh_context->>'member_id', pgh_context->>'request_id', status FROM clients_consentchange WHERE pgh_label = 'changed'",
    )
    assert kept == (str(north.practitioner.member.pk), "req-of-withdrawal", "withdrawn")


@pytest.mark.parametrize("model", TRACKED)
def test_queries_and_walls_agree_on_who_reads_a_history(
    shared: Shared, north: make.Clinic, south: make.Clinic, outsider: make.Clinic, model: Any
) -> None:
    everything(north, south, shared.client_id)
    sensitive = {"code": "pregnancy", "regions": [], "is_sensitive": True}
    assert north.http.send("POST", f"{shared.path}/precautions", sensitive).status_code == 201

    counts = []
    for clinic in (north, south, outsider):
        actor = clinic.practitioner.actor
        walled = {pk for (pk,) in rows(clinic, f"SELECT pgh_id FROM {history_of(model)._meta.db_table}")}
        with acting_as(actor):
            seen = {str(pk) for pk in history_of(model).objects.visible_to(actor).values_list("pk", flat=True)}
        assert seen == {str(pk) for pk in walled}, clinic.organization.name
        counts.append(len(walled))

    assert counts == {Precaution: [3, 2, 0], Visit: [2, 0, 0], Hold: [2, 2, 0], Consent: [1, 1, 0]}[model]


def test_what_a_wrong_clients_precaution_said_is_gone_with_its_history(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    made = north.http.send("POST", f"{shared.path}/precautions", {"code": "anticoag", "regions": []}).json()
    assert labels(south, Precaution) == ["created"]

    north.http.send("POST", f"{shared.path}/precautions/{made['id']}/entered-in-error", {"reason": "wrong_client"})

    assert labels(south, Precaution) == []
    assert labels(north, Precaution) == ["created", "changed"]


def test_a_withdrawn_consent_hides_the_history_of_the_safety_floor(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    everything(north, south, shared.client_id)
    assert labels(south, Hold) == ["created", "changed"]

    north.http.send("POST", f"{shared.path}/consents/{shared.consent_id}/withdraw", {})

    assert labels(south, Hold) == []
    assert labels(south, Precaution) == []
