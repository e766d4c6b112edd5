"""Slows down guessing passwords: failures are counted in the database, per account and per network, for all processes."""

from ipaddress import ip_network

from django.db import connection
from django.utils.crypto import salted_hmac

# From this many failures on the next try waits: 5 s, 10 s, 20 s … at most 15 minutes. A whole clinic shares a network.
MOST_OF_ACCOUNT, MOST_OF_NETWORK = 5, 20

# Locks the row, so that tries at the same moment are counted one after the other. No row: it has to wait still.
COUNT = """
INSERT INTO directory_signinfailures AS f (key, failures, not_before) VALUES (%(key)s, 1, clock_timestamp())
ON CONFLICT (key) DO UPDATE SET
  failures = CASE WHEN f.not_before < clock_timestamp() - interval '1 hour' THEN 1 ELSE f.failures + 1 END,
  not_before = clock_timestamp() + CASE
    WHEN f.not_before < clock_timestamp() - interval '1 hour' OR f.failures + 1 < %(most)s THEN interval '0'
    ELSE least(5 * 2 ^ least(f.failures + 1 - %(most)s, 10), 900) * interval '1 second' END
 WHERE f.not_before <= clock_timestamp()
RETURNING failures
"""
FORGET = "DELETE FROM directory_signinfailures WHERE key = %s"
TAKE_BACK = """
UPDATE directory_signinfailures SET failures = greatest(failures - 1, 0), not_before = least(not_before, clock_timestamp()) WHERE key = %s
"""


def count_try(email: str, address: str) -> bool:
    """Counts a try as a failure, before the password is looked at. False: it is too early for another one.

    A try that came too early is not counted, so that nobody can lock somebody else out for good.
    """
    with connection.cursor() as cursor:
        for key, most in ((_account(email), MOST_OF_ACCOUNT), (_network(address), MOST_OF_NETWORK)):
            cursor.execute(COUNT, {"key": key, "most": most})
            if cursor.fetchone() is None:
                return False
    return True


def take_back_try(email: str, address: str) -> None:
    """The password was right: the account's failures are forgotten, its network has one less."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [_account(email)])
        cursor.execute(TAKE_BACK, [_network(address)])


def _account(email: str) -> str:
    return _key(f"account {email.strip().lower()}")


def _network(address: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 address."""
    try:
        network = ip_network(f"{address}/{48 if ':' in address else 24}", strict=False)
    except ValueError:
        return _key("network unknown")
    return _key(f"network {network}")


def _key(text: str) -> str:
    """Who tried is not kept readable."""
    return salted_hmac("trialogue.directory.sign_in", text, algorithm="sha256").hexdigest()
