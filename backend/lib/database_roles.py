"""The three roles of the database, and a database in which each may do its part and no more.

The owner migrates; the app (web and worker) owns nothing and cannot pass row security; the guard cannot sign in and
owns the few functions that write what the app may not.
"""

import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

from backend.lib import env

OWNER, APP, GUARD = "trialogue_owner", "trialogue_app", "trialogue_guard"
HARMLESS = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"


class RolesProblem(Exception):
    """The roles cannot be prepared; the message is a sentence for whoever runs the server."""


@dataclass(frozen=True)
class Passwords:
    """What owner and app sign in with on a server that asks for it."""

    owner: str
    app: str


@dataclass(frozen=True)
class Urls:
    """Where owner and app find the database."""

    owner: str
    app: str


def prepare(admin_url: str, *, database: str, passwords: Passwords | None = None) -> Urls:
    """Makes the roles and the database where they are missing, and sets what each role may do; safe to repeat.

    `admin_url` needs a role that may create roles and databases. Without `passwords` the server has to trust its
    socket, as the embedded one does. RolesProblem says which right is missing.
    """
    try:
        with connection_to(admin_url) as cursor:
            _make_roles(cursor, passwords)
            _make_database(cursor, database)
        urls = Urls(
            owner=url_for(admin_url, database=database, user=OWNER, password=passwords.owner if passwords else None),
            app=url_for(admin_url, database=database, user=APP, password=passwords.app if passwords else None),
        )
        with connection_to(urls.owner) as cursor:
            close_to_strangers(cursor, database)
            _set_rights_in_schema(cursor)
    except psycopg2.errors.InsufficientPrivilege as error:
        raise RolesProblem(
            "The role in DATABASE_URL may not prepare this server: it has to be allowed to create roles and databases "
            f"(PostgreSQL says: {_first_line(error)})."
        ) from error
    except psycopg2.OperationalError as error:
        raise RolesProblem(f"The database server does not answer: {_first_line(error)}.") from error
    return urls


def close_to_strangers(cursor: Any, database: str) -> None:
    """Lets only app and owner connect and nobody make temporary tables; a copy of a database needs this again."""
    _run(cursor, "REVOKE ALL ON DATABASE {database} FROM PUBLIC", database=database)
    _run(cursor, "GRANT CONNECT ON DATABASE {database} TO {app}", database=database)


def passwords_kept_in(path: Path, admin_url: str) -> Passwords:
    """The passwords this checkout gave the roles of a server; made the first time and readable by this user only.

    Roles that somebody else made keep their passwords: then RolesProblem says what to set instead.
    """
    if path.exists():
        return Passwords(**json.loads(path.read_text()))
    with connection_to(admin_url) as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname IN %s", [(OWNER, APP)])
        if cursor.fetchone():
            raise RolesProblem(
                f"This server has the roles {OWNER} and {APP} already, and their passwords are not in {path}: "
                "set DATABASE_OWNER_URL and DATABASE_URL, or let a server that nobody else uses be prepared."
            )
    passwords = Passwords(owner=secrets.token_urlsafe(32), app=secrets.token_urlsafe(32))
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"owner": passwords.owner, "app": passwords.app}, file)
    return passwords


def url_for(url: str, *, database: str | None = None, user: str | None = None, password: str | None = None) -> str:
    """The same server, with another database, or another user with that password (none: no password)."""
    parts = urlsplit(url)
    signed_in, _, server = parts.netloc.rpartition("@")
    if user is not None:
        signed_in = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    path = parts.path if database is None else f"/{quote(database, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{signed_in}@{server}" if signed_in else server, path=path))


def database_in(url: str) -> str:
    """The name of the database a URL leads to; RolesProblem when it names none."""
    name = unquote(urlsplit(url).path.removeprefix("/"))
    if not name:
        raise RolesProblem("The database URL names no database, such as …:5432/trialogue.")
    return name


@contextmanager
def connection_to(url: str) -> Iterator[Any]:
    """A cursor on a connection of its own, in which every statement is a transaction."""
    with closing(psycopg2.connect(url, connect_timeout=10)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def main() -> None:
    """Prepares a server before its first start, from DATABASE_ADMIN_URL, DATABASE_OWNER_URL and DATABASE_URL."""
    owner, app = urlsplit(env.text("DATABASE_OWNER_URL")), urlsplit(env.text("DATABASE_URL"))
    for found, role in ((owner.username, OWNER), (app.username, APP)):
        if found != role:
            raise RolesProblem(f"DATABASE_OWNER_URL is for {OWNER} and DATABASE_URL for {APP}, not {found}.")
    prepare(
        env.text("DATABASE_ADMIN_URL"),
        database=database_in(app.geturl()),
        passwords=Passwords(owner=unquote(owner.password or ""), app=unquote(app.password or "")),
    )


def _make_roles(cursor: Any, passwords: Passwords | None) -> None:
    for role, login in ((OWNER, "LOGIN"), (APP, "LOGIN"), (GUARD, "NOLOGIN")):
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", [role])
        found = cursor.fetchone()
        if found is None:
            _run(cursor, f"CREATE ROLE {{role}} {login} {HARMLESS}", role=role)
        elif found[0]:
            raise RolesProblem(f"The role {role} here passes row security: take SUPERUSER and BYPASSRLS away from it.")
    cursor.execute("SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole", [APP])
    if cursor.fetchone()[0]:
        raise RolesProblem(f"The role {APP} of this server is a member of other roles: revoke that.")
    if passwords is not None:
        _run(cursor, "ALTER ROLE {owner} PASSWORD %s", [passwords.owner])
        _run(cursor, "ALTER ROLE {app} PASSWORD %s", [passwords.app])
    _run(cursor, "GRANT {guard} TO {owner}")  # a migration may then hand a function to the guard
    _run(cursor, "ALTER ROLE {app} SET idle_in_transaction_session_timeout = '30s'")


def _make_database(cursor: Any, database: str) -> None:
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if not cursor.fetchone()[0]:
        _run(cursor, "GRANT {owner} TO CURRENT_USER")  # else only a superuser may give a database away
    cursor.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [database])
    found = cursor.fetchone()
    if found is None:
        _run(cursor, "CREATE DATABASE {database} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'", database=database)
    elif found[0] != OWNER:
        _run(cursor, "ALTER DATABASE {database} OWNER TO {owner}", database=database)


def _set_rights_in_schema(cursor: Any) -> None:
    """As the owner: the schema public belongs to whoever owns the database."""
    for statement in (
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {app}, {guard}",
        "GRANT CREATE ON SCHEMA public TO {guard}",  # PostgreSQL asks it of the new owner of a function
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}, {guard}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}, {guard}",
    ):
        _run(cursor, statement)


def _run(cursor: Any, statement: str, values: list[str] | None = None, **names: str) -> None:
    known = {"owner": OWNER, "app": APP, "guard": GUARD, **names}
    cursor.execute(sql.SQL(statement).format(**{key: sql.Identifier(name) for key, name in known.items()}), values)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


if __name__ == "__main__":
    try:
        main()
    except RolesProblem as problem:
        sys.exit(str(problem))
