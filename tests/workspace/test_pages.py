"""Every page answers for everybody who may see it; the loop goes round by posting forms, without any script."""

import re
from typing import Any

import pytest

from backend.audit.models import AccessLog
from tests import make
from tests.referrals.stories import advance
from tests.workspace.browsing import Browser, buttons

NEEDS_WORKER = pytest.mark.django_db(transaction=True)


def ten_seconds_pass() -> None:
    advance(seconds=11)


def paths_of(referral: dict[str, Any], clinic: make.Clinic) -> dict[str, set[str]]:
    """Every page, with the rights that are let in at the sender's clinic."""
    assert clinic.practitioner.role is not None
    client = referral["client"]["id"]
    everybody, works = {"practitioner", "coordinator", "admin", "auditor"}, {"practitioner", "coordinator"}
    return {
        "/": everybody,
        "/inbox": everybody,
        "/inbox?box=theirs&filter=urgent": everybody,
        "/inbox?box=closed&page=7": everybody,
        f"/referrals/{referral['id']}": everybody,
        "/clients": works | {"auditor"},
        f"/clients/{client}": works | {"auditor"},
        "/clients/new": works,
        f"/clients/{client}/edit": works,
        f"/referrals/new?client={client}": works,
        "/referrals/new": works,
        "/settings": everybody,
        "/settings/clinic": {"admin"},
        "/settings/opening": {"admin"},
        "/settings/due-times": {"admin"},
        "/settings/places": {"admin"},
        "/clients?consents=ending": works | {"auditor"},
        "/settings/people": everybody,
        f"/settings/practitioners/{clinic.practitioner.role.practitioner_id}": everybody,
        "/settings/applications": {"admin"},
        "/settings/notifications": everybody,
    }


@pytest.mark.parametrize("right", ["practitioner", "coordinator", "admin", "auditor"])
def test_every_page_opens_for_whom_it_is_for_and_for_nobody_else(
    north: make.Clinic, south: make.Clinic, right: str
) -> None:
    sent = make.sent(north, south)
    browser = Browser(getattr(north, right))

    for path, rights in paths_of(sent, north).items():
        browser.open(path)
        assert browser.status == (200 if right in rights else 403), path
        assert sent["client"]["display"] not in re.findall(r"<title>(.*?)</title>", browser.page)[0]
        assert not re.search(r"<script(?! src)|<style| style=| on\w+=", browser.page), path


def test_the_first_page_says_what_this_is_to_everybody(north: make.Clinic) -> None:
    anonymous, member = Browser().open("/"), Browser(north.coordinator).open("/")

    assert (anonymous.status, member.status) == (200, 200)
    assert "without another login for them" in anonymous.page
    assert "waiting on you" in member.page


