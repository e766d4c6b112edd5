"""Whom the client left out of a circle reads nothing that the others of that circle sent, on the sender's side too."""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import also

walls = import_module("backend.referrals.migrations.0002_walls")
TABLES = ("referrals_message", "referrals_report", "referrals_attachment")


def own_or_welcome(table: str) -> str:
    """What one's own clinic wrote, or what is about a client who has not said "not this person" of the reader."""
    return f"""organization_id = {walls.ORG} OR (SELECT app_practitioner()) IS NULL OR NOT EXISTS (
      SELECT FROM referrals_referral r JOIN clients_consent x ON x.client_id = r.client_id
       WHERE r.id = {table}.referral_id AND (SELECT app_practitioner()) = ANY(x.excluded_practitioner_ids))"""


class Migration(migrations.Migration):
    dependencies = [("referrals", "0014_suggested_colleague")]
    operations = [also(table, f"{table}_welcome", "SELECT", own_or_welcome(table)) for table in TABLES]
