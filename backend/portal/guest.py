"""The pages of a colleague without an account: the door, who they are, the referral with every move of a recipient."""

import json
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.db import connection
from django.http import HttpRequest, HttpResponse

from backend.attachments.models import Attachment
from backend.attachments.services import download, open_file, store_attachment
from backend.audit.access_log import Look, log_looks
from backend.catalog.queries import catalog
from backend.catalog.words import places
from backend.directory.models import Location, Organization, PractitionerRole
from backend.lib import clock
from backend.lib.problems import Conflict, Forbidden, NotFound, Problem, invalid
from backend.lib.rest.authentication import actor_of
from backend.links.actors import actor_behind
from backend.links.services import revoke_links_of_referral
from backend.portal import words
from backend.portal.doors import (
    GUEST,
    Entry,
    before_claiming,
    code_page,
    come_in,
    door,
    see_other,
    show,
    submit,
)
from backend.portal.moves import MOST_TIMES, details_of
from backend.referrals import queries, rendering, services
from backend.referrals import workflow as w
from backend.referrals.files import attach, files_of
from backend.referrals.guests import attest, claim_guest_referrals
from backend.referrals.models import Guest, Message, Referral

ATTESTED = {
    "name": "your name",
    "clinic": "your clinic",
    "license_kind": "your license",
    "license_number": "its number",
    "place": "where it was issued",
}
LONGEST = {"name": 200, "clinic": 200, "license_kind": 100, "license_number": 60, "place": 100}
AT_THE_DOOR = (
    "state", "kind", "priority", "discipline", "regions", "due_at", "sender_organization_id", "sender_role_id", "is_attested",
)  # fmt: skip
# Moves inside the recipient's own clinic; a guest has none.
NOT_FOR_GUESTS = frozenset({"assign", "release", "pass"})
MOST_FILES = 5
FIRST = {
    "sign_in": "Sign in first, then open the link again.",
    "open_clinic": "Open your clinic first, or let its admin add you; then open the link again.",
    "take_role": "Take up a role as a practitioner in your clinic first; then open the link again.",
}


@door(GUEST, "GET", needs_code=False)
def page(request: HttpRequest, entry: Entry) -> HttpResponse:
    """The landing page; after the code who they are; after that the referral."""
    if entry.proven is None:
        if request.GET.get("code") == "sent":
            return code_page(request, entry)
        return show(request, "guest_landing.html", landing(entry))
    guest = Guest.objects.visible_to(entry.actor).get(pk=referral_id(entry))
    if guest.attested_at is None:
        return show(request, "attest.html", {"entry": entry, "guest": guest, "form": {"name": guest.name}})
    return referral_page(request, entry)


