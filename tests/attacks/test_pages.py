"""Attacks on the pages: a form that no page shows, and what a page shows beside its form."""

from typing import Any
from uuid import uuid4

import pytest

from backend.clients.models import Hold
from backend.lib.unit_of_work import acting_as
from tests import make


def browser_of(person: make.Person) -> make.Api:
    return make.signed_in(person.member.user)


def press(browser: make.Api, path: str, **form: Any) -> Any:
    return browser.post(path, {**form, "once": uuid4().hex})


@pytest.mark.parametrize("who", ["coordinator", "admin", "auditor"])
def test_who_does_not_treat_holds_no_region(north: make.Clinic, who: str) -> None:
    client_id = make.client(north)["id"]
    form = {"region": "cervical", "side-cervical": "left", "because": "other"}

    answer = press(browser_of(getattr(north, who)), f"/clients/{client_id}/holds", **form)

    assert answer.status_code == 403
    with acting_as(north.practitioner.actor):
        assert not Hold.objects.visible_to(north.practitioner.actor).exists()


def test_an_admin_marks_nothing_as_an_error_that_only_others_read(north: make.Clinic) -> None:
    client_id = make.client(north)["id"]
    path = f"clients/{client_id}/precautions"
    made = north.http.send("POST", path, {"code": "anticoag", "regions": []}).json()

    answer = press(browser_of(north.admin), f"/{path}/{made['id']}/error", reason="wrong_entry")

    assert answer.status_code == 403
    assert north.http.send("GET", path).json()["results"][0]["entered_in_error_reason"] is None


def test_the_front_desk_prepares_a_draft_without_reading_or_losing_its_findings(
    north: make.Clinic, south: make.Clinic
) -> None:
    client_id = make.client(north)["id"]
    draft = make.referral(north, south, client_id=client_id, send=False, findings="Trigger points.", tried="Rest.")
    desk, path = browser_of(north.coordinator), f"/referrals/{draft['id']}/edit"

    page = desk.get(path).content.decode()
    form = {"kind": "evaluate_and_treat", "own_reason": "Neck", "question": "Safe?", "asked": "1", "press": "draft"}
    saved = press(desk, path, **form, region="cervical", to=f"role:{south.role_id}", **{"side-cervical": "left"})

    assert "Trigger points." not in page
    assert "Rest." not in page
    assert saved.status_code == 303
    package = north.http.send("GET", f"referrals/{draft['id']}").json()["package"]
    assert (package["question"], package["findings"], package["tried"]) == ("Safe?", "Trigger points.", "Rest.")
