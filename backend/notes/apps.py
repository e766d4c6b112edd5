"""Notes: drafted, signed, then only amended; findings and asks."""

from importlib import import_module

from django.apps import AppConfig


class NotesConfig(AppConfig):
    name = "backend.notes"
    label = "notes"

    def ready(self) -> None:
        import_module("backend.notes.jobs")
