"""Events, access log, work that waits, idempotency."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "backend.audit"
    label = "audit"

    def ready(self) -> None:
        from backend.audit import jobs  # noqa: F401 - registers the work it handles
