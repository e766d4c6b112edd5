"""Slows down guessing: failures are counted in the database, for all processes, and make the next try wait."""

from dataclasses import dataclass
from ipaddress import ip_network

from allauth.account.adapter import get_adapter
from django.db import connection
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from backend.lib.problems import TooMany

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
WAIT = """
SELECT ceil(extract(epoch FROM not_before - clock_timestamp()))::integer FROM directory_signinfailures
 WHERE key = %s AND not_before > clock_timestamp()
"""
# What an hour of quiet has made worthless; a few at a time, and none that is just being counted.
TIDY = """
DELETE FROM directory_signinfailures WHERE key IN (
  SELECT key FROM directory_signinfailures WHERE not_before < clock_timestamp() - interval '1 hour'
   LIMIT 100 FOR UPDATE SKIP LOCKED)
"""
FORGET = "DELETE FROM directory_signinfailures WHERE key = %s"
TAKE_BACK = """
UPDATE directory_signinfailures SET failures = greatest(failures - 1, 0), not_before = least(not_before, clock_timestamp()) WHERE key = %s
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """From ``most`` failures on the next try waits: 5 s, 10 s, 20 s … at most 15 minutes. A quiet hour forgets them.

    ``what`` is guessed; each function's ``whose`` says from where or whose it is, and is kept as a keyed hash only.
    """

    what: str
    most: int

    def count(self, whose: str) -> bool:
        """Counts a failure. False: it is too early for another try.

        A try that came too early is not counted, so that nobody can lock somebody else out for good.
        """
        with connection.cursor() as cursor:
            cursor.execute(COUNT, {"key": self._key(whose), "most": self.most})
            is_counted = cursor.fetchone() is not None
            cursor.execute(TIDY)
        return is_counted

    def count_or_refuse(self, whose: str) -> None:
        """Counts a failure; 429 when it is too early for another try."""
        if not self.count(whose):
            raise _too_early(self._wait(whose))

    def check(self, whose: str) -> None:
        """429 while it is too early for another try."""
        if wait := self._wait(whose):
            raise _too_early(wait)

    def forget(self, whose: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(FORGET, [self._key(whose)])

    def take_back(self, whose: str) -> None:
        """One failure less: it was none."""
        with connection.cursor() as cursor:
            cursor.execute(TAKE_BACK, [self._key(whose)])

    def _wait(self, whose: str) -> int:
        """For how many seconds it is too early."""
        with connection.cursor() as cursor:
            cursor.execute(WAIT, [self._key(whose)])
            found = cursor.fetchone()
        return found[0] if found else 0

    def _key(self, whose: str) -> str:
        return salted_hmac("trialogue.directory.sign_in", f"{self.what} {whose}", algorithm="sha256").hexdigest()


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as the outermost of our proxies saw it; of an IPv6 address the /64."""
    return _network(str(get_adapter().get_client_ip(request)), 32, 64)


def network_of(address: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 address. A whole clinic shares one."""
    return _network(address, 24, 48)


def _network(address: str, four: int, six: int) -> str:
    try:
        return str(ip_network(f"{address}/{six if ':' in address else four}", strict=False))
    except ValueError:
        return "unknown"


def _too_early(seconds: int) -> TooMany:
    wait = f"{seconds} seconds" if seconds < 120 else f"{-(-seconds // 60)} minutes"
    return TooMany(
        f"That was tried too often. Try again in {wait}.", code="too_many_tries", headers={"Retry-After": str(seconds)}
    )
