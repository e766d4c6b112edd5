"""What an export holds is what the API shows the same reader, whoever that is."""

import json
from typing import Any

import pytest

from backend.audit.work import run_due
from tests import make
from tests.notes.writing import signed
from tests.portability.exporting import ask, exported, ids_in, made, taken
from tests.portability.stories import Story, whole
from tests.record.feed import settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(north: make.Clinic, south: make.Clinic) -> Story:
    return whole(north, south)


def shown(http: make.Api, path: str) -> list[Any]:
    """All rows of a list of the API, page after page; none where the reader is refused."""
    answer = http.send("GET", path)
    if answer.status_code in (403, 404):
        return []
    found: list[Any] = []
    while True:
        assert answer.status_code == 200, (path, answer.content)
        body = answer.json()
        found += body["results"]
        if body["next"] is None:
            return found
        answer = http.send("GET", body["next"].removeprefix("http://testserver"))


def lists_of(story: Story) -> dict[str, list[str]]:
    """For each section the lists of the API that hold the same rows."""
    client, referral, plan = f"clients/{story.client_id}", f"referrals/{story.referral_id}", story.plan.path
    return {
        "representatives": [f"{client}/representatives"],
        "consents": [f"{client}/consents"],
        "precautions": [f"{client}/precautions"],
        "holds": [f"{client}/holds"],
        "asks": [f"{client}/asks"],
        "messages": [f"{referral}/messages"],
        "reports": [f"{referral}/reports"],
        "attachments": [f"{referral}/attachments"],
        "visits": [f"visits?client_id={story.client_id}"],
        "proposals": [f"{plan}/proposals"],
        "agreements": [f"{plan}/agreements"],
        "notes": [f"notes?client_id={story.client_id}"],
        "referrals": [f"referrals?client_id={story.client_id}"],
        "care_plans": [f"care-plans?client_id={story.client_id}"],
    }


# Fields of which a list shows only the beginning; the export holds the whole.
LISTS_SAY_LESS = ("withheld", "tracking")


def disagreements(http: make.Api, story: Story, document: Any) -> dict[str, Any]:
    """Where the export and the API name other rows, or say other things of the same row."""
    wrong: dict[str, Any] = {}
    for section, paths in lists_of(story).items():
        listed = {row["id"]: row for path in paths for row in shown(http, path)}
        inside = {row["id"]: row for row in document["sections"].get(section, [])}
        if listed.keys() != inside.keys():
            wrong[section] = (sorted(listed), sorted(inside))
        for pk in listed.keys() & inside.keys():
            differing = {
                name
                for name in listed[pk].keys() & inside[pk].keys()
                if name not in LISTS_SAY_LESS and listed[pk][name] != inside[pk][name]
            }
            if differing:
                wrong[f"{section} {pk}"] = differing
    return wrong


READERS = ("practitioner", "coordinator", "auditor", "system")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("clinic", ["north", "south"])
def test_an_export_agrees_with_the_lists_of_the_api(
    story: Story, clinic: str, reader: str, request: pytest.FixtureRequest
) -> None:
    reading = getattr(request.getfixturevalue(clinic), reader)
    http = reading if isinstance(reading, make.Api) else reading.http

    document = exported(http, story.client_id)

    assert disagreements(http, story, document) == {}


@pytest.mark.parametrize("reader", READERS)
def test_one_note_and_one_plan_read_as_their_own_addresses_show_them(
    story: Story, north: make.Clinic, reader: str
) -> None:
    reading = getattr(north, reader)
    http = reading if isinstance(reading, make.Api) else reading.http

    document = exported(http, story.client_id)

    for note in document["sections"]["notes"]:
        alone = http.send("GET", f"notes/{note['id']}").json()
        del alone["available_transitions"]
        assert note == alone
    (plan,) = document["sections"]["care_plans"]
    alone = http.send("GET", story.plan.path).json()
    del alone["available_transitions"]
    assert plan == alone
    (referral,) = document["sections"]["referrals"]
    alone = http.send("GET", f"referrals/{story.referral_id}").json()
    del alone["available_transitions"]
    assert referral == alone


def test_a_coordinator_takes_no_text_of_a_note_away(story: Story, north: make.Clinic) -> None:
    export = made(north.coordinator, story.client_id)
    words = taken(north.coordinator, export).decode()

    said = [
        w for w in ("subjective", "addendum", "report", "findings", "goal", "precaution", "secret") if f"Zq{w}" in words
    ]
    assert said == []
    assert "Zqreason" in words
    assert "Zqmother" in words


