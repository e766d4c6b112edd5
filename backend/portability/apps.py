"""Exports: everything that may be handed over of one client, as files."""

from django.apps import AppConfig


class PortabilityConfig(AppConfig):
    name = "backend.portability"
    label = "portability"

    def ready(self) -> None:
        from backend.portability import jobs  # noqa: F401 - registers what the worker does
        from backend.portability.models import Export
        from backend.record.queries import feed

        feed.SUBJECTS["export"] = feed.Subject("export", Export, "/api/v1/exports/{id}")
