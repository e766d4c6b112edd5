"""An export is its requester's: of one organization, and inside it of one person."""

from django.db import migrations

from backend.lib.walls import wall

# A person sees what that person asked for; systems and jobs carry no member, and the door tells them apart.
MINE = """organization_id = (SELECT staff_organization())
  AND ((SELECT app_kind()) = 'system' OR member_id::text = (SELECT current_setting('app.member', true)))"""
OF_EXPORT = "EXISTS (SELECT FROM portability_export e WHERE e.id = portability_piece.export_id)"


class Migration(migrations.Migration):
    dependencies = [("portability", "0001_initial"), ("clients", "0003_walls")]
    operations = [
        wall("portability_export", using=MINE, grants="SELECT, INSERT, UPDATE"),
        wall("portability_piece", using=OF_EXPORT, grants="SELECT, INSERT, DELETE"),
    ]
