"""How many reports wait to be read stands on the referral, with an index that holds only those with one in care."""

from django.db import migrations, models

COUNT = """
UPDATE referrals_referral r SET unread_reports = waiting.n
  FROM (SELECT referral_id, count(*) AS n FROM referrals_report WHERE read_at IS NULL GROUP BY referral_id) waiting
 WHERE waiting.referral_id = r.id
"""


class Migration(migrations.Migration):
    dependencies = [("referrals", "0002_walls")]
    operations = [
        migrations.AddField("referral", "unread_reports", models.PositiveSmallIntegerField(default=0)),
        migrations.RunSQL(COUNT, reverse_sql=migrations.RunSQL.noop),
        # A transaction that changed rows makes no index on them while their deferred checks wait.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", reverse_sql=migrations.RunSQL.noop),
        migrations.AddIndex(
            "referral",
            models.Index(
                fields=["sender_organization", "due_at", "id"],
                condition=models.Q(("state", "in_care"), ("unread_reports__gt", 0)),
                name="referral_to_read",
            ),
        ),
    ]
