"""One request, one transaction, one actor: opened before anything reads, closed after the answer is whole."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.db import Error as DatabaseFault
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from backend.directory.actors import actor_of_user, enter_with_token
from backend.directory.working_for import chosen_clinic
from backend.lib import clock
from backend.lib.actor import ANONYMOUS, Actor
from backend.lib.outages import is_outage
from backend.lib.problems import TooMany
from backend.lib.rest.problems import problem_response
from backend.lib.unit_of_work import acting_as, introduce, unit_of_work

Answer = Callable[[HttpRequest], HttpResponse]
# Readiness asks the database itself, also before it has any tables.
NEEDS_NO_TRANSACTION = ("/static/", "/health/")


class OneTransactionMiddleware:
    """Opens the request's transaction. An answer of 400 and above rolls back everything.

    What must outlive a refusal (a denied access, a wrong code) is put into ``request.after_refusal`` and written in a
    second short transaction; when that fails, so does the request.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(NEEDS_NO_TRANSACTION):
            return self.get_response(request)
        request.after_refusal = []  # type: ignore[attr-defined]  # read below and by services' edges
        with self._transaction(request):
            response = self.get_response(request)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        if response.status_code >= 400 and request.after_refusal:  # type: ignore[attr-defined]
            with acting_as(getattr(request, "actor", ANONYMOUS)):
                for write in request.after_refusal:  # type: ignore[attr-defined]
                    write()
        return response

    @contextmanager
    def _transaction(self, request: HttpRequest) -> Iterator[None]:
        """The first statement finds a token's caller; a session's caller is found later, by ``ActorMiddleware``.

        Nothing has happened before it, so a kept connection that died while it was idle is replaced by a new one.
        """
        with ExitStack() as stack:
            try:
                actor = stack.enter_context(unit_of_work(lambda: _enter(request)))
            except DatabaseFault as error:
                if connection.in_atomic_block or not is_outage(error):
                    raise
                connection.close()
                actor = stack.enter_context(unit_of_work(lambda: _enter(request)))
            request.actor = actor  # type: ignore[attr-defined]  # read by actor_of
            yield


def _enter(request: HttpRequest) -> tuple[Actor, datetime]:
    token = _bearer_token(request)
    if token is None:
        return ANONYMOUS, introduce(ANONYMOUS)
    actor, moment = enter_with_token(token)
    request.token_refused = not actor.is_known  # type: ignore[attr-defined]  # read by RequestActorAuthentication
    return actor, moment


def _bearer_token(request: HttpRequest) -> str | None:
    header = request.META.get("HTTP_AUTHORIZATION", "")
    return header[7:].strip() if header[:7].lower() == "bearer " else None


class ActorMiddleware:
    """Finds who is signed in when no token says who calls, and tells the database."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(NEEDS_NO_TRANSACTION):
            return self.get_response(request)
        if _bearer_token(request) is not None:
            return self.get_response(request)
        actor = _actor_of_session(request)
        request.actor = actor  # type: ignore[attr-defined]  # read by actor_of
        if actor.is_known:
            moment = introduce(actor)
            with clock.fixed_at(moment):
                return self.get_response(request)
        return self.get_response(request)


def _actor_of_session(request: HttpRequest) -> Actor:
    session = request.session
    if SESSION_KEY not in session:
        return ANONYMOUS
    seen, now = session.get("seen_at"), clock.real_now().timestamp()
    if seen is not None and now - seen > settings.SESSION_IDLE_SECONDS:
        logout(request)
        return ANONYMOUS
    # What a page asks by itself does not keep the session of somebody who has left.
    if seen is None or (now - seen > 60 and "X-Background" not in request.headers):
        session["seen_at"] = now
    user: Any = request.user
    if not user.is_authenticated:
        return ANONYMOUS
    methods = session.get("account_authentication_methods", [])
    has_second_factor = any(method.get("method") == "mfa" for method in methods)
    return actor_of_user(user.pk, chosen_clinic(request), second_factor=has_second_factor)


class RateLimitMiddleware:
    """Counts requests per caller and minute and says how many are left.

    Counted in this process's memory: with n web workers a caller may reach n times the limit. It keeps a runaway
    integration from starving the others; sign-in and codes have limits of their own, in the database.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.minute = 0
        self.counts: Counter[str] = Counter()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = getattr(request, "actor", ANONYMOUS)
        if not request.path.startswith("/api/") or not actor.is_known:
            return self.get_response(request)
        limit, (minute, second) = settings.RATE_LIMIT_PER_MINUTE, divmod(int(clock.real_now().timestamp()), 60)
        if minute != self.minute:
            self.minute, self.counts = minute, Counter()
        self.counts[actor.caller_key] += 1
        count, wait = self.counts[actor.caller_key], 60 - second
        if count > limit:
            problem = TooMany("Too many requests in this minute.", headers={"Retry-After": str(wait)})
            response = problem_response(problem)
        else:
            response = self.get_response(request)
        response["RateLimit-Policy"] = f'"minute";q={limit};w=60'
        response["RateLimit"] = f'"minute";r={max(limit - count, 0)};t={wait}'
        return response
