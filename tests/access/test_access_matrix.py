"""Every operation and page, by everybody: the reviewed file against the service, and nothing that leaks on the way.

`matrix.yaml` is the reviewed file. The rows come from the OpenAPI schema and the URL configuration, so that a new
operation without cells fails here.
"""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import psycopg2
import pytest
from django.apps import apps
from django.db import connection, connections

from backend.audit.models import AccessLog, Event, Work
from backend.lib.actor import WORKER
from backend.lib.logs import RequestFilter, SafeFormatter
from backend.lib.unit_of_work import acting_as
from tests import make
from tests.access import cast
from tests.access.cast import Column, World, never_kept
from tests.access.matrix import matrix, no_such_method
from tests.access.operations import Row, account_pages, rows
from tests.access.situations import SITUATIONS, Situation
from tests.conftest import ADDRESSES
from tests.database import copy_template
from tests.paper import in_plain_text

# What a refusal may leave behind, or what says nothing about a client.
NOT_COMPARED = {"audit_accesslog", "audit_idempotentrequest", "directory_signinfailures", "links_code"}
COMPARED_APPS = (
    "attachments",
    "audit",
    "careplans",
    "clients",
    "directory",
    "links",
    "notes",
    "notifications",
    "portability",
    "referrals",
    "visits",
)
COLUMNS = matrix().columns
OPENS = "move_referral accept"
# Each clinic changes its own numbers and only the home the rest: whose it is, the fields say, which come after the version.
DECIDED_BY_FIELDS = "change_client"


@dataclass
class Stage:
    """The world, what is in the database when a cell begins, and what was logged."""

    world: World
    before: str
    uninvolved_before: dict[str, Any]
    logged: list[str]
    for_nothing: dict[tuple[str, str], bytes] = field(default_factory=dict)


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[Stage]:
    """One world for the whole module, committed; afterwards the database is a fresh copy again.

    Not one long transaction: while that runs nothing settles in any feed, also for the tests beside this one.
    """
    addresses = request.config.stash[ADDRESSES]
    with django_db_blocker.unblock(), _heard() as logged, pytest.MonkeyPatch.context() as patch:
        in_plain_text(patch)
        try:
            with closing(psycopg2.connect(addresses.owner)) as owner, owner, owner.cursor() as cursor:
                cursor.execute(FINGERPRINT.format(rows=" UNION ALL ".join(map(_digest_of, compared_tables()))))
            outsider_before: dict[str, Any] = {}
            world = cast.build(before_stories=lambda clinic: outsider_before.update(asked_around(clinic)))
            yield Stage(world, fingerprint(), outsider_before, logged)
        finally:
            connections.close_all()
            copy_template(addresses)


@pytest.mark.parametrize("name", COLUMNS)
def test_every_operation_and_page_answers_as_reviewed(stage: Stage, name: str) -> None:
    column, expected = stage.world.columns[name], matrix().cells
    stage.logged.clear()

    wrong = [
        f"{row.name}: {complaint}"
        for row in rows()
        if name in expected.get(row.name, {})
        for complaint in complaints(stage, row, column, expected[row.name][name])
    ]

    assert not wrong, f"as {name}:\n" + "\n".join(wrong)
    spoken = [word for word in stage.world.words for line in stage.logged if word in line]
    assert not spoken, f"logged: {spoken}"


@pytest.mark.parametrize("kind", matrix().notes)
def test_every_row_about_a_note_answers_by_who_reads_that_note(stage: Stage, kind: str) -> None:
    expected, asked = matrix().notes[kind], [row for row in rows() if row.name in matrix().notes[kind]]
    stage.logged.clear()

    wrong = [
        f"{name}, {row.name}: {complaint}"
        for name, column in (stage.world.columns | stage.world.of_notes).items()
        for row in asked
        if name in expected[row.name]
        for complaint in complaints(stage, row, _asking_for(kind, column), expected[row.name][name])
    ]

    assert not wrong, "\n".join(wrong)
    assert not [word for word in stage.world.words for line in stage.logged if word in line]


def _asking_for(kind: str, column: Column) -> Column:
    """The same caller, about this kind of note of the same client."""
    ids = column.situation.notes[kind]
    return replace(
        column, ids={**column.ids, **ids, "draft_note_id": ids["note_id"], "attachment_id": ids["note_file_id"]}
    )


