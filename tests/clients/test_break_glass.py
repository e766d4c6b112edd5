"""Breaking the glass: who may, for how long, for reading only, and that every attempt is known."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import override_settings

from backend.audit.models import Event, MovedClock
from backend.directory.models import Credential, Organization
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.attacks.sql import rows
from tests.clients.conftest import Shared

pytestmark = pytest.mark.django_db
REASON = {"reason": "Collapsed in the waiting room."}


@pytest.fixture
def locked_out(shared: Shared, north: make.Clinic, south: make.Clinic) -> Shared:
    """South was in a circle of the client; the consent is withdrawn, and South has switched break-glass on."""
    north.http.send("POST", f"{shared.path}/consents/{shared.consent_id}/withdraw", {})
    Organization.objects.filter(pk=south.id).update(break_glass_enabled=True)
    return shared


def attempt(clinic: Any, shared: Shared, body: Any = REASON) -> Any:
    return clinic.http.send("POST", f"{shared.path}/break-glass", body)


def log_of(clinic: make.Clinic, shared: Shared) -> list[tuple[str, str]]:
    rows = clinic.http.send("GET", f"{shared.path}/access").json()["did"]["results"]
    return [(row["action"], row["why"]) for row in rows if row["why"] == "break_glass"]


def test_it_opens_the_record_to_one_person_for_an_hour_and_home_is_told(
    locked_out: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    opened = attempt(south, locked_out)

    assert (opened.status_code, opened.json()["why"]) == (201, "break_glass")
    assert south.http.send("GET", locked_out.path).status_code == 200
    assert south.coordinator.http.send("GET", locked_out.path).status_code == 404
    assert log_of(north, locked_out) == [("read", "break_glass"), ("broke_glass", "break_glass")]
    for clinic in (north, south):
        with acting_as(clinic.practitioner.actor):
            assert Event.objects.filter(type="access.break_glass", always=True).count() == 1
    MovedClock.objects.create(moved_by=timedelta(minutes=61))
    assert south.http.send("GET", locked_out.path).status_code == 404


def test_it_is_for_reading_only(locked_out: Shared, south: make.Clinic) -> None:
    attempt(south, locked_out)
    tag = south.http.send("GET", locked_out.path)["ETag"]

    changed = south.http.send("PATCH", locked_out.path, {"local_identifier": "S-1"}, **{"If-Match": tag})
    recorded = south.http.send("POST", f"{locked_out.path}/precautions", {"code": "anticoag"})
    consented = south.http.send("POST", f"{locked_out.path}/consents", {"categories": ["plan"], "method": "verbal"})

    assert [(a.status_code, a.json()["code"]) for a in (changed, recorded, consented)] == [
        (403, "read_only_access")
    ] * 3


def test_it_shows_what_others_wrote_for_safety(shared: Shared, north: make.Clinic, south: make.Clinic) -> None:
    north.http.send("POST", f"{shared.path}/precautions", {"code": "anticoag"})
    north.http.send("POST", f"{shared.path}/consents/{shared.consent_id}/withdraw", {})
    Organization.objects.filter(pk=south.id).update(break_glass_enabled=True)

    attempt(south, shared)

    assert len(south.http.send("GET", f"{shared.path}/precautions").json()["results"]) == 1


def test_it_opens_no_precaution_that_was_about_a_wrong_client(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    kept, wrong = (north.http.send("POST", f"{shared.path}/precautions", {"code": "anticoag"}).json() for _ in range(2))
    error = {"reason": "wrong_client"}
    assert (
        north.http.send("POST", f"{shared.path}/precautions/{wrong['id']}/entered-in-error", error).status_code == 200
    )
    north.http.send("POST", f"{shared.path}/consents/{shared.consent_id}/withdraw", {})
    Organization.objects.filter(pk=south.id).update(break_glass_enabled=True)
    attempt(south, shared)

    shown = south.http.send("GET", f"{shared.path}/precautions").json()["results"]

    assert [row["id"] for row in shown] == [kept["id"]]
    assert rows(south, "SELECT id::text FROM clients_precaution WHERE client_id = %s", shared.client_id) == [
        (kept["id"],)
    ]


def test_it_is_off_until_an_admin_switches_it_on(locked_out: Shared, north: make.Clinic, south: make.Clinic) -> None:
    Organization.objects.filter(pk=south.id).update(break_glass_enabled=False)

    refused = attempt(south, locked_out)

    assert (refused.status_code, refused.json()["code"]) == (403, "break_glass_off")
    assert south.http.send("GET", locked_out.path).status_code == 404
    assert log_of(north, locked_out) == [("refused", "break_glass")]


def test_a_clinic_that_never_had_to_do_with_the_client_gets_404(
    locked_out: Shared, north: make.Clinic, outsider: make.Clinic
) -> None:
    Organization.objects.filter(pk=outsider.id).update(break_glass_enabled=True)

    foreign = attempt(outsider, locked_out).json()
    random = outsider.http.send("POST", f"clients/{uuid4()}/break-glass", REASON).json()

    assert {**foreign, "request_id": ""} == {**random, "request_id": ""}
    assert foreign["status"] == 404
    assert log_of(north, locked_out) == [("refused", "break_glass")]


@pytest.mark.parametrize("who", ["coordinator", "admin", "auditor"])
def test_only_a_practitioner_breaks_it(locked_out: Shared, south: make.Clinic, who: str) -> None:
    assert attempt(getattr(south, who), locked_out).json()["code"] == "not_a_practitioner"


def test_a_system_never_breaks_it(locked_out: Shared, south: make.Clinic) -> None:
    answer = south.system.send("POST", f"{locked_out.path}/break-glass", REASON)

    assert (answer.status_code, answer.json()["code"]) == (403, "not_a_practitioner")


def test_a_license_has_to_be_in_force(locked_out: Shared, south: make.Clinic) -> None:
    Credential.objects.filter(practitioner__roles__organization=south.organization).update(status="suspended")

    assert attempt(south, locked_out).json()["code"] == "credential_required"


def test_a_live_instance_asks_for_the_second_factor(locked_out: Shared, south: make.Clinic) -> None:
    with override_settings(SANDBOX=False):
        refused = attempt(south, locked_out)

    assert refused.json()["code"] == "second_factor_required"


@pytest.mark.parametrize("reason", ["", "urgent", "         .         "])
def test_it_needs_a_sentence(locked_out: Shared, south: make.Clinic, reason: str) -> None:
    assert attempt(south, locked_out, {"reason": reason}).status_code == 400
    assert south.http.send("GET", locked_out.path).status_code == 404


def test_never_by_a_person_whom_the_client_excluded(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    assert south.practitioner.role is not None
    excluded = [str(south.practitioner.role.practitioner_id)]
    given = make.consent(north, client["id"], south, excluded_practitioner_ids=excluded)
    Organization.objects.filter(pk=south.id).update(break_glass_enabled=True)

    answer = attempt(south, Shared(client["id"], given["id"], ""))

    assert (answer.status_code, answer.json()["code"]) == (403, "excluded")
