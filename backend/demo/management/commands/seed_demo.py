"""Fills a sandbox with the demo and writes var/demo.json; safe to run twice."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backend.demo import people
from backend.demo.api import Refused, Service
from backend.demo.replay import Replay
from backend.directory.models import Organization
from backend.lib.actor import WORKER
from backend.lib.unit_of_work import acting_as


class Command(BaseCommand):
    help = "Opens three demo clinics and replays four stories through the API."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default=settings.BASE_URL)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("The demo belongs to a sandbox; this instance is live.")
        base_url = options["base_url"]
        with acting_as(WORKER):
            is_new = not Organization.objects.exists()
            people.open_clinics()
            found = people.keys()
        replay = Replay(Service(base_url), found, self.stdout.write)
        try:
            self._replay(replay, is_new)
        except Refused as error:
            raise CommandError(f"The demo stopped at a refusal. {error}") from error
        target = settings.VAR_DIR / "demo.json"
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps({"base_url": base_url, **found}, indent=1))
        self._say_where(base_url, found["people"], replay)

    def _replay(self, replay: Replay, is_new: bool) -> None:
        if is_new:
            self.stdout.write("Three clinics, four stories:")
            replay.set_back()
            replay.run()
        elif not replay.is_done:
            replay.come_to_rest()
            self.stdout.write(
                "The stories were interrupted the last time and stay as they are; stop, delete var/postgres and start again for whole ones."
            )

    def _say_where(self, base_url: str, members: list[dict[str, Any]], replay: Replay) -> None:
        self.stdout.write(f"\nOpen {base_url}/ and sign in with the password {people.PASSWORD} as")
        for person in members:
            rights = ", ".join(person["roles"])
            self.stdout.write(f"  {person['email']:34} {person['name']:14} {rights} at {person['organization']}")
        self.stdout.write("Worth opening, under Clients:")
        for story in replay.script["stories"]:
            name, home = "{given_name} {family_name}".format(**story["client"]), story["client"]["home"]
            self.stdout.write(f"  {name:34} {story['shows']} (as {replay.people[home]['email']})")
        self.stdout.write(f"Mails that would have been sent: {base_url}/mailbox\nThe API: {base_url}/api/docs")
