"""Is the process alive, and can it do its work?"""

from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from backend.audit import work
from backend.lib.problems import Unavailable
from backend.lib.rest.problems import problem_response


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; asks no database."""
    return JsonResponse({"status": "alive"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and has every migration of this code, else 503."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        connection.close()
        return _not_ready("The database does not answer.", code="database_unavailable")
    if missing:
        return _not_ready("The database waits for its migrations.", code="migrations_missing")
    return JsonResponse({"status": "ready"})


@require_safe
def working(request: HttpRequest) -> HttpResponse:
    """200 with how much work is tried again; 503 while some was given up, until the operator raises it.

    Apart from ``ready``: the web goes on answering while a mail server is away.
    """
    try:
        found = work.trouble()
    except DatabaseError:
        connection.close()
        return _not_ready("The database does not answer.", code="database_unavailable")
    if found.dead:
        detail = "Some work was given up after three days; find out why, then run manage.py work --raise-dead."
        return _not_ready(detail, code="work_given_up", extra={"failing": found.failing, "dead": found.dead})
    return JsonResponse({"status": "working", "failing": found.failing, "dead": 0})


def _not_ready(detail: str, *, code: str, extra: Mapping[str, Any] | None = None) -> HttpResponse:
    return problem_response(Unavailable(detail, code=code, headers={"Retry-After": "5"}, **(extra or {})))
