"""Statements that PostgreSQL plans once for each connection: for the few hot paths, where planning costs most.

psycopg2 prepares nothing by itself. Needs connections that stay with one session, so no transaction pooler between.
"""

from backend.lib.prepared.queries import Prepared, PreparedModels
from backend.lib.prepared.statements import Statement, array
from backend.lib.prepared.writes import insert, save, sent_together, write

__all__ = [
    "Prepared",
    "PreparedModels",
    "Statement",
    "array",
    "insert",
    "save",
    "sent_together",
    "write",
]
