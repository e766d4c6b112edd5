"""Notes that tests need, written through the API."""

from typing import Any

from backend.audit.models import Event
from backend.lib.unit_of_work import acting_as
from tests import make

NECK = {"region": "cervical", "side": "right"}
BODY: dict[str, Any] = {
    "kind": "progress",
    "subjective": "Headache 5/10, better in the mornings.",
    "objective": "Taut bands suboccipital right; referral to the eye reproduced.",
    "assessment": "Findings fit the referral pattern.",
    "plan": "Weekly; heat at home.",
    "measures": [{"measure": "nprs", "value": 5}],
    "findings": [
        {"kind": "trigger_point", **NECK, "muscle": "subocc", "refers_to": ["eye"]},
        {"kind": "pain", **NECK, "intensity": 5},
    ],
    "techniques": [{"technique": "tpt", "regions": [NECK], "minutes": 15}],
    "asks": [{"kind": "avoid", **NECK, "technique": "hvla", "sentence": "No thrust for 48 hours."}],
}
SECTIONS = ("subjective", "objective", "assessment", "plan")


def draft(clinic: make.Clinic, client_id: str, *, by: make.Api | None = None, **more: Any) -> Any:
    """A draft of the clinic's practitioner."""
    answer = (by or clinic.http).send("POST", "notes", {**BODY, "client_id": client_id, **more})
    assert answer.status_code == 201, answer.content
    return answer.json()


def signed(clinic: make.Clinic, client_id: str, **more: Any) -> Any:
    """A note that the clinic's practitioner wrote and signed."""
    return sign(clinic.http, draft(clinic, client_id, **more)["id"])


def sign(http: make.Api, note_id: str) -> Any:
    answer = http.send("POST", f"notes/{note_id}/sign", {})
    assert answer.status_code == 200, answer.content
    return answer.json()


def read(http: make.Api, note_id: str) -> Any:
    return http.send("GET", f"notes/{note_id}")


def change(http: make.Api, note: Any, **changes: Any) -> Any:
    """The answer to a PATCH of a draft, with the version that was read."""
    return http.send("PATCH", f"notes/{note['id']}", changes, **{"If-Match": f'"{note["version"]}.x"'})


def ids_listed(http: make.Api, query: str = "") -> list[str]:
    answer = http.send("GET", f"notes{query}")
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def asks(http: make.Api, client_id: str) -> Any:
    answer = http.send("GET", f"clients/{client_id}/asks")
    assert answer.status_code == 200, answer.content
    return answer.json()


def share(home: make.Clinic, client_id: str, other: make.Clinic, **consent: Any) -> Any:
    """A consent for both clinics, and the record open to the other one."""
    given = make.consent(home, client_id, other, **consent)
    referral = make.referral(home, other, client_id=client_id)
    make.move(other, referral["id"], "accept")
    return given


def enroll(clinic: make.Clinic) -> make.Person:
    """A student at the clinic: a member who treats, enrolled and not licensed."""
    role = clinic.practitioner.role
    assert role is not None
    student = make.person(clinic.organization, "practitioner", discipline=role.discipline, name="Stu Dent")
    assert student.role is not None
    student.role.practitioner.credentials.update(kind="enrollment", name="Student", jurisdiction="State College")
    return student


def told(clinic: make.Clinic, type: str) -> int:
    """How many events of this type stand in the clinic's copy."""
    with acting_as(clinic.practitioner.actor):
        return Event.objects.filter(type=type).count()
