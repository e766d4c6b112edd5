"""Words in one client's notes: what is found, how it is shown, and that nothing tells of what may not be read."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.audit.models import AccessLog
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.notes.writing import share, signed

pytestmark = pytest.mark.django_db
CHANGING = ("X-Request-Id", "RateLimit", "RateLimit-Policy", "Date")


@pytest.fixture
def client_id(north: make.Clinic) -> str:
    return str(make.client(north)["id"])


@pytest.fixture
def shared(north: make.Clinic, south: make.Clinic, client_id: str) -> str:
    share(north, client_id, south)
    return client_id


def ask(http: make.Api, client_id: str, words: Any, *, query: str = "", **more: Any) -> Any:
    return http.send("POST", f"clients/{client_id}/search{query}", {"query": words, **more})


def found(http: make.Api, client_id: str, words: str, **more: Any) -> list[Any]:
    answer = ask(http, client_id, words, **more)
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def shown(row: Any) -> list[tuple[str, str | None, str]]:
    """Where it was found, and the hits of each place."""
    return [(match["part"], match["section"], " ".join(hits(match))) for match in row["matches"]]


def hits(match: Any) -> list[str]:
    return [segment["text"] for segment in match["snippet"] if segment["hit"]]


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ("headaches", ("text", "subjective", "Headache")),
        ("c5", ("text", "objective", "C5")),
        ("L4-L5", ("text", "objective", "L4 L5")),
        ("IT band", ("text", "objective", "IT band")),
        ("needle", ("text", "objective", "Needling")),
        ("suboccipital", ("finding", "objective", "Suboccipitals")),
        ("tender", ("finding", "objective", "tender")),
        ("trigger therapy", ("technique", "plan", "Trigger therapy")),
        ("thrust", ("ask", None, "thrust")),
        ("correction", ("addendum", "plan", "correction")),
        ("after climbing", ("measure", "objective", "after climbing")),
        ("headache heat", ("text", "plan", "heat")),
    ],
)
def test_words_are_found_wherever_they_stand_in_a_note(
    north: make.Clinic, client_id: str, words: str, where: tuple[str, str | None, str]
) -> None:
    place = {"region": "cervical", "side": "right"}
    note = signed(
        north,
        client_id,
        objective="C5/6 restricted, L4-L5 free, IT band taut. Needling done.",
        measures=[{"measure": "nprs", "value": 5, "remark": "after climbing"}],
        findings=[{"kind": "trigger_point", **place, "muscle": "subocc", "remark": "very tender"}],
    )
    added = {"reason": "correction", "section": "plan", "text": "A correction of the week."}
    north.http.send("POST", f"notes/{note['id']}/addenda", added)

    (row,) = found(north.http, client_id, words)

    assert where in shown(row)
    assert (row["id"], row["kind"], row["organization"]["display"]) == (note["id"], "progress", "North Massage")
    assert (row["author"]["display"], row["href"]) == ("North Practitioner", f"/api/v1/notes/{note['id']}")


def test_a_snippet_is_the_text_as_it_was_written(north: make.Clinic, client_id: str) -> None:
    text = "C5/6 and L4-L5 restricted; nerve-glide helps."
    signed(north, client_id, objective=text)

    (row,) = found(north.http, client_id, "c5")

    (match,) = row["matches"]
    assert "".join(segment["text"] for segment in match["snippet"]) in text
    assert match["snippet"][0] == {"text": "C5", "hit": True}
    assert match["snippet"][1]["text"].startswith("/6 and L4-L5")


def test_all_words_are_looked_for_as_on_the_web(north: make.Clinic, client_id: str) -> None:
    one = signed(north, client_id, subjective="Headache after climbing.", plan="Heat at home.")["id"]
    two = signed(north, client_id, subjective="Headache after running.", plan="Ice at home.")["id"]

    def ids(words: str, **more: Any) -> set[str]:
        return {row["id"] for row in found(north.http, client_id, words, **more)}

    assert ids("headache heat") == {one}
    assert ids("climbing home") == {one}
    assert ids("value") == ids("nothing of the kind") == set()
    assert ids("climbing OR running") == ids("headache") == ids("Headache", kinds=["progress"]) == {one, two}
    assert ids("headache -ice") == {one}
    assert ids('"after running"') == {two}
    assert ids('"running after"') == ids("headache", kinds=["discharge"]) == set()


def test_what_may_not_be_read_is_as_what_is_not_there(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    signed(north, shared, subjective="Zebra.", shared_sections=["plan"])
    signed(north, shared, subjective="Zebra.", is_sensitive=True)
    signed(north, shared, subjective="Zebra.", visibility="clinic")
    signed(north, shared, subjective="Zebra.", visibility="author", asks=[])
    mistaken = signed(north, shared, subjective="Zebra.")
    north.http.send("POST", f"notes/{mistaken['id']}/entered-in-error", {"reason": "wrong_client"})
    assert len(found(north.http, shared, "zebra")) == 5
    ask(south.http, shared, "warm")  # prepared once for each connection

    def answered(words: str) -> tuple[int, bytes, dict[str, str], int]:
        with CaptureQueriesContext(connection) as seen:
            answer = ask(south.http, shared, words)
        headers = {name: value for name, value in answer.headers.items() if name not in CHANGING}
        return answer.status_code, answer.content, headers, len(seen)

    hidden, nothing = answered("zebra"), answered("okapi")

    assert hidden == nothing
    assert hidden[0] == 200
    assert hidden[1] == b'{"results":[],"next":null,"previous":null}'


def test_the_rank_of_a_note_does_not_depend_on_its_hidden_sections(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    for hidden in ("Nothing.", "Heat heat heat heat.", f"{'Long ' * 200}"):
        signed(north, shared, subjective=hidden, plan="Heat at home.", shared_sections=["plan"], asks=[], techniques=[])
    signed(north, shared, plan="Heat, heat and heat.", shared_sections=["plan"], asks=[], techniques=[])

    theirs = found(south.http, shared, "heat")

    equal = [row["occurred_at"] for row in theirs[1:]]
    assert equal == sorted(equal, reverse=True)
    assert shown(theirs[0]) == [("text", "plan", "Heat heat heat")]


def test_two_circles_and_a_withdrawn_consent(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, outsider: make.Clinic, client_id: str
) -> None:
    consents = {clinic.id: share(north, client_id, clinic) for clinic in (south, east)}
    souths = signed(south, client_id, subjective="Zebra.", techniques=[])["id"]
    easts = signed(east, client_id, subjective="Zebra.", techniques=[])["id"]

    def ids(clinic: make.Clinic) -> set[str]:
        return {row["id"] for row in found(clinic.http, client_id, "zebra")}

    assert (ids(north), ids(south), ids(east)) == ({souths, easts}, {souths}, {easts})
    assert ask(outsider.http, client_id, "zebra").status_code == 404
    north.http.send("POST", f"clients/{client_id}/consents/{consents[south.id]['id']}/withdraw", {})
    assert ask(south.http, client_id, "zebra").status_code == 404
    assert ids(north) == {easts}


def test_who_reads_no_text_searches_none(north: make.Clinic, client_id: str) -> None:
    signed(north, client_id)
    reading = make.Api(make.token(of=make.application(north.organization), scopes="clients:read"))

    answers = [ask(http, client_id, "heat") for http in (north.coordinator.http, north.admin.http, reading)]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert len(found(north.auditor.http, client_id, "heat")) == len(found(north.system, client_id, "heat")) == 1


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("a\x00b", 400),
        ("\ud800 neck", 400),
        ("x" * 201, 400),
        ("", 400),
        (" ", 400),
        ("&|!():*<->", 400),
        (None, 400),
        (["heat"], 400),
        ({"a": 1}, 400),
        ("the", 200),
        ("it is", 200),
        ("heat & | ! ( :* <-> \\ ' \" %s %(x)s", 200),
        ("'; DROP TABLE notes_note; --", 200),
        ("-heat", 200),
        ("\x02heat\x03 \x1f", 200),
        ("熱 été ß İ 🦓", 200),
        ('"heat OR -', 200),
        ("a-b/c-d/e" * 20, 200),
    ],
)
def test_hostile_words_get_a_clear_answer(north: make.Clinic, client_id: str, words: Any, status: int) -> None:
    signed(north, client_id, plan="Heat \x02at\x03 home <b>now</b>.")

    answer = ask(north.http, client_id, words)

    assert answer.status_code == status, answer.content
    if status == 400:
        assert answer.json()["detail"]


def test_pages_of_a_search_are_followed_with_get_and_are_nobody_elses(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    written = {signed(north, shared)["id"] for _ in range(5)}
    first = ask(north.http, shared, "heat", query="?limit=2").json()
    address, seen = first["next"].removeprefix("http://testserver"), [row["id"] for row in first["results"]]
    assert "heat" not in address

    after = address
    while after:
        page = north.http.send("GET", after).json()
        seen += [row["id"] for row in page["results"]]
        after = (page["next"] or "").removeprefix("http://testserver")

    assert (len(seen), set(seen)) == (5, written)
    answers = [south.http.send("GET", address), north.http.send("GET", f"clients/{shared}/search?search=made-up")]
    other = make.client(north)["id"]
    answers.append(north.http.send("GET", address.replace(shared, other)))
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(400, "bad_cursor")] * 3


def test_a_repeated_search_is_answered_anew(north: make.Clinic, south: make.Clinic, shared: str) -> None:
    note = signed(north, shared, subjective="Zebra.")
    key = {"Idempotency-Key": "one-search"}
    body = {"query": "zebra"}
    first = south.http.send("POST", f"clients/{shared}/search", body, **key)
    north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": "wrong_client"})

    again = south.http.send("POST", f"clients/{shared}/search", body, **key)

    assert [len(answer.json()["results"]) for answer in (first, again)] == [1, 0]


def test_every_search_is_logged_and_every_note_that_was_found(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    note = signed(north, shared, subjective="Zebra.")

    for words in ("zebra", "okapi"):
        ask(south.http, shared, words)

    with acting_as(north.auditor.actor):
        looks = AccessLog.objects.filter(client_id=shared, subject_type__in=["search", "note"]).order_by("at")
        seen = [(look.subject_type, str(look.subject_id), look.why) for look in looks]
    assert seen == [("search", shared, "referral"), ("note", note["id"], "circle"), ("search", shared, "referral")]


def test_a_search_takes_as_many_statements_for_one_note_as_for_many(
    north: make.Clinic, south: make.Clinic, shared: str
) -> None:
    signed(north, shared)

    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            ask(south.http, shared, "heat")
        return len([each for each in seen if "SAVEPOINT" not in each["sql"]])

    few = statements()
    for _ in range(6):
        signed(north, shared)

    assert few == statements() <= 8
