"""Making, ending and finding links; asking for and checking the code that proves who came."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from backend.audit.access_log import Look, log_refusal
from backend.audit.models import AccessLog
from backend.lib import clock
from backend.lib.actor import Actor, ActorKind
from backend.lib.problems import Gone, TooMany
from backend.lib.unit_of_work import current_actor, introduce
from backend.links.actors import holder_of
from backend.links.models import Code, Link
from backend.links.tokens import link_id_in

CODE_LIVES = timedelta(minutes=10)
MOST_TRIES = 5
MOST_CODES, CODES_WITHIN = 5, timedelta(hours=1)


def make_link(
    *,
    actor: Actor,
    purpose: Link.Purpose,
    organization_id: UUID,
    contact: str,
    client_id: UUID | None = None,
    referral_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> Link:
    """A link in the name of the actor's organization; the wall refuses another's.

    ``contact`` is the address its codes go to; nobody can change it later.
    """
    return Link.objects.create(
        purpose=purpose,
        organization_id=organization_id,
        contact=contact,
        client_id=client_id,
        referral_id=referral_id,
        expires_at=expires_at,
    )


def revoke_links_of_referral(referral_id: UUID, *, actor: Actor) -> int:
    """Ends the links that the actor's organization sent for a referral; returns how many were live."""
    links = Link.objects.visible_to(actor).filter(referral_id=referral_id, revoked_at=None)
    return links.update(revoked_at=clock.now(), version=F("version") + 1)


def revoke_links_of_client(client_id: UUID) -> int:
    """Ends every link that leads to a client, whichever clinic sent it; returns how many were live.

    The database lets clinics that see the client's record do it, and the client.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT revoke_links_of_client(%s)", [client_id])
        count: int = cursor.fetchone()[0]
    return count


def end_links_of_referral(referral_id: UUID, *, at: datetime, actor: Actor) -> int:
    """Lets the links that the actor's organization sent for a referral live until then; returns how many."""
    links = Link.objects.visible_to(actor).filter(referral_id=referral_id, revoked_at=None)
    return links.update(expires_at=at, version=F("version") + 1)


def find_link(token: str) -> Link | None:
    """The link of this address, live or not, or None. From here on the transaction is that of the link's holder."""
    link_id = link_id_in(token)
    if link_id is None:
        return None
    holder = Actor(kind=ActorKind.LINK, link_id=link_id)
    introduce(holder)
    return Link.objects.visible_to(holder).first()


def request_code(link: Link) -> str:
    """A new six-digit code, to be sent to ``link.contact``; earlier ones no longer count.

    Inside the transaction of ``find_link``. 410 for a link that has ended, 429 after five codes in an hour.
    """
    Link.objects.visible_to(holder_of(link)).locked().one(link.id)
    if not link.is_live:
        raise Gone("This link has ended. Ask whoever sent it for a new one.", code="link_ended")
    _refuse_too_many_codes(link)
    code = f"{secrets.randbelow(1_000_000):06}"
    made = Code(link=link)
    made.code_hash = _hash(made, code, settings.SECRET_KEY)
    made.save(force_insert=True)
    return code


def note_not_sent(link: Link) -> None:
    """The mail with the newest code did not leave: whoever waits for it is told on the page. As the link's holder."""
    newest = _newest_code(link)
    if newest is not None:
        Code.objects.filter(pk=newest.pk).update(was_not_sent=True)


def was_code_sent(link: Link) -> bool:
    """Whether the newest code left. As the link's holder."""
    newest = Code.objects.visible_to(holder_of(link)).order_by("-created_at", "-id").first()
    return newest is None or not newest.was_not_sent


def check_code(link: Link, code: str) -> bool:
    """Whether this is the newest code of a live link: ten minutes, five tries, once.

    After a no, let the request end with a refusal and put ``register_wrong_try`` into ``request.after_refusal``.
    """
    newest = _newest_code(link)
    if newest is None or not link.is_live or not _is_usable(newest) or not _matches(newest, code):
        return False
    newest.used_at = clock.real_now()
    newest.save(update_fields=["used_at"])
    if link.opened_at is None:
        link.opened_at = clock.now()
        link.save(update_fields=["opened_at"])
    return True


def register_wrong_try(link: Link) -> None:
    """Counts a wrong code and logs it, in a transaction that outlives the refusal."""
    acting, holder = current_actor(), holder_of(link)
    introduce(holder)
    newest = _newest_code(link)
    if newest is not None:
        Code.objects.filter(pk=newest.pk).update(tries=F("tries") + 1)
    look = Look("link", link.id, client_id=link.client_id, owner_id=link.organization_id, why=link.purpose)
    log_refusal(holder, look, action=AccessLog.Action.WRONG_CODE)
    introduce(acting)


def _refuse_too_many_codes(link: Link) -> None:
    now = clock.real_now()
    recent = list(
        Code.objects.filter(link=link, created_at__gt=now - CODES_WITHIN)
        .order_by("-created_at")
        .values_list("created_at", flat=True)[:MOST_CODES]
    )
    if len(recent) == MOST_CODES:
        wait = int((recent[-1] + CODES_WITHIN - now).total_seconds()) + 1
        raise TooMany(
            f"Five codes were sent within an hour. Try again in {-(-wait // 60)} minutes.",
            code="too_many_codes",
            headers={"Retry-After": str(wait)},
        )


def _newest_code(link: Link) -> Code | None:
    codes = Code.objects.visible_to(holder_of(link)).locked()
    return codes.order_by("-created_at", "-id").first()


def _is_usable(code: Code) -> bool:
    age = clock.real_now() - code.created_at
    return code.used_at is None and code.tries < MOST_TRIES and age < CODE_LIVES


def _matches(made: Code, code: str) -> bool:
    typed = code.replace(" ", "").replace("-", "")
    if not (typed.isascii() and typed.isdigit()):
        return False
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any([constant_time_compare(made.code_hash, _hash(made, typed, key)) for key in keys])  # noqa: C419 - all keys


def _hash(made: Code, code: str, key: str | bytes) -> str:
    """Bound to the row, so that equal codes do not look equal."""
    return salted_hmac("trialogue.links.code", f"{made.id}:{code}", secret=key, algorithm="sha256").hexdigest()
