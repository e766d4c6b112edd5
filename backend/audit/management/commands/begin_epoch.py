"""After a migration or a restore, before web and worker start: keeps the feed's order when the server is another."""

from typing import Any

from django.core.management.base import BaseCommand

from backend.audit.epoch import begin_epoch


class Command(BaseCommand):
    help = "Begins a new epoch of the event feed when the database has moved to another server. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if begin_epoch() and options["verbosity"] > 0:
            self.stdout.write("A new epoch of the event feed has begun.")
