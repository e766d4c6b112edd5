"""Clients, consents, precautions and holds: by forms alone."""

import re

from tests import make
from tests.workspace.browsing import Browser


def test_a_client_is_registered_found_and_changed(north: make.Clinic) -> None:
    browser = Browser(north.coordinator).open("/clients/new")
    browser.press("", family_name="Moreno", given_name="Ana", birth_date="1984-06-12", email="ana@example.org")
    assert "Ana Moreno" in browser.page
    client = north.http.send("GET", "clients").json()["results"][0]

    browser.open("/clients").press("/clients", query="1984-06-12")
    assert f"/clients/{client['id']}" in browser.page
    browser.open(f"/clients/{client['id']}/edit").press("", family_name="Moreno", phone="+1 303 555 0142", email="")

    changed = north.http.send("GET", f"clients/{client['id']}").json()
    assert (changed["phone"], changed["email"], changed["given_name"]) == ("+1 303 555 0142", None, "Ana")


def test_two_at_the_desk_change_one_client_and_neither_undoes_the_other(north: make.Clinic) -> None:
    client = make.client(north, phone="+1 303 555 0100", email="old@example.org")
    address = f"/clients/{client['id']}/edit"
    first, second = (Browser(north.coordinator).open(address) for _ in range(2))
    first.send("", phone="+1 303 555 0142")

    second.send("", email="new@example.org")
    told = second.status
    second.send("")

    changed = north.http.send("GET", f"clients/{client['id']}").json()
    assert (told, changed["phone"], changed["email"]) == (412, "+1 303 555 0142", "new@example.org")


def test_somebody_like_a_client_is_asked_about_before_registering(north: make.Clinic) -> None:
    make.client(north, family_name="Moreno", given_name="Ana", birth_date="1984-06-12")
    browser = Browser(north.coordinator).open("/clients/new")

    browser.press("", family_name="Morena", given_name="Ana", birth_date="1984-06-12")
    assert (browser.status, "This is somebody else" in browser.page) == (409, True)
    browser.press("", family_name="Morena", given_name="Ana", birth_date="1984-06-12", confirmed="1")

    assert len(north.http.send("GET", "clients").json()["results"]) == 2


def test_consents_are_recorded_renewed_and_withdrawn(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.coordinator).open(f"/clients/{client}")
    browser.press(
        f"/clients/{client}/consents",
        organization_ids=[south.id],
        categories=["plan", "notes"],
        method="paper",
        expires_on="2031-05-24",
    )
    assert "North Massage, South Physio share plan, notes and safety with each other until 2031-05-24." in browser.page
    consent = north.http.send("GET", f"clients/{client}/consents").json()["results"][0]["id"]

    browser.press(f"/clients/{client}/consents/{consent}/renew", expires_on="2032-05-24", method="verbal")
    assert "until 2032-05-24" in browser.page
    browser.press(f"/clients/{client}/consents/{consent}/withdraw", reason="")

    assert north.http.send("GET", f"clients/{client}/consents/{consent}").json()["status"] == "withdrawn"


def test_precautions_and_holds_are_recorded_and_ended(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.practitioner).open(f"/clients/{client}")
    browser.press(f"/clients/{client}/precautions", code="anticoag", note="Apixaban.")
    browser.press(f"/clients/{client}/holds", **{"region": "shoulder", "side-shoulder": "left", "because": "red_flag"})
    assert "<h2>Do not treat: Shoulder girdle, left" in browser.page
    precaution = north.http.send("GET", f"clients/{client}/precautions").json()["results"][0]["id"]
    hold = north.http.send("GET", f"clients/{client}/holds").json()["results"][0]["id"]

    browser.press(f"/clients/{client}/precautions/{precaution}/end")
    browser.press(f"/clients/{client}/holds/{hold}/clear", clearance="Seen by a doctor today; imaging clear.")

    assert "<h2>Do not treat" not in browser.page
    assert "Anticoagulant / antiplatelet therapy: ended" in re.sub(r"<[^>]+>", "", browser.page)


def test_a_precaution_in_error_is_said_on_the_page_to_be_about_a_wrong_client_once(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.practitioner).open(f"/clients/{client}")
    browser.press(f"/clients/{client}/precautions", code="anticoag")
    precaution = north.http.send("GET", f"clients/{client}/precautions").json()["results"][0]["id"]
    mistake = f"/clients/{client}/precautions/{precaution}/error"
    browser.press(mistake, reason="duplicate")

    browser.press(mistake)

    said = north.http.send("GET", f"clients/{client}/precautions").json()["results"][0]
    assert said["entered_in_error_reason"] == "wrong_client"
    assert mistake not in browser.page
