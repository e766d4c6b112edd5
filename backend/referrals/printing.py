"""A referral's letter and its reports on paper: what this reader may see, in words, as PDF."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.dateparse import parse_date, parse_datetime

from backend.catalog.queries import catalog
from backend.catalog.words import label_of, places
from backend.directory.letterhead import Letterhead, footer, letterhead_of
from backend.lib import clock
from backend.lib.actor import Actor
from backend.lib.ids import short_id
from backend.lib.problems import Forbidden
from backend.lib.typesetting import Block, Document, Section, pdf_of, said
from backend.lib.zones import day_in_words, moment_in_words, zone_named
from backend.notes.models import Note
from backend.referrals import deadlines, queries, rendering, reports, services
from backend.referrals import workflow as w
from backend.referrals.models import Referral, Report

Body = Mapping[str, Any]

KINDS = {
    Referral.Kind.ADVICE: "Advice: a question between colleagues, no visit",
    Referral.Kind.EVALUATE: "Evaluate",
    Referral.Kind.EVALUATE_AND_TREAT: "Evaluate and treat",
    Referral.Kind.CO_MANAGE: "Treat together with us",
}
PRIORITIES = {
    Referral.Priority.ROUTINE: "Routine",
    Referral.Priority.URGENT: "Urgent",
    Referral.Priority.ASAP: "As soon as possible",
}
STATUS = {
    w.DRAFT: "Not sent yet.",
    w.NEEDS_INFORMATION: "You asked us for information; until we answer, your time to answer stands still.",
    w.ACCEPTED: "Accepted; first visit by {when}.",
    w.TIMES_OFFERED: "Times are offered; the client chooses by {when}.",
    w.WAITLISTED: "On your wait list; to be looked at again by {when}.",
    w.BOOKED: "A visit is booked; say by {when} whether the client came.",
    w.IN_CARE: "In care; the next report is due by {when}.",
}
WRONG_CLIENT = "A note that was about another client. It was entered in error."
SIGNATURES = {
    Report.SignatureKind.HERE: "Signed here: the signer was signed in to Trialogue as themselves.",
    Report.SignatureKind.ELSEWHERE: "Signed elsewhere: in the clinic's own software, sent by that clinic's system.",
    Report.SignatureKind.GUEST: "Attested, not verified: a colleague without an account signed with the name, clinic and "
    "license they gave; only their e-mail address was proved.",
    Report.SignatureKind.RECORDED_BY_SENDER: "Recorded by the sender: the answer came another way, and the sender's staff "
    "wrote it down. Its author did not sign here.",
}
OUTCOMES = {
    Report.Outcome.ANSWERED: "The question is answered",
    Report.Outcome.PARTLY: "The question is answered in part",
    Report.Outcome.NOT_COMPLETED: "Not completed",
}
FRONT_DESK = (
    "Front desk copy: red-flag answers, findings, scores, what was tried, goals and files are left out. "
    "A practitioner prints the whole letter."
)


def letter(referral_id: UUID | str, *, actor: Actor) -> bytes:
    """The referral as a letter, for this reader: withheld stays withheld, and the look is logged.

    It is typeset inside the caller's transaction, which holds no lock on the referral; it takes some 50 ms. Raises 404
    when the referral is not the reader's to see, 403 ``right_required`` when its content is not.
    """
    row = queries.one_row(referral_id, actor)
    body = rendering.detail(row, actor)
    made = letter_pdf(body)
    if queries.is_unopened(row, actor):
        services.mark_opened(referral_id, actor=actor)
    queries.log_shown(actor, [row])
    return made


def report(referral_id: UUID | str, report_id: UUID | str, *, actor: Actor) -> bytes:
    """One signed report on paper. Raises 404 when there is none for this reader, 403 for those who read no reports."""
    row = queries.one_row(referral_id, actor)
    if not actor.reads_clinical:
        raise Forbidden("Reports are read by practitioners.", code="right_required")
    readable = queries.reports_of(row["id"], actor)
    found = readable.one(report_id)
    made = report_pdf(
        rendering.detail(row, actor),
        rendering.report(found),
        is_superseded=readable.filter(supersedes_id=found.pk).exists(),
    )
    queries.log_shown(actor, [row])
    return made


def letter_pdf(body: Body) -> bytes:
    """The letter made from ``rendering.detail``. Reads the clinics' addresses. 403 when the content is withheld."""
    if "package" not in body:
        raise Forbidden("This letter is printed by those who may read what is in it.", code="right_required")
    package, short = body["package"], short_id(body["id"])
    sender, recipient = _side(body["sender"]), _side(body["recipient"])
    zone = (recipient if recipient.clinic else sender).time_zone
    now = clock.now()
    return pdf_of(
        Document(
            title=f"Referral letter {short}",
            sender=Block(sender.name, sender.contact),
            banner=_banner(body),
            blocks=[
                Block("From", _person(sender)),
                Block("To", _addressee(body, recipient)),
                Block("Client", _client(package["client"])),
            ],
            facts=[*_facts(body, zone)],
            sections=[*_letter_sections(body, sender)],
            footer=_footer(body, zone),
            paper=sender.paper,
        ),
        printed_at=now,
    )


