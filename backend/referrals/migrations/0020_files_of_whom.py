"""Files come by who has proved who they are; and those of a report are of its referral, hung by its writer as it is signed."""

from importlib import import_module

from django.db import migrations

from backend.lib.walls import also

walls = import_module("backend.referrals.migrations.0002_walls")
ties = import_module("backend.referrals.migrations.0018_files_hang_by_ties")

# A secure link alone is no person yet: its holder has to prove who they are before anything is theirs.
PROVED = "(SELECT app_kind()) IN ('guest', 'client')"
BY_LINK = "(link_id IS NOT NULL AND link_id = (SELECT app_link()))"
BY_PROVED_LINK = f"({PROVED} AND {BY_LINK})"
WITH_ITS_REPORT = f"""report_id IS NULL OR EXISTS (SELECT FROM referrals_report p JOIN referrals_referral r ON r.id = p.referral_id
   WHERE p.id = {ties.TIES}.report_id AND p.referral_id = {ties.TIES}.referral_id AND p.received_at = domain_now()
     AND CASE p.signature_kind WHEN 'guest' THEN {walls.GUEST.format(referral="r.id")}
         WHEN 'recorded_by_sender' THEN r.sender_organization_id = {ties.STAFF} ELSE p.organization_id = {ties.STAFF} END)"""


def policies(by_link: str, upload: str) -> str:
    """The policies of ties and bytes, with what says that something came by the caller's link."""
    assert BY_LINK in ties.OPEN
    assert BY_LINK in ties.BYTES
    return f"""
      ALTER POLICY {ties.TIES}_app ON {ties.TIES} USING ({ties.OPEN.replace(BY_LINK, by_link)});
      ALTER POLICY {ties.FILES}_app ON {ties.FILES} USING ({ties.BYTES.replace(BY_LINK, by_link)}) WITH CHECK ({upload});"""


class Migration(migrations.Migration):
    dependencies = [("referrals", "0019_quotes_of_a_wrong_client")]
    operations = [
        migrations.RunSQL(
            policies(BY_PROVED_LINK, f"{ties.UPLOAD} AND (link_id IS NULL OR {PROVED})"),
            reverse_sql=policies(BY_LINK, ties.UPLOAD),
        ),
        also(ties.TIES, f"{ties.TIES}_with_its_report", "INSERT", WITH_ITS_REPORT),
    ]
