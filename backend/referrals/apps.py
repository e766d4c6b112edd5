"""Closed-loop referrals: the reference app."""

from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "backend.referrals"
    label = "referrals"

    def ready(self) -> None:
        from backend.clients import hooks
        from backend.directory import services as directory
        from backend.referrals import deadlines, drafts, files, jobs, presses, reactions  # noqa: F401 - drafts and files register themselves

        hooks.on_consent_ended.append(jobs.end_with_consent)
        hooks.on_death.append(jobs.end_with_death)
        directory.due_time_checks.append(deadlines.looser_than_defaults)
