"""Every page answers for everybody who may see it; the loop goes round by posting forms, without any script."""

import re
from html import unescape
from typing import Any

import pytest

from backend.audit.models import AccessLog
from tests import make
from tests.referrals.stories import advance

NEEDS_WORKER = pytest.mark.django_db(transaction=True)


class Browser:
    """A person's browser without script: follows forms as they stand on the page."""

    def __init__(self, who: make.Person | None = None) -> None:
        self.http = make.signed_in(who.member.user) if who else make.Api()
        self.page = self.path = ""
        self.status = 0

    def open(self, path: str) -> "Browser":
        answer: Any = self.http.get(path, follow=True)
        return self._read(answer)

    def press(self, action: str, *, move: str = "", **typed: Any) -> "Browser":
        """Sends the form with this action (of a referral's moves, this one), with what was typed."""
        forms = [form for form in forms_in(self.page) if form[0] == action and move in ("", form[1].get("name"))]
        assert forms, f"no form for {action} {move}"
        answer: Any = self.http.post(action or self.path, {**forms[0][1], **typed}, follow=True)
        return self._read(answer)

    def _read(self, answer: Any) -> "Browser":
        self.page, self.status = unescape(answer.content.decode()), answer.status_code
        self.path = answer.request["PATH_INFO"]
        return self


def forms_in(page: str) -> list[tuple[str, dict[str, str]]]:
    """The forms of a page that are posted: where to, and what they carry hidden or chosen."""
    found = []
    for attributes, body in re.findall(r'<form([^>]*method="post"[^>]*)>(.*?)</form>', page, flags=re.DOTALL):
        action = re.search(r'action="([^"]*)"', attributes)
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body))
        fields.update(re.findall(r'<input type="(?:radio|checkbox)" name="([^"]+)" value="([^"]*)"[^>]* checked', body))
        found.append((action.group(1) if action else "", fields))
    return found


def ten_seconds_pass() -> None:
    advance(seconds=11)


def buttons(page: str) -> set[str]:
    return set(re.findall(r'id="move-(\w+)"', page))


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
    first_page = browser.page
    path = f"/referrals/{sent['id']}/messages"

    browser.press(path, text="Any imaging?")
    browser.page = first_page
    browser.press(path, text="Any imaging?")

    said = north.http.send("GET", f"referrals/{sent['id']}/messages").json()["results"]
    assert (browser.status, [message["text"] for message in said]) == (200, ["Any imaging?"])


def test_a_form_sent_again_with_other_words_changes_nothing_and_keeps_the_words(
    north: make.Clinic, south: make.Clinic
) -> None:
    sent = make.sent(north, south)
    browser = Browser(south.practitioner).open(f"/referrals/{sent['id']}")
    first_page, path = browser.page, f"/referrals/{sent['id']}/messages"
    browser.press(path, text="Any imaging?")
    browser.page = first_page

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
    assert "Do not treat: Shoulder girdle, left" in browser.page
    precaution = north.http.send("GET", f"clients/{client}/precautions").json()["results"][0]["id"]
    hold = north.http.send("GET", f"clients/{client}/holds").json()["results"][0]["id"]

    browser.press(f"/clients/{client}/precautions/{precaution}/end")
    browser.press(f"/clients/{client}/holds/{hold}/clear", clearance="Seen by a doctor today; imaging clear.")

    assert "Do not treat" not in browser.page
    assert "Anticoagulant / antiplatelet therapy: ended" in re.sub(r"<[^>]+>", "", browser.page)


def test_an_admin_sets_clinic_opening_days_people_and_applications(north: make.Clinic) -> None:
    browser = Browser(north.admin)
    browser.open("/settings/clinic").press("", name="North Massage & Co", time_zone="America/Denver")
    days: dict[str, Any] = {"opens-0-0": "07:00", "closes-0-0": "12:00"}
    days |= {"holiday-on": ["2030-12-25"], "holiday-name": ["Christmas"]}
    browser.open("/settings/opening").press("", **days)
    browser.open("/settings/people").press("", email="new@example.org", rights=["coordinator"])
    assert "new@example.org" in browser.page
    browser.open("/settings/applications").press(
        "/settings/applications", name="Our chart", kind="system", scopes=["referrals:read"]
    )

    secret = re.findall(r'<code id="secret">(\S+)</code>', browser.page)
    clinic = north.admin.http.send("GET", f"organizations/{north.id}").json()
    assert len(secret) == 1
    assert secret[0] not in browser.open("/settings/applications").page
    assert (clinic["name"], clinic["break_glass_enabled"]) == ("North Massage & Co", False)
    assert clinic["opening_times"] == [{"weekday": 0, "opens": "07:00", "closes": "12:00"}]
    assert clinic["holidays"] == [{"on": "2030-12-25", "name": "Christmas"}]


def test_a_practitioner_enters_a_license_and_an_admin_verifies_it(north: make.Clinic) -> None:
    assert north.practitioner.role is not None
    page = f"/settings/practitioners/{north.practitioner.role.practitioner_id}"
    mine = Browser(north.practitioner).open(page)
    mine.http.post(
        page, {**fields_of(mine, "credential"), "kind": "certification", "discipline": "massage_therapy", "name": "NMT"}
    )
    credential = next(
        row
        for row in north.http.send("GET", f"practitioners/{north.practitioner.role.practitioner_id}").json()[
            "credentials"
        ]
        if row["name"] == "NMT"
    )
    admin = Browser(north.admin).open(page)

    answer: Any = admin.http.post(
        page, {**fields_of(admin, "verdict"), "row": credential["id"], "version": "1", "status": "verified"}
    )

    assert answer.status_code == 303
    assert "verified" in re.sub(r"\s+", " ", admin.open(page).page.split("NMT")[1])[:200]


def fields_of(browser: Browser, form: str) -> dict[str, str]:
    return next(fields for _, fields in forms_in(browser.page) if fields.get("form") == form)


def test_quiet_hours_are_ones_own(north: make.Clinic) -> None:
    browser = Browser(north.practitioner).open("/settings/notifications")

    browser.press("", quiet_from="19:00", quiet_until="07:30")

    north.practitioner.member.refresh_from_db()
    member = north.practitioner.member
    assert (f"{member.quiet_from:%H:%M}", f"{member.quiet_until:%H:%M}") == ("19:00", "07:30")
    assert member.daily_digest is False


def test_whoever_works_in_two_clinics_changes_between_them(north: make.Clinic, south: make.Clinic) -> None:
    from backend.directory.models import Member

    Member.objects.create(user=north.admin.member.user, organization=south.organization, rights=["admin"])
    browser = Browser(north.admin).open("/")

    browser.press("/organization", organization_id=south.id)

    assert "<h1>South Physio</h1>" in browser.page


def test_an_account_without_a_clinic_opens_one(db: None) -> None:
    browser = Browser()
    browser.http = make.signed_in(make.user("Dana Cole"))
    browser.open("/inbox")

    browser.press("", name="Elm Street Massage", time_zone="America/Denver")

    assert (browser.status, "Elm Street Massage" in browser.page) == (200, True)
