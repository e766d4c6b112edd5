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
    return [
        wall(table, using=using, check=check, grants="SELECT, INSERT"),
        migrations.RunSQL(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();"
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();",
            reverse_sql=f"DROP TRIGGER {table}_append_only ON {table}; DROP TRIGGER {table}_no_truncate ON {table};",
        ),
    ]


def guarded_function(signature: str, body: str, *, returns: str = "void") -> migrations.RunSQL:
    """A function that runs with the guard's rights: the only way to rows that the app may not write itself."""
    name = signature.split("(", maxsplit=1)[0]
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, public AS $guard$ {body} $guard$;
        ALTER FUNCTION {name} OWNER TO {GUARD};
        REVOKE ALL ON FUNCTION {name} FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION {name} TO {APP};
        """,
        reverse_sql=f"DROP FUNCTION {name};",
    )