def test_every_row_with_a_note_in_its_address_is_asked_for_each_kind_of_note() -> None:
    named = {row.name for row in rows() if "{note_id}" in row.path} - set(no_such_method())

    for kind, found in matrix().notes.items():
        assert named | {"download_attachment"} == set(found), kind


def test_no_cell_is_missing_and_none_is_stale(stage: Stage) -> None:
    names = [row.name for row in rows()]
    cells = matrix().cells

    assert len(names) == len(set(names))
    assert set(stage.world.columns) == set(COLUMNS)
    missing = [(name, column) for name in names for column in COLUMNS if column not in cells.get(name, {})]
    stale = set(cells) - set(names)
    assert (missing, stale) == ([], set())


def test_the_words_would_be_found(stage: Stage) -> None:
    """Who may read everything does read every word; otherwise the absence of words would prove nothing."""
    column = stage.world.columns["home_practitioner"]
    read = []
    for situation in stage.world.situations.values():
        ids = situation.ids
        for path in (
            f"clients/{ids['client_id']}",
            f"clients/{ids['client_id']}/precautions",
            f"clients/{ids['client_id']}/representatives",
            f"care-plans/{ids['plan_id']}",
            f"clients/{ids['client_id']}/asks",
            f"notes?client_id={ids['client_id']}",
            f"referrals/{ids['referral_id']}",
            f"referrals/{ids['referral_id']}/messages",
            f"referrals/{ids['referral_id']}/reports",
            f"referrals/{ids['referral_id']}/attachments",
        ):
            read.append(column.api.send("GET", path).content.decode())
    text = "\n".join(read)

    never_said = [word for word in stage.world.words if word not in text]

    reports = {f"{stage.world.situations[name].word}-report" for name in SITUATIONS}
    assert set(never_said) <= reports | {f"{stage.world.situations['glass'].word}-{w}" for w in ("message", "letter")}
    assert f"{stage.world.situations['former'].word}-report" in text


def test_the_account_pages_say_no_word_about_a_client(stage: Stage) -> None:
    for name in ("anonymous", "home_practitioner", "guest"):
        column = stage.world.columns[name]
        for address in account_pages():
            with never_kept():
                answer = column.browser.get(address)
            assert answer.status_code < 500, address
            assert not [word for word in stage.world.words if word in text_of(answer)], address


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "referrals", {"client_id": "{id}", "send": False}),
        ("POST", "referrals", {"client_id": "{southern}", "attachment_ids": ["{attachment}"]}),
        ("POST", "clients/{southern}/registration", {"own_client_id": "{id}"}),
        ("POST", "clients/{southern}/merge", {"into": "{id}"}),
        ("POST", "clients/{southern}/merge", {"into": "{id}", "preview": True}),
        ("POST", "notes", {"client_id": "{id}", "kind": "phone"}),
        ("POST", "notes", {"copy_from": "{note}"}),
        ("POST", "practitioners", {"family_name": "A", "given_name": "B", "member_id": "{member}"}),
    ],
)
def test_a_foreign_id_in_a_body_is_as_a_random_one(stage: Stage, method: str, path: str, body: Any) -> None:
    """By a clinic that has nothing to do with the client, about its own client."""
    http, ids = stage.world.outsider.http, stage.world.columns["uninvolved"].ids
    own = stage.world.outsider
    answers = []
    for foreign in (True, False):
        with never_kept():
            mine = own.http.send("POST", "clients", {"family_name": "Mine"}).json()["id"]
            random = "0198c1a0-0000-7000-8000-00000000000f"
            names = {
                "{id}": ids["client_id"] if foreign else random,
                "{attachment}": ids["attachment_id"] if foreign else random,
                "{member}": ids["member_pk"] if foreign else random,
                "{note}": ids["note_id"] if foreign else random,
                "{southern}": mine,
            }
            whole = {**(make.referral_body(stage.world.south) if path == "referrals" else {}), **body}
            sent = json.dumps(whole)
            address = path
            for placeholder, value in names.items():
                sent, address = sent.replace(placeholder, value), address.replace(placeholder, value)
            refused = http.send(method, address, json.loads(sent))
            answers.append((refused.status_code, _nameless(refused).replace(mine.encode(), b"")))

    assert answers[0] == answers[1]
    assert answers[0][0] >= 400


