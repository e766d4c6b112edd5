"""Lists, details, history, timeline, brief, export, paper, pages and feed agree on what a reader sees of plans."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import make
from tests.paper import in_plain_text
from tests.portability.exporting import made as exported
from tests.portability.exporting import taken
from tests.record.briefs import told_until_nothing_is_new
from tests.record.everything import Reader, Words, pages, words_in
from tests.record.feed import settle
from tests.record.planned import KINDS, WRONG_CLIENT, Planned, ids_of, planned, readers

ROWS = ("problems", "goals", "interventions", "phases", "proposals", "agreements")
CLINICAL_ROWS = ("problems", "goals", "proposals", "agreements")


@pytest.fixture(autouse=True)
def readable_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    in_plain_text(monkeypatch)


@pytest.fixture
def west(db: None) -> make.Clinic:
    return make.clinic("West Physio", "physical_therapy")


@contextmanager
def forgotten() -> Iterator[None]:
    """What one example does is gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_every_way_out_shows_everybody_the_same_of_plans(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, west: make.Clinic, outsider: make.Clinic
) -> None:
    """The lead, a member, one that left, the other circle, an outsider; and everybody of each."""
    clinics = (north, south, east, west, outsider)
    asking = list(readers(*clinics))
    client_id = str(make.client(north)["id"])
    first = planned(client_id, north, south, west, first=11)
    second = planned(client_id, north, east, first=21)
    first.end_for(west)
    settle()

    _check_every_way_out(asking, clinics, [first, second], client_id)


@pytest.mark.parametrize("reason", ["duplicate", WRONG_CLIENT])
@pytest.mark.django_db(transaction=True)
def test_every_way_out_shows_everybody_the_same_of_what_was_entered_in_error(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, west: make.Clinic, outsider: make.Clinic, reason: str
) -> None:
    """Rows of every kind, by the lead, by a member and by one that has left; and the other circle's plan as a whole."""
    clinics = (north, south, east, west, outsider)
    asking = list(_who_treat_and_who_plan(*clinics))
    client_id = str(make.client(north)["id"])
    first = planned(client_id, north, south, west, first=11)
    second = planned(client_id, north, east, first=21)
    first.end_for(west)
    for clinic, part in ((north, "goal"), (north, "phase"), (south, "line"), (south, "problem"), (west, "line")):
        first.enter_in_error(clinic, part, reason)
    second.enter_whole_in_error(north, reason)
    settle()

    _check_every_way_out(asking, clinics, [first, second], client_id)


@pytest.mark.slow
@pytest.mark.django_db
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hands_over=st.booleans(),
    leaver=st.sampled_from(["", "south", "west"]),
    withdrawn=st.booleans(),
    mistakes=st.dictionaries(
        st.tuples(st.sampled_from(["north", "south", "west"]), st.sampled_from(["problem", "line"])),
        st.sampled_from(["other", WRONG_CLIENT]),
        max_size=2,
    ),
)
def test_whatever_became_of_the_team_every_way_of_reading_agrees(
    north: make.Clinic,
    south: make.Clinic,
    east: make.Clinic,
    west: make.Clinic,
    hands_over: bool,
    leaver: str,
    withdrawn: bool,
    mistakes: dict[tuple[str, str], str],
) -> None:
    with forgotten():
        client_id = str(make.client(north)["id"])
        first = planned(client_id, north, south, west, first=11, hands_over=hands_over)
        second = planned(client_id, north, east, first=21)
        clinics = {"north": north, "south": south, "west": west}
        if leaver:
            first.end_for(clinics[leaver])
        if withdrawn:
            first.withdraw()
        for (name, part), reason in mistakes.items():
            first.enter_in_error(clinics[name], part, reason)

        for clinic, reader in _who_treat_and_who_plan(north, south, east, west):
            _check_plans(clinic, reader, [first, second], client_id)


def _who_treat_and_who_plan(*clinics: make.Clinic) -> Iterator[tuple[make.Clinic, Reader]]:
    """Of each clinic who reads everything, and who reads what it takes to plan times; the others read as one of them."""
    found = readers(*clinics)
    return ((clinic, reader) for clinic, reader in found if reader.name.endswith(("practitioner", "coordinator")))


# --- what one reader sees ------------------------------------------------------------------------------------------


