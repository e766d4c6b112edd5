"""The walls around links and codes."""

from django.db import migrations

from backend.lib.walls import wall


class Migration(migrations.Migration):
    dependencies = [("links", "0001_initial"), ("audit", "0002_walls")]
    operations = [
        wall(
            "links_link",
            using="organization_id = (SELECT app_organization()) OR id = (SELECT app_link())",
            grants="SELECT, INSERT, UPDATE",
        ),
        wall(
            "links_code",
            using="EXISTS (SELECT FROM links_link l WHERE l.id = links_code.link_id)",
            grants="SELECT, INSERT, UPDATE",
        ),
    ]