def test_what_the_uninvolved_find_does_not_depend_on_what_others_keep(stage: Stage) -> None:
    """The answers of every list, search and filter, before any of the clients existed and after."""
    assert asked_around(stage.world.outsider) == stage.uninvolved_before


def test_a_filter_by_a_foreign_id_finds_what_a_random_one_finds(stage: Stage) -> None:
    ids, http = stage.world.columns["uninvolved"].ids, stage.world.outsider.http

    for path, name, value in (
        ("referrals", "client_id", ids["client_id"]),
        ("referrals", "assigned_to", ids["south_role_id"]),
        ("notes", "client_id", ids["client_id"]),
    ):
        found = http.send("GET", f"{path}?{name}={value}").json()
        nothing = http.send("GET", f"{path}?{name}=0198c1a0-0000-7000-8000-00000000000f").json()
        assert found == nothing
    visits = [http.send("GET", f"visits?client_id={pk}").json() for pk in (ids["client_id"], ids["other_client_id"])]
    assert visits[0] == visits[1] == {"results": [], "next": None, "previous": None}


def test_work_and_events_hold_no_word_about_a_client(stage: Stage) -> None:
    with acting_as(WORKER):
        kept = [str(row) for row in Work.objects.values()]
    for clinic in (stage.world.north, stage.world.south):
        with acting_as(clinic.practitioner.actor):
            kept += [str(row) for row in Event.objects.values()]

    assert len(kept) > 50
    assert not [word for word in stage.world.words for row in kept if word in row]


# --- one cell ------------------------------------------------------------------------------------------------------


def complaints(stage: Stage, row: Row, column: Column, expected: int) -> list[str]:
    """What is wrong with one cell; an empty list when nothing is."""
    with never_kept():
        answer = call(row, column, row.address(column.ids), reads_version=expected < 400 or expected == 409)
        found = (
            [] if answer.status_code == expected else [f"{answer.status_code} instead of {expected} {_code(answer)}"]
        )
        said = text_of(answer)
        forbidden = forbidden_words(stage, row, column, answer.status_code)
        found += [f"says {word}" for word in forbidden if word in said and word not in row.address(column.ids)]
        if is_refused(answer, column) and not row.is_safe and fingerprint() != stage.before:
            found.append("refused, and yet something changed")
        if row.name == "break_the_glass" and answer.status_code in (403, 404) and not refusal_is_logged(stage, column):
            found.append("the attempt is not in the access log")
    if answer.status_code == 404 and row.parameters and _nameless(answer) != answer_for_nothing(stage, row, column):
        found.append("differs from the answer for a random id")
    return found


def answer_for_nothing(stage: Stage, row: Row, column: Column) -> bytes:
    """What the caller reads for an id that nothing has; the same whatever else is in the address, so it is asked once."""
    key = (row.name, column.name)
    if key not in stage.for_nothing:
        with never_kept():
            answer = call(row, column, row.random_address(column.ids), reads_version=False)
        stage.for_nothing[key] = _nameless(answer) if answer.status_code == 404 else b""
    return stage.for_nothing[key]


def is_refused(answer: Any, column: Column) -> bool:
    """An error; or on to signing in, or back to the first page of a link whose code is not known."""
    onwards = answer.get("Location", "")
    at_the_door = column.name in ("link_holder", "client_link") and onwards.endswith(column.ids["token"])
    return answer.status_code >= 400 or onwards.startswith("/accounts/login/") or at_the_door


def forbidden_words(stage: Stage, row: Row, column: Column, status: int) -> list[str]:
    """What this caller may not read, also in a list; accepting a pool's referral opens its package at once.

    A refusal says no word about any client; only a page shows again, beside the refusal, what its reader may read.
    """
    if status >= 400 and not (row.is_page and status in (400, 403, 409)):
        return stage.world.words
    words = column.forbidden_words(stage.world.situations)
    opened = [word for level in column.situation.canaries.values() for word in level] if row.name == OPENS else []
    return [word for word in words if word not in opened]


def call(row: Row, column: Column, address: str, *, reads_version: bool) -> Any:
    """Refused callers are refused before anybody looks at the version they send, which is none of this service's."""
    if row.form:
        return column.browser.post(address, {**row.form(column.ids), "once": uuid4().hex})
    http = column.browser if row.is_page else column.api
    body = row.body(column.ids) if row.body else None
    made_up = '"1.0"' if row.name == DECIDED_BY_FIELDS else '"made up"'
    version = _version(http, address) if row.takes_version and reads_version else made_up
    headers = {"If-Match": version} if row.takes_version else {}
    return http.send(row.method.upper(), address, body, **headers)