def report_pdf(body: Body, report: Body, *, is_superseded: bool = False) -> bytes:
    """A report made from ``rendering.report`` and the referral it answers. Reads the clinics' addresses."""
    sender, recipient = _side(body["sender"]), _side(body["recipient"])
    zone = (recipient if recipient.clinic else sender).time_zone
    package, now = body.get("package"), clock.now()
    client = _client(package["client"]) if package else ["The client's name is not open to you any more."]
    return pdf_of(
        Document(
            title=f"{'Final' if report['is_final'] else 'Interim'} report on referral {short_id(body['id'])}",
            sender=Block(_reporting(body, recipient), recipient.contact),
            banner=_report_banner(report, is_superseded=is_superseded),
            blocks=[Block("To", _person(sender)), Block("Client", client)],
            facts=[*_report_facts(body, report, zone)],
            sections=[*_report_sections(body, report, zone)],
            footer=_footer(body, zone),
            paper=sender.paper,
        ),
        printed_at=now,
    )


def _report_banner(report: Body, *, is_superseded: bool) -> str | None:
    if report["entered_in_error"]:
        return "This report was entered in error."
    return "A later report replaces this one." if is_superseded else None


# --- the two sides -----------------------------------------------------------------------------------------------


def _side(side: Body) -> Letterhead:
    return letterhead_of(side["organization"], side["practitioner_role"])


def _person(side: Letterhead) -> list[str]:
    if side.role is None:
        return [side.name]
    title = catalog().disciplines.get(side.role.discipline)
    license_held = reports.license_of(side.role)
    return said([str(side.role.practitioner), title.practitioner_title if title else "", license_held, side.name])


def _addressee(body: Body, recipient: Letterhead) -> list[str]:
    to = body["recipient"]
    discipline = label_of("disciplines", to["discipline"])
    if guest := to["guest"]:
        return said([guest["name"], discipline, guest["attested_clinic"]])
    if recipient.clinic is None:
        return said(["Whoever takes it first", discipline, f"near {to['near']}" if to["near"] else ""])
    person = [str(recipient.role.practitioner)] if recipient.role else []
    return said([*person, discipline, recipient.name, *recipient.contact])


def _client(client: Body | None) -> list[str]:
    if client is None:
        return ["No client is named: a question between colleagues."]
    born = parse_date(client["birth_date"]) if client["birth_date"] else None
    town = " ".join(said([client["city"], client["region"], client["postal_code"], client["country"]]))
    language = f"Language: {client['language']}" if client["language"] else ""
    known = [f"born {day_in_words(born)}" if born else "", client["gender"] if client["gender"] != "unknown" else ""]
    lines = [client["display"], ", ".join(said(known)), client["address"], town, client["phone"], client["email"]]
    return said([*lines, language])


# --- the letter --------------------------------------------------------------------------------------------------


def _banner(body: Body) -> str | None:
    state = "Draft: this letter was not sent." if body["tracking"]["sent_at"] is None else ""
    if body["state"] == w.WITHDRAWN:
        state = "Withdrawn by the sender."
    copy = FRONT_DESK if "package.findings" in body["withheld"] else ""
    return " ".join(said([state, copy])) or None


