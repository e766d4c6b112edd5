"""A form that was pressed after the session had ended by itself: nothing is done and nothing that was typed is lost."""

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import make
from tests.notes.writing import draft, ids_listed, read, signed
from tests.workspace.note_writer import Writer, only_note, writer
from tests.workspace.test_sealing import BACKEND, end_by_itself, end_session_of, sign_in_again, sign_out

HOME = "http://testserver"
WORDS = 'Two lines,\n"quoted" & <b>bold</b>.'


def carried_by(page: str) -> dict[str, list[str]]:
    """The hidden words of the page, as a browser would send them."""
    found: dict[str, list[str]] = {}
    for name, said in re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', page, flags=re.DOTALL):
        found.setdefault(unescape(name), []).append(unescape(said))
    return found


def press(page: Writer, action: str, **typed: Any) -> Any:
    return page.http.post(action, {**page.fields(), "press": "draft", **typed})


def test_what_was_typed_is_carried_on_and_sent_after_signing_in_again(north: make.Clinic, client_id: str) -> None:
    page = writer(north).begin(client_id)
    fields = page.fields()
    end_by_itself(page)

    answer = page.http.post("/notes/new", {**fields, "subjective": WORDS, "press": "draft"})
    said = answer.content.decode()
    sign_in_again(page, north.practitioner)
    done = page.http.post("/notes/new", carried_by(said))

    assert answer.status_code == 401
    assert "You were signed out" in said
    assert 'action="/notes/new"' in said
    assert carried_by(said) == {
        name: values for name, values in {**fields, "subjective": [WORDS], "press": ["draft"]}.items()
        if name != "csrfmiddlewaretoken"
    }  # fmt: skip
    assert "<b>bold" not in said
    assert done.status_code == 303
    assert only_note(north)["subjective"] == WORDS


def test_files_have_to_be_chosen_again(north: make.Clinic, client_id: str) -> None:
    page = writer(north).begin(client_id)
    fields = page.fields()
    end_by_itself(page)

    answer = page.http.post("/notes/new", {**fields, "files": [SimpleUploadedFile("scan.pdf", b"%PDF-1.4")]})

    assert 'Choose scan.pdf again</label><input type="file" name="files"' in answer.content.decode()


@pytest.mark.parametrize("ends", [sign_out, lambda page: page.http.cookies.clear()])
def test_who_signed_out_or_was_never_here_signs_in_and_nothing_is_carried(
    north: make.Clinic, client_id: str, ends: Any
) -> None:
    page = writer(north).begin(client_id)
    fields = page.fields()
    ends(page)

    answer = page.http.post("/notes/new", {**fields, "subjective": WORDS})

    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/inbox")


def test_the_script_of_a_form_that_keeps_itself_is_sent_to_sign_in(north: make.Clinic, client_id: str) -> None:
    page = writer(north).begin(client_id)
    fields = page.fields()
    end_by_itself(page)

    answer = page.http.post("/notes/new", {**fields, "press": "draft"}, headers={"HX-Request": "true"})

    assert answer.status_code == 302


# --- a form that is older than the signing in -----------------------------------------------------------------------


