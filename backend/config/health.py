"""Is the process alive, and can it do its work?"""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

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


def _not_ready(detail: str, *, code: str) -> HttpResponse:
    return problem_response(Unavailable(detail, code=code, headers={"Retry-After": "5"}))
