"""A note about a wrong client is gone for the others also where a report quotes it: kind, day, signer and hash with it."""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import guarded_function

links = import_module("backend.referrals.migrations.0017_links_of_the_loop")
walls = import_module("backend.referrals.migrations.0002_walls")

# For who reads the report: which notes of somebody else it quotes that were about another client. The id alone says
# nothing; it names what to strike out of a copy.
TAKEN_AWAY = f"""
BEGIN
  RETURN (SELECT coalesce(array_agg(q.note_id ORDER BY q.id), '{{}}')
    FROM referrals_reportquote q JOIN referrals_report p ON p.id = q.report_id JOIN referrals_referral r ON r.id = p.referral_id
    JOIN notes_note n ON n.id = q.note_id
   WHERE q.report_id = p_report AND n.entered_in_error_reason = 'wrong_client' AND q.organization_id IS DISTINCT FROM staff_organization()
     AND (app_organization() IN (r.sender_organization_id, r.recipient_organization_id)
          OR {walls.GUEST.format(referral="r.id")} OR {walls.CLIENT.format(client="r.client_id")}));
END
"""
STANDS_THERE = f"{links.QUOTED} AND NOT note_id = ANY(quotes_taken_away(report_id))"


class Migration(migrations.Migration):
    dependencies = [("referrals", "0018_files_hang_by_ties")]
    operations = [
        guarded_function("quotes_taken_away(p_report uuid)", TAKEN_AWAY, returns="uuid[]"),
        migrations.RunSQL(
            f"ALTER POLICY referrals_reportquote_app ON referrals_reportquote USING ({STANDS_THERE})",
            reverse_sql=f"ALTER POLICY referrals_reportquote_app ON referrals_reportquote USING ({links.QUOTED})",
        ),
    ]
