"""Files that go with a note: on its draft, under its signature, and read by nobody who does not read its objective."""

import hashlib
from base64 import b64encode
from typing import Any

import psycopg2
import pytest

from backend.attachments.models import Attachment
from backend.attachments.services import open_file
from backend.audit.models import AccessLog
from backend.lib.ids import uuid7
from backend.lib.problems import NotFound
from backend.lib.rest.views import canonical
from backend.lib.unit_of_work import acting_as
from backend.notes import queries, signing
from backend.notes.models import NoteFile
from backend.referrals.models import ReferralFile
from tests import make
from tests.attachments.files import PDF, PNG, TEXT, opened, uploaded
from tests.attacks.sql import insert, refused, rows
from tests.notes.test_visibility import WITHOUT_ASKS, by_link
from tests.notes.writing import change, draft, read, share, sign, signed

pytestmark = pytest.mark.django_db
FACTS = ("id", "name", "media_type", "size", "sha256", "scan_state")


def with_file(clinic: make.Clinic, client_id: str, **more: Any) -> tuple[Any, str]:
    """A signed note with a file, and the file's id."""
    file = uploaded(clinic)["id"]
    return signed(clinic, client_id, attachment_ids=[file], **more), file


def stored(file: str) -> bool:
    """Whether the bytes are still there, for whoever asked last."""
    return Attachment.objects.filter(pk=file).exists()


def status(http: make.Api, file: str) -> int:
    return int(opened(http, file).status_code)


def test_a_draft_carries_files_which_it_lists_and_which_are_downloads_only(north: make.Clinic, client_id: str) -> None:
    files = [uploaded(north, content, name) for content, name in ((PNG, "posture.png"), (TEXT, "../a<b>.html"))]

    note = draft(north, client_id, attachment_ids=[file["id"] for file in files])

    assert note["attachments"] == read(north.http, note["id"]).json()["attachments"] == files
    assert [(f["name"], f["media_type"], f["size"]) for f in files] == [
        ("posture.png", "image/png", len(PNG)),
        ("_a_b_.html", "text/plain", len(TEXT)),
    ]
    assert [f["sha256"] for f in files] == [hashlib.sha256(content).hexdigest() for content in (PNG, TEXT)]
    assert north.http.send("GET", f"notes/{note['id']}/attachments").json()["results"] == files
    answer = opened(north.http, files[0])
    assert (answer.content, answer["Content-Type"]) == (PNG, "image/png")
    assert answer["Content-Disposition"] == 'attachment; filename="posture.png"'
    assert (answer["X-Content-Type-Options"], "sandbox" in answer["Content-Security-Policy"]) == ("nosniff", True)
    digest = b64encode(hashlib.sha256(answer.content).digest()).decode()
    assert answer["Repr-Digest"] == f"sha-256=:{digest}:", "RFC 9530"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Röntgen.pdf", "attachment; filename*=utf-8''R%C3%B6ntgen.pdf"),
        ("頸椎 左.pdf", "attachment; filename*=utf-8''%E9%A0%B8%E6%A4%8E%20%E5%B7%A6.pdf"),
        ('ö";\r\nX-Evil: 1.pdf', "attachment; filename*=utf-8''%C3%B6_%3BX-Evil_%201.pdf"),
        ("a\u2028b;filename=c.exe.pdf", "attachment; filename*=utf-8''a%E2%80%A8b%3Bfilename%3Dc.exe.pdf"),
        ("../../Ä/b\\c.pdf", "attachment; filename*=utf-8''_.._%C3%84_b_c.pdf"),
        ('a"b\\c;d.pdf', 'attachment; filename="a_b_c;d.pdf"'),
    ],
)
def test_a_download_is_saved_under_the_name_it_was_sent_with(north: make.Clinic, name: str, header: str) -> None:
    file = uploaded(north, PDF, name)

    answer = opened(north.http, file)

    assert (answer.status_code, answer["Content-Disposition"]) == (200, header)
    assert "X-Evil" not in answer


