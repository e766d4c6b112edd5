"""Links from the loop: the notes that a report quotes, and the version of the plan that it led to."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

import backend.lib.clock
import backend.lib.ids
from backend.lib.walls import guarded_function, insert_only

walls = import_module("backend.referrals.migrations.0002_walls")
NOTE_KINDS = [
    ("initial_evaluation", "Initial Evaluation"),
    ("progress", "Progress"),
    ("re_evaluation", "Re Evaluation"),
    ("discharge", "Discharge"),
    ("phone", "Phone"),
]


def protected(to: str, **more: object) -> models.ForeignKey:  # type: ignore[type-arg]  # of a historical model
    return models.ForeignKey(to, on_delete=django.db.models.deletion.PROTECT, **{"related_name": "+", **more})


# The same person: the same record, or one that became part of the other.
PERSON = "(SELECT coalesce(c.merged_into_id, c.id) FROM clients_client c WHERE c.id = {client})"
# Only a signed note of the reporting clinic about the referral's client is quoted, one that may leave the clinic: about the
# client it was sent, or the clinic's own record of the same person. A sensitive one needs a consent that says so.
NOTE_FITS = f"""
DECLARE p referrals_report; r referrals_referral; n notes_note;
BEGIN
  SELECT * INTO p FROM referrals_report WHERE id = p_report;
  SELECT * INTO r FROM referrals_referral WHERE id = p.referral_id;
  SELECT * INTO n FROM notes_note WHERE id = p_note;
  RETURN p.organization_id = staff_organization() AND n.organization_id = p.organization_id AND r.recipient_organization_id = p.organization_id
    AND n.state = 'signed' AND n.released_at IS NOT NULL AND n.visibility = 'care_team'
    AND ({PERSON.format(client="n.client_id")} = {PERSON.format(client="r.client_id")}
         OR EXISTS (SELECT FROM clients_registration g WHERE g.client_id = r.client_id AND g.organization_id = p.organization_id AND g.kind = 'linked'
                      AND g.ended_at IS NULL AND {PERSON.format(client="g.own_client_id")} = {PERSON.format(client="n.client_id")}))
    AND (NOT n.is_sensitive OR r.sender_organization_id = p.organization_id OR EXISTS (SELECT FROM clients_consent k
         WHERE k.client_id = r.client_id AND k.status = 'given' AND (k.ends_at IS NULL OR k.ends_at > domain_now())
           AND ARRAY['notes', 'sensitive']::varchar[] <@ k.categories AND ARRAY[r.sender_organization_id, p.organization_id] <@ k.organization_ids));
END
"""
# For who reads the report, also when the note is gone for them: whether the quoted note still stands.
QUOTE_STANDS = f"""
BEGIN
  RETURN EXISTS (SELECT FROM referrals_reportquote q JOIN referrals_report p ON p.id = q.report_id JOIN referrals_referral r ON r.id = p.referral_id
      JOIN notes_note n ON n.id = q.note_id
    WHERE q.id = p_quote AND n.state <> 'entered_in_error'
      AND (app_organization() IN (r.sender_organization_id, r.recipient_organization_id)
           OR {walls.GUEST.format(referral="r.id")} OR {walls.CLIENT.format(client="r.client_id")}));
END
"""
# The report's own policy answers who reads it.
QUOTED = "EXISTS (SELECT FROM referrals_report p WHERE p.id = referrals_reportquote.report_id)"
# The sender's own plan, of the same person, and a version it reads; the version's policy answers that.
LED_TO = f"""organization_id = {walls.STAFF} AND EXISTS (SELECT FROM referrals_referral r JOIN careplans_planversion v ON v.id = referrals_planchange.version_id
    JOIN careplans_careplan p ON p.id = v.plan_id
   WHERE r.id = referrals_planchange.referral_id AND r.sender_organization_id = {walls.STAFF} AND {walls.STAFF} = ANY(p.member_ids)
     AND ({PERSON.format(client="p.client_id")} = {PERSON.format(client="r.client_id")} OR EXISTS (SELECT FROM clients_registration g
           WHERE g.client_id = p.client_id AND g.organization_id = {walls.STAFF} AND g.kind = 'linked' AND g.ended_at IS NULL
             AND {PERSON.format(client="g.own_client_id")} = {PERSON.format(client="r.client_id")})))
  AND (report_id IS NULL OR EXISTS (SELECT FROM referrals_report s WHERE s.id = referrals_planchange.report_id AND s.referral_id = referrals_planchange.referral_id))"""


class Migration(migrations.Migration):
    dependencies = [
        ("careplans", "0005_after_the_end"),
        ("notes", "0002_walls"),
        ("referrals", "0016_late_places"),
    ]
    operations = [
        migrations.CreateModel(
            name="PlanChange",
            fields=[
                ("id", models.UUIDField(default=backend.lib.ids.uuid7, primary_key=True, serialize=False)),
                ("by", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(default=backend.lib.clock.now)),
                ("organization", protected("directory.organization")),
                ("referral", protected("referrals.referral", related_name="plan_changes")),
                ("report", protected("referrals.report", related_name="plan_changes", null=True)),
                ("version", protected("careplans.planversion")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("report__isnull", False)), fields=("report",), name="one_change_of_a_report"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="ReportQuote",
            fields=[
                ("id", models.UUIDField(default=backend.lib.ids.uuid7, primary_key=True, serialize=False)),
                ("note_kind", models.CharField(choices=NOTE_KINDS, max_length=20)),
                ("note_signed_by", models.CharField(max_length=200)),
                ("note_signed_at", models.DateTimeField()),
                ("note_occurred_at", models.DateTimeField()),
                ("content_hash", models.CharField(max_length=64)),
                ("note", protected("notes.note")),
                ("organization", protected("directory.organization")),
                ("report", protected("referrals.report", related_name="quotes")),
            ],
            options={
                "ordering": ["note_occurred_at", "id"],
                "constraints": [models.UniqueConstraint(fields=("report", "note"), name="quoted_once")],
            },
        ),
        guarded_function("note_fits(p_note uuid, p_report uuid)", NOTE_FITS, returns="boolean"),
        guarded_function("quote_stands(p_quote uuid)", QUOTE_STANDS, returns="boolean"),
        *insert_only(
            "referrals_reportquote",
            using=QUOTED,
            check=f"organization_id = {walls.STAFF} AND {QUOTED} AND note_fits(note_id, report_id)",
        ),
        *insert_only(
            "referrals_planchange",
            using=f"{walls.seen('referrals_planchange')} AND EXISTS (SELECT FROM careplans_planversion v WHERE v.id = referrals_planchange.version_id)",
            check=LED_TO,
        ),
    ]
