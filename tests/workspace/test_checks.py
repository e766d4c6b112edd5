"""Beside the sheet stands what it has and lacks, as the gates would say it, and nothing of it stops the writing."""

import re

import pytest

from tests import make
from tests.careplans.plans import accepted, done, shared
from tests.workspace.browsing import Browser
from tests.workspace.test_keeping import keep, new_form

Lines = dict[str, tuple[str, str]]


def lines(page: str) -> Lines:
    """The checks of a page by name: how each stands, and its words."""
    found = re.findall(r'<strong>([^<]+)</strong> <span class="tag">(\w+)</span><br>(.*?)</p>', page)
    return {name: (standing, words) for name, standing, words in found}


def opened(who: make.Person, client_id: str, south: make.Clinic) -> Browser:
    return Browser(who).open(f"/referrals/new?client={client_id}&to=role:{south.role_id}")


def test_an_empty_sheet_lacks_everything_but_a_duplicate(north: make.Clinic) -> None:
    page = Browser(north.practitioner).open(f"/referrals/new?client={make.client(north)['id']}").page

    assert lines(page) == {
        "Recipient": ("Missing", "Choose who it goes to."),
        "Consent": ("Missing", "Choose who it goes to first."),
        "Credential": ("Missing", "Choose who it goes to first."),
        "Region": ("Missing", "Say which region this is about."),
        "Red flags": ("Missing", "Ask about red flags for this region first."),
        "Duplicate": ("Ready", "No other one like it is open."),
    }


def test_a_draft_with_everything_is_ready_in_every_line(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)["id"]
    make.consent(north, client, south)
    draft = make.referral(north, south, client_id=client, send=False)["id"]

    shown = lines(Browser(north.practitioner).open(f"/referrals/{draft}/edit").page)

    assert {standing for standing, _ in shown.values()} == {"Ready"}
    assert shown["Recipient"][1] == "South Practitioner, South Physio."
    assert shown["Consent"][1].startswith("The client has said yes to this recipient")
    assert shown["Credential"][1] == "In force."


def test_a_question_without_a_client_needs_no_consent_and_no_region(north: make.Clinic) -> None:
    shown = lines(Browser(north.practitioner).open("/referrals/new").page)

    assert shown["Consent"] == ("Ready", "No consent is needed.")
    assert shown["Region"] == ("Ready", "None is needed.")


@pytest.mark.parametrize(
    ("said", "standing", "sentence"),
    [
        ("", "Missing", "The client has not said yes to sharing with this recipient."),
        ("paper", "Ready", "The client's yes is recorded when you send."),
        ("link", "Look", "The client is asked first; it is sent when they say yes."),
    ],
)
def test_a_missing_yes_says_how_to_get_it(
    north: make.Clinic, south: make.Clinic, said: str, standing: str, sentence: str
) -> None:
    sheet = opened(north.practitioner, make.client(north)["id"], south)

    answer = keep(sheet, "/referrals/new", new_form(sheet), said=said)

    shown = lines(answer.content.decode().replace("&#x27;", "'"))["Consent"]
    assert (answer.status_code, shown[0]) == (400, standing)
    assert shown[1].startswith(sentence)


def test_the_checks_are_asked_again_when_the_draft_is_kept(north: make.Clinic, south: make.Clinic) -> None:
    sheet = opened(north.practitioner, make.client(north)["id"], south)
    written = {"own_reason": "Neck", "question": "Safe?", "region": "cervical", "side-cervical": "left", "asked": "1"}

    answer = keep(sheet, "/referrals/new", new_form(sheet), **written)

    shown = lines(answer.content.decode())
    assert answer.status_code == 200
    assert shown["Region"] == ("Ready", "Neck, left.")
    assert shown["Red flags"] == ("Ready", "Asked: none found.")
    assert shown["Duplicate"] == ("Ready", "No other one like it is open.")


