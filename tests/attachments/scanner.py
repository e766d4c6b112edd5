"""A scanner that flags the test string all scanners flag."""

from django.db import connection

from backend.audit.models import Work

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
shown: list[bytes] = []
in_a_transaction: list[bool] = []


def is_clean(content: bytes) -> bool:
    shown.append(content)
    in_a_transaction.append(connection.in_atomic_block)
    return EICAR not in content


def is_slow(content: bytes) -> bool:
    """Says its verdict when the lease on the work has ended."""
    Work.objects.filter(kind="attachment.scan").update(lease_until=None)
    return True


def is_away(content: bytes) -> bool:
    raise ConnectionRefusedError
