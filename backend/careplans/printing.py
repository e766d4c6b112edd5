"""A care plan on paper: what this reader may see, in words, as PDF."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_date, parse_datetime

from backend.careplans import policies, queries, rendering, words
from backend.careplans import workflow as w
from backend.catalog.queries import catalog
from backend.clients.models import Client
from backend.directory.letterhead import footer, letterhead_of
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import short_id
from backend.lib.typesetting import Block, Document, Section, pdf_of, said
from backend.lib.zones import day_in_words, moment_in_words, zone_named

Body = Mapping[str, Any]

DRAFT = "Draft: nobody works from this plan yet."
IN_ERROR = "This plan was entered in error."
STRUCK = "What stands here struck through was entered in error."
ALONE = "One clinic is on this plan; nobody is asked to agree."


def plan(plan_id: UUID | str, *, actor: Actor) -> bytes:
    """The plan as it stands, for this reader: withheld stays withheld, and the look is logged.

    Raises 404 when the plan is not the reader's to see, 403 ``right_required`` for those who read no plans.
    """
    row = queries.one_row(plan_id, actor)
    policies.check_reads(actor)
    client = Client.objects.visible_to(actor).filter(pk=row["client_id"]).first()
    made = plan_pdf(
        rendering.detail(row, actor),
        born=client.birth_date.isoformat() if client and client.birth_date else "",
        is_closed=rendering.is_closed(row, actor),
    )
    queries.log_looks_at(actor, [row])
    return made


def plan_pdf(body: Body, *, born: str = "", is_closed: bool = False) -> bytes:
    """The page made from ``rendering.detail``. Reads the lead's address."""
    short, lead = short_id(body["id"]), body["lead"]
    head = letterhead_of(lead["organization"], lead["practitioner_role"])
    birth_day = parse_date(born)
    person = lead["practitioner_role"]["display"] if lead["practitioner_role"] else ""
    return pdf_of(
        Document(
            title=f"Care plan {short}",
            sender=Block(head.name, head.contact),
            banner=_banner(body, is_closed=is_closed),
            blocks=[
                Block(
                    "Client", said([body["client"]["display"], f"born {day_in_words(birth_day)}" if birth_day else ""])
                ),
                Block("Lead", said([person, head.name])),
            ],
            facts=[*_facts(body, head.time_zone)],
            sections=[*_sections(body, head.time_zone)],
            footer=footer(f"Care plan {short}", head.time_zone),
            paper=head.paper,
        ),
        printed_at=clock.now(),
    )


def _banner(body: Body, *, is_closed: bool) -> str | None:
    is_error = body["entered_in_error"] or body.get("state_reason") == "entered_in_error"
    state = {w.DRAFT: DRAFT}.get(body["state"], IN_ERROR if is_error else "")
    struck = STRUCK if body["entered_in_error"] else ""
    left_out = words.CLOSED if is_closed else words.FRONT_DESK if "goals" not in body else ""
    return " ".join(said([state, struck, left_out])) or None


def _facts(body: Body, zone: str) -> Iterator[tuple[str, str]]:
    if body.get("title"):
        yield "About", body["title"]
    yield "State", words.state_of(body)
    if body["entered_in_error"]:
        return
    if body.get("review_on") and body["state"] not in w.FINISHED:
        yield "Next review", day_in_words(parse_date(body["review_on"]) or clock.now().date())
    yield from _agreement(body.get("agreement"), zone)


def _agreement(agreement: Body | None, zone: str) -> Iterator[tuple[str, str]]:
    """Which version this is, and what each party says to it."""
    if agreement is None:
        return
    published = parse_datetime(agreement["published_at"] or "")
    yield "Version", f"{agreement['version']}, {moment_in_words(published, zone)}" if published else "not published yet"
    if not agreement["is_asked"]:
        yield "Agreement", ALONE
    elif published:
        answers = {"Agreed by": "agree", "Objection by": "object", "Not answered": None}
        yield from ((name, who) for name, answer in answers.items() if (who := words.who_said(agreement, answer)))


