"""What queries ask of the database in its own words."""

from django.db.models import CharField, Func


class Utc(Func):
    """A time inside JSON, as the contract writes times."""

    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    output_field = CharField()
