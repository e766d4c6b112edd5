"""Staff do their tasks in a real browser within their budget of presses, at both widths, and axe finds nothing."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import make
from tests.browser.conftest import Open
from tests.browser.looking import both_widths, faults, keep_picture
from tests.careplans.plans import alone
from tests.notes.writing import signed
from tests.referrals.stories import advance, in_state

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "a long enough phrase"


class Presses:
    """Counts every click or tap, also those into a text field; typing itself is free."""

    def __init__(self) -> None:
        self.count = 0

    def press(self, target: Locator) -> None:
        target.click()
        self.count += 1

    def type(self, target: Locator, text: str) -> None:
        self.press(target)
        target.fill(text)


def ten_seconds_pass() -> None:
    """A press that was not taken back counts."""
    advance(seconds=11)


@both_widths
def test_staff_sign_in_and_land_in_their_inbox(open_page: Open, north: make.Clinic, size: str) -> None:
    user = north.practitioner.member.user
    user.set_password(PASSWORD)
    user.save()
    page = open_page(size=size)

    page.goto("/")
    page.get_by_role("link", name="Sign in").first.click()
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")


@both_widths
def test_t1_a_referral_is_sent_from_the_clients_page_in_six_presses(
    open_page: Open, north: make.Clinic, south: make.Clinic, size: str
) -> None:
    client = make.client(north, given_name="Lee")
    make.consent(north, client["id"], south)
    page, presses = open_page(north.practitioner, size), Presses()
    page.goto(f"/clients/{client['id']}")

    presses.press(page.get_by_role("link", name="Refer to South Practitioner"))
    expect(page.get_by_text("The client has said yes to South Physio").first).to_be_visible()
    presses.press(page.get_by_label("Weakness or numbness", exact=True))
    presses.press(page.get_by_label("Neck", exact=True))
    presses.type(page.get_by_label("What do you want to know or have done?"), "Numb thumb since Monday. Safe to load?")
    presses.press(page.get_by_label("I asked. None of these:"))
    presses.press(page.get_by_role("button", name="Send"))

    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    assert presses.count <= 6
    ten_seconds_pass()
    page.reload()
    expect(page.locator(".standing")).to_contain_text("to answer, due")
    assert south.http.send("GET", "referrals?box=ours").json()["results"][0]["reason"] == "Weakness or numbness"


@both_widths
def test_t4_a_referral_is_accepted_in_two_presses(
    open_page: Open, north: make.Clinic, south: make.Clinic, size: str
) -> None:
    sent = make.sent(north, south)
    page, presses = open_page(south.practitioner, size), Presses()
    page.goto("/inbox")

    presses.press(page.get_by_role("link", name=f"Accept for {sent['client']['display']}"))
    presses.press(page.locator("button", has_text="Accept"))

    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    assert presses.count <= 2
    ten_seconds_pass()
    assert north.http.send("GET", f"referrals/{sent['id']}").json()["state"] == "accepted"


@both_widths
def test_t6_a_referral_is_declined_with_reason_and_suggestion_in_three_presses(
    open_page: Open, north: make.Clinic, south: make.Clinic, outsider: make.Clinic, size: str
) -> None:
    sent = make.sent(north, south)
    page, presses = open_page(south.practitioner, size), Presses()
    page.goto("/inbox")

    presses.press(page.get_by_role("link", name=f"Decline for {sent['client']['display']}"))
    presses.press(page.get_by_label("No capacity now", exact=True))
    presses.press(page.locator("button", has_text="Decline"))

    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    assert presses.count <= 3
    ten_seconds_pass()
    declined = north.http.send("GET", f"referrals/{sent['id']}").json()
    assert (declined["state"], declined["history"][-1]["reason"]) == ("declined", "no_capacity")
    said = north.http.send("GET", f"referrals/{sent['id']}/messages").json()["results"]
    assert ["Suggested instead" in message["text"] for message in said] == [True]


def test_t12_a_report_drafts_itself_and_is_signed_in_four_presses_on_a_phone(
    open_page: Open, north: make.Clinic, south: make.Clinic
) -> None:
    referral = in_state("in_care", north, south)
    note = signed(south, referral["client"]["id"])
    page, presses = open_page(south.practitioner, "phone"), Presses()
    page.goto("/inbox")

    presses.press(page.get_by_role("link", name=f"Report back for {referral['client']['display']}"))
    presses.press(page.get_by_role("button", name="Draft from my notes"))
    expect(page.get_by_label("Answer to the question")).to_have_value(re.compile("Findings fit the referral pattern"))
    presses.press(page.get_by_role("button", name="Sign and send"))

    expect(page.locator(".paper").first).to_contain_text("Written from")
    assert presses.count <= 4
    sent = north.http.send("GET", f"referrals/{referral['id']}/reports").json()["results"][0]
    assert [quote["note_id"] for quote in sent["quotes"]] == [note["id"]]


@both_widths
@pytest.mark.parametrize(("button", "number"), [("plan updated", 1), ("no change of plan", None)])
def test_t13_a_report_is_acknowledged_in_two_presses(
    open_page: Open, north: make.Clinic, south: make.Clinic, size: str, button: str, number: int | None
) -> None:
    reported = in_state("reported", north, south)
    plan = alone(north, reported["client"]["id"])
    plan.line(north)
    plan.publish(north)
    page, presses = open_page(north.practitioner, size), Presses()
    page.goto("/inbox")

    presses.press(page.get_by_role("link", name=f"Acknowledge for {reported['client']['display']}"))
    presses.press(page.get_by_role("button", name=f"Acknowledge: {button}"))

    expect(page.locator(".standing")).to_contain_text("Finished. Closed.")
    assert presses.count <= 2
    closed = north.http.send("GET", f"referrals/{reported['id']}").json()
    assert (closed["plan_version"] or {}).get("number") == number


def test_the_loop_closes_without_any_script(open_page: Open, north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    recipient = open_page(south.practitioner, java_script_enabled=False)
    recipient.goto(f"/referrals/{sent['id']}?move=accept")
    recipient.locator("button", has_text="Accept").click()
    expect(recipient.get_by_role("button", name="Take it back")).to_be_visible()
    ten_seconds_pass()
    recipient.get_by_role("link", name="Show where it stands").click()
    recipient.locator("#move-start > summary").click()
    recipient.locator("button", has_text="Seen").click()
    recipient.locator("#move-report > summary").click()
    recipient.get_by_label("Answer to the question").fill("Rotation is back.")
    recipient.locator("button", has_text="Sign and send").click()

    sender = open_page(north.practitioner, java_script_enabled=False)
    sender.goto(f"/referrals/{sent['id']}?move=acknowledge")
    sender.locator("button", has_text="Acknowledge: no change of plan").click()

    expect(sender.locator(".standing")).to_contain_text("Finished. Closed. Because the report was read")


def test_the_policy_about_scripts_and_styles_is_kept(open_page: Open, north: make.Clinic, south: make.Clinic) -> None:
    sent = make.sent(north, south)
    page, complaints = open_page(north.practitioner), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    for path in ("/", "/inbox", "/clients", f"/referrals/{sent['id']}", f"/clients/{sent['client']['id']}"):
        page.goto(path)
    page.goto("/inbox")
    page.get_by_role("link", name="Waiting on others").click()
    expect(page.get_by_role("link", name=sent["client"]["display"], exact=True)).to_be_visible()

    assert complaints == []


def pages_of(north: make.Clinic, south: make.Clinic) -> list[tuple[str, make.Person | None, str]]:
    """Every page, with who looks at it."""
    sent = make.sent(north, south)
    seen = make.sent(north, south)
    make.move(south, seen["id"], "accept")
    make.move(south, seen["id"], "start")
    make.move(south, seen["id"], "report", final=False, report={**make.REPORT, "has_red_flag": True})
    client_id = sent["client"]["id"]
    north.http.send("POST", f"clients/{client_id}/precautions", {"code": "anticoag", "note": "Apixaban."})
    hold = {"regions": [{"region": "cervical", "side": "left"}], "because": "red_flag"}
    north.http.send("POST", f"clients/{client_id}/holds", hold)
    draft = make.referral(north, south, client_id=client_id, send=False)
    signed(south, seen["client"]["id"])
    reported = in_state("in_care", north, south)
    quoted = {**make.REPORT, "quoted_note_ids": [signed(south, reported["client"]["id"])["id"]]}
    make.move(south, reported["id"], "report", report=quoted)
    plan = alone(north, reported["client"]["id"])
    plan.line(north)
    plan.publish(north)
    who, desk, boss = north.practitioner, north.coordinator, north.admin
    assert who.role is not None
    return [
        ("welcome", None, "/"),
        ("sign-in", None, "/accounts/login/"),
        ("sign-up", None, "/accounts/signup/"),
        ("reset", None, "/accounts/password/reset/"),
        ("home", who, "/"),
        ("inbox-ours", south.practitioner, "/inbox"),
        ("inbox-theirs", who, "/inbox?box=theirs"),
        ("inbox-empty", who, "/inbox?box=closed"),
        ("referral-sender", who, f"/referrals/{sent['id']}"),
        ("referral-recipient", south.practitioner, f"/referrals/{sent['id']}?move=decline"),
        ("referral-desk", south.coordinator, f"/referrals/{sent['id']}?move=accept"),
        ("referral-in-care", south.practitioner, f"/referrals/{seen['id']}?move=report"),
        ("referral-reported", who, f"/referrals/{reported['id']}?move=acknowledge"),
        ("referral-draft", who, f"/referrals/{draft['id']}"),
        ("referral-boss", boss, f"/referrals/{sent['id']}"),
        ("sheet", who, f"/referrals/new?client={client_id}&to=role:{south.role_id}"),
        ("sheet-draft", who, f"/referrals/{draft['id']}/edit"),
        ("sheet-advice", desk, "/referrals/new"),
        ("clients", who, "/clients"),
        ("client", who, f"/clients/{client_id}"),
        ("client-shared", south.practitioner, f"/clients/{seen['client']['id']}"),
        ("client-new", who, "/clients/new"),
        ("client-edit", desk, f"/clients/{client_id}/edit"),
        ("settings", boss, "/settings"),
        ("clinic", boss, "/settings/clinic"),
        ("opening", boss, "/settings/opening"),
        ("people", boss, "/settings/people"),
        ("practitioner", boss, f"/settings/practitioners/{who.role.practitioner_id}"),
        ("practitioner-new", boss, "/settings/practitioners/new"),
        ("applications", boss, "/settings/applications"),
        ("notifications", who, "/settings/notifications"),
        ("device", who, "/settings/device"),
        ("keys", who, "/keys"),
        ("changes", who, f"/referrals/{sent['id']}/changes"),
        ("open-clinic", who, "/clinics/new"),
        ("not-found", who, "/referrals/01a2069e-1d13-75b3-86a4-4af3655234ab"),
        ("password", who, "/accounts/password/change/"),
    ]


@both_widths
def test_axe_finds_nothing_on_any_page_and_none_is_wider_than_the_window(
    open_page: Open, north: make.Clinic, south: make.Clinic, outsider: make.Clinic, size: str
) -> None:
    found: list[str] = []
    windows: dict[str, Page] = {}
    for name, who, path in pages_of(north, south):
        key = str(who.member.pk) if who else ""
        page = windows.get(key) or windows.setdefault(key, open_page(who, size, bypass_csp=True))
        page.goto(path)
        if name == "inbox-ours" and size == "desktop":
            page.locator("#worklist .line h3 a").first.click()
            expect(page.locator("#preview h1")).to_be_visible()
        keep_picture(page, f"{name}-{size}")
        found += [f"{name}: {each}" for each in faults(page)]

    assert found == []
