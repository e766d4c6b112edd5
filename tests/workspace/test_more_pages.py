"""Files, guests' links, due times, places, who answers for a client, records that are one person: by forms alone."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from backend.attachments.models import Attachment
from backend.audit.models import AccessLog
from backend.lib import clock
from backend.links.models import Link
from tests import make
from tests.portal.browsing import GUEST, do_work, guest_referral, link_in
from tests.referrals.stories import in_state, read
from tests.workspace.browsing import Browser, forms_in

NEEDS_WORKER = pytest.mark.django_db(transaction=True)
PDF = b"%PDF-1.4 imaging"


def pdf(name: str = "imaging.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def drafted_with_a_file(north: make.Clinic, south: make.Clinic, **files: Any) -> tuple[Browser, str]:
    client = make.client(north)
    browser = Browser(north.practitioner).open(f"/referrals/new?client={client['id']}&to=role:{south.role_id}")
    typed = {"own_reason": "Neck", "question": "Safe?", "region": "cervical", "asked": "1", "press": "draft"}
    browser.press("/referrals/new", **typed, **(files or {"files": [pdf()]}))
    return browser, browser.path.rpartition("/")[2]


def file_links(page: str) -> list[str]:
    return re.findall(r'href="(/referrals/[^"]+/files/[^"]+)"', page)


def test_files_go_along_with_a_draft_and_more_are_added_to_it(north: make.Clinic, south: make.Clinic) -> None:
    browser, draft = drafted_with_a_file(north, south)

    edit = browser.open(f"/referrals/{draft}/edit")
    assert "imaging.pdf" in edit.page
    edit.press(f"/referrals/{draft}/edit", own_reason="Neck", question="Safe?", press="draft", files=[pdf("more.pdf")])

    body = north.http.send("GET", f"referrals/{draft}").json()
    assert [file["name"] for file in body["attachments"]] == ["imaging.pdf", "more.pdf"]
    assert len(file_links(browser.page)) == 2


def test_a_file_comes_off_a_draft_on_its_page_and_on_the_sheet(north: make.Clinic, south: make.Clinic) -> None:
    browser, draft = drafted_with_a_file(north, south, files=[pdf("first.pdf"), pdf("second.pdf")])
    body = north.http.send("GET", f"referrals/{draft}").json()
    first, second = (file["id"] for file in body["attachments"])

    browser.press(f"/referrals/{draft}/files/{first}/take-off")
    assert (browser.status, "first.pdf" in browser.page, "second.pdf" in browser.page) == (200, False, True)
    edit = browser.open(f"/referrals/{draft}/edit")
    edit.press(f"/referrals/{draft}/edit", own_reason="Neck", question="Safe now?", press="draft", take_off=second)

    assert "Safe now?" in browser.page
    assert north.http.send("GET", f"referrals/{draft}").json()["attachments"] == []
    assert not Attachment.objects.exists()


def test_a_file_that_was_sent_has_no_button_to_take_it_off(north: make.Clinic, south: make.Clinic) -> None:
    browser, draft = drafted_with_a_file(north, south)
    (file,) = north.http.send("GET", f"referrals/{draft}").json()["attachments"]
    make.consent(north, north.http.send("GET", f"referrals/{draft}").json()["client"]["id"], south)
    stale_page = browser.html
    make.move(north, draft, "send")

    assert "take-off" not in browser.open(f"/referrals/{draft}").page
    browser.html = stale_page
    browser.press(f"/referrals/{draft}/files/{file['id']}/take-off")

    assert (browser.status, "What was sent keeps its files" in browser.page) == (409, True)
    assert Attachment.objects.count() == 1


def test_a_file_is_always_a_download_and_the_look_of_another_clinic_is_logged(
    north: make.Clinic, south: make.Clinic, outsider: make.Clinic
) -> None:
    uploaded = north.http.post(
        "/api/v1/attachments?name=imaging.pdf", data=PDF, content_type="application/octet-stream"
    ).json()["id"]
    sent = make.sent(north, south, attachment_ids=[uploaded])
    (address,) = file_links(Browser(south.practitioner).open(f"/referrals/{sent['id']}").page)

    answer = make.signed_in(south.practitioner.member.user).get(address)
    elsewhere = make.signed_in(outsider.practitioner.member.user).get(address)
    desk = make.signed_in(south.coordinator.member.user).get(address)

    assert (answer.content, answer["Content-Disposition"]) == (PDF, 'attachment; filename="imaging.pdf"')
    assert (elsewhere.status_code, desk.status_code) == (404, 403)
    looks = AccessLog.objects.filter(subject_type="attachment")
    assert [str(look.subject_id) for look in looks] == [uploaded]


def test_a_file_that_is_no_document_is_refused_and_what_was_typed_stays(north: make.Clinic, south: make.Clinic) -> None:
    browser, _ = drafted_with_a_file(north, south, files=[pdf("run.exe", b"MZ\x00\x01\xff\xfe")])

    assert browser.status == 415
    assert "Send a PDF, a PNG or JPEG picture, or plain text." in browser.page
    assert "Safe?" in browser.page
    assert not Attachment.objects.exists()


def test_a_report_carries_files(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south, kind="advice")
    browser = Browser(south.practitioner).open(f"/referrals/{sent['id']}?move=report")

    browser.press(
        f"/referrals/{sent['id']}/move", move="report", **{"report.answer": "Yes."}, files=[pdf("measures.pdf")]
    )

    assert browser.status == 200, browser.page
    (address,) = file_links(Browser(north.practitioner).open(f"/referrals/{sent['id']}").page)
    assert make.signed_in(north.practitioner.member.user).get(address).content == PDF


def test_an_admin_makes_due_times_shorter_and_never_longer(north: make.Clinic, south: make.Clinic) -> None:
    browser = Browser(north.admin).open("/settings/due-times")

    browser.press("", **{"sent.routine": "2", "reported.asap": "1"})
    stored = north.admin.http.send("GET", f"organizations/{north.id}").json()["due_times"]
    assert stored == {"sent": {"routine": 2}, "reported": {"asap": 1}}
    browser.press("", **{"sent.routine": "30"})

    assert browser.status == 400
    assert "it is 1 to 3 business days, never looser" in browser.page
    assert 'value="30"' in browser.page
    assert north.admin.http.send("GET", f"organizations/{north.id}").json()["due_times"] == stored
    assert Browser(north.practitioner).open("/settings/due-times").status == 403


def test_an_admin_adds_and_changes_a_place(north: make.Clinic) -> None:
    browser, where = Browser(north.admin).open("/settings/places"), f"locations?organization_id={north.id}"
    before = {row["id"] for row in north.admin.http.send("GET", where).json()["results"]}

    adds = next(fields for _, fields in forms_in(browser.page) if "once" in fields and "row" not in fields)
    browser.http.post("/settings/places", {**adds, "name": "Elm Street", "city": "Denver"})
    (place,) = [row for row in north.admin.http.send("GET", where).json()["results"] if row["id"] not in before]
    browser.open("/settings/places")
    changes = next(fields for _, fields in forms_in(browser.page) if fields.get("row") == place["id"])
    answer = browser.http.post("/settings/places", {**changes, "name": "Elm Street", "city": "Boulder"})

    changed = north.admin.http.send("GET", f"locations/{place['id']}").json()
    assert answer.status_code == 303
    assert (place["city"], changed["city"], changed["version"]) == ("Denver", "Boulder", 2)
    assert Browser(north.coordinator).open("/settings/places").status == 403


def test_somebody_who_answers_for_a_client_is_added_and_ended(north: make.Clinic) -> None:
    client = make.client(north)["id"]
    browser = Browser(north.coordinator).open(f"/clients/{client}")

    browser.press(f"/clients/{client}/representatives", name="Rosa Moreno", relationship="parent")
    assert "Rosa Moreno, parent" in browser.page
    ends = re.findall(r'action="(/clients/[^"]+/representatives/[^"]+/end)"', browser.page)
    browser.press(ends[0])

    assert "Rosa Moreno, parent" not in browser.page
    assert "Nobody but the client." in browser.page


def test_a_merge_is_undone_on_the_page_of_the_record_that_stayed(north: make.Clinic) -> None:
    old, survivor = make.client(north, family_name="Moreno"), make.client(north, family_name="Morena")
    north.http.send("POST", f"clients/{old['id']}/merge", {"into": survivor["id"]})

    browser = Browser(north.coordinator).open(f"/clients/{survivor['id']}")
    browser.press(f"/clients/{old['id']}/undo-merge")

    assert browser.path == f"/clients/{old['id']}"
    assert north.http.send("GET", f"clients/{old['id']}").json()["id"] == old["id"]


def test_a_link_to_ones_own_client_is_undone(north: make.Clinic, south: make.Clinic) -> None:
    own, sent = make.client(south), make.sent(north, south)
    shared = sent["client"]["id"]
    make.move(south, sent["id"], "accept", own_client_id=own["id"])

    browser = Browser(south.coordinator).open(f"/clients/{shared}")
    browser.press(f"/clients/{shared}/unlink")

    assert "The two records are apart again." in browser.page
    assert south.http.send("GET", f"clients/{shared}/registration").json()["own_client"] is None


def test_home_takes_a_link_back_without_learning_whether_there_was_one(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    make.move(south, sent["id"], "accept")
    client = sent["client"]["id"]

    browser = Browser(north.coordinator).open(f"/clients/{client}")
    browser.press(f"/clients/{client}/unlink", organization_id=south.id)

    assert "If they had joined the two, they are apart again." in browser.page


def test_staff_write_down_who_said_yes_and_how(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north, email="ana@example.org")["id"]
    draft = make.referral(north, {"practitioner_role_id": south.role_id}, client_id=client, send=False)
    make.move(north, draft["id"], "ask_consent")

    browser = Browser(north.practitioner).open(f"/referrals/{draft['id']}")
    browser.press(
        f"/referrals/{draft['id']}/move",
        move="consent_given",
        **{"method": "paper", "given_by.name": "Rosa Moreno", "given_by.relationship": "parent"},
    )

    (consent,) = north.http.send("GET", f"clients/{client}/consents").json()["results"]
    assert (consent["method"], consent["given_by"]) == ("paper", {"name": "Rosa Moreno", "relationship": "parent"})


def test_a_relationship_that_is_none_is_refused_and_nothing_is_sent(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north, email="ana@example.org")["id"]
    draft = make.referral(north, {"practitioner_role_id": south.role_id}, client_id=client, send=False)
    make.move(north, draft["id"], "ask_consent")

    answer = make.try_move(
        north, draft["id"], "consent_given", method="paper", given_by={"name": "R", "relationship": "x" * 100}
    )

    assert answer.status_code == 400
    assert north.http.send("GET", f"referrals/{draft['id']}").json()["state"] == "awaiting_consent"


@NEEDS_WORKER
def test_the_sender_ends_a_guests_link_and_sends_a_fresh_one(north: make.Clinic) -> None:
    referral = guest_referral(north)["id"]
    first = link_in(next(m for m in do_work() if m.to == [GUEST]))
    browser = Browser(north.coordinator).open(f"/referrals/{referral}")
    stranger = Browser()

    browser.press(f"/referrals/{referral}/link", press="end")
    assert "it opens nothing" in browser.page
    assert stranger.open(first).status == 410
    browser.press(f"/referrals/{referral}/link", press="fresh")
    fresh = link_in(next(m for m in do_work() if m.to == [GUEST]))

    assert fresh != first
    assert (stranger.open(fresh).status, stranger.open(first).status) == (200, 410)


def test_a_time_the_client_chose_by_phone_is_written_down_with_who_and_how(
    north: make.Clinic, south: make.Clinic
) -> None:
    offered = in_state("times_offered", north, south)
    page, chosen = f"/referrals/{offered['id']}", offered["offered_times"][0]["id"]
    browser = Browser(south.coordinator)

    browser.open(page).press(f"{page}/move", move="choose_time", time_id=chosen)
    assert (browser.status, 'name="recorded.who"' in browser.page) == (400, True)
    told = {"recorded.who": "Probe Canary", "recorded.how": "phone"}
    browser.open(page).press(f"{page}/move", move="choose_time", time_id=chosen, **told)

    step = read(north, offered["id"]).json()["history"][-1]
    assert (step["name"], step["manner"]) == ("choose_time", "recorded by the recipient, phone")
    assert step["by"] == "Probe Canary (recorded by South Physio Coordinator)"


def test_a_report_entered_in_error_is_struck_through(north: make.Clinic, south: make.Clinic) -> None:
    reported = in_state("reported", north, south)["id"]
    report = read(south, reported, "reports").json()["results"][0]["id"]
    address = f"/referrals/{reported}"
    assert "This was a mistake" not in Browser(north.practitioner).open(address).page

    Browser(south.practitioner).open(address).press(
        f"{address}/reports/{report}/entered-in-error", reason="wrong_entry", note="Another shoulder."
    )

    page = Browser(north.practitioner).open(address).page
    assert "Another shoulder." in page
    assert f"<s>{make.REPORT['answer']}</s>" in page


def test_a_mistaken_report_is_said_on_the_page_to_be_about_another_client_once(
    north: make.Clinic, south: make.Clinic
) -> None:
    reported = in_state("reported", north, south)["id"]
    report = read(south, reported, "reports").json()["results"][0]["id"]
    address = f"/referrals/{reported}"
    mistake, browser = f"{address}/reports/{report}/entered-in-error", Browser(south.practitioner).open(address)
    browser.press(mistake, reason="wrong_entry")
    assert ("This was about another client" in browser.page, 'value="wrong_entry"' in browser.page) == (True, False)

    browser.press(mistake, reason="wrong_client")

    assert mistake not in browser.page
    assert make.REPORT["answer"] not in Browser(north.practitioner).open(address).page


@NEEDS_WORKER
def test_only_three_fresh_links_go_out_in_a_day(north: make.Clinic) -> None:
    referral = guest_referral(north)["id"]
    browser = Browser(north.practitioner).open(f"/referrals/{referral}")

    for _ in range(3):
        browser.press(f"/referrals/{referral}/link", press="fresh")
        assert browser.status == 200
    browser.press(f"/referrals/{referral}/link", press="fresh")

    assert (browser.status, Link.objects.filter(referral_id=referral, revoked_at=None).count()) == (429, 0)


def test_nobody_else_has_the_buttons_of_a_guests_link(north: make.Clinic, south: make.Clinic) -> None:
    plain, guests = make.sent(north, south)["id"], guest_referral(north)["id"]
    finished = guest_referral(north, email="other.guest@example.org")["id"]
    make.move(north, finished, "withdraw", reason="client_request")

    for referral, who in ((plain, north.practitioner), (guests, north.admin), (finished, north.practitioner)):
        assert "Send a fresh link" not in Browser(who).open(f"/referrals/{referral}").page
    assert "Send a fresh link" in Browser(north.practitioner).open(f"/referrals/{guests}").page


def test_a_line_and_a_page_mark_the_discipline_of_the_other_side(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)

    theirs = Browser(south.practitioner).open("/inbox").page
    ours = Browser(north.practitioner).open("/inbox?box=theirs").page

    assert re.search(r'<abbr class="mark massage_therapy"[^>]*>MT</abbr>\s+from North', theirs)
    assert re.search(r'<abbr class="mark physical_therapy"[^>]*>PT</abbr>\s+to South', ours)
    assert sent["sender"]["discipline"] == "massage_therapy"
    page = Browser(south.practitioner).open(f"/referrals/{sent['id']}").page
    assert re.search(r'<abbr class="mark massage_therapy"[^>]*>MT</abbr>\s+North', page)


def test_a_consent_that_ends_soon_is_renewed_with_one_press(north: make.Clinic, south: make.Clinic) -> None:
    client, ends = make.client(north), clock.now().date() + timedelta(days=10)
    make.consent(north, client["id"], south, expires_on=ends.isoformat())
    listed = Browser(north.coordinator).open("/clients?consents=ending")
    assert f"/clients/{client['id']}" in listed.page

    browser = listed.open(f"/clients/{client['id']}")
    action, until = re.findall(
        r'action="([^"]+/renew)".*?name="expires_on"[^>]*value="([^"]+)"', browser.page, re.DOTALL
    )[0]
    browser.press(action, expires_on=until, method="in_person")

    assert until == (ends + timedelta(days=14)).isoformat()
    assert f"until {until}" in browser.page
    assert "None of those that your clinic recorded." in listed.open("/clients?consents=ending").page


def test_a_consent_without_an_end_is_not_offered_to_be_renewed(north: make.Clinic, south: make.Clinic) -> None:
    client = make.client(north)["id"]
    endless = make.consent(north, client, south)["id"]

    browser = Browser(north.coordinator).open(f"/clients/{client}")

    address = f"/clients/{client}/consents/{endless}"
    assert f"{address}/renew" not in browser.page
    assert f"{address}/withdraw" in browser.page


def test_a_timeline_is_narrowed_to_messages_or_steps(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    north.http.send("POST", f"referrals/{sent['id']}/messages", {"text": "Mornings suit her."})
    browser, page = Browser(south.practitioner), f"/referrals/{sent['id']}"

    seen = {
        part: ("Mornings suit her." in text, "sent it." in text)
        for part in ("all", "messages", "steps", "nonsense")
        for text in [browser.open(f"{page}?show={part}").page]
    }

    assert seen == {"all": (True, True), "messages": (True, False), "steps": (False, True), "nonsense": (True, True)}