def test_a_stranger_signs_in_first(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    answer = make.Api().get(f"/referrals/{sent['id']}")

    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next=/referrals/{sent['id']}")


def test_an_outsider_gets_the_answer_of_a_random_address(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    sent = make.sent(north, south)
    browser = Browser(outsider.practitioner)

    for path in (f"/referrals/{sent['id']}", f"/clients/{sent['client']['id']}"):
        browser.open(path)
        assert browser.status == 404
        assert sent["client"]["display"] not in browser.page


@NEEDS_WORKER
def test_the_loop_goes_round_by_forms_alone(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    sender, recipient = Browser(north.practitioner), Browser(south.practitioner)
    sender.open(f"/referrals/new?client={client['id']}&to=role:{south.role_id}").press(
        "/referrals/new",
        chip="Weakness or numbness",
        question="Safe to load?",
        region="cervical",
        asked="1",
        said="in_person",
        press="send",
    )
    assert "Take it back" in sender.page
    ten_seconds_pass()
    referral_id = north.http.send("GET", "referrals?box=theirs").json()["results"][0]["id"]
    page, act = f"/referrals/{referral_id}", f"/referrals/{referral_id}/move"

    for who, name, typed in [
        (recipient, "ask_information", {"question": "Any dizziness?"}),
        (sender, "give_information", {"answer": "None."}),
        (recipient, "accept", {}),
        (recipient, "offer_times", {"times.0.starts_at": "2031-01-07T10:00", "times.0.minutes": "45"}),
        (recipient, "book", {"visit.starts_at": "2031-01-08T10:00", "visit.minutes": "45"}),
        (recipient, "start", {}),
        (recipient, "report", {"report.answer": "Yes, from next week.", "final": "true"}),
        (sender, "acknowledge", {"plan_change": "no_change"}),
    ]:
        who.open(page).press(act, move=name, **typed)
        assert who.status == 200, (name, who.page)
        if "Take it back" in who.page:
            ten_seconds_pass()

    closed = north.http.send("GET", f"referrals/{referral_id}").json()
    assert closed["state"] == "closed"
    assert closed["visits"][0]["starts_at"].startswith("2031-01-08T17:00")  # ten o'clock in Denver


def test_the_buttons_are_exactly_what_the_reader_can_do(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    for who in (north.practitioner, north.coordinator, south.practitioner, south.coordinator, south.admin):
        possible = who.http.send("GET", f"referrals/{sent['id']}").json()["available_transitions"]
        shown = Browser(who).open(f"/referrals/{sent['id']}").page
        assert buttons(shown) == {step["name"] for step in possible}


def test_a_double_tap_has_one_effect(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    browser = Browser(south.practitioner).open(f"/referrals/{sent['id']}")
    first_page = browser.html
    path = f"/referrals/{sent['id']}/messages"

    browser.press(path, text="Any imaging?")
    browser.html = first_page
    browser.press(path, text="Any imaging?")

    said = north.http.send("GET", f"referrals/{sent['id']}/messages").json()["results"]
    assert (browser.status, [message["text"] for message in said]) == (200, ["Any imaging?"])


def test_a_form_sent_again_with_other_words_changes_nothing_and_keeps_the_words(
    north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    browser = Browser(south.practitioner).open(f"/referrals/{sent['id']}")
    first_page, path = browser.html, f"/referrals/{sent['id']}/messages"
    browser.press(path, text="Any imaging?")
    browser.html = first_page

    browser.press(path, text="Any scans?")

    said = north.http.send("GET", f"referrals/{sent['id']}/messages").json()["results"]
    assert [message["text"] for message in said] == ["Any imaging?"]
    assert browser.status == 422
    assert "Any scans?" in browser.page


def test_a_stale_form_says_who_changed_it_and_loses_nothing(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    browser = Browser(south.practitioner).open(f"/referrals/{sent['id']}")
    make.move(south.coordinator, sent["id"], "ask_information", question="Which side?")
    make.move(north, sent["id"], "give_information", answer="Left.")

    browser.press(f"/referrals/{sent['id']}/move", move="ask_information", question="Since when exactly?")

    assert browser.status == 412
    assert "North Massage Practitioner answered" in browser.page
    assert "Since when exactly?" in browser.page
    assert north.http.send("GET", f"referrals/{sent['id']}").json()["state"] == "sent"


def test_a_refusal_is_a_message_on_the_page_with_its_status_and_number(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    browser = Browser(south.practitioner).open(f"/referrals/{sent['id']}")

    browser.press(f"/referrals/{sent['id']}/move", move="decline", reason="contraindication")

    assert browser.status == 400
    assert "This reason needs a sentence" in browser.page
    assert "Nothing was changed. What you typed is still here." in browser.page
    assert re.search(r"<code>req-\S+</code>", browser.page)


def test_sending_without_a_yes_keeps_what_was_typed(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    browser = Browser(north.practitioner).open(f"/referrals/new?client={client['id']}&to=role:{south.role_id}")

    browser.press(
        "/referrals/new", own_reason="Neck", question="Safe to load?", region="cervical", asked="1", press="send"
    )

    assert browser.status == 409
    assert "The client has not said yes" in browser.page
    assert "Safe to load?" in browser.page
    assert north.http.send("GET", "referrals?box=drafts").json()["results"] == []


def test_a_possible_duplicate_is_asked_about_first(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    browser = Browser(north.practitioner)
    browser.open(f"/referrals/new?client={sent['client']['id']}&to=role:{south.role_id}")
    typed = {"own_reason": "Neck", "question": "Again?", "region": "cervical", "asked": "1", "press": "send"}

    browser.press("/referrals/new", **typed)
    assert (browser.status, "Yes, send another one" in browser.page) == (409, True)
    browser.press("/referrals/new", **typed, confirmed="1")

    assert (browser.status, "Take it back" in browser.page) == (200, True)


def test_a_draft_is_kept_changed_and_discarded(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)
    browser = Browser(north.coordinator).open(f"/referrals/new?client={client['id']}&to=role:{south.role_id}")
    browser.press("/referrals/new", own_reason="Neck", question="Safe?", press="draft")
    draft = north.http.send("GET", "referrals?box=drafts").json()["results"][0]["id"]

    browser.open(f"/referrals/{draft}/edit").press(
        f"/referrals/{draft}/edit", own_reason="Neck", question="Safe to load?", press="draft"
    )
    assert "Safe to load?" in browser.page
    browser.press(f"/referrals/{draft}/discard")

    assert north.http.send("GET", "referrals?box=drafts").json()["results"] == []


@NEEDS_WORKER
def test_a_press_is_taken_back_within_ten_seconds(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    browser = Browser(south.practitioner).open(f"/referrals/{sent['id']}")
    browser.press(f"/referrals/{sent['id']}/move", move="accept")

    browser.press(f"/referrals/{sent['id']}/take-back")
    ten_seconds_pass()

    assert "Taken back" in browser.page
    assert north.http.send("GET", f"referrals/{sent['id']}").json()["state"] == "sent"


def test_a_look_at_another_clinics_client_is_logged_also_when_the_press_was_refused(
    north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    browser = Browser(south.practitioner).open(f"/referrals/{sent['id']}")
    assert AccessLog.objects.count() == 1

    browser.press(f"/referrals/{sent['id']}/move", move="decline", reason="other")

    assert browser.status == 400
    assert AccessLog.objects.filter(action="read").count() == 2


def test_opening_the_page_is_told_to_the_sender(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    Browser(south.practitioner).open(f"/referrals/{sent['id']}")

    assert north.http.send("GET", f"referrals/{sent['id']}").json()["tracking"]["opened_at"]


def test_a_form_without_csrf_token_changes_nothing(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    http = make.signed_in(south.practitioner.member.user)
    http.handler.enforce_csrf_checks = True

    answer = http.post(f"/referrals/{sent['id']}/messages", {"once": "x", "text": "hello"})

    assert answer.status_code == 403
    assert north.http.send("GET", f"referrals/{sent['id']}/messages").json()["results"] == []