def _facts(body: Body, zone: str) -> Iterable[tuple[str, str]]:
    sent = parse_datetime(body["tracking"]["sent_at"] or "")
    yield "Date", day_in_words(sent.astimezone(zone_named(zone)).date()) if sent else "not sent"
    yield "Asked for", KINDS[body["kind"]] + (". The lead passes to you." if body["transfer"] else "")
    yield "Priority", PRIORITIES[body["priority"]]
    yield _reply(body, zone)
    if body["regions"]:
        yield "Regions", places(body["regions"])
    if body["technique_ids"]:
        yield "Techniques", ", ".join(label_of("techniques", code) for code in body["technique_ids"])
    if order := body.get("order"):
        yield "Order", _order(order)
    numbers = {"Our number": body["identifiers"]["sender"], "Your number": body["identifiers"]["recipient"]}
    yield from ((name, number["value"]) for name, number in numbers.items() if number)


def _reply(body: Body, zone: str) -> tuple[str, str]:
    """By when an answer is asked for; later on, where the referral stands."""
    due = parse_datetime(body["due_at"] or "")
    when = moment_in_words(due, zone) if due else "the day you agreed on"
    if body["state"] == w.SENT or (body["state"] == w.ACCEPTED and body["kind"] == Referral.Kind.ADVICE):
        return "Reply by", f"{when} (this time has passed)" if body["is_overdue"] else when
    sentence = STATUS.get(body["state"]) or f"{w.STATES[body['state']].words}."
    return "Status", sentence.format(when=when, them="you", recipient="The recipient", sender="The sender")


def _order(order: Body) -> str:
    until = parse_date(order["until"]) if order["until"] else None
    parts = [
        order["number"],
        f"by {order['by']}" if order["by"] else "",
        f"{order['visits']} visits" if order["visits"] else "",
        f"until {day_in_words(until)}" if until else "",
    ]
    return ", ".join(said(parts))


def _letter_sections(body: Body, sender: Letterhead) -> Iterable[Section]:
    package = body["package"]
    yield Section("Question", package["question"], framed=True)
    yield Section("Reason", package["reason"])
    if "red_flags" in package:
        yield Section("Red flags", _red_flags(package["red_flags"]))
        yield Section("Precautions", _precautions(package["precautions"]))
    else:
        yield Section("Precautions", package["precautions_line"] or "None named here.")
    written = {
        "Findings": package.get("findings"),
        "Scores": "\n".join(_score(each) for each in package.get("scores", [])),
        "Tried so far": package.get("tried"),
        "Goals": package.get("goals"),
        "Files that go with it": "\n".join(each["name"] for each in body.get("attachments", [])),
    }
    yield from (Section(title, text) for title, text in written.items() if text)
    yield Section("What we ask back", _expected(body, package.get("feedback_wanted")))
    if body["state"] in (*w.BEFORE_CARE, w.IN_CARE):
        yield Section("How to answer", _how_to_answer(body, sender))


def _red_flags(flags: Body) -> str:
    if not flags.get("asked") and not flags.get("positive"):
        return "Not asked."
    known = catalog().red_flags
    found = [known[code] for code in flags.get("positive", []) if code in known]
    lines = [f"{catalog().urgencies[flag.urgency].label}: {flag.label}" for flag in found]
    done = {
        "Emergency care": flags.get("emergency_action"),
        "Not sent to medicine because": flags.get("why_not_medicine"),
    }
    lines += [f"{name}: {text}" for name, text in done.items() if text]
    return "\n".join(lines) or "Asked; none is positive."


def _precautions(rows: Sequence[Body]) -> str:
    lines = []
    for row in rows:
        place = f" ({places(row['regions'])})" if row["regions"] else ""
        lines.append(f"{label_of('precautions', row['code'])}{place}{': ' + row['note'] if row['note'] else ''}")
    return "\n".join(lines) or "None named here."


def _score(score: Body) -> str:
    on = parse_date(score["on"]) if score["on"] else None
    return f"{score['measure'].upper()}: {score['value']}{', ' + day_in_words(on) if on else ''}"