def test_one_that_is_open_already_is_worth_a_look(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    shown = lines(opened(north.practitioner, sent["client"]["id"], south).page)

    assert shown["Duplicate"] == ("Look", "One to the same recipient for the same region is open already.")


def test_oneself_is_no_recipient(north: make.Clinic) -> None:
    shown = lines(opened(north.practitioner, make.client(north)["id"], north).page)

    assert shown["Recipient"] == ("Missing", "This is a referral to yourself; choose a colleague.")


def test_a_recipient_whose_credential_ended_is_missing_one(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)["id"]
    assert south.practitioner.role is not None
    south.practitioner.role.practitioner.credentials.update(expires_on="2020-01-01")

    shown = lines(opened(north.practitioner, client, south).page)

    assert shown["Credential"] == (
        "Missing",
        "South Practitioner's license for physical therapy expired on 2020-01-01.",
    )


@pytest.mark.parametrize("wrong", ["role:none", "role:01a2069e-1d13-75b3-86a4-4af3655234ab", "clinic:x", "guest"])
def test_a_recipient_that_is_none_is_not_chosen(north: make.Clinic, wrong: str) -> None:
    page = Browser(north.practitioner).open(f"/referrals/new?client={make.client(north)['id']}&to={wrong}")

    assert page.status == 200
    assert lines(page.page)["Recipient"] == ("Missing", "Choose who it goes to.")
    assert lines(page.page)["Credential"] == ("Missing", "Choose who it goes to first.")


def test_codes_that_nobody_knows_are_not_checked(north: make.Clinic, south: make.Clinic) -> None:
    sheet = opened(north.practitioner, make.client(north)["id"], south)

    answer = keep(sheet, "/referrals/new", new_form(sheet), region="tail", flag="dragon", asked="1")

    shown = lines(answer.content.decode())
    assert answer.status_code == 400
    assert (shown["Region"][0], shown["Red flags"][1]) == ("Missing", "Asked: none found.")


def test_a_missing_check_does_not_keep_a_draft_from_being_kept(north: make.Clinic, south: make.Clinic) -> None:
    sheet = opened(north.practitioner, make.client(north)["id"], south)

    answer = keep(sheet, "/referrals/new", new_form(sheet), own_reason="Neck", question="Safe?")

    missing = {name for name, (standing, _) in lines(answer.content.decode()).items() if standing == "Missing"}
    assert (answer.status_code, missing) == (200, {"Consent", "Region", "Red flags"})
    assert len(north.http.send("GET", "referrals?box=drafts").json()["results"]) == 1


@pytest.mark.parametrize("is_ticked", [True, False])
def test_the_yes_can_name_everybody_on_a_care_plan_so_that_the_recipient_joins_it(
    is_ticked: bool, north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    plan = shared(north, south)
    sheet = opened(north.practitioner, plan.client_id, east)
    assert (
        "And to sharing with South Physio as well: the recipient can then join the care plan “Neck and arm”"
        in sheet.page
    )
    typed = {"own_reason": "Neck", "question": "Safe?", "region": "cervical", "asked": "1", "said": "in_person"}
    ticked = {"share_plan": plan.id} if is_ticked else {}

    sheet.press("/referrals/new", press="send", **typed, **ticked)

    given = done(north.http.send("GET", f"clients/{plan.client_id}/consents"))["results"]
    newest = max(given, key=lambda consent: consent["given_at"])
    named = {north.id, south.id, east.id} if is_ticked else {north.id, east.id}
    assert {clinic["id"] for clinic in newest["organizations"]} == named


def test_a_plan_of_others_is_in_nobodys_yes(north: make.Clinic, south: make.Clinic, east: make.Clinic) -> None:
    plan = shared(north, south)
    accepted(north, east, plan.client_id)
    sheet = opened(east.practitioner, plan.client_id, south)
    assert "the recipient can then join" not in sheet.page
    typed = {"own_reason": "Neck", "question": "Safe?", "region": "cervical", "asked": "1", "said": "in_person"}

    sheet.press("/referrals/new", press="send", share_plan=plan.id, **typed)

    given = done(east.http.send("GET", f"clients/{plan.client_id}/consents"))["results"]
    newest = max(given, key=lambda consent: consent["given_at"])
    assert {clinic["id"] for clinic in newest["organizations"]} == {east.id, south.id}
