"""Mails and reminders from events."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "backend.notifications"
    label = "notifications"

    def ready(self) -> None:
        from backend.clients import hooks
        from backend.notifications import (  # noqa: F401 - reactions and work register
            about_clients,
            about_notes,
            about_plans,
            reactions,
            sending,
            services,
        )

        hooks.on_death.append(services.stop_with_death)
