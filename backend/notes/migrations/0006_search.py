"""How words of notes are compared when somebody looks for them: by their stems, and none is left out as too common.

English has stop words that are words here: “IT band”, “no thrust”, “it did”. There is no index: row security lets no full-text
operator look before it has, and the notes of one client are few.
"""

from django.db import migrations

CREATE = """
CREATE TEXT SEARCH DICTIONARY clinical_stem (TEMPLATE = snowball, Language = english);
CREATE TEXT SEARCH CONFIGURATION clinical (COPY = english);
ALTER TEXT SEARCH CONFIGURATION clinical
  ALTER MAPPING FOR asciiword, asciihword, hword_asciipart, word, hword, hword_part WITH clinical_stem;
"""
DROP = "DROP TEXT SEARCH CONFIGURATION clinical; DROP TEXT SEARCH DICTIONARY clinical_stem;"


class Migration(migrations.Migration):
    dependencies = [("notes", "0005_files")]
    operations = [migrations.RunSQL(CREATE, reverse_sql=DROP)]
