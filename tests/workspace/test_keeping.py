"""A sheet that keeps itself: the posts its script sends make one draft, change it, and say what it still lacks."""

from typing import Any

import pytest

from tests import make
from tests.workspace.browsing import Browser, forms_in

WRITTEN = {"own_reason": "Neck", "question": "Safe to load?", "region": "cervical", "side-cervical": "left"}


@pytest.fixture
def sheet(north: make.Clinic, south: make.Clinic) -> Browser:
    client = make.client(north)
    return Browser(north.practitioner).open(f"/referrals/new?client={client['id']}&to=role:{south.role_id}")


def keep(browser: Browser, action: str, form: dict[str, str], **typed: str) -> Any:
    return browser.http.post(action, {**form, **typed, "press": "draft"}, headers={"HX-Request": "true"})


def new_form(browser: Browser) -> dict[str, str]:
    return dict(forms_in(browser.page))["/referrals/new"]


def kept_form(answer: Any) -> tuple[str, dict[str, str]]:
    return forms_in(answer.content.decode())[0]


def drafts(clinic: make.Clinic) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = clinic.http.send("GET", "referrals?box=drafts").json()["results"]
    return found


def test_what_was_typed_is_kept_as_a_draft_and_the_answer_says_where_and_when(
    sheet: Browser, north: make.Clinic
) -> None:
    answer = keep(sheet, "/referrals/new", new_form(sheet), **WRITTEN)

    (draft,) = drafts(north)
    action, form = kept_form(answer)
    assert (answer.status_code, action, form["version"]) == (200, f"/referrals/{draft['id']}/edit", "1")
    assert "Kept as a draft, " in answer.content.decode()
    assert draft["question"] == "Safe to load?"


def test_a_draft_kept_twice_from_one_form_is_one_draft(sheet: Browser, north: make.Clinic) -> None:
    form = new_form(sheet)

    first, second = (keep(sheet, "/referrals/new", form, **WRITTEN) for _ in range(2))

    assert kept_form(first)[0] == kept_form(second)[0]
    assert len(drafts(north)) == 1


def test_what_is_typed_later_changes_the_draft_that_was_kept(sheet: Browser, north: make.Clinic) -> None:
    typed = {**new_form(sheet), **WRITTEN}
    action, form = kept_form(keep(sheet, "/referrals/new", typed))

    answer = keep(sheet, action, {**typed, **form}, question="Safe to load fully?")

    (draft,) = drafts(north)
    assert draft["question"] == "Safe to load fully?"
    assert (answer.status_code, kept_form(answer)[1]["version"]) == (200, "2")


def test_a_sheet_that_lacks_something_says_what_and_keeps_nothing(sheet: Browser, north: make.Clinic) -> None:
    answer = keep(sheet, "/referrals/new", {**new_form(sheet), "to": ""}, own_reason="Neck", question="")

    assert answer.status_code == 400
    assert "Not kept yet: say who it goes to, write the question." in answer.content.decode()
    assert drafts(north) == []


def test_a_colleague_without_an_account_is_kept_once_they_are_named(sheet: Browser, north: make.Clinic) -> None:
    answer = keep(sheet, "/referrals/new", {**new_form(sheet), "to": "guest", "guest_name": "Kim"}, **WRITTEN)

    assert answer.status_code == 400
    assert "write the colleague's name, discipline and e-mail." in answer.content.decode().replace("&#x27;", "'")
    assert drafts(north) == []


def test_a_field_that_is_too_long_is_refused_in_its_own_words(sheet: Browser, north: make.Clinic) -> None:
    answer = keep(sheet, "/referrals/new", new_form(sheet), **{**WRITTEN, "question": "?" * 2_001})

    assert answer.status_code == 400
    assert "Not kept: Ensure this field has no more than 2000 characters." in answer.content.decode()
    assert drafts(north) == []


def test_a_draft_that_a_colleague_changed_is_kept_no_more_and_names_them(sheet: Browser, north: make.Clinic) -> None:
    typed = {**new_form(sheet), **WRITTEN}
    action, form = kept_form(keep(sheet, "/referrals/new", typed))
    Browser(north.coordinator).open(action).press(action, own_reason="Neck", question="From the desk?", press="draft")

    answer = keep(sheet, action, {**typed, **form}, question="From me?")

    assert answer.status_code == 412
    assert "data-stops>Not kept: North Massage Coordinator changed this" in answer.content.decode()
    assert drafts(north)[0]["question"] == "From the desk?"


def test_a_sheet_whose_press_was_refused_as_stale_keeps_itself_no_more(sheet: Browser, north: make.Clinic) -> None:
    typed = {**new_form(sheet), **WRITTEN}
    action, _ = kept_form(keep(sheet, "/referrals/new", typed))
    mine = Browser(north.practitioner).open(action)
    Browser(north.coordinator).open(action).press(action, own_reason="Neck", question="From the desk?", press="draft")
    assert " data-stale" not in mine.page

    mine.press(action, own_reason="Neck", question="From me?", press="draft")

    assert mine.status == 412
    assert " data-stale" in mine.page


def test_sending_afterwards_sends_the_draft_that_was_kept(
    sheet: Browser, north: make.Clinic, south: make.Clinic
) -> None:
    typed = {**new_form(sheet), **WRITTEN}
    action, form = kept_form(keep(sheet, "/referrals/new", typed))
    ready = {**typed, **form, "asked": "1", "said": "in_person", "press": "send"}

    answer: Any = sheet.http.post(action, ready, follow=True)

    assert answer.request["PATH_INFO"] == action.removesuffix("/edit")
    assert "Take it back" in answer.content.decode()
    assert [f"/referrals/{draft['id']}/edit" for draft in drafts(north)] == [action]


def test_an_outsider_keeps_nothing_in_somebody_elses_draft(
    sheet: Browser, north: make.Clinic, outsider: make.Clinic
) -> None:
    typed = {**new_form(sheet), **WRITTEN}
    action, form = kept_form(keep(sheet, "/referrals/new", typed))

    forged = {**typed, **form, "writer": str(outsider.practitioner.member.pk)}
    refused = keep(Browser(outsider.practitioner), action, {**typed, **form}, question="Mine now?")
    answer = keep(Browser(outsider.practitioner), action, forged, question="Mine now?")

    assert (refused.status_code, answer.status_code) == (409, 404)
    assert drafts(north)[0]["question"] == "Safe to load?"


def test_the_button_without_script_keeps_the_draft_and_shows_it(sheet: Browser, north: make.Clinic) -> None:
    sheet.press("/referrals/new", **WRITTEN, press="draft")

    assert sheet.path == f"/referrals/{drafts(north)[0]['id']}"
    assert "The draft is kept." in sheet.page
