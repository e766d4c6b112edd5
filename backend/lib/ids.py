"""Identifiers that sort by the moment they were made."""

import secrets
import threading
import time
from hashlib import sha256
from uuid import UUID

_lock = threading.Lock()
_last_stamp = 0


def uuid7() -> UUID:
    """A version 7 UUID (RFC 9562): Unix milliseconds, a counter, 62 random bits.

    Each id is greater than every id this process made before, also when the machine's clock is set back.
    It follows the real clock, never a moved one.
    """
    stamp = _next_stamp()
    milliseconds, counter = stamp >> 12, stamp & 0xFFF
    return UUID(int=milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | secrets.randbits(62))


def id_of_copy(row_id: UUID, *, parent_id: UUID) -> UUID:
    """The id that a row's copy under another parent has: always the same, and of the parent's millisecond."""
    digest = int.from_bytes(sha256(parent_id.bytes + row_id.bytes).digest()[:10])
    random = digest & ((1 << 62) - 1)
    return UUID(int=(parent_id.int >> 80) << 80 | 0x7 << 76 | (digest >> 62 & 0xFFF) << 64 | 0b10 << 62 | random)


def _next_stamp() -> int:
    """Milliseconds (48 bits) and counter (12 bits) as one number, so that a full counter runs over into the time."""
    global _last_stamp
    # 11 bits, so that half of the counter is still free for ids of the same millisecond (RFC 9562, section 6.2)
    fresh = time.time_ns() // 1_000_000 << 12 | secrets.randbits(11)
    with _lock:
        _last_stamp = max(fresh, _last_stamp + 1)
        return _last_stamp


def short_id(row_id: UUID | str) -> str:
    """What tells two rows apart on paper: the random end of the id, not the beginning, which is a time."""
    return UUID(str(row_id)).hex[-8:]