@pytest.fixture
def strict(north: make.Clinic) -> Client:
    """A browser whose every form must have the right token."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(north.practitioner.member.user, backend=BACKEND)
    return browser


def send(browser: Client, path: str, fields: Any, *, origin: str | None = HOME) -> Any:
    return browser.post(path, fields, headers={"Origin": origin} if origin else {})


def open_note(browser: Client, north: make.Clinic) -> tuple[str, dict[str, Any]]:
    begun = draft(north, str(make.client(north)["id"]))
    path = f"/notes/{begun['id']}/edit?sure=1"
    page = writer(north)
    page.html = browser.get(path).content.decode()
    return path, {**page.fields(), "subjective": WORDS, "press": "draft"}


def token_in(page: str) -> str:
    return page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]


def test_a_form_older_than_the_signing_in_is_sent_by_one_more_press(strict: Client, north: make.Clinic) -> None:
    path, fields = open_note(strict, north)

    answer = send(strict, path, {**fields, "csrfmiddlewaretoken": "a" * 64})
    said = answer.content.decode()
    done = send(strict, path, {**carried_by(said), "csrfmiddlewaretoken": token_in(said)})

    assert answer.status_code == 409
    assert "was older than your sign-in" in said
    assert done.status_code == 303
    note_id = path.split("/")[2]
    assert read(north.http, note_id).json()["subjective"] == WORDS


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://testserver.elsewhere.example", None])
def test_another_sites_form_is_refused_and_carries_nothing(
    strict: Client, north: make.Clinic, origin: str | None
) -> None:
    path, fields = open_note(strict, north)

    answer = send(strict, path, {**fields, "csrfmiddlewaretoken": "a" * 64}, origin=origin)

    assert answer.status_code == 403
    assert "This form is not of the page as it is now." in answer.content.decode()
    assert carried_by(answer.content.decode()) == {}


def test_what_one_person_typed_is_not_carried_for_another(strict: Client, north: make.Clinic) -> None:
    path, fields = open_note(strict, north)
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")
    strict.force_login(colleague.member.user, backend=BACKEND)

    answer = send(strict, path, {**fields, "csrfmiddlewaretoken": "a" * 64})

    assert answer.status_code == 403
    assert "Two lines" not in answer.content.decode()


def amendment(browser: Client, note_id: str) -> tuple[str, dict[str, Any]]:
    """The form of an addendum as it stands on the note's page, with words in it."""
    page = unescape(browser.get(f"/notes/{note_id}").content.decode())
    form = page[page.index('class="amend"') :]
    names = ("csrfmiddlewaretoken", "once", "writer", "version")
    fields = {name: form.split(f'name="{name}" value="')[1].split('"')[0] for name in names}
    return f"/notes/{note_id}/move", {**fields, "name": "amend", "reason": "correction", "text": WORDS}


@pytest.fixture
def colleague(north: make.Clinic) -> make.Person:
    return make.person(north.organization, "practitioner", discipline="massage_therapy", name="Col League")


def as_colleague(browser: Client, colleague: make.Person, north: make.Clinic) -> None:
    """They sign in on the same device, and write a note there."""
    browser.force_login(colleague.member.user, backend=BACKEND)
    client_id = make.client(north)["id"]
    assert browser.get(f"/notes/new?client={client_id}&sure=1").cookies


def test_what_is_carried_on_is_sent_by_its_writer_only(
    strict: Client, north: make.Clinic, client_id: str, colleague: make.Person
) -> None:
    note_id = signed(north, client_id)["id"]
    strict.get(f"/notes/new?client={client_id}&sure=1")
    path, fields = amendment(strict, note_id)
    end_session_of(strict)
    held = send(strict, path, fields)

    as_colleague(strict, colleague, north)
    refused = send(strict, path, {**carried_by(held.content.decode()), "csrfmiddlewaretoken": "a" * 64})

    assert (held.status_code, refused.status_code) == (401, 403)
    assert "Two lines" not in refused.content.decode()
    assert read(north.http, note_id).json()["addenda"] == []


def test_an_open_page_is_sent_in_the_name_of_who_opened_it_only(
    strict: Client, north: make.Clinic, client_id: str, colleague: make.Person
) -> None:
    note_id = signed(north, client_id)["id"]
    path, fields = amendment(strict, note_id)
    as_colleague(strict, colleague, north)
    own = amendment(strict, note_id)[1]

    older = send(strict, path, {**fields, "csrfmiddlewaretoken": "a" * 64})
    with_the_new_token = send(strict, path, {**fields, "csrfmiddlewaretoken": own["csrfmiddlewaretoken"]})

    assert (older.status_code, with_the_new_token.status_code) == (403, 409)
    assert "opened by somebody else" in with_the_new_token.content.decode()
    assert read(north.http, note_id).json()["addenda"] == []
    assert send(strict, path, own).status_code == 303
    assert [row["signature"]["practitioner"] for row in read(north.http, note_id).json()["addenda"]] == [
        "Col League, North Massage"
    ]


def test_no_password_is_carried(strict: Client, north: make.Clinic) -> None:
    open_note(strict, north)

    answer = send(strict, "/accounts/login/", {"login": "a@example.org", "password": "canary of a password"})

    assert answer.status_code == 403
    assert "canary" not in answer.content.decode()


def test_a_form_older_than_the_signing_in_changes_nothing(strict: Client, north: make.Clinic) -> None:
    path, fields = open_note(strict, north)
    before = ids_listed(north.http)

    send(strict, path, {**fields, "csrfmiddlewaretoken": "a" * 64})

    assert ids_listed(north.http) == before
    assert read(north.http, path.split("/")[2]).json()["subjective"] != WORDS