def test_an_admin_without_another_role_exports_nothing(story: Story, north: make.Clinic) -> None:
    ask(north.admin, story.client_id, status=403)


def test_what_an_auditor_exports_is_logged_also_at_home(story: Story, north: make.Clinic) -> None:
    made(north.auditor, story.client_id)

    did = north.http.send("GET", f"clients/{story.client_id}/access").json()["did"]["results"]
    of_auditor = {row["subject"]["type"] for row in did if row["action"] == "exported"}
    assert {"export", "client", "note", "referral", "care_plan"} <= of_auditor


@pytest.mark.parametrize("include", ["all", "own"])
def test_for_who_has_nothing_of_their_own_a_client_is_as_a_random_one(
    story: Story, outsider: make.Clinic, north: make.Clinic, south: make.Clinic, include: str
) -> None:
    sent = make.sent(north, south)  # a package only, not accepted
    client_id = sent["client"]["id"]
    for who, pk in ((outsider, story.client_id), (south, client_id)):
        answers = [
            who.http.send("POST", f"clients/{one}/export", {"include": include})
            for one in (pk, "0198c1a0-0000-7000-8000-00000000000f", "x")
        ]
        bodies = [answer.content.replace(answer["X-Request-Id"].encode(), b"") for answer in answers]
        assert [answer.status_code for answer in answers] == [404, 404, 404]
        assert bodies[0] == bodies[1] == bodies[2]


def test_a_former_clinic_exports_what_it_wrote_and_accepted_and_nothing_of_the_record(
    story: Story, north: make.Clinic, south: make.Clinic
) -> None:
    story.withdraw(north)
    assert south.http.send("GET", f"clients/{story.client_id}").status_code == 404

    document = exported(south, story.client_id)

    sections = document["sections"]
    assert document["client"]["display"] == "Zqgiven Zqfamily"
    assert {row["organization"]["id"] for row in sections["notes"]} == {south.id}
    assert ids_in(document, "referrals") == [story.referral_id]
    assert [row["text"] for row in sections["messages"]] == ["Zqmessage", "Zqanswer"]
    assert not {"client", "precautions", "representatives", "consents", "access"} & sections.keys()
    words = json.dumps(document)
    assert [word for word in ("Zqgoal", "Zqplan", "Zqline", "Zqmother", "Zqsecret1") if word in words] == []
    assert disagreements(south.http, story, document) == {}


def test_two_circles_of_one_client_do_not_see_through_each_other(
    story: Story, north: make.Clinic, south: make.Clinic, east: make.Clinic
) -> None:
    make.consent(north, story.client_id, east)
    make.move(east, make.referral(north, east, client_id=story.client_id)["id"], "accept")
    signed(east, story.client_id, subjective="Eqsubjective", asks=[])

    documents = {clinic.id: json.dumps(exported(clinic, story.client_id)) for clinic in (north, south, east)}

    assert "Eqsubjective" in documents[north.id]
    assert "Eqsubjective" in documents[east.id]
    assert "Eqsubjective" not in documents[south.id]
    for word in ("Zqsouthern", "Zqanswer", "Zqreport"):
        assert word not in documents[east.id]
        assert word in documents[south.id]


def test_whom_the_client_left_out_exports_only_what_is_their_clinics_own(
    north: make.Clinic, south: make.Clinic
) -> None:
    client_id = make.client(north)["id"]
    role = south.practitioner.role
    assert role is not None
    signed(north, client_id, subjective="Zqnorthern", asks=[])
    colleague = make.person(south.organization, "practitioner", discipline="physical_therapy")
    make.consent(north, client_id, south, excluded_practitioner_ids=[str(role.practitioner_id)])
    to = {"practitioner_role_id": str(colleague.role.id)} if colleague.role else {}
    referral = make.referral(north, to, client_id=client_id)["id"]
    make.move(colleague.http, referral, "accept")
    assert "Zqnorthern" in json.dumps(exported(colleague, client_id))

    ask(south.practitioner, client_id, status=404)


@pytest.mark.django_db(transaction=True)
def test_the_events_are_those_of_ones_own_feed(story: Story, south: make.Clinic) -> None:
    run_due()  # what happens because of the story
    settle()
    told = {row["id"] for row in shown(south.http, "events?limit=100")}

    document = exported(south, story.client_id)

    inside = ids_in(document, "events")
    assert len(inside) > 10
    assert set(inside) <= told
