"""The client's own pages behind a link: say yes or no, choose a time, see who may see, stop sharing."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from backend.audit.access_log import Look, log_looks
from backend.audit.models import AccessLog
from backend.clients import services as clients
from backend.clients.models import Access, Client, Consent
from backend.clients.queries import looks_at
from backend.clients.rendering import names_of
from backend.directory.eligibility import today_at
from backend.directory.models import Organization, PractitionerRole
from backend.lib import clock
from backend.lib.actor import ActorKind
from backend.lib.problems import Problem
from backend.portal import words
from backend.portal.doors import (
    CLIENT,
    Entry,
    code_page,
    door,
    show,
    submit,
)
from backend.referrals import services
from backend.referrals import workflow as w
from backend.referrals.models import Guest, OfferedTime, Package, Referral, ReferralVisit
from backend.visits.models import Visit

LOOKS = 20
CATEGORIES = (
    ("plan", "Your plan", "What each of them does with you, and how often."),
    ("notes", "Notes", "What they wrote after a visit."),
    ("outcomes", "How you are doing", "Your answers to questions, such as how strong the pain is."),
    ("sensitive", "Sensitive things", "For example about mental health or pregnancy. Left out unless you tick it."),
)
RELATIONSHIPS = (
    ("parent", "parent"),
    ("guardian", "guardian"),
    ("attorney", "attorney"),
    ("spouse", "wife, husband or partner"),
    ("other", "somebody else"),
)
WHY = {
    "home": "where you are a client",
    "referral": "because you were sent there",
    "care_team": "part of your team",
    "break_glass": "in an emergency",
}
STATES = {
    w.AWAITING_CONSENT: "waits for your yes or no",
    w.SENT: "was asked and has not answered yet",
    w.NEEDS_INFORMATION: "has a question for the clinic that sends you",
    w.ACCEPTED: "said yes and will find a time with you",
    w.TIMES_OFFERED: "said yes. Please pick a time",
    w.WAITLISTED: "put you on the wait list",
    w.BOOKED: "expects you",
    w.IN_CARE: "is treating you",
    w.CANCELLATION_REQUESTED: "is treating you",
    w.REPORTED: "has answered the clinic that sent you",
    w.DECLINED: "said no. The clinic that sends you looks for another way",
    w.EXPIRED: "did not answer. The clinic that sends you looks for another way",
    w.UNREACHABLE: "could not reach you. Please ring the clinic that sends you",
    w.CLIENT_DECLINED: "is not asked any more, as you said",
    w.CLOSED: "is done",
    w.WITHDRAWN: "is not asked any more",
    w.REDIRECTED: "is not asked any more; somebody else is",
}


@door(CLIENT, "GET", needs_code=False)
def page(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Who asks; after the code, the question of this link or the client's own page."""
    if entry.proven is None:
        if request.GET.get("code") == "sent":
            return code_page(request, entry)
        clinic: Organization = Organization.objects.one(entry.link.organization_id)
        return show(request, "client_landing.html", {"entry": entry, "clinic": clinic, "is_client": True})
    return own_page(request, entry) if request.GET.get("see") == "all" else first_page(request, entry)


@door(CLIENT, "POST")
def answer(request: HttpRequest, entry: Entry, referral_id: UUID) -> HttpResponse:
    """Yes, yes but not …, or no; by the client or by whoever may answer for them."""
    says_yes = request.POST.get("answer") != "no"

    def act() -> None:
        details: dict[str, Any] = {"given_by": given_by(request)} if given_by(request) else {}
        if says_yes:
            details["categories"] = request.POST.getlist("categories")
            details["excluded_practitioner_ids"] = request.POST.getlist("not_this_person")
            if request.POST.get("expires_on"):
                details["expires_on"] = request.POST["expires_on"]
        name = "consent_given" if says_yes else "consent_refused"
        services.move_referral(referral_id, name, actor=entry.actor, **details)

    said = "Thank you. It is on its way." if says_yes else "Thank you. Nothing is shared."
    return submit(request, entry, act, said=said, refused=first_page)


