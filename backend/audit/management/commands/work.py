"""The worker: does work when it is due, woken by NOTIFY, with polling behind it."""

import logging
import select
import signal
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseFault
from django.db import connection

from backend.audit import work
from backend.audit.keeping import forget_old_answers
from backend.lib.outages import is_outage

HOUR = 3600.0
log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Does the work that waits: reminders, due times, mails, reactions to events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--raise-dead", action="store_true", help="try again what was given up, say how much that is, and end"
        )
        parser.add_argument("--poll", type=float, default=1.0, help="seconds between looks when nothing wakes it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["raise_dead"]:
            self.stdout.write(f"{work.raise_dead()} given another life.")
            return
        self.running, forgot_at = True, 0.0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while self.running:
            try:
                if time.monotonic() - forgot_at > HOUR:
                    forget_old_answers()
                    forgot_at = time.monotonic()
                if not work.run_one():
                    self.wait(options["poll"])
            except DatabaseFault as error:
                if not is_outage(error):
                    raise
                log.warning("database not available; trying again")
                connection.close()
                self.pause(2.0)

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.running = False

    def wait(self, seconds: float) -> None:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {work.CHANNEL}")
        raw = connection.connection
        if select.select([raw], [], [], seconds)[0]:
            raw.poll()
            raw.notifies.clear()

    def pause(self, seconds: float) -> None:
        select.select([], [], [], seconds)