def _sections(body: Body, zone: str) -> Iterator[Section]:
    names = {member["organization"]["id"]: member["organization"]["display"] for member in body["team"]}
    is_shared = bool(body.get("agreement") and body["agreement"]["is_asked"])
    written = {
        "Goals": _rows([_goal(goal, names, is_shared=is_shared) for goal in _standing(body.get("goals", ()))]),
        **_lines([*_standing(body["interventions"])], names, is_shared=is_shared),
        "Problems": "\n".join(_problem(row) for row in _standing(body.get("problems", ()))),
        "Phases": "\n".join(" ".join(said([row["name"], words.period(row)])) for row in _standing(body["phases"])),
        "Team": "\n".join(_member(member, zone) for member in body["team"]),
        "Changed since this version": "\n".join(body.get("unpublished", ())),
        "Open proposals": _rows([_proposal(row) for row in body.get("proposals", ())]),
    }
    is_struck = body["entered_in_error"] is not None
    yield from (Section(title, text, struck=is_struck) for title, text in written.items() if text)
    if text := _rows([*_in_error(body, names)]):
        yield Section(words.IN_ERROR, text, struck=True)


def _in_error(body: Body, names: Mapping[str, str]) -> Iterator[str]:
    """What was entered in error while the plan stands."""
    yield from (_goal(row, names, is_shared=False) for row in body.get("goals", ()) if row["entered_in_error"])
    yield from (_line(row, names, is_shared=False) for row in body["interventions"] if row["entered_in_error"])
    yield from (_problem(row) for row in body.get("problems", ()) if row["entered_in_error"])
    yield from (row["name"] for row in body["phases"] if row["entered_in_error"])


def _standing(rows: Iterable[Body]) -> Iterator[Body]:
    return (row for row in rows if not row["entered_in_error"])


def _lines(lines: Sequence[Body], names: Mapping[str, str], *, is_shared: bool) -> dict[str, str]:
    """One section for what each clinic does in each discipline."""
    found: dict[str, list[str]] = {}
    for line in lines:
        discipline = catalog().disciplines.get(line["discipline"])
        title = ", ".join(said([line["organization"]["display"], discipline.label if discipline else ""]))
        found.setdefault(title, []).append(_line(line, names, is_shared=is_shared))
    return {title: _rows(rows) for title, rows in found.items()}


def _line(line: Body, names: Mapping[str, str], *, is_shared: bool) -> str:
    title = ": ".join(said([line.get("focus") or "A line", words.state_of_line(line)]))
    by = line["practitioner_role"]["display"] if line["practitioner_role"] else ""
    facts = [f"{name}: {text}" for name, text in words.line_facts(line)]
    return "\n".join(said([title, by, *facts, _waiting(line, names) if is_shared else ""]))


def _goal(goal: Body, names: Mapping[str, str], *, is_shared: bool) -> str:
    title = ": ".join(said([f"“{goal['words']}”", words.state_of_goal(goal)]))
    facts = ", ".join(f"{name.lower()} {text}" for name, text in words.goal_facts(goal))
    return "\n".join(said([title, facts, _waiting(goal, names) if is_shared else ""]))


def _waiting(row: Body, names: Mapping[str, str]) -> str:
    silent = row.get("agreement", {}).get("waiting_for", ())
    waiting = [name for pk, name in names.items() if pk in silent]
    return f"Not agreed to yet by {', '.join(waiting)}." if waiting else ""


def _problem(row: Body) -> str:
    resolved = words.state_of_problem(row)
    return " ".join(
        said([row["text"], f"({row['icd10']})" if row["icd10"] else "", f"[{resolved}]" if resolved else ""])
    )


def _member(member: Body, zone: str) -> str:
    person = member["practitioner_role"]["display"] if member["practitioner_role"] else ""
    until = parse_datetime(member["until"] or "")
    role = "leads" if member["role"] == "lead" and member["is_live"] else ""
    gone = f"until {day_in_words(until.astimezone(zone_named(zone)).date())}" if until else ""
    return ", ".join(said([member["organization"]["display"], person, role, gone]))


def _proposal(proposal: Body) -> str:
    kinds = {"change": "Change", "add": "Add", "end": "End"}
    to = f"{kinds[proposal['kind']]}, proposed by {proposal['by']}, {proposal['organization']['display']}"
    return f"{to}, to {proposal['owner']['display']}\n{proposal['why']}"


def _rows(texts: Sequence[str]) -> str:
    """Each in a paragraph of its own."""
    return "\n\n".join(texts)
