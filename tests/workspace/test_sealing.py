"""The keys of words that wait on a device: the same for their writer after a session ended by itself, no use otherwise."""

import re
import time
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client, RequestFactory

from backend.directory.models import Member
from backend.lib import clock
from backend.lib.ids import uuid7
from backend.workspace.sealing import A_DAY, COOKIE, seal_for
from tests import make
from tests.workspace.note_writer import Writer, writer

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def seal_of(page: Writer, client_id: str) -> tuple[str, str]:
    """The name and the key that the editor of a new note is given."""
    page.begin(client_id)
    (found,) = re.findall(r' data-seal="([^"]+)" data-key="([^"]+)"', page.page)
    return found[0], found[1]


def sign_in_again(page: Writer, who: make.Person) -> None:
    page.http.force_login(who.member.user, backend=BACKEND)


def end_by_itself(page: Writer) -> None:
    end_session_of(page.http)
    assert page.open("/inbox").path == "/accounts/login/"


def end_session_of(browser: Client) -> None:
    """Nobody gave a sign of life for too long."""
    session = browser.session
    session["seen_at"] -= settings.SESSION_IDLE_SECONDS + 1
    session.save()


def sign_out(page: Writer) -> Any:
    return page.http.post("/accounts/logout/")


def owner_on(page: Writer, path: str = "/") -> str | None:
    """What the page tells the device about whose words may lie there."""
    found = re.findall(r' data-owner-of-words="([^"]*)"', page.open(path).page)
    return found[0] if found else None


def test_the_key_is_the_same_after_the_session_ended_by_itself(north: make.Clinic, client_id: str) -> None:
    page = writer(north)
    before = seal_of(page, client_id)
    session = page.http.session.session_key

    end_by_itself(page)
    sign_in_again(page, north.practitioner)

    assert seal_of(page, client_id) == before
    assert page.http.session.session_key != session


def test_the_key_is_another_after_somebody_signed_out(north: make.Clinic, client_id: str) -> None:
    page = writer(north)
    before = seal_of(page, client_id)

    sign_out(page)
    sign_in_again(page, north.practitioner)

    after = seal_of(page, client_id)
    assert {*before}.isdisjoint(after)
    assert before[0].split("-")[0] != after[0].split("-")[0]


def test_the_key_is_another_when_somebody_signed_out_after_the_session_had_ended(
    north: make.Clinic, client_id: str
) -> None:
    page = writer(north)
    before = seal_of(page, client_id)
    end_by_itself(page)

    sign_out(page)
    sign_in_again(page, north.practitioner)

    assert seal_of(page, client_id) != before


def test_two_tabs_that_open_notes_first_thing_are_given_keys_of_one_device(north: make.Clinic, client_id: str) -> None:
    one, other = writer(north), writer(north)
    other.http.cookies[settings.SESSION_COOKIE_NAME] = one.http.cookies[settings.SESSION_COOKIE_NAME].value

    assert seal_of(one, client_id) == seal_of(other, client_id)


def test_what_a_colleague_left_on_the_device_is_no_secret_of_ones_own(north: make.Clinic, client_id: str) -> None:
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    page = writer(north)
    before, left = seal_of(page, client_id), page.http.cookies[COOKIE].value
    end_by_itself(page)

    sign_in_again(page, colleague)
    theirs = seal_of(page, client_id)

    assert {*before}.isdisjoint(theirs)
    assert page.http.cookies[COOKIE].value != left
    end_by_itself(page)
    sign_in_again(page, north.practitioner)
    assert {*before}.isdisjoint(seal_of(page, client_id))


def test_a_person_of_two_clinics_has_a_key_in_each_and_drops_no_words_by_changing(
    north: make.Clinic, south: make.Clinic
) -> None:
    user = north.practitioner.member.user
    Member.objects.create(user=user, organization=south.organization, rights=["practitioner"])
    page, here = writer(north), str(make.client(north)["id"])
    name, key = seal_of(page, here)

    page.http.post("/organization", {"organization_id": south.id})
    owner = owner_on(page)

    assert name.startswith(f"{owner}-")
    page.http.post("/organization", {"organization_id": north.id})
    assert seal_of(page, here) == (name, key)


