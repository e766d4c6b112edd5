"""A place on the care team is given by the consent by which the referral is open, which need not be the one it was sent under."""

from importlib import import_module

from django.db import migrations

LATE_PLACES = import_module("backend.referrals.migrations.0016_late_places")
CIRCLES = import_module("backend.careplans.migrations.0016_wider_circle").CIRCLES
SENT_UNDER = "  SELECT * INTO k FROM clients_consent WHERE id = r.consent_id;\n"
OPEN_BY = """  SELECT c.* INTO k FROM clients_consent c WHERE c.id = coalesce((SELECT a.consent_id FROM clients_access a
    WHERE a.referral_id = r.id AND a.organization_id = r.recipient_organization_id AND a.why = 'referral'
      AND (a.until IS NULL OR a.until > domain_now()) ORDER BY a.from_at DESC, a.id DESC LIMIT 1), r.consent_id);
"""
INSERTED_UNDER = "'shared_record', r.id, r.consent_id, ''"
OF_THE_CIRCLE = "p.consent_id = k.id AND"
PLACE = (
    LATE_PLACES.WITH_THE_PLAN.replace(SENT_UNDER, OPEN_BY)
    .replace(INSERTED_UNDER, "'shared_record', r.id, k.id, ''")
    .replace(OF_THE_CIRCLE, f"k.id IN {CIRCLES.format(plan='p')} AND")
)


class Migration(migrations.Migration):
    dependencies = [("careplans", "0016_wider_circle"), ("referrals", "0022_still_of_a_wrong_client")]
    operations = [
        migrations.RunSQL(
            LATE_PLACES.joining(PLACE), reverse_sql=LATE_PLACES.joining(LATE_PLACES.WITH_THE_PLAN)
        )
    ]
