"""Row security as migration operations: every table about clients gets the same four walls."""

from django.db import migrations

from backend.lib.database_roles import APP, GUARD, OWNER


def wall(
    table: str, *, using: str, check: str | None = None, grants: str = "SELECT, INSERT, UPDATE, DELETE"
) -> migrations.RunSQL:
    """ENABLE and FORCE row security on a table.

    ``using`` says which rows the app may see, ``check`` which it may write (default: the same). The owner and the guard
    have policies of their own: without one, a backfill by the owner of a forced table touches no row and says nothing.
    """
    return migrations.RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY {table}_owner ON {table} TO {OWNER} USING (true) WITH CHECK (true);
        CREATE POLICY {table}_guard ON {table} TO {GUARD} USING (true) WITH CHECK (true);
        CREATE POLICY {table}_app ON {table} TO {APP} USING ({using}) WITH CHECK ({check or using});
        REVOKE ALL ON {table} FROM {APP};
        GRANT {grants} ON {table} TO {APP};
        """,
        reverse_sql=f"""
        DROP POLICY {table}_app ON {table}; DROP POLICY {table}_guard ON {table}; DROP POLICY {table}_owner ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """,
    )


def also(table: str, name: str, command: str, check: str) -> migrations.RunSQL:
    """A second wall for one command, which has to hold as well as the first."""
    clause = "USING" if command in ("SELECT", "DELETE") else "WITH CHECK"
    return migrations.RunSQL(
        f"CREATE POLICY {name} ON {table} AS RESTRICTIVE FOR {command} TO {APP} {clause} ({check})",
        reverse_sql=f"DROP POLICY {name} ON {table}",
    )


def insert_only(table: str, *, using: str, check: str) -> list[migrations.RunSQL]:
    """A wall whose rows can be added and read, never changed or removed, by grant and by trigger."""
    return [wall(table, using=using, check=check, grants="SELECT, INSERT"), _only_grows(table)]


def history_wall(tracked: str, *, using: str = "") -> list[migrations.RunSQL]:
    """A wall around the history of a table, which only triggers write: read by ``using``, else by who sees the row now.

    What the table holds already is kept as it is found, so that its first change says from what.
    """
    history = f"{tracked}change"
    seen = f"EXISTS (SELECT FROM {tracked} t WHERE t.id = {history}.pgh_obj_id)"
    return [
        wall(history, using=using or seen, check="false", grants="SELECT"),
        _only_grows(history),
        migrations.RunSQL(KEEP_AS_FOUND.format(tracked=tracked, history=history), reverse_sql=migrations.RunSQL.noop),
    ]


KEEP_AS_FOUND = """
DO $$ DECLARE columns text;
BEGIN
  SELECT string_agg(quote_ident(column_name), ', ') INTO columns FROM information_schema.columns
   WHERE table_schema = 'public' AND table_name = '{tracked}' AND column_name <> 'id' AND is_generated = 'NEVER';
  EXECUTE 'INSERT INTO {history} (pgh_label, pgh_created_at, pgh_obj_id, ' || columns || ')'
       || ' SELECT ''found'', clock_timestamp(), id, ' || columns || ' FROM {tracked}';
END $$
"""


def _only_grows(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();"
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();",
        reverse_sql=f"DROP TRIGGER {table}_append_only ON {table}; DROP TRIGGER {table}_no_truncate ON {table};",
    )


def guarded_function(
    signature: str, body: str, *, returns: str = "void", reads_only: bool = False
) -> migrations.RunSQL:
    """A function that runs with the guard's rights: the only way to rows that the app may not write itself.

    One that reads only sees what the statement it stands in sees, and nothing that was committed since.
    """
    name = signature.split("(", maxsplit=1)[0]
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql {"STABLE" if reads_only else "VOLATILE"} SECURITY DEFINER
        SET search_path = pg_catalog, public AS $guard$ {body} $guard$;
        ALTER FUNCTION {name} OWNER TO {GUARD};
        REVOKE ALL ON FUNCTION {name} FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION {name} TO {APP};
        """,
        reverse_sql=f"DROP FUNCTION {name};",
    )