def test_user_member_and_draft_each_make_another_key(north: make.Clinic, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user, request.session = north.practitioner.member.user, SessionStore("a" * 32)
    actor, draft_id = north.practitioner.actor, uuid7()

    keys = [
        seal_for(request, who, row_id).key
        for who in (actor, actor.but(member_id=uuid7()), actor.but(user_id=uuid7()))
        for row_id in (draft_id, uuid7())
    ]

    assert len(set(keys)) == len(keys) == 6
    assert seal_for(request, actor, draft_id).key == keys[0]


def test_a_secret_older_than_a_day_is_none(north: make.Clinic, client_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    page = writer(north)
    before = seal_of(page, client_id)
    end_by_itself(page)
    sign_in_again(page, north.practitioner)
    kept = page.http.cookies[COOKIE].value

    later = time.time() + A_DAY + 1
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)

    assert seal_of(page, client_id) != before
    monkeypatch.undo()
    page.http.cookies[COOKIE] = kept
    assert seal_of(page, client_id) == before


def test_a_secret_that_somebody_made_up_is_none(north: make.Clinic, client_id: str) -> None:
    page = writer(north)
    before = seal_of(page, client_id)
    value = page.http.cookies[COOKIE].value

    for made_up in ("", "x", f"{value}x", "known" + value[value.index(":") :], value.replace(":", "")):
        page.http.cookies[COOKIE] = made_up

        assert seal_of(page, client_id) == before


def test_the_secret_is_out_of_reach_of_scripts_and_ends_with_the_day(
    north: make.Clinic, client_id: str, settings: Any
) -> None:
    settings.SESSION_COOKIE_SECURE = True
    page = writer(north)
    page.begin(client_id)

    cookie = page.http.cookies[COOKIE]

    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")
    assert (cookie["max-age"], cookie["path"]) == (A_DAY, "/")
    assert str(north.practitioner.member.user.pk) not in cookie.value


def test_who_may_not_sign_in_any_more_is_given_no_key(north: make.Clinic, client_id: str) -> None:
    page = writer(north)
    _, key = seal_of(page, client_id)
    north.practitioner.member.ended_at = clock.now()
    north.practitioner.member.save()

    page.open(f"/notes/new?client={client_id}&sure=1")

    assert page.path == "/clinics/new"
    assert key not in page.page


def test_a_page_says_which_words_of_the_device_can_still_be_opened(north: make.Clinic, client_id: str) -> None:
    page = writer(north)
    name, _ = seal_of(page, client_id)

    while_signed_in = owner_on(page)
    end_by_itself(page)
    after_the_end, at_the_door = owner_on(page), owner_on(page, "/accounts/login/")
    sign_out(page)
    after_signing_out = owner_on(page)

    assert name.startswith(f"{while_signed_in}-")
    assert (after_the_end, at_the_door, after_signing_out) == (None, None, "")


def test_signing_out_tells_the_browser_to_drop_what_it_kept(north: make.Clinic, client_id: str) -> None:
    page = writer(north).begin(client_id)
    assert COOKIE in page.http.cookies

    answer = sign_out(page)

    assert (answer.status_code, answer["Clear-Site-Data"]) == (302, '"storage"')
    assert answer.cookies[COOKIE]["max-age"] == 0
    assert " data-signed-out" in page.open("/").page
    assert " data-signed-out" not in writer(north).open("/").page


def test_keeping_a_draft_renews_the_day(north: make.Clinic, client_id: str) -> None:
    page = writer(north).begin(client_id)
    fields = {name: said for name, said in page.fields().items() if not name.startswith("add-")}

    answer = page.http.post(page.path, {**fields, "press": "draft"}, headers={"HX-Request": "true"})

    assert answer.cookies[COOKIE]["max-age"] == A_DAY