def test_the_list_is_replaced_whole_and_what_is_left_out_is_gone(north: make.Clinic, client_id: str) -> None:
    first, second, third = (uploaded(north)["id"] for _ in range(3))
    note = draft(north, client_id, attachment_ids=[first, second])

    untouched = change(north.http, note, plan="Heat.").json()
    replaced = change(north.http, untouched, attachment_ids=[second, third]).json()
    cleared = change(north.http, replaced, attachment_ids=[]).json()

    assert [[file["id"] for file in each["attachments"]] for each in (untouched, replaced, cleared)] == [
        [first, second],
        [second, third],
        [],
    ]
    assert [status(north.http, file) for file in (first, second, third)] == [404] * 3
    assert not any(stored(file) for file in (first, second, third))
    again = change(north.http, cleared, attachment_ids=[first])
    assert (again.status_code, again.json()["code"]) == (400, "unknown_attachment")


@pytest.mark.parametrize("sent", [None, "x", ["x"], [None], {"a": 1}, [[]], [str(uuid7())] * 21])
def test_what_is_no_list_of_files_is_refused(north: make.Clinic, client_id: str, sent: Any) -> None:
    note = draft(north, client_id)

    answer = change(north.http, note, attachment_ids=sent)

    assert answer.status_code == 400, answer.content
    assert read(north.http, note["id"]).json() == note


def test_a_file_hangs_once_and_on_what_its_uploader_writes(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    of_south, sent_off, mine = uploaded(south)["id"], uploaded(north)["id"], uploaded(north)["id"]
    make.referral(north, south, client_id=client_id, send=False, attachment_ids=[sent_off])
    _, on_a_note = with_file(north, client_id)
    note = draft(north, client_id)

    for ids in ([of_south], [sent_off], [on_a_note], [mine, mine], [mine, str(uuid7())]):
        answer = change(north.http, note, attachment_ids=ids)
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_attachment"), ids
        assert answer.json()["errors"][0]["pointer"] == f"/attachment_ids/{len(ids) - 1}"

    assert read(north.http, note["id"]).json() == note
    on_a_referral = make.referral_body(south, client_id=client_id, send=False, attachment_ids=[on_a_note])
    assert north.http.send("POST", "referrals", on_a_referral).status_code == 400
    assert change(north.http, note, attachment_ids=[mine]).status_code == 200


def test_files_belong_to_their_day_and_go_with_their_draft(north: make.Clinic, client_id: str) -> None:
    source, file = with_file(north, client_id)
    copy = north.http.send("POST", "notes", {"copy_from": source["id"]}).json()
    thrown = uploaded(north)["id"]
    note = draft(north, client_id, attachment_ids=[thrown])

    gone = north.http.send("DELETE", f"notes/{note['id']}", **{"If-Match": '"1.x"'})

    assert (copy["attachments"], stored(file)) == ([], True)
    assert (gone.status_code, status(north.http, thrown), stored(thrown)) == (204, 404, False)


# --- who reads them ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "consent", "theirs"),
    [
        ({}, {}, 200),
        ({}, {"categories": ["plan", "outcomes"]}, 404),
        ({"shared_sections": ["objective"]}, {}, 200),
        ({"shared_sections": ["subjective", "assessment", "plan"]}, {}, 404),
        ({"is_sensitive": True}, {}, 404),
        ({"is_sensitive": True}, {"categories": ["notes", "sensitive"]}, 200),
        ({"visibility": "clinic"}, {}, 404),
        ({"visibility": "author", **WITHOUT_ASKS}, {"categories": ["notes", "sensitive"]}, 404),
    ],
)
def test_a_file_leaves_its_clinic_as_far_as_the_objective_does(
    north: make.Clinic,
    south: make.Clinic,
    outsider: make.Clinic,
    client_id: str,
    written: dict[str, Any],
    consent: dict[str, Any],
    theirs: int,
) -> None:
    share(north, client_id, south, **consent)
    _, file = with_file(north, client_id, **written)

    assert (status(north.http, file), status(outsider.http, file)) == (200, 404)
    assert status(south.http, file) == status(south.system, file) == theirs
    for clinic, seen in ((south, theirs == 200), (outsider, False)):
        assert rows(clinic, "SELECT 1 FROM attachments_attachment WHERE id = %s", file) == ([(1,)] if seen else [])