def _expected(body: Body, wanted: str | None) -> str:
    """What closes this loop, by the same due times the service reminds of."""
    days = deadlines.DEFAULTS[w.IN_CARE][body["priority"]].amount
    by_then = f"within {days} day{'' if days == 1 else 's'} of the first visit"
    again = f", then every {deadlines.REPORT_EVERY_DAYS} days and at discharge"
    sentence = {
        Referral.Kind.ADVICE: "A written answer to the question. No visit is asked for.",
        Referral.Kind.EVALUATE: f"Your findings and an answer to the question, in a signed report {by_then}.",
        Referral.Kind.EVALUATE_AND_TREAT: f"A signed report that answers the question {by_then}{again}.",
        Referral.Kind.CO_MANAGE: f"A signed report that answers the question {by_then}{again}. We go on treating, too.",
    }[body["kind"]]
    return "\n".join(said([sentence, wanted or ""]))


def _how_to_answer(body: Body, sender: Letterhead) -> str:
    if body["recipient"]["guest"]:
        way = "Open the link in the e-mail you got from Trialogue; you need no account."
    else:
        way = f"Sign in at {settings.BASE_URL}/referrals/{body['id']}"
    phone = sender.clinic.phone if sender.clinic else ""
    other = f"Or call {phone}" if phone else "Or call or write to us"
    return f"{way}\n{other}, and name referral {short_id(body['id'])}."


# --- the report --------------------------------------------------------------------------------------------------


def _reporting(body: Body, recipient: Letterhead) -> str:
    """The clinic the report comes from; a guest's as the guest or the sender named it."""
    guest = body["recipient"]["guest"]
    return recipient.name or (guest and (guest["attested_clinic"] or guest["name"])) or "Report"


def _report_facts(body: Body, report: Body, zone: str) -> Iterable[tuple[str, str]]:
    reason = report["not_completed_reason"]
    why = f": {label_of('not_completed_reasons', reason)}" if reason else ""
    yield "Outcome", OUTCOMES[report["outcome"]] + why
    if report["has_red_flag"]:
        yield "Red flag", "This report carries a red flag. Read it at once."
    if codes := report["new_precautions"]:
        yield "New precautions", ", ".join(label_of("precautions", code) for code in codes)
    yield "Regions", places(body["regions"]) or "none named"
    yield "Received", moment_in_words(parse_datetime(report["signature"]["received_at"]), zone)
    if report["read_at"]:
        yield "Read", f"{moment_in_words(parse_datetime(report['read_at']), zone)}, by {report['read_by']}"
    if report["supersedes_id"]:
        yield "Replaces", "an earlier report on this referral"


def _report_sections(body: Body, report: Body, zone: str) -> Iterable[Section]:
    question = (body.get("package") or {}).get("question")
    if question:
        yield Section("The question was", question)
    yield Section("Answer", report["answer"], framed=True)
    written = {
        "Findings": report["findings"],
        "Recommendations": report["recommendations"],
        "Written from": "\n".join(_quote(each, zone) for each in report["quotes"]),
        "Files that go with it": "\n".join(each["name"] for each in report["attachments"]),
    }
    yield from (Section(title, text) for title, text in written.items() if text)
    signature = report["signature"]
    lines = [
        signature["practitioner"],
        signature["license"],
        moment_in_words(parse_datetime(signature["signed_at"]), zone),
        SIGNATURES[signature["kind"]],
    ]
    yield Section("Signature", "\n".join(said(lines)), framed=True)
    yield Section("SHA-256 of what was signed", report["content_hash"])


def _quote(quote: Body, zone: str) -> str:
    """A note by its kind, day and signature; what it says is on the note's own paper."""
    if quote["kind"] is None:
        return WRONG_CLIENT
    kind = str(Note.Kind(quote["kind"]).label).capitalize()
    error = "" if quote["stands"] else " This note was entered in error later."
    when = moment_in_words(parse_datetime(quote["occurred_at"]), zone)
    return f"{kind} note, {when}, signed by {quote['signed_by']} (SHA-256 {quote['content_hash']}).{error}"


# --- in words ----------------------------------------------------------------------------------------------------


def _footer(body: Body, zone: str) -> str:
    return footer(f"Referral {short_id(body['id'])}", zone)
