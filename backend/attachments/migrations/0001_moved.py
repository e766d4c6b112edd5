"""The files of the loop come down from referrals: the same table under its new name, no row is touched."""

import django.db.models.deletion
from django.db import migrations, models

import backend.lib.clock
import backend.lib.ids

NAMES = (
    "ALTER TABLE {old} RENAME TO {new}",
    "ALTER INDEX {old}_pkey RENAME TO {new}_pkey",
    *("ALTER POLICY {old}_%s ON {new} RENAME TO {new}_%s" % (name, name) for name in ("owner", "guard", "app", "welcome")),
    *("ALTER TRIGGER {old}_%s ON {new} RENAME TO {new}_%s" % (name, name) for name in ("fixed", "reach")),
)
OLD, NEW = "referrals_attachment", "attachments_attachment"
MOVED = "; ".join(NAMES).format(old=OLD, new=NEW)
# The table carries its new name last, so back again it is renamed last.
MOVED_BACK = "; ".join(
    [each.format(old=NEW, new=OLD).replace(f" ON {OLD} ", f" ON {NEW} ") for each in NAMES[1:]]
    + [NAMES[0].format(old=NEW, new=OLD)]
)


class Migration(migrations.Migration):
    initial = True
    dependencies = [("directory", "0002_enrollment"), ("referrals", "0015_not_this_person")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(MOVED, reverse_sql=MOVED_BACK)],
            state_operations=[
                migrations.CreateModel(
                    name="Attachment",
                    fields=[
                        ("id", models.UUIDField(default=backend.lib.ids.uuid7, primary_key=True, serialize=False)),
                        ("link_id", models.UUIDField(null=True)),
                        ("name", models.CharField(max_length=200)),
                        ("media_type", models.CharField(max_length=60)),
                        ("size", models.IntegerField()),
                        ("sha256", models.CharField(max_length=64)),
                        ("content", models.BinaryField()),
                        ("by", models.CharField(max_length=200)),
                        ("created_at", models.DateTimeField(default=backend.lib.clock.now)),
                        (
                            "organization",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="directory.organization",
                            ),
                        ),
                    ],
                ),
            ],
        ),
    ]