def test_a_draft_and_an_authors_own_note_keep_their_files_to_themselves(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    _, private = with_file(north, client_id, visibility="author", **WITHOUT_ASKS)
    drafted = uploaded(north)["id"]
    draft(north, client_id, attachment_ids=[drafted])
    colleague = make.person(north.organization, "practitioner", discipline="massage_therapy")
    others = (colleague, north.auditor, north.coordinator, north.admin)

    assert [status(person.http, private) for person in others] == [404] * 4
    assert [status(person.http, drafted) for person in others] == [200, 200, 404, 404]
    assert status(north.system, private) == status(south.http, private) == status(south.http, drafted) == 404
    for person in others:
        assert rows(person.actor, "SELECT 1 FROM attachments_attachment WHERE id = %s", private) == []


def test_a_file_that_stays_in_the_clinic_is_named_as_withheld_and_not_shown(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    file = uploaded(north, name="canary.pdf")["id"]
    note = signed(north, client_id, attachment_ids=[file], shared_sections=["plan"])

    theirs, listed = read(south.http, note["id"]), south.http.send("GET", f"notes/{note['id']}/attachments")

    assert "attachments" in theirs.json()["withheld"]
    assert b"canary" not in theirs.content
    assert listed.json()["results"] == []


def test_a_wrong_client_takes_the_file_away_and_another_mistake_does_not(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    (wrong, taken), (mistaken, kept) = with_file(north, client_id), with_file(north, client_id)
    for note, reason in ((wrong, "wrong_client"), (mistaken, "wrong_entry")):
        north.http.send("POST", f"notes/{note['id']}/entered-in-error", {"reason": reason})

    assert (status(south.http, taken), status(south.http, kept)) == (404, 200)
    assert (status(north.http, taken), status(north.http, kept)) == (200, 200)


def test_two_circles_never_see_through_each_other(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    share(north, client_id, east)
    files = [with_file(clinic, client_id, **WITHOUT_ASKS, techniques=[])[1] for clinic in (north, south, east)]

    seen = [[status(clinic.http, file) for file in files] for clinic in (north, south, east)]

    assert seen == [[200, 200, 200], [200, 200, 404], [200, 404, 200]]


def test_a_client_opens_what_was_shared_with_the_care_team(north: make.Clinic, client_id: str) -> None:
    _, shared = with_file(north, client_id)
    _, hidden = with_file(north, client_id, visibility="clinic")
    actor = by_link(north, client_id)

    with acting_as(actor):
        assert bytes(open_file(shared, actor=actor).content) == PDF
        with pytest.raises(NotFound):
            open_file(hidden, actor=actor)


def test_every_look_of_another_clinic_and_of_an_auditor_is_logged(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    share(north, client_id, south)
    _, file = with_file(north, client_id)
    for http in (north.http, south.http, north.auditor.http):
        assert status(http, file) == 200

    with acting_as(north.auditor.actor):
        looks = AccessLog.objects.filter(subject_type="attachment", subject_id=file).order_by("at")
        seen = [(look.actor_display, look.why, str(look.client_id)) for look in looks]

    assert seen == [("South Physio Practitioner", "circle", client_id), ("North Massage Auditor", "own", client_id)]


def test_a_broken_glass_opens_the_file_of_what_it_opens_and_says_why(
    north: make.Clinic, south: make.Clinic, client_id: str
) -> None:
    consent = make.consent(north, client_id, south)
    (_, shared), (_, sensitive) = with_file(north, client_id), with_file(north, client_id, is_sensitive=True)
    north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {})
    assert status(south.http, shared) == 404
    type(south.organization).objects.filter(pk=south.id).update(break_glass_enabled=True)
    south.http.send("POST", f"clients/{client_id}/break-glass", {"reason": "Collapsed in the waiting room."})

    assert (status(south.http, shared), status(south.http, sensitive)) == (200, 404)
    with acting_as(north.auditor.actor):
        assert AccessLog.objects.get(subject_type="attachment", subject_id=shared).why == "break_glass"


def test_a_token_opens_files_of_what_its_scopes_name(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    _, of_note = with_file(north, client_id)
    of_referral, free = uploaded(north)["id"], uploaded(north)["id"]
    make.referral(north, south, client_id=client_id, send=False, attachment_ids=[of_referral])

    def system(scopes: str) -> make.Api:
        return make.Api(make.token(of=make.application(north.organization, scopes), scopes=scopes))

    seen = [
        [status(system(scopes), file) for file in (of_note, of_referral, free)]
        for scopes in ("notes:read", "referrals:read", "clients:read")
    ]

    assert seen == [[200, 403, 200], [403, 200, 200], [403, 403, 403]]


@pytest.mark.parametrize("withdrawn", [False, True])
def test_querysets_and_walls_say_the_same(
    north: make.Clinic, south: make.Clinic, east: make.Clinic, outsider: make.Clinic, client_id: str, withdrawn: bool
) -> None:
    consent = share(north, client_id, south)
    share(north, client_id, east, categories=["sensitive"])
    for more in ({}, {"is_sensitive": True}, {"visibility": "clinic"}, {"shared_sections": ["plan"]}):
        with_file(north, client_id, **more)
    with_file(north, client_id, visibility="author", **WITHOUT_ASKS)
    mistaken, _ = with_file(south, client_id, techniques=[])
    south.http.send("POST", f"notes/{mistaken['id']}/entered-in-error", {"reason": "wrong_client"})
    uploaded(south)
    make.referral(north, south, client_id=client_id, attachment_ids=[uploaded(north)["id"]])
    if withdrawn:
        north.http.send("POST", f"clients/{client_id}/consents/{consent['id']}/withdraw", {})

    people = [clinic.practitioner for clinic in (north, south, east, outsider)]
    people.append(make.person(north.organization, "practitioner", discipline="massage_therapy"))
    seen = []
    for actor in (*(person.actor for person in people), by_link(north, client_id)):
        with acting_as(actor):
            models: tuple[Any, ...] = (Attachment, NoteFile, ReferralFile)
            for model in models:
                scoped = set(model.objects.visible_to(actor).values_list("pk", flat=True))
                assert scoped == set(model.objects.values_list("pk", flat=True)), (actor.display, model)
            seen.append(Attachment.objects.count())
    assert seen == [6, 2 if withdrawn else 4, 0, 0, 5, 3]


# --- the lock ------------------------------------------------------------------------------------------------------


def tie(note: Any, file: str) -> tuple[str, list[Any]]:
    return insert("notes_notefile", attachment_id=file, note_id=note["id"])


def test_after_signing_the_database_lets_no_file_on_or_off(north: make.Clinic, client_id: str) -> None:
    note, file = with_file(north, client_id)
    free, other = uploaded(north)["id"], draft(north, client_id)
    before = read(north.http, note["id"]).json()

    assert change(north.http, note, attachment_ids=[]).json()["code"] == "wrong_state"
    assert refused(north, tie(note, free)[0], *tie(note, free)[1])
    assert refused(north, "DELETE FROM notes_notefile WHERE attachment_id = %s", file)
    assert refused(north, "UPDATE notes_notefile SET note_id = %s WHERE attachment_id = %s", other["id"], file)
    assert refused(north, "UPDATE notes_notefile SET attachment_id = %s WHERE attachment_id = %s", free, file)
    assert refused(north, "UPDATE attachments_attachment SET content = 'x' WHERE id = %s", file)
    assert refused(north, "DELETE FROM attachments_attachment WHERE id = %s", file)
    assert read(north.http, note["id"]).json() == before


def test_nobody_hangs_anothers_file_to_read_it(north: make.Clinic, south: make.Clinic, client_id: str) -> None:
    _, on_a_note = with_file(north, client_id)
    free, theirs = uploaded(north)["id"], draft(south, make.client(south)["id"], techniques=[])

    for file in (free, on_a_note):
        with pytest.raises(Exception, match="there is no such file of yours"):
            rows(south, tie(theirs, file)[0], *tie(theirs, file)[1])
        assert refused(south, "UPDATE attachments_attachment SET organization_id = %s WHERE id = %s", south.id, file)
        assert rows(south, "SELECT 1 FROM attachments_attachment WHERE id = %s", file) == []


@pytest.mark.django_db(transaction=True)
def test_the_owner_does_not_change_the_files_of_a_signed_note_by_mistake(
    north: make.Clinic, client_id: str, owner_connection: "psycopg2.extensions.connection"
) -> None:
    note, file = with_file(north, client_id)
    free = uploaded(north)["id"]

    for statement in (
        f"INSERT INTO notes_notefile (attachment_id, note_id) VALUES ('{free}', '{note['id']}')",
        "DELETE FROM notes_notefile",
        f"UPDATE notes_notefile SET attachment_id = '{free}'",
        "UPDATE attachments_attachment SET content = 'Else.'",
        "UPDATE attachments_attachment SET name = 'Else.'",
        f"UPDATE attachments_attachment SET hangs_on = '' WHERE id = '{file}'",
        f"DELETE FROM attachments_attachment WHERE id = '{file}'; SET CONSTRAINTS ALL IMMEDIATE",
    ):
        with owner_connection.cursor() as cursor, pytest.raises(psycopg2.IntegrityError):
            cursor.execute(statement)
        owner_connection.rollback()

    assert read(north.http, note["id"]).json() == note


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("tampering", "answer"),
    [
        ("UPDATE attachments_attachment SET content = 'Else.'", 409),
        ("UPDATE attachments_attachment SET content = 'Else.', sha256 = encode(sha256('Else.'), 'hex')", 200),
        ("UPDATE attachments_attachment SET sha256 = ''", 409),
        ("UPDATE attachments_attachment SET name = 'else.pdf'", 200),
        ("UPDATE attachments_attachment SET media_type = 'text/html'", 200),
        ("DELETE FROM notes_notefile", 404),
    ],
)
def test_tampering_with_a_file_by_the_databases_owner_shows(
    north: make.Clinic,
    south: make.Clinic,
    client_id: str,
    owner_connection: "psycopg2.extensions.connection",
    tampering: str,
    answer: int,
) -> None:
    share(north, client_id, south)
    note, file = with_file(north, client_id)
    assert read(south.http, note["id"]).json()["integrity"] == "intact"
    table = tampering.split()[2 if tampering.startswith("DELETE") else 1]

    with owner_connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(tampering)
        assert cursor.rowcount == 1
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    owner_connection.commit()

    assert read(north.http, note["id"]).json()["integrity"] == "changed"
    assert read(south.http, note["id"]).json()["integrity"] == "changed"
    assert [row["integrity"] for row in south.http.send("GET", "notes").json()["results"]] == ["changed"]
    assert status(south.http, file) == answer


def test_what_was_signed_before_files_could_go_along_keeps_its_hash(north: make.Clinic, client_id: str) -> None:
    note = signed(north, client_id)
    actor = north.practitioner.actor

    with acting_as(actor):
        row = queries.one_row(note["id"], actor)
    names = (*signing.SIGNED_FACTS, *signing.SIGNATURE_FACTS)
    before = {
        "after": signing.FIRST,
        **signing._facts(row, names),
        "sections": sorted(row["section_list"], key=lambda section: str(section["name"])),
        "findings": row["finding_list"],
        "techniques": row["technique_list"],
        "asks": [{name: ask[name] for name in signing.ASK_FACTS} for ask in row["ask_list"]],
    }

    assert hashlib.sha256(canonical(before).encode()).hexdigest() == note["content_hash"]
    assert sign(north.http, draft(north, client_id)["id"])["integrity"] == "intact"
