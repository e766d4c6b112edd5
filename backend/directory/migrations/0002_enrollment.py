"""A student's enrollment is a credential of a kind of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('directory', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='credential',
            name='kind',
            field=models.CharField(choices=[('license', 'License'), ('certification', 'Certification'), ('enrollment', 'Enrollment')], max_length=20),
        ),
    ]
