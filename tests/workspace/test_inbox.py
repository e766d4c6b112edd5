"""The inbox by forms and links alone: several given at once, what is due when, what an empty list says."""

import re
from datetime import timedelta

from backend.directory.models import Credential
from backend.lib import clock
from backend.referrals.models import Referral
from tests import make
from tests.referrals.stories import advance
from tests.workspace.browsing import Browser, forms_in


def give(browser: Browser, referrals: list[str], role: object) -> Browser:
    """Ticks these referrals on the page, chooses a colleague and presses Give."""
    boxes = dict(re.findall(r'name="referral" form="give" value="(([^":]+):\d+)"', browser.page))
    ticked = [box for box, pk in boxes.items() if pk in referrals]
    return browser.press("/inbox/give", referral=ticked, practitioner_role_id=str(role))


def assignees(clinic: make.Clinic) -> dict[str, str]:
    rows = clinic.http.send("GET", "referrals?box=ours").json()["results"]
    return {row["id"]: row["recipient"]["practitioner_role"]["id"] for row in rows}


def test_several_referrals_are_given_to_a_colleague_at_once(north: make.Clinic, south: make.Clinic) -> None:
    first, second, third = (make.sent(north, south)["id"] for _ in range(3))
    colleague = make.role(south.organization, "physical_therapy")
    browser = Browser(south.coordinator).open("/inbox?filter=clinic")

    give(browser, [first, second], colleague.pk)

    assert (browser.status, browser.path, "2 given." in browser.page) == (200, "/inbox", True)
    assert assignees(south) == {first: str(colleague.pk), second: str(colleague.pk), third: south.role_id}


def test_what_cannot_be_given_is_said_and_the_rest_is_given(north: make.Clinic, south: make.Clinic) -> None:
    first, second = (make.sent(north, south)["id"] for _ in range(2))
    colleague = make.role(south.organization, "physical_therapy")
    browser = Browser(south.coordinator).open("/inbox")
    make.move(south, second, "assign", practitioner_role_id=south.role_id)

    give(browser, [first, second], colleague.pk)

    assert "1 given." in browser.page
    assert "One was not given: Somebody changed this since you read it." in browser.page
    assert assignees(south) == {first: str(colleague.pk), second: south.role_id}


def test_nothing_is_given_without_a_selection_a_colleague_or_a_license(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)["id"]
    unlicensed = make.role(south.organization, "physical_therapy")
    Credential.objects.filter(practitioner=unlicensed.practitioner).update(status="revoked")
    browser = Browser(south.coordinator)

    for chosen, role, status, said in (
        ([], south.role_id, 400, "Select at least one referral first."),
        ([sent], "", 400, "Choose a colleague first."),
        ([sent], unlicensed.pk, 409, "license"),
    ):
        give(browser.open("/inbox"), chosen, role)
        assert (browser.status, said in browser.page) == (status, True)

    assert assignees(south) == {sent: south.role_id}


def test_a_referral_inside_the_clinic_goes_to_the_side_whose_move_it_is(north: make.Clinic) -> None:
    colleague, other = (make.role(north.organization, "massage_therapy") for _ in range(2))
    sent = make.referral(north, {"practitioner_role_id": str(colleague.pk)}, client_id=make.client(north)["id"])["id"]
    browser = Browser(north.coordinator).open("/inbox")

    give(browser, [sent], other.pk)

    stored = Referral.objects.get(pk=sent)
    assert (stored.recipient_role_id, str(stored.sender_role_id)) == (other.pk, north.role_id)


def test_an_outsider_gives_nothing(north: make.Clinic, south: make.Clinic, outsider: make.Clinic) -> None:
    sent = make.sent(north, south)["id"]
    make.sent(south, outsider)
    browser = Browser(outsider.practitioner).open("/inbox")
    (fields,) = [fields for action, fields in forms_in(browser.page) if action == "/inbox/give"]

    answer = browser.http.post(
        "/inbox/give", {**fields, "referral": f"{sent}:2", "practitioner_role_id": outsider.role_id}
    )

    assert answer.status_code == 404
    assert assignees(south)[sent] == south.role_id


def test_nobody_who_only_looks_sees_a_box_to_tick(north: make.Clinic, south: make.Clinic) -> None:
    make.sent(north, south)

    for who in (south.admin, south.auditor):
        page = Browser(who).open("/inbox").page
        assert 'name="referral"' not in page
        assert "/inbox/give" not in page


def test_a_line_offers_the_way_on_before_the_way_out(north: make.Clinic, south: make.Clinic) -> None:
    sent, waits = make.sent(north, south)["id"], make.sent(north, south)["id"]
    make.move(south, waits, "accept")

    page = Browser(south.practitioner).open("/inbox").page

    offered = {pk: re.findall(rf'class="button[^"]*" href="/referrals/{pk}\?move=(\w+)#', page) for pk in (sent, waits)}
    assert offered == {sent: ["accept", "decline"], waits: ["start", "book"]}


