"""The domain's time, which a sandbox can move; and the real time, which nothing moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_moment: ContextVar[datetime | None] = ContextVar("moment", default=None)


def now() -> datetime:
    """The domain's now: fixed for one request or job, moved with the sandbox's clock. Aware, UTC."""
    return _moment.get() or datetime.now(UTC)


def real_now() -> datetime:
    """The machine's now, for leases, tokens, signatures, idempotency and logs."""
    return datetime.now(UTC)


@contextmanager
def fixed_at(moment: datetime) -> Iterator[None]:
    """Holds ``now()`` at one moment."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)