@door(CLIENT, "POST")
def choose(request: HttpRequest, entry: Entry, referral_id: UUID) -> HttpResponse:
    def act() -> None:
        services.move_referral(referral_id, "choose_time", actor=entry.actor, time_id=request.POST.get("time_id", ""))

    return submit(request, entry, act, said="Your visit is booked.", refused=own_page)


@door(CLIENT, "POST")
def cancel(request: HttpRequest, entry: Entry, referral_id: UUID) -> HttpResponse:
    def act() -> None:
        services.move_referral(referral_id, "cancel_visit", actor=entry.actor, by="client")

    return submit(
        request, entry, act, said="The visit is cancelled. They will find another time with you.", refused=own_page
    )


@door(CLIENT, "GET", "POST")
def stop(request: HttpRequest, entry: Entry, consent_id: UUID) -> HttpResponse:
    """Withdrawing: what it means, and one press."""
    consent = Consent.objects.visible_to(entry.actor).one(consent_id)
    if request.method != "POST":
        return show(
            request, "stop.html", {"entry": entry, "circle": circle(consent), "consent": consent, "is_client": True}
        )

    def act() -> None:
        clients.withdraw_consent(consent.pk, actor=entry.actor)

    return submit(request, entry, act, said="Sharing has stopped.", refused=own_page)


# --- what the pages are made of -------------------------------------------------------------------------------------


def given_by(request: HttpRequest) -> dict[str, str]:
    """Somebody who answers for the client: name and relationship; empty when the client answers."""
    name = request.POST.get("given_by_name", "").strip()[:200]
    relationship = request.POST.get("given_by_relationship", "other")
    known = dict(RELATIONSHIPS)
    return {"name": name, "relationship": relationship if relationship in known else "other"} if name else {}


def own_referrals(entry: Entry) -> list[Referral]:
    """What a clinic sent or wants to send for this client; never an unsent draft."""
    rows = Referral.objects.visible_to(entry.actor).exclude(state=w.DRAFT).exclude(Q(state=w.REDIRECTED))
    related = (
        "sender_organization",
        "recipient_organization",
        "recipient_role__practitioner",
        "sender_role__practitioner",
    )
    return list(rows.select_related(*related).order_by("-created_at")[:20])


def asked_for_consent(entry: Entry) -> Referral | None:
    waiting = [r for r in own_referrals(entry) if r.state == w.AWAITING_CONSENT]
    mine = [r for r in waiting if r.pk == entry.link.referral_id]
    return next(iter([*mine, *waiting]), None)


def first_page(request: HttpRequest, entry: Entry, *, problem: Problem | None = None) -> HttpResponse:
    """What waits for the client's yes or no comes before their own page."""
    asked = asked_for_consent(entry)
    if asked is None:
        return own_page(request, entry, problem=problem)
    return consent_page(request, entry, asked, problem=problem)


def consent_page(
    request: HttpRequest, entry: Entry, referral: Referral, *, problem: Problem | None = None
) -> HttpResponse:
    log(entry)
    package = Package.objects.visible_to(entry.actor).get(pk=referral.pk)
    colleagues = (
        PractitionerRole.objects.filter(organization_id=referral.recipient_organization_id, ended_at=None)
        .exclude(pk=referral.recipient_role_id)
        .select_related("practitioner")
        if referral.recipient_organization_id
        else PractitionerRole.objects.none()
    )
    context = {
        "entry": entry,
        "is_client": True,
        "client": Client.objects.visible_to(entry.actor).get(pk=client_id(entry)),
        "referral": referral,
        "clinic": referral.sender_organization,
        "asker": str(referral.sender_role.practitioner) if referral.sender_role else "",
        "recipient": recipient(referral, entry),
        "why": package.reason,
        "kind": words.KINDS[referral.kind],
        "categories": CATEGORIES,
        "colleagues": {role.practitioner_id: str(role.practitioner) for role in colleagues},
        "relationships": RELATIONSHIPS,
        "today": today_at(referral.sender_organization).isoformat(),
        "problem": problem,
    }
    return show(request, "consent.html", context, status=problem.status if problem else 200)


