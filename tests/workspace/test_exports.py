"""Taking a client's record along: by forms and links alone."""

import pytest

from backend.audit.work import run_due
from tests import make
from tests.careplans.plans import consent_of, shared, withdraw
from tests.notes.writing import signed
from tests.portability.exporting import unzipped
from tests.workspace.browsing import Browser

pytestmark = pytest.mark.django_db


def test_a_practitioner_asks_waits_and_takes_the_files_away(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    note = signed(north, client)
    browser = Browser(north.practitioner).open(f"/clients/{client}")

    browser.press(f"/clients/{client}/export", include="all")
    assert "Your export is being made: 0 % is done." in browser.page
    run_due()
    browser.open(f"/clients/{client}")

    export = north.http.send("GET", "exports").json()["results"][0]
    assert "Everything you could read, made" in browser.page
    assert [f"/exports/{export['id']}/{kind}" in browser.page for kind in ("zip", "pdf", "json")] == [True] * 3
    answer = browser.http.get(f"/exports/{export['id']}/zip")
    assert note["id"].encode() in unzipped(answer.getvalue())["record.json"]
    assert answer["Content-Disposition"].startswith("attachment;")


def test_only_what_the_clinic_wrote_can_be_asked_for(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.coordinator).open(f"/clients/{client}")

    browser.press(f"/clients/{client}/export", include="own")
    run_due()

    assert "What your clinic wrote, made" in browser.open(f"/clients/{client}").page


def test_what_may_be_handed_on_is_asked_for_by_a_button_of_its_own(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    kept, goes = signed(north, client, visibility="clinic"), signed(north, client)
    browser = Browser(north.practitioner).open(f"/clients/{client}")
    assert "To hand on: without drafts, and without what stays in the clinic." in browser.page

    browser.press(f"/clients/{client}/export", include="to_hand_on")
    run_due()

    assert "What may be handed on, made" in browser.open(f"/clients/{client}").page
    export = north.http.send("GET", "exports").json()["results"][0]
    record = unzipped(browser.http.get(f"/exports/{export['id']}/zip").getvalue())["record.json"]
    assert (goes["id"].encode() in record, kept["id"].encode() in record) == (True, False)


def test_a_colleagues_export_is_neither_shown_nor_given(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    Browser(north.practitioner).open(f"/clients/{client}").press(f"/clients/{client}/export", include="all")
    run_due()
    export = north.http.send("GET", "exports").json()["results"][0]

    colleague = Browser(north.coordinator).open(f"/clients/{client}")

    assert "/exports/" not in colleague.page
    assert colleague.http.get(f"/exports/{export['id']}/pdf").status_code == 404


def test_an_export_that_may_not_go_out_any_more_says_why_on_a_page(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)["id"]
    consent = make.consent(north, client, south)["id"]
    make.move(south, make.referral(north, south, client_id=client)["id"], "accept")
    browser = Browser(south.practitioner).open(f"/clients/{client}")
    browser.press(f"/clients/{client}/export", include="all")
    run_due()
    export = south.http.send("GET", "exports").json()["results"][0]

    north.http.send("POST", f"clients/{client}/consents/{consent}/withdraw", {})
    refused = browser.http.get(f"/exports/{export['id']}/pdf")

    assert refused.status_code == 409
    assert "What you may read of this client has changed" in refused.content.decode()


def test_of_a_client_who_is_closed_the_clinics_own_part_is_taken_along(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north, family_name="Zqclosed")["id"]
    consent = make.consent(north, client, south)["id"]
    make.move(south, make.referral(north, south, client_id=client)["id"], "accept")
    theirs, own = signed(north, client), signed(south, client)
    north.http.send("POST", f"clients/{client}/consents/{consent}/withdraw", {})

    browser = Browser(south.practitioner).open(f"/notes/{own['id']}")
    assert f'href="/clients/{client}"' not in browser.page
    browser.follow("Take it along")
    assert "Export everything" not in browser.page
    browser.press(f"/clients/{client}/export", include="own")
    run_due()
    browser.open(f"/clients/{client}/export")

    export = south.http.send("GET", "exports").json()["results"][0]
    record = unzipped(browser.http.get(f"/exports/{export['id']}/zip").getvalue())["record.json"]
    assert own["id"].encode() in record
    assert theirs["id"].encode() not in record


def test_who_has_nothing_of_a_closed_client_finds_no_page(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    client = make.client(north)["id"]

    for stranger in (south, outsider):
        assert Browser(stranger.practitioner).http.get(f"/clients/{client}/export").status_code == 404


def test_a_plan_that_closed_leads_to_the_export_of_who_wrote_in_it(north: make.Clinic, south: make.Clinic) -> None:
    plan = shared(north, south)
    plan.line(south)
    withdraw(north, plan.client_id, consent_of(plan, north))

    browser = Browser(south.practitioner).open(f"/care-plans/{plan.id}").follow("Take it along")

    assert "A client who is closed to you" in browser.page
