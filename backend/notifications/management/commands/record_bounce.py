"""Records that a mail came back, by its Message-ID: for whatever reads the mailbox of bounces."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backend.notifications.services import record_bounce


class Command(BaseCommand):
    help = "Records that a mail came back; the sender of the referral is told."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("message_id", help="The Message-ID of the mail that came back.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not record_bounce(options["message_id"]):
            raise CommandError("No mail that left here has this Message-ID, or its bounce is recorded already.")
