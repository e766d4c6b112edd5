"""What the database knows of a caller, and the walls of this app's tables."""

from django.db import migrations

from backend.lib.walls import guarded_function, insert_only, wall

FUNCTIONS = """
CREATE FUNCTION app_kind() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.kind', true) $$;
CREATE FUNCTION app_organization() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('app.organization', true), '')::uuid $$;
CREATE FUNCTION app_client() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('app.client', true), '')::uuid $$;
CREATE FUNCTION app_referral() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('app.referral', true), '')::uuid $$;
CREATE FUNCTION app_link() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('app.link', true), '')::uuid $$;
CREATE FUNCTION domain_now() RETURNS timestamptz LANGUAGE sql STABLE
  AS $$ SELECT coalesce(nullif(current_setting('app.now', true), '')::timestamptz, now()) $$;
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% only grows; nothing in it is changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$;
CREATE FUNCTION feed_epoch() RETURNS integer LANGUAGE sql STABLE
  AS $$ SELECT coalesce(max(id), 1) FROM audit_feedepoch $$;
CREATE FUNCTION stamp_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.epoch := feed_epoch(); NEW.xid := pg_current_xact_id()::text::bigint; RETURN NEW; END $$;
CREATE TRIGGER audit_event_stamp BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION stamp_event();
"""
NAMES = "app_kind() app_organization() app_client() app_referral() app_link() domain_now() stamp_event() feed_epoch() refuse_change()"


# Kept answers hold what was answered, names too: each caller's organization, or link, has its own.
OWN_ANSWERS = """split_part(caller, ':', 1) = (SELECT app_kind()) AND split_part(caller, ':', 3) = coalesce((SELECT app_organization())::text, '')
  AND ((SELECT app_link()) IS NULL OR split_part(caller, ':', 2) = (SELECT app_link())::text)"""


# Stored answers are kept for seven days of real time; the worker asks for this every hour.
FORGET = """
DECLARE forgotten bigint;
BEGIN
  DELETE FROM audit_idempotentrequest WHERE created_at < clock_timestamp() - interval '7 days';
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  RETURN forgotten;
END
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(
            FUNCTIONS,
            reverse_sql="DROP TRIGGER audit_event_stamp ON audit_event;"
            + "".join(f"DROP FUNCTION {name};" for name in NAMES.split()),
        ),
        *insert_only(
            "audit_event",
            using="organization_id = (SELECT app_organization())",
            check="app_kind() IS NOT NULL",
        ),
        *insert_only(
            "audit_accesslog",
            using="organization_id = (SELECT app_organization()) OR owner_id = (SELECT app_organization())",
            check="organization_id IS NOT DISTINCT FROM (SELECT app_organization())",
        ),
        guarded_function("forget_old_answers()", FORGET, returns="bigint"),
        wall("audit_idempotentrequest", using=OWN_ANSWERS, grants="SELECT, INSERT, UPDATE"),
    ]
