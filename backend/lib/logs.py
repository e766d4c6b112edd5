"""Log lines that name requests and places in the code, never what people wrote."""

import logging
import re
import traceback

from backend.lib import request_ids

# Whoever reads a log must not be able to open a guest's or client's page with it.
SECRET_ADDRESS = re.compile(r"/([gc])/[A-Za-z0-9_-]{16,}")


class RequestFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_ids.current() or "-"
        return True


class SafeFormatter(logging.Formatter):
    """One line per record. Of an exception only its class and places: database errors quote values."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        line = SECRET_ADDRESS.sub(r"/\1/…", super().format(record))
        return line.replace("\r", "\\r").replace("\n", " | ").replace("\x1b", "\\x1b")

    def formatException(self, ei) -> str:  # type: ignore[no-untyped-def]
        kind, _, trace = ei
        places = traceback.extract_tb(trace)[-6:]
        return f"{kind.__name__} at " + " < ".join(
            f"{p.filename.rsplit('/', 2)[-1]}:{p.lineno}" for p in reversed(places)
        )