def _version(http: Any, address: str) -> str:
    return str(http.send("GET", address).headers.get("ETag", '"1.0"'))


def text_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = " ".join(f"{name}: {value}" for name, value in answer.items())
    return f"{content.decode('utf-8', 'replace')} {headers} {unquote(headers)}"


def _nameless(answer: Any) -> bytes:
    """The body without the request's own id."""
    content: bytes = answer.content
    return content.replace(answer["X-Request-Id"].encode(), b"")


def _code(answer: Any) -> str:
    found = re.search(rb'"code": ?"(\w+)"', answer.content[:2000]) if not answer.streaming else None
    return found[1].decode() if found else ""


def refusal_is_logged(stage: Stage, column: Column) -> bool:
    if column.name.endswith(("wrong_scope", "reader")):
        return True  # a token without the scope asks about nobody
    with acting_as(stage.world.north.auditor.actor):
        return AccessLog.objects.filter(client_id=column.ids["client_id"], action="refused").exists()


# --- what everybody keeps, and what one finds ----------------------------------------------------------------------


FINGERPRINT = """
CREATE OR REPLACE FUNCTION fingerprint_of_everything() RETURNS text LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$ SELECT string_agg(digest, ',' ORDER BY digest) FROM ({rows}) AS t $$
"""


def compared_tables() -> list[str]:
    models = [model for name in COMPARED_APPS for model in apps.get_app_config(name).get_models()]
    return sorted({model._meta.db_table for model in models if model._meta.managed} - NOT_COMPARED)


def _digest_of(table: str) -> str:
    # Tokens remember when they were used; that is not of the domain.
    return f"SELECT '{table}:' || count(*) || ':' || coalesce(sum(hashtext(t::text)), 0) AS digest FROM {table} t"


def fingerprint() -> str:
    """Every row of every table about clients and clinics, whoever may see it, as one text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT fingerprint_of_everything()")
        found: str = cursor.fetchone()[0]
    return found


def asked_around(clinic: Any) -> dict[str, Any]:
    """The answers to every list, search and filter that could tell something about other clinics' clients."""
    day = "2020-01-01T00:00:00Z"
    asked: dict[str, tuple[str, str, Any]] = {}
    lists = ["clients", "referrals", "notes"]
    for path in [*lists, *(f"{path}?updated_since={day}" for path in lists), "visits", "care-plans"]:
        asked[path] = ("GET", path, None)
    for box in ("ours", "theirs", "client", "deciding", "drafts", "closed"):
        asked[box] = ("GET", f"referrals?box={box}", None)
    for state in ("sent", "accepted", "closed"):
        asked[state] = ("GET", f"referrals?state={state}&due_before=2100-01-01T00:00:00Z", None)
    accepted = Situation("accepted", SITUATIONS.index("accepted") + 1)
    for body in (
        {"query": f"{accepted.word}-family"},
        {"query": accepted.word},
        {"query": f"{accepted.word}@canary.example".lower()},
        {"query": f"+1 303 777 01{accepted.number:02}"},
        {"birth_date": f"1931-07-{accepted.number + 10}"},
        {"identifier": f"{accepted.word}-number"},
    ):
        asked[str(body)] = ("POST", "clients/search", body)
    asked["number"] = ("POST", "referrals/search", {"identifier": {"system": "urn:north", "value": "R-1"}})
    found = {}
    for name, (method, path, body) in asked.items():
        answer = clinic.http.send(method, path, body)
        assert answer.status_code == 200, (path, answer.content)
        found[name] = answer.json()
    return found


class _heard:
    """Everything any logger said meanwhile, as it would be written."""

    def __enter__(self) -> list[str]:
        self.lines: list[str] = []
        self.handler = logging.Handler(logging.DEBUG)
        formatter = SafeFormatter()
        self.handler.addFilter(RequestFilter())
        self.handler.emit = lambda record: self.lines.append(formatter.format(record))  # type: ignore[method-assign]  # a handler of one line
        logging.getLogger().addHandler(self.handler)
        return self.lines

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self.handler)