def own_page(request: HttpRequest, entry: Entry, *, problem: Problem | None = None) -> HttpResponse:
    log(entry)
    consents = Consent.objects.visible_to(entry.actor).in_force().order_by("-given_at")
    context = {
        "entry": entry,
        "is_client": True,
        "client": Client.objects.visible_to(entry.actor).get(pk=client_id(entry)),
        "referrals": [shown(referral, entry) for referral in own_referrals(entry)],
        "people": who_sees(entry),
        "looks": who_looked(entry),
        "consents": [(consent, circle(consent)) for consent in consents],
        "problem": problem,
    }
    return show(request, "client_page.html", context, status=problem.status if problem else 200)


def client_id(entry: Entry) -> UUID:
    assert entry.link.client_id is not None
    return entry.link.client_id


def log(entry: Entry) -> None:
    """Whoever holds a client's link and code leaves a trace, as everybody does."""
    look = Look("client", client_id(entry), client_id(entry), entry.link.organization_id, why="client_link")
    log_looks(entry.actor, [look])


def shown(referral: Referral, entry: Entry) -> dict[str, Any]:
    """One referral in the client's words, with what they may do now."""
    offers = OfferedTime.objects.visible_to(entry.actor).filter(referral=referral, is_open=True)
    return {
        "id": referral.pk,
        "who": recipient(referral, entry),
        "state": STATES[referral.state],
        "from": referral.sender_organization,
        "visit": current_visit(referral, entry) if referral.state == w.BOOKED else "",
        "times": [(o.pk, words.when(o.starts_at, o.time_zone)) for o in offers if o.starts_at > clock.now()]
        if referral.state == w.TIMES_OFFERED
        else [],
        "asks": referral.state == w.AWAITING_CONSENT,
    }


def current_visit(referral: Referral, entry: Entry) -> str:
    booked = ReferralVisit.objects.visible_to(entry.actor).filter(referral=referral, is_current=True)
    visit = Visit.objects.filter(pk__in=booked.values("visit_id"), client_id=entry.link.client_id).first()
    return words.when(visit.starts_at, visit.time_zone) if visit else ""


def recipient(referral: Referral, entry: Entry) -> str:
    """Who is asked, by name where there is one."""
    if referral.is_guest:
        guest = Guest.objects.visible_to(entry.actor).filter(pk=referral.pk).first()
        return f"{guest.name} ({words.discipline(referral.discipline)})" if guest else "A colleague"
    if referral.recipient_organization is None:
        near = f" near {referral.pool_near}" if referral.pool_near else ""
        return f"Whoever of {words.discipline(referral.discipline)}{near} takes it first"
    role = referral.recipient_role
    clinic = referral.recipient_organization.name
    return f"{role.practitioner}, {clinic}" if role else clinic


def who_sees(entry: Entry) -> list[dict[str, str]]:
    """One line a clinic: since when, until when, why."""
    rows = Access.objects.visible_to(entry.actor).live().select_related("organization").order_by("from_at")
    return [
        {
            "who": row.organization.name,
            "why": f"{WHY[row.why]}: {row.reason}" if row.reason else WHY[row.why],
            "how_much": "only what was sent" if row.extent == Access.Extent.PACKAGE else "",
            "since": words.by_when(row.from_at, row.organization.time_zone),
            "until": words.by_when(row.until, row.organization.time_zone),
        }
        for row in rows
    ]


def who_looked(entry: Entry) -> list[dict[str, str]]:
    """The last looks by others than the client: when, who, why."""
    mine = looks_at(entry.actor, [client_id(entry)]).exclude(actor_kind=ActorKind.CLIENT)
    newest = list(mine.filter(action__in=(AccessLog.Action.READ, AccessLog.Action.BROKE_GLASS)).order_by("-at")[:LOOKS])
    names = names_of(look.organization_id for look in newest)
    zone = Organization.objects.values_list("time_zone", flat=True).get(pk=entry.link.organization_id)
    return [
        {
            "when": words.when(look.at, zone),
            "who": look.actor_display or "A clinic's system",
            "clinic": names.get(look.organization_id, "") if look.organization_id else "a colleague without an account",
            "why": WHY.get(look.why, ""),
        }
        for look in newest
    ]


def circle(consent: Consent) -> str:
    """The names of who shares with each other."""
    names = list(
        Organization.objects.filter(pk__in=consent.organization_ids).order_by("name").values_list("name", flat=True)
    )
    return ", ".join([*names, *consent.guests])
