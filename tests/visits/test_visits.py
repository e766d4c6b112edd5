"""The calendar of one clinic: entering visits, saying how they went, who may, what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from backend.audit import work
from backend.lib.actor import system_of
from backend.lib.unit_of_work import acting_as
from backend.visits import workflow as w
from backend.visits.models import Visit
from tests import make
from tests.referrals.stories import assert_readable, event_types, move_to, now

pytestmark = pytest.mark.django_db

# The table as somebody else would draw it: what each transition makes of each state.
GRID = {
    "book": {"planned": "booked"},
    "record_done": {"planned": "done", "booked": "done"},
    "record_no_show": {"booked": "missed"},
    "cancel": {"planned": "cancelled", "booked": "cancelled"},
}


@pytest.fixture
def client_id(north: make.Clinic) -> str:
    return str(make.client(north, family_name="Doe", given_name="Ana")["id"])


def window(days: float = 2) -> dict[str, str]:
    start = (now() + timedelta(days=days)).replace(microsecond=0)
    return {"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=50)).isoformat()}


def enter(who: Any, client_id: str, *, days: float = 2, **more: Any) -> Any:
    return http(who).send("POST", "visits", {"client_id": client_id, **window(days), **more})


def entered(who: Any, client_id: str, **more: Any) -> Any:
    answer = enter(who, client_id, **more)
    assert answer.status_code == 201, answer.content
    return answer.json()


def move(who: Any, visit_id: str, name: str, **details: Any) -> Any:
    return http(who).send("POST", f"visits/{visit_id}/transitions", {"name": name, **details})


def http(who: Any) -> make.Api:
    found: make.Api = who if isinstance(who, make.Api) else who.http
    return found


def kept(clinic: make.Clinic, visit_id: str) -> tuple[str, int]:
    with acting_as(clinic.practitioner.actor):
        visit = Visit.objects.get(pk=visit_id)
    return visit.state, visit.version


# --- entering --------------------------------------------------------------------------------------------------------


def test_a_coordinator_books_a_visit(north: make.Clinic, client_id: str) -> None:
    answer = enter(north.coordinator, client_id, practitioner_role_id=north.role_id)

    visit = answer.json()
    assert (answer.status_code, answer["Location"]) == (201, f"/api/v1/visits/{visit['id']}")
    assert (visit["state"], visit["version"], visit["time_zone"], visit["referral_id"]) == (
        "booked", 1, "America/Denver", None,
    )  # fmt: skip
    assert visit["client"] == {"id": client_id, "display": "Ana Doe"}
    assert visit["practitioner_role"]["id"] == north.role_id
    assert [step["name"] for step in visit["available_transitions"]] == ["record_done", "record_no_show", "cancel"]
    assert event_types(north, visit["id"]) == ["visit.booked"]
    assert north.http.send("GET", f"visits/{visit['id']}").json() == visit


@pytest.mark.parametrize(("state", "days"), [("planned", 9), ("booked", -1), ("done", -1), ("missed", -1)])
def test_a_visit_is_entered_in_the_state_it_is_in(north: make.Clinic, client_id: str, state: str, days: int) -> None:
    visit = entered(north, client_id, state=state, days=days)

    assert visit["state"] == state
    assert event_types(north, visit["id"]) == [f"visit.{state}"]


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"state": "done"}, 409, "visit_not_begun"),
        ({"state": "missed"}, 409, "visit_not_begun"),
        ({"state": "cancelled"}, 400, "invalid_choice"),
        ({"ends_at": "2026-01-01T10:00:00Z"}, 400, "ends_before_start"),
        ({"starts_at": "2026-12-01T10:00:00"}, 400, "zone_required"),
        ({"time_zone": "Mars/Olympus"}, 400, "unknown_zone"),
        ({"practitioner_role_id": "south"}, 400, "unknown_role"),
        ({"occurred_at": "ahead"}, 400, "in_the_future"),
        ({"occurred_at": "long ago"}, 400, "too_late"),
        ({"color": "red"}, 400, "unknown_field"),
    ],
)
def test_what_cannot_be_is_refused(
    north: make.Clinic, south: make.Clinic, client_id: str, wrong: dict[str, Any], status: int, code: str
) -> None:
    known = {
        "south": south.role_id,
        "ahead": (now() + timedelta(hours=1)).isoformat(),
        "long ago": (now() - timedelta(days=8)).isoformat(),
    }

    answer = enter(north, client_id, **{name: known.get(value, value) for name, value in wrong.items()})

    body = answer.json()
    assert (answer.status_code, (body.get("errors") or [body])[0]["code"]) == (status, code), body
    assert north.http.send("GET", "visits").json()["results"] == []


def test_a_visit_without_a_client_is_refused(north: make.Clinic) -> None:
    answer = north.http.send("POST", "visits", window())

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/client_id")


def test_the_same_post_twice_is_one_visit(north: make.Clinic, client_id: str) -> None:
    body, key = {"client_id": client_id, **window()}, {"Idempotency-Key": "v-1"}
    first = north.http.send("POST", "visits", body, **key)

    second = north.http.send("POST", "visits", body, **key)

    assert (second.status_code, second["Idempotency-Replayed"], second.json()) == (201, "true", first.json())
    assert len(north.http.send("GET", "visits").json()["results"]) == 1


# --- how it went -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["planned", "booked", "done", "missed", "cancelled"])
@pytest.mark.parametrize("name", GRID)
def test_each_transition_from_each_state(north: make.Clinic, client_id: str, name: str, state: str) -> None:
    days = 2 if name in ("book", "cancel") and state in ("planned", "booked", "cancelled") else -1
    visit = entered(north, client_id, days=days, state="booked" if state == "cancelled" else state)
    if state == "cancelled":
        assert move(north, visit["id"], "cancel", by="client").status_code == 200
    before = kept(north, visit["id"])

    answer = move(north, visit["id"], name, **({"by": "clinic"} if name == "cancel" else {}))

    target = GRID[name].get(state)
    if target is None:
        body = assert_readable(answer, 409, "wrong_state")
        assert (body["state"], kept(north, visit["id"])) == (state, before)
        assert body["available"] == [step for step, row in GRID.items() if state in row]
        return
    assert (answer.status_code, answer.json()["state"]) == (200, target)
    assert kept(north, visit["id"]) == (target, before[1] + 1)
    assert event_types(north, visit["id"])[-1] == f"visit.{target}"


def test_the_grid_names_every_transition() -> None:
    assert w.WORKFLOW.names == list(GRID)


@pytest.mark.parametrize("name", ["record_done", "record_no_show"])
def test_a_visit_that_has_not_begun_did_not_take_place(north: make.Clinic, client_id: str, name: str) -> None:
    visit = entered(north, client_id)

    assert_readable(move(north, visit["id"], name), 409, "visit_not_begun")

    assert kept(north, visit["id"]) == ("booked", 1)


def test_who_cancelled_is_said(north: make.Clinic, client_id: str) -> None:
    visit = entered(north, client_id)

    refused = move(north, visit["id"], "cancel")
    cancelled = move(north, visit["id"], "cancel", by="client").json()

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/by")
    assert (cancelled["state"], cancelled["cancelled_by"], cancelled["available_transitions"]) == (
        "cancelled", "client", [],
    )  # fmt: skip


def test_a_late_fact_keeps_both_times(north: make.Clinic, client_id: str) -> None:
    visit = entered(north, client_id, days=1)
    move_to(now() + timedelta(days=3))
    took_place = now() - timedelta(days=1)

    done = move(north, visit["id"], "record_done", occurred_at=took_place.isoformat()).json()

    assert done["occurred_at"] == took_place.isoformat().replace("+00:00", "Z")
    assert done["updated_at"] > done["occurred_at"]


@pytest.mark.parametrize(
    ("hours", "code"), [(1, "in_the_future"), (-8 * 24, "too_late"), (-6 * 24, "before_last_step")]
)
def test_a_late_fact_lies_between_the_step_before_and_now(
    north: make.Clinic, client_id: str, hours: int, code: str
) -> None:
    visit = entered(north, client_id, days=-7)
    move_to(now() + timedelta(days=4))

    answer = move(north, visit["id"], "record_done", occurred_at=(now() + timedelta(hours=hours)).isoformat())

    assert_readable(answer, 400, code)
    assert kept(north, visit["id"]) == ("booked", 1)


def test_a_version_that_was_changed_meanwhile_is_refused(north: make.Clinic, client_id: str) -> None:
    visit = entered(north, client_id, state="planned")
    path = f"visits/{visit['id']}"
    tag = north.http.send("GET", path)["ETag"]
    assert north.http.send("GET", path, **{"If-None-Match": tag}).status_code == 304
    assert move(north, visit["id"], "book").status_code == 200

    late = north.http.send("POST", f"{path}/transitions", {"name": "cancel", "by": "clinic"}, **{"If-Match": tag})

    assert (late.status_code, late.json()["code"], kept(north, visit["id"])) == (412, "stale", ("booked", 2))


@pytest.mark.parametrize("body", [{"name": "fly"}, {}, [], {"name": None}, "book"])
def test_an_unknown_transition_is_unreadable(north: make.Clinic, client_id: str, body: Any) -> None:
    visit = entered(north, client_id)

    answer = north.http.send("POST", f"visits/{visit['id']}/transitions", body)

    assert (answer.status_code, kept(north, visit["id"])) == (400, ("booked", 1))


# --- who -------------------------------------------------------------------------------------------------------------


def test_a_visit_is_its_clinics_own(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    visit = entered(north, client_id)

    for address in (visit["id"], "0198c1a0-0000-7000-8000-00000000000f"):
        assert south.http.send("GET", f"visits/{address}").status_code == 404
        assert move(south, address, "cancel", by="clinic").status_code == 404
    assert enter(south, client_id).status_code == 404
    assert south.http.send("GET", f"visits?client_id={client_id}").json()["results"] == []
    assert kept(north, visit["id"]) == ("booked", 1)


def test_inside_a_clinic_who_works_with_clients_keeps_the_calendar(north: make.Clinic, client_id: str) -> None:
    visit = entered(north.system, client_id)
    for person in (north.admin, north.auditor):
        assert enter(person, client_id).status_code == 403
        assert move(person, visit["id"], "cancel", by="clinic").status_code == 403
    assert kept(north, visit["id"]) == ("booked", 1)

    assert north.admin.http.send("GET", f"visits/{visit['id']}").status_code == 403
    assert north.admin.http.send("GET", "visits").status_code == 403
    read = north.auditor.http.send("GET", f"visits/{visit['id']}").json()
    assert (read["id"], read["available_transitions"]) == (visit["id"], [])
    for each in (north.coordinator, north.system):
        assert move(each, entered(north, client_id)["id"], "cancel", by="client").status_code == 200


def test_a_system_needs_the_scope(north: make.Clinic, client_id: str) -> None:
    reads = make.Api(make.token(of=make.application(north.organization, "visits:read"), scopes="visits:read"))

    assert reads.send("GET", "visits").status_code == 200
    assert_readable(enter(reads, client_id), 403, "insufficient_scope")
    other = make.Api(make.token(of=make.application(north.organization), scopes="referrals:read referrals:write"))
    assert_readable(other.send("GET", "visits"), 403, "insufficient_scope")


def test_a_list_is_narrowed_and_paged(north: make.Clinic, client_id: str) -> None:
    other = make.client(north)["id"]
    visits = [entered(north, client_id, days=days)["id"] for days in (1, 3, 2)]
    entered(north, other)
    since = now()
    move_to(now() + timedelta(hours=1))
    assert move(north, visits[0], "cancel", by="client").status_code == 200

    first = north.http.send("GET", f"visits?client_id={client_id}&limit=2").json()
    rest = north.http.send("GET", first["next"].split("/api/v1/")[1]).json()
    changed = north.http.send("GET", f"visits?updated_since={(since + timedelta(minutes=30)).isoformat()[:19]}Z").json()

    assert [row["id"] for row in first["results"] + rest["results"]] == [visits[1], visits[2], visits[0]]
    assert [row["id"] for row in changed["results"]] == [visits[0]]
    assert north.http.send("GET", "visits?state=done").json()["errors"][0]["code"] == "unknown_field"


# --- when life happens -----------------------------------------------------------------------------------------------


def test_a_death_cancels_what_was_to_come_in_every_clinic(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    client_id = sent["client"]["id"]
    make.move(south, sent["id"], "accept")
    ours, theirs = entered(north, client_id), entered(south, client_id)
    past = entered(north, client_id, days=-1)

    assert north.http.send("POST", f"clients/{client_id}/death", {}).status_code == 200

    assert (kept(north, ours["id"])[0], kept(north, past["id"])[0]) == ("cancelled", "booked")
    work.run_due()
    assert kept(south, theirs["id"])[0] == "cancelled"
    assert_readable(enter(north, client_id), 409, "client_deceased")
    assert entered(north, client_id, state="done", days=-2)["state"] == "done"


def test_a_clinic_reads_its_calendar_when_the_client_is_no_longer_open_to_it(
    north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    client_id = sent["client"]["id"]
    make.move(south, sent["id"], "accept")
    visit = entered(south, client_id)
    consent = north.http.send("GET", f"clients/{client_id}/consents").json()["results"][0]
    north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {})
    assert south.http.send("GET", f"clients/{client_id}").status_code == 404

    read = south.http.send("GET", f"visits/{visit['id']}").json()

    assert (read["client"]["id"], read["client"]["display"]) == (client_id, visit["client"]["display"])
    assert read["client"]["display"].startswith("Probe Canary")
    assert enter(south, client_id).status_code == 404


def test_a_look_at_another_clinics_client_is_logged(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    client_id = sent["client"]["id"]
    make.move(south, sent["id"], "accept")
    visit = entered(south, client_id)

    assert south.http.send("GET", f"visits/{visit['id']}").status_code == 200

    looks = north.http.send("GET", f"clients/{client_id}/access").json()
    assert "visit" in str(looks)


def test_the_worker_sees_the_visits_of_its_own_clinic_only(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    visit = entered(north, client_id)

    for clinic, expected in ((north, [visit["id"]]), (south, [])):
        actor = system_of(clinic.organization.id)
        with acting_as(actor):
            assert [str(pk) for pk in Visit.objects.visible_to(actor).values_list("pk", flat=True)] == expected
            assert [str(pk) for pk in Visit.objects.values_list("pk", flat=True)] == expected