def _check_every_way_out(
    asking: Iterable[tuple[make.Clinic, Reader]], clinics: Iterable[make.Clinic], plans: list[Planned], client_id: str
) -> None:
    for clinic, reader in asking:
        _check_plans(clinic, reader, plans, client_id)
        _check_record(clinic, reader, plans, client_id)
    for clinic in clinics:
        _check_pages(clinic, plans, client_id)


def _check_plans(clinic: make.Clinic, reader: Reader, plans: list[Planned], client_id: str) -> None:
    seen = [each for each in plans if each.is_party(clinic)]
    if not reader.reads_clients:
        statuses = {reader.http.send("GET", each.plan.path).status_code for each in seen}
        assert statuses <= {403}, reader.name
        assert reader.http.send("GET", f"care-plans?client_id={client_id}").status_code == 403, reader.name
        return
    listed = pages(reader.http, f"care-plans?client_id={client_id}&limit=100")
    readable = _readable(clinic, reader, seen)
    assert {row["id"] for row in listed} == ids_of(seen), reader.name
    assert words_in(json.dumps(listed)) == {word for word in readable if word[1] == "title"}, reader.name
    for each in plans:
        if each in seen:
            _check_one(clinic, reader, each)
        else:
            _check_nothing(reader, each)


def _check_one(clinic: make.Clinic, reader: Reader, of: Planned) -> None:
    readable, path = of.readable(clinic, reads_text=reader.reads_text), of.plan.path
    who = (reader.name, path)
    answers = {name: reader.http.send("GET", f"{path}{rest}") for name, rest in REST.items()}
    words = {name: words_in(answer.content) for name, answer in answers.items()}
    in_rows: set[tuple[int, str]] = set()
    for kind in ROWS:
        answer = reader.http.send("GET", f"{path}/{kind}?limit=100")
        assert answer.status_code == (403 if kind in CLINICAL_ROWS and not reader.reads_text else 200), (*who, kind)
        in_rows |= words_in(answer.content)

    title = {word for word in readable if word[1] == "title"}
    # The plan itself shows who objects to its newest version now, and the proposals that wait.
    passing = {word for word in readable if word[1] in ("sentence", "why")}
    assert words["whole"] - passing == readable - passing, who
    assert in_rows == readable - title, who
    assert answers["progress"].status_code == 200, who
    assert words["progress"] == (of.counted(clinic) if reader.reads_text else set()), who
    assert words["paper"] <= readable, who
    assert words["paper"] >= {word for word in readable if word[1] in ("title", "goal", "line")}, who
    assert words["changes"] <= readable | of.earlier(clinic, reads_text=reader.reads_text), who
    is_open = of.is_open_to(clinic) and reader.reads_text
    expected = 403 if not reader.reads_text else 200 if is_open else 404
    assert answers["version"].status_code == expected, who
    frozen = {word for word in of.words if word[1] not in ("why", "sentence")}
    taken = of.taken_from(clinic)
    assert words["version"] == (frozen - taken if is_open else set()), who
    if is_open:
        assert set(answers["version"].json()["taken_back"]) == {of.rows[word] for word in taken & frozen}, who
    _check_rows(clinic, reader, of)


def _check_rows(clinic: make.Clinic, reader: Reader, of: Planned) -> None:
    """Each row by its own address: as its list has it, struck through for whoever still reads it."""
    seen, readable = of.readable(clinic), of.readable(clinic, reads_text=reader.reads_text)
    for word, row_id in of.rows.items():
        kind = KINDS[word[1]]
        answer = reader.http.send("GET", f"{of.plan.path}/{kind}/{row_id}")
        if kind in CLINICAL_ROWS and not reader.reads_text:
            assert answer.status_code == 403, (reader.name, word)
            continue
        assert answer.status_code == (200 if word in seen else 404), (reader.name, word)
        assert words_in(answer.content) == {word} & readable, (reader.name, word)
        if word in seen:
            assert (answer.json()["entered_in_error"] or {}).get("reason") == of.in_error.get(word), (reader.name, word)


REST = {
    "whole": "",
    "progress": "/progress",
    "paper": "/document",
    "changes": "/changes?limit=100",
    "version": "/versions/1",
}


