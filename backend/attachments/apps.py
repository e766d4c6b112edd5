"""Files: kept as they were sniffed and hashed, scanned when there is a scanner, served as downloads only."""

from importlib import import_module

from django.apps import AppConfig


class AttachmentsConfig(AppConfig):
    name = "backend.attachments"
    label = "attachments"

    def ready(self) -> None:
        for name in ("checks", "jobs"):
            import_module(f"backend.attachments.{name}")
