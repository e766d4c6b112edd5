"""Closed-loop referrals: the reference app."""

from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "backend.referrals"
    label = "referrals"