def test_the_ribbon_says_what_is_due_in_a_sentence_and_in_a_table(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    make.sent(south, north)
    Referral.objects.filter(pk=sent["id"]).update(due_at=clock.now() + timedelta(days=2))

    browser = Browser(south.practitioner).open("/inbox")

    assert "<desc" in browser.page
    assert "Within 14 days 1 of ours and 1 of theirs are due. Overdue: 0 of ours, 0 of theirs." in browser.page
    cells = re.findall(r'<th scope="row"><a href="([^"]+)">[^<]+</a></th><td>(\d)</td><td>(\d)</td>', browser.page)
    assert sorted((ours, theirs) for _, ours, theirs in cells) == [("0", "1"), ("1", "0")]
    ours = next(href for href, ours, _ in cells if ours == "1")
    assert f'href="/referrals/{sent["id"]}"' in browser.open(ours).page
    other_day = (clock.now() + timedelta(days=9)).date().isoformat()
    assert f'href="/referrals/{sent["id"]}"' not in browser.open(f"/inbox?due={other_day}").page
    assert browser.open("/inbox?due=2026-99-99").status == 200


def test_what_is_overdue_is_hatched_on_the_ribbon(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    Referral.objects.filter(pk=sent["id"]).update(due_at=clock.now() - timedelta(days=1))

    page = Browser(south.practitioner).open("/inbox").page

    assert len(re.findall(r'<rect class="tick ours late"[^>]* fill="url\(#late-hatch\)"', page)) == 1
    assert "Overdue: 1 of ours, 0 of theirs." in page


def test_an_empty_inbox_says_what_waits_on_others_and_when_it_is_due(north: make.Clinic, south: make.Clinic) -> None:
    make.sent(north, south)

    page = Browser(north.practitioner).open("/inbox").page

    assert "Nothing is waiting on you." in page
    assert re.search(r"Waiting on others: 1; next due \w{3} \d+ \w{3} \(in \d days\)\.", page)


def test_in_privacy_mode_names_are_initials_wherever_a_list_or_heading_shows_them(
    north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    name = sent["client"]["display"]
    initials = " ".join(f"{part[0]}." for part in name.split())
    browser = Browser(south.practitioner).open("/inbox")
    assert name in browser.page

    browser.press("/settings/device", privacy="on")

    assert (browser.path, name in browser.page, initials in browser.page) == ("/inbox", False, True)
    heading = re.findall(r"<h1>(.*?)</h1>", browser.open(f"/referrals/{sent['id']}").page)[0]
    assert heading.startswith(f"{initials}:")
    browser.press("/settings/device", privacy="off")
    assert name in browser.open("/inbox").page


def test_a_device_goes_back_to_where_it_was_and_nowhere_else(north: make.Clinic) -> None:
    http = make.signed_in(north.practitioner.member.user)

    inside = http.post("/settings/device", {"table": "on", "back": "/inbox?box=theirs"})
    outside = http.post("/settings/device", {"table": "on", "back": "https://evil.example/"})
    unknown = http.post("/settings/device", {"volume": "on"})

    assert (inside.status_code, inside["Location"]) == (303, "/inbox?box=theirs")
    assert (outside.status_code, outside["Location"]) == (303, "/settings/device")
    assert unknown.status_code == 400
    cookie = inside.cookies["trialogue_table"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("on", True, "Lax")


def test_letters_name_their_key_on_the_page_unless_they_are_switched_off(
    north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    browser = Browser(south.practitioner).open(f"/referrals/{sent['id']}")
    assert {"a", "d", "i", "m"} <= set(re.findall(r'aria-keyshortcuts="(.)"', browser.page))

    browser.open("/keys").press("/settings/device", letters="off")

    page = browser.open(f"/referrals/{sent['id']}").page
    assert "aria-keyshortcuts" not in page
    assert "data-letters" not in page


def test_a_page_asks_whether_its_referral_changed(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    browser = Browser(north.practitioner).open(f"/referrals/{sent['id']}")
    address = re.findall(r'data-changes="([^"]+)"', browser.page)[0]

    before = browser.http.get(address)
    make.move(south, sent["id"], "ask_information", question="Which side?")
    after = browser.http.get(address)

    assert (before.status_code, before.content) == (204, b"")
    assert after.status_code == 200
    assert "South Physio" in after.content.decode()
    assert sent["client"]["display"] not in after.content.decode()


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    http = make.signed_in(north.practitioner.member.user)
    http.get("/inbox")
    session = http.session
    session["seen_at"] -= 500
    session.save()
    before = session["seen_at"]

    http.get(f"/referrals/{sent['id']}/changes", headers={"X-Background": "1"})
    assert http.session["seen_at"] == before
    http.get("/inbox")

    assert http.session["seen_at"] > before


def test_todays_visits_stand_on_the_first_page(north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    make.move(south, sent["id"], "accept")
    make.move(south, sent["id"], "book", visit=make.visit_window(1))
    assert "Visits today" not in Browser(south.practitioner).open("/").page

    advance(days=1)

    page = Browser(south.practitioner).open("/").page
    assert "Visits today" in page
    assert f'href="/referrals/{sent["id"]}"' in page.split("Visits today")[1].split("</section>")[0]
    assert "Visits today" not in Browser(north.practitioner).open("/").page
