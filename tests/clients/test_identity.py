"""When two records are one person: links across clinics, merges inside one, and taking both back."""

import pytest

from tests import make
from tests.clients.conftest import Shared

pytestmark = pytest.mark.django_db


def test_a_received_client_is_linked_to_ones_own_and_the_link_undone(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    own = make.client(south)

    linked = south.http.send("POST", f"{shared.path}/registration", {"own_client_id": own["id"]})

    assert linked.status_code == 201
    assert (linked.json()["kind"], linked.json()["own_client"]["id"]) == ("linked", own["id"])
    assert south.http.send("GET", f"clients/{own['id']}/registration").json()["links"] == [shared.client_id]
    assert north.http.send("GET", f"clients/{own['id']}").status_code == 404
    assert north.http.send("GET", f"{shared.path}/registration").json()["links"] == []
    again = south.http.send("POST", f"{shared.path}/registration", {"own_client_id": own["id"]})
    assert (again.status_code, again.json()["code"]) == (409, "already_linked")
    undone = south.http.send("POST", f"{shared.path}/registration/undo", {})
    assert undone.json()["kind"] == "none"


def test_home_takes_a_link_back_without_learning_whether_there_was_one(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    undo = {"organization_id": south.id}
    without = north.http.send("POST", f"{shared.path}/registration/undo", undo)
    south.http.send("POST", f"{shared.path}/registration", {"own_client_id": make.client(south)["id"]})

    having = north.http.send("POST", f"{shared.path}/registration/undo", undo)

    assert (without.status_code, without.content) == (having.status_code, having.content)
    assert south.http.send("GET", f"{shared.path}/registration").json()["kind"] == "none"


def test_a_link_opens_nothing_after_the_consent_ended(shared: Shared, north: make.Clinic, south: make.Clinic) -> None:
    south.http.send("POST", f"{shared.path}/registration", {"own_client_id": make.client(south)["id"]})

    north.http.send("POST", f"{shared.path}/consents/{shared.consent_id}/withdraw", {})

    assert south.http.send("GET", shared.path).status_code == 404


def test_only_ones_own_client_is_linked(shared: Shared, south: make.Clinic, outsider: make.Clinic) -> None:
    foreign = make.client(outsider)

    answer = south.http.send("POST", f"{shared.path}/registration", {"own_client_id": foreign["id"]})

    assert answer.status_code == 404
    assert south.http.send("GET", f"{shared.path}/registration").json()["kind"] == "none"


def test_a_merge_is_previewed_done_and_undone(north: make.Clinic) -> None:
    old = make.client(north, local_identifier="C-1", city="Boulder")
    kept = make.client(north, city="Denver")
    north.http.send("POST", f"clients/{old['id']}/precautions", {"code": "anticoag"})
    path = f"clients/{old['id']}/merge"

    preview = north.http.send("POST", path, {"into": kept["id"], "preview": True}).json()
    assert preview["comes_along"]["precautions"] == 1
    assert preview["differences"]["city"] == ["Boulder", "Denver"]
    assert north.http.send("GET", f"clients/{old['id']}").json()["id"] == old["id"]

    assert north.http.send("POST", path, {"into": kept["id"]}).status_code == 200
    assert north.http.send("GET", f"clients/{old['id']}").json()["id"] == kept["id"]
    assert len(north.http.send("GET", f"clients/{kept['id']}/precautions").json()["results"]) == 1
    found = north.http.send("POST", "clients/search", {"identifier": "C-1"}).json()["results"]
    assert [row["id"] for row in found] == [kept["id"]]
    assert [row["id"] for row in north.http.send("GET", "clients").json()["results"]] == [kept["id"]]
    again = north.http.send("POST", path, {"into": kept["id"]})
    assert (again.status_code, again.json()["code"]) == (409, "already_merged")

    undone = north.http.send("POST", f"{path}/undo", {})
    assert undone.json()["id"] == old["id"]
    assert len(north.http.send("GET", f"clients/{kept['id']}/precautions").json()["results"]) == 0
    assert len(north.http.send("GET", "clients").json()["results"]) == 2


def test_a_merge_stays_inside_one_clinic(shared: Shared, north: make.Clinic, south: make.Clinic) -> None:
    own = make.client(south)

    assert south.http.send("POST", f"{shared.path}/merge", {"into": own["id"]}).status_code == 403
    assert south.http.send("POST", f"clients/{own['id']}/merge", {"into": shared.client_id}).status_code == 400
    assert north.http.send("POST", f"{shared.path}/merge", {"into": own["id"]}).status_code == 400
    assert north.http.send("POST", f"{shared.path}/merge", {"into": shared.client_id}).status_code == 400


def test_who_was_sent_the_old_record_keeps_it_and_learns_nothing_of_the_other(
    shared: Shared, north: make.Clinic, south: make.Clinic
) -> None:
    kept = make.client(north)

    north.http.send("POST", f"{shared.path}/merge", {"into": kept["id"]})

    assert south.http.send("GET", shared.path).json()["id"] == shared.client_id
    assert [row["id"] for row in south.http.send("GET", "clients").json()["results"]] == [shared.client_id]
    assert south.http.send("GET", f"clients/{kept['id']}").status_code == 404
