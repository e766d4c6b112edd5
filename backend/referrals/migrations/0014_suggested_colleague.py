"""The colleague whom a decline named, so that sending it there is one press."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0001_initial"), ("referrals", "0013_accepting_opens_a_row_of_its_own")]
    operations = [
        migrations.AddField(
            "referral",
            "suggested_role",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="directory.practitionerrole",
            ),
        )
    ]
