"""The toolkit; its system checks."""

from django.apps import AppConfig


class LibConfig(AppConfig):
    name = "backend.lib"
    label = "lib"

    def ready(self) -> None:
        from backend.lib import checks  # noqa: F401 - registers the checks