@door(GUEST, "POST", needs_code=False)
def not_me(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Wrong person, said without a code: the referral goes back to the sender, the link ends, nothing is shown."""
    seen = at_the_door(entry)
    if seen["state"] != w.SENT or seen["is_attested"]:
        raise Conflict("Somebody answered already. The clinic that wrote to you can tell you more.", code="answered")
    guest = actor_behind(entry.link)
    with clock.fixed_at(come_in(request, guest)):
        services.move_referral(referral_id(entry), "decline", actor=guest, reason="wrong_person")
        revoke_links_of_referral(referral_id(entry), actor=guest)
    return show(request, "thanks.html", {})


@door(GUEST, "POST")
def who(request: HttpRequest, entry: Entry) -> HttpResponse:
    """What the guest states of themselves, before anything opens."""
    said = {name: request.POST.get(name, "").strip()[: LONGEST[name]] for name in ATTESTED}
    missing = [label for name, label in ATTESTED.items() if not said[name]]
    if missing or request.POST.get("is_true") != "yes":
        ask = f"Please fill in {', '.join(missing)}." if missing else "Please tick that this is true."
        context = {"entry": entry, "form": said, "problem": invalid("/name", ask)}
        return show(request, "attest.html", context, status=400)

    def act() -> None:
        attest(referral_id(entry), actor=entry.actor, **said)

    return submit(request, entry, act, refused=said_already)


def said_already(request: HttpRequest, entry: Entry, *, problem: Problem) -> HttpResponse:
    """By a second press: the first one holds."""
    return see_other(entry.home)


@door(GUEST, "POST")
def move(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Every move of a recipient; a press on a page that is out of date changes nothing and says so."""
    check_attested(entry)
    name, version = request.POST.get("name", ""), request.POST.get("version", "")

    def act() -> None:
        zone = zone_of(entry)
        files = [store(upload, entry).pk for upload in request.FILES.getlist("files")[:MOST_FILES]]
        details = details_of(name, request.POST, zone=zone, attachment_ids=files)
        services.move_referral(
            referral_id(entry),
            name,
            actor=entry.actor,
            expected_version=int(version) if version.isdecimal() and len(version) < 10 else None,
            **details,
        )

    return submit(
        request, entry, act, said=words.SAID_AFTER.get(name, "Done. The sender is told."), refused=referral_page
    )


@door(GUEST, "POST")
def message(request: HttpRequest, entry: Entry) -> HttpResponse:
    check_attested(entry)
    text = request.POST.get("text", "").strip()

    def act() -> None:
        if not text:
            raise invalid("/text", "Write a message first.")
        services.add_message(referral_id(entry), actor=entry.actor, text=text[:10_000])

    return submit(request, entry, act, said="Your message is on its way.", part="#messages", refused=referral_page)


@door(GUEST, "POST")
def add_file(request: HttpRequest, entry: Entry) -> HttpResponse:
    check_attested(entry)

    def act() -> None:
        uploads = request.FILES.getlist("files")[:MOST_FILES]
        if not uploads:
            raise invalid("/files", "Choose a file first.")
        referral = services.locked(referral_id(entry), entry.actor)
        attach([store(upload, entry).pk for upload in uploads], referral=referral, actor=entry.actor)

    return submit(request, entry, act, said="Added.", part="#files", refused=referral_page)


@door(GUEST, "GET")
def file(request: HttpRequest, entry: Entry, file_id: UUID) -> HttpResponse:
    check_attested(entry)
    check_open(entry)
    return download(open_file(file_id, actor=entry.actor, ties=files_of(referral_id(entry), entry.actor)))


@door(GUEST, "GET")
def letter(request: HttpRequest, entry: Entry) -> HttpResponse:
    """The referral as a letter, for paper."""
    check_attested(entry)
    check_open(entry)
    log(entry, "referral", referral_id(entry))
    return show(request, "letter.html", context_of(entry))


@door(GUEST, "POST")
def claim(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Whoever gave this link's code and is signed in with the same address keeps the referrals in their account."""
    if entry.account is None or entry.claims_after:
        raise Forbidden(FIRST[entry.claims_after], code=f"{entry.claims_after}_first")
    with clock.fixed_at(come_in(request, entry.account)):
        claimed = claim_guest_referrals(actor=entry.account, proven_address=entry.link.contact)
    return see_other("/inbox" if claimed else entry.home)


def claim_with_account(request: HttpRequest) -> HttpResponse:
    """The same for an address that the account itself has confirmed."""
    actor = actor_of(request)
    if not request.user.is_authenticated:
        return see_other("/accounts/login/?next=/claim")
    if step := before_claiming(actor):
        return show(request, "claim.html", {"step": step})
    mine = EmailAddress.objects.filter(user_id=actor.user_id, verified=True).values_list("email", flat=True).first()
    if request.method == "POST" and mine:
        claimed = claim_guest_referrals(actor=actor, proven_address=mine)
        return show(request, "claim.html", {"claimed": len(claimed), "is_done": True, "is_confirmed": True})
    return show(request, "claim.html", {"is_confirmed": bool(mine)})


# --- what the pages are made of -------------------------------------------------------------------------------------


def referral_id(entry: Entry) -> UUID:
    assert entry.link.referral_id is not None
    return entry.link.referral_id


def at_the_door(entry: Entry) -> dict[str, Any]:
    """What may be read before proving who one is. Raises 404 when there is nothing any more."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(AT_THE_DOOR)} FROM referral_at_the_door()")  # noqa: S608 - constants
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    seen = dict(zip(AT_THE_DOOR, row, strict=True))
    return {**seen, "regions": json.loads(seen["regions"])}


def landing(entry: Entry) -> dict[str, Any]:
    seen = at_the_door(entry)
    clinic: Organization = Organization.objects.one(seen["sender_organization_id"])
    place = Location.objects.filter(organization=clinic).exclude(city="").order_by("created_at").first()
    role = PractitionerRole.objects.filter(pk=seen["sender_role_id"]).select_related("practitioner").first()
    return {
        "entry": entry,
        "clinic": clinic,
        "asker": str(role.practitioner) if role else "",
        "asker_discipline": words.discipline(role.discipline) if role else "",
        "discipline": words.discipline(seen["discipline"]),
        "kind": words.KINDS[seen["kind"]],
        "is_advice": seen["kind"] == Referral.Kind.ADVICE,
        "urgency": words.URGENCY[seen["priority"]],
        "area": words.areas(seen["regions"]),
        "place": place.city if place else "",
        "answer_by": words.by_when(seen["due_at"], clinic.time_zone) if seen["state"] == w.SENT else "",
        "may_say_not_me": seen["state"] == w.SENT and not seen["is_attested"],
    }


def referral_page(request: HttpRequest, entry: Entry, *, problem: Problem | None = None) -> HttpResponse:
    referral = Referral.objects.visible_to(entry.actor).one(referral_id(entry))
    if problem is None:
        services.mark_opened(referral.pk, actor=entry.actor)
        log(entry, "referral", referral.pk)
    context = {**context_of(entry), "problem": problem, "form": request.POST}
    return show(request, "guest_referral.html", context, status=problem.status if problem else 200)


def context_of(entry: Entry) -> dict[str, Any]:
    """The referral as this guest sees it, with their moves."""
    actor = entry.actor
    body = rendering.detail(queries.one_row(referral_id(entry), actor), actor)
    clinic: Organization = Organization.objects.one(body["sender"]["organization"]["id"])
    is_open = may_read(entry)
    zone = clinic.time_zone
    return {
        "entry": entry,
        "body": body,
        "clinic": clinic,
        "guest": Guest.objects.visible_to(actor).get(pk=referral_id(entry)),
        "is_open": is_open,
        "zone": zone,
        "now_there": clock.now().astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M"),
        "state": state_words(body, clinic),
        "due": words.when(body["due_at"], zone) if body["whose_move"] == w.RECIPIENT else "",
        "places": places(body["regions"]),
        "discipline": words.discipline(body["discipline"]),
        "kind": words.KINDS[body["kind"]],
        "urgency": words.URGENCY[body["priority"]],
        "red_flags": red_flags(body),
        "precautions": precautions(body),
        "moves": {m["name"]: m for m in body["available_transitions"] if m["name"] not in NOT_FOR_GUESTS},
        "times": [(t["id"], words.when(t["starts_at"], t["time_zone"])) for t in body.get("offered_times", [])],
        "visits": [(words.when(v["starts_at"], v["time_zone"]), v["state"]) for v in body["visits"] if v["is_current"]],
        "history": [(words.when(s["at"], zone), s["by"], words.STEPS[s["name"]]) for s in body["history"]],
        "messages_written": messages_of(entry, zone) if is_open else [],
        "reports": reports_of(entry, zone),
        "decline_reasons": [r for r in catalog().decline_reasons.values() if not r.needs_sentence],
        "decline_with_words": [r for r in catalog().decline_reasons.values() if r.needs_sentence],
        "new_precautions": list(catalog().precautions.values()),
        "not_completed_reasons": list(catalog().not_completed_reasons.values()),
        "slots": range(1, MOST_TIMES + 1),
    }


def messages_of(entry: Entry, zone: str) -> list[tuple[str, str, str]]:
    written = Message.objects.visible_to(entry.actor).filter(referral_id=referral_id(entry))
    return [(words.when(message.created_at, zone), message.by, message.text) for message in written]


def reports_of(entry: Entry, zone: str) -> list[dict[str, Any]]:
    signed = queries.reports_of(referral_id(entry), entry.actor)
    return [{**rendering.report(report), "when": words.when(report.signed_at, zone)} for report in signed]


def may_read(entry: Entry) -> bool:
    """A package that was never accepted closes with the referral or the consent; what was accepted stays as it was."""
    return Referral.objects.content_open_to(entry.actor).filter(pk=referral_id(entry)).exists()


def check_open(entry: Entry) -> None:
    if not may_read(entry):
        raise NotFound


def check_attested(entry: Entry) -> None:
    guest = Guest.objects.visible_to(entry.actor).get(pk=referral_id(entry))
    if guest.attested_at is None:
        raise Conflict("Say who you are first: name, clinic and license.", code="attestation_required")


def state_words(body: dict[str, Any], clinic: Organization) -> str:
    """The state as a sentence to the guest."""
    if body["state"] == w.NEEDS_INFORMATION:
        return f"You asked; {clinic.name} has not answered yet"
    if body["state"] == w.REPORTED:
        return f"Your answer is signed and with {clinic.name}"
    if body["state"] in w.DECIDING:
        return f"Over for you; {clinic.name} decides what now"
    return w.STATES[body["state"]].words.format(them="you", recipient="you", sender=clinic.name)


def red_flags(body: dict[str, Any]) -> list[str]:
    positive = (body.get("package") or {}).get("red_flags", {}).get("positive", [])
    return [catalog().red_flags[code].label for code in positive if code in catalog().red_flags]


def precautions(body: dict[str, Any]) -> list[str]:
    known = catalog().precautions
    return [
        f"{known[p['code']].label}{': ' + p['note'] if p.get('note') else ''}"
        for p in (body.get("package") or {}).get("precautions", [])
        if p["code"] in known
    ]


def zone_of(entry: Entry) -> str:
    referral = Referral.objects.visible_to(entry.actor).select_related("sender_organization").one(referral_id(entry))
    return referral.sender_organization.time_zone


def store(upload: Any, entry: Entry) -> Attachment:
    return store_attachment(actor=entry.actor, name=upload.name or "file", content=upload.read())


def log(entry: Entry, subject_type: str, subject_id: UUID) -> None:
    referral = Referral.objects.visible_to(entry.actor).one(referral_id(entry))
    if referral.client_id is not None:
        look = Look(subject_type, subject_id, referral.client_id, referral.sender_organization_id, why="guest_link")
        log_looks(entry.actor, [look])
