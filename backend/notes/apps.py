"""Notes: drafted, signed, then only amended; findings and asks."""

from importlib import import_module

from django.apps import AppConfig


class NotesConfig(AppConfig):
    name = "backend.notes"
    label = "notes"

    def ready(self) -> None:
        for name in ("files", "jobs"):
            import_module(f"backend.notes.{name}")
