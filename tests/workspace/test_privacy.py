"""With names hidden on a device, no page of a client names them, or a record that is or could be theirs, but where it is edited."""

import re

import pytest

from tests import make
from tests.notes.writing import share, signed
from tests.workspace.browsing import Browser

NAME = re.compile(r"Quill\w*|Zebedee", re.IGNORECASE)
WHO = {"family_name": "Quillfeather", "given_name": "Zebedee", "birth_date": "1984-06-12"}


@pytest.fixture
def client_id(north: make.Clinic, south: make.Clinic) -> str:
    """A client with everything on the page that could name them: a yes of their own, a note, a referral, a look-alike."""
    found = str(make.client(north, **WHO)["id"])
    share(north, found, south)
    signed(north, found)
    return found


def hiding(who: make.Person) -> Browser:
    browser = Browser(who).open("/inbox")
    browser.press("/settings/device", privacy="on")
    return browser


def names_on(browser: Browser, path: str) -> list[str]:
    """The names that stand on a page, but for what is in its fields."""
    page = browser.open(path).html
    assert browser.status == 200, path
    return NAME.findall(re.sub(r"<input[^>]*>", "", page))


def test_the_clients_page_and_those_from_it_show_initials(north: make.Clinic, client_id: str) -> None:
    assert names_on(Browser(north.practitioner), f"/clients/{client_id}") != []
    hidden = hiding(north.practitioner)

    for path in (f"/clients/{client_id}", f"/clients/{client_id}/edit", f"/referrals/new?client={client_id}",
                 f"/clients/{client_id}/timeline", f"/clients/{client_id}/export", f"/notes/new?client={client_id}&sure=1",
                 f"/care-plans/new?client={client_id}"):  # fmt: skip
        assert names_on(hidden, path) == [], path
        assert "Z. Q." in hidden.page or path.endswith("export"), path
    assert 'value="Quillfeather"' in hidden.open(f"/clients/{client_id}/edit").page


def test_look_alikes_and_what_became_part_of_a_record_show_initials(north: make.Clinic, client_id: str) -> None:
    other = str(make.client(north, **WHO | {"family_name": "Quillfeathers"})["id"])
    hidden = hiding(north.practitioner)

    assert names_on(hidden, f"/clients/{client_id}") == []
    compare = f"/clients/{client_id}/merge?into={other}"
    assert compare in hidden.page
    assert names_on(hidden, compare) == []
    assert hidden.page.count("Q.") >= 4
    hidden.press("", into=other)
    assert "became part of this record" in hidden.page
    assert names_on(hidden, f"/clients/{other}") == []


def test_linked_records_show_initials(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    own = str(make.client(south, **WHO)["id"])
    linked = south.http.send("POST", f"clients/{client_id}/registration", {"own_client_id": own})
    assert linked.status_code == 201
    hidden = hiding(south.practitioner)

    for path in (f"/clients/{client_id}", f"/clients/{own}"):
        assert names_on(hidden, path) == [], path
        assert "One person with" in hidden.page


def test_who_is_like_a_new_client_is_shown_by_initials(north: make.Clinic, client_id: str) -> None:
    hidden = hiding(north.practitioner).open("/clients/new")

    hidden.press("", **WHO)

    assert "This is somebody else" in hidden.page
    assert NAME.findall(re.sub(r'value="[^"]*"', "", hidden.page)) == []
    assert "Z. Q., born 1984-06-12" in hidden.page
