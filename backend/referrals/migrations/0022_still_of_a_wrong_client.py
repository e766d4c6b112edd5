"""Of a report or message that is in error one thing can still be said, once: that it was about a wrong client."""

from importlib import import_module

from django.db import migrations

errors = import_module("backend.referrals.migrations.0011_entered_in_error")

STOOD = "OLD.in_error_at IS NOT NULL"
SAYS_NO_MORE = f"""({STOOD} AND (OLD.in_error_reason = 'wrong_client' OR NEW.in_error_reason <> 'wrong_client'
                                     OR NEW.in_error_at IS NULL))"""
REPORTS = errors.SIGNED.format(more=f",{errors.IN_ERROR.replace(' ', '')}", also=errors.ALSO)
MESSAGES = errors.WRITTEN[: errors.WRITTEN.index("DROP TRIGGER")].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)


def said_once_more(function: str) -> migrations.RunSQL:
    assert STOOD in function
    return migrations.RunSQL(function.replace(STOOD, SAYS_NO_MORE), reverse_sql=function)


class Migration(migrations.Migration):
    dependencies = [("referrals", "0021_lead_goes_over")]
    operations = [said_once_more(REPORTS), said_once_more(MESSAGES)]