def _check_nothing(reader: Reader, of: Planned) -> None:
    """Of the other circle's plan not even that it is there."""
    for rest in (*REST.values(), *(f"/{kind}" for kind in ROWS), "/versions", "/team"):
        assert reader.http.send("GET", f"{of.plan.path}{rest}").status_code == 404, (reader.name, rest)


def _check_record(clinic: make.Clinic, reader: Reader, plans: list[Planned], client_id: str) -> None:
    """The ways across everything about a client: timeline, brief, search, export, feed."""
    if not reader.reads_clients:
        return
    seen = [each for each in plans if each.is_party(clinic)]
    readable, ids = _readable(clinic, reader, seen), ids_of(seen)
    place = f"clients/{client_id}"
    if reader.http.send("GET", place).status_code == 200:
        _check_timeline(clinic, reader, plans, client_id)
        _check_brief(clinic, reader, plans, client_id)
    else:
        for path in ("timeline", "brief", "body-map"):
            assert reader.http.send("GET", f"{place}/{path}").status_code in (403, 404), (reader.name, path)
    found = reader.http.send("POST", f"{place}/search", {"query": "zqgoal"})
    assert found.status_code in (403, 404) or found.json()["results"] == [], reader.name
    told = pages(reader.http, "events?types=care_plan.*,proposal.*&limit=100")
    of_plans = Counter((event["related"]["care_plan_id"], event["type"]) for event in told)
    expected = {(each.plan.id, type): count for each in plans for type, count in each.events(clinic).items()}
    assert of_plans == expected, reader.name
    if ids:
        export = exported(reader.http, client_id)
        record = json.loads(taken(reader.http, export))
        assert {row["id"] for row in record["sections"].get("care_plans", [])} == ids, reader.name
        assert words_in(json.dumps(record)) == readable, reader.name
        assert words_in(taken(reader.http, export, "pdf")) <= readable, reader.name


def _check_timeline(clinic: make.Clinic, reader: Reader, plans: list[Planned], client_id: str) -> None:
    happened = [
        item
        for item in pages(reader.http, f"clients/{client_id}/timeline?limit=100")
        if item["kind"] in ("plan", "proposal")
    ]
    for of in plans:
        told = [item for item in happened if f"/care-plans/{of.plan.id}" in item["href"]]
        who = (reader.name, of.plan.path)
        assert Counter((item["kind"], item["what"]) for item in told) == of.moments(
            clinic, reads_text=reader.reads_text
        ), who
        readable, shown = of.readable(clinic, reads_text=reader.reads_text), words_in(json.dumps(told))
        assert shown <= readable, who
        assert shown >= {word for word in readable if word[1] in ("title", "why", "sentence")}, who


def _check_brief(clinic: make.Clinic, reader: Reader, plans: list[Planned], client_id: str) -> None:
    if not reader.treats:
        assert reader.http.send("GET", f"clients/{client_id}/brief").status_code == 403, reader.name
        return
    lines = told_until_nothing_is_new(reader.http, client_id)
    for of in plans:
        told = [line for line in lines if f"/care-plans/{of.plan.id}" in line["href"]]
        who = (reader.name, of.plan.path)
        assert Counter(line["kind"] for line in told) == of.told_in_brief(clinic, wrote=reader.is_author), who
        assert words_in(json.dumps(told)) <= of.readable(clinic), who


def _check_pages(clinic: make.Clinic, plans: list[Planned], client_id: str) -> None:
    person = make.signed_in(clinic.practitioner.member.user)
    for of in plans:
        readable, expected = of.readable(clinic), 200 if of.is_party(clinic) else 404
        for rest in ("", "/document.pdf", "/versions"):
            answer = person.get(f"/care-plans/{of.plan.id}{rest}")
            assert answer.status_code == expected, (str(clinic.organization), rest)
            assert words_in(answer.content) <= readable | of.earlier(clinic) if expected == 200 else True, rest
            assert rest or words_in(answer.content) >= {word for word in readable if word[1] in ("goal", "line")}
    whole = {word for of in plans for word in of.readable(clinic)}
    for path in (f"/clients/{client_id}", f"/clients/{client_id}/timeline"):
        assert words_in(person.get(path).content) <= whole, (str(clinic.organization), path)


def _readable(clinic: make.Clinic, reader: Reader, seen: list[Planned]) -> Words:
    return frozenset(word for each in seen for word in each.readable(clinic, reads_text=reader.reads_text))
