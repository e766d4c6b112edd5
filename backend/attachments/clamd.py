"""Asks a clamd over TCP: the bytes go in as INSTREAM, the answer is one line."""

import socket
import struct

from django.conf import settings

CHUNK, LONGEST_ANSWER, SECONDS = 65_536, 4_096, 30.0


class NoAnswer(Exception):
    """The clamd cannot say whether a file is clean; it is asked again later."""


def is_clean(content: bytes) -> bool:
    """True for OK, False for FOUND. Raises OSError when nobody answers, NoAnswer for any other answer."""
    host, _, port = settings.CLAMD_ADDRESS.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS) as clamd:
        clamd.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), CHUNK):
            chunk = content[start : start + CHUNK]
            clamd.sendall(struct.pack("!I", len(chunk)) + chunk)
        clamd.sendall(struct.pack("!I", 0))
        answer = _line(clamd)
    if answer.endswith("FOUND"):
        return False
    if answer == "stream: OK":
        return True
    raise NoAnswer(answer)


def _line(clamd: socket.socket) -> str:
    """What it answers, up to the zero byte that ends it."""
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
        received = clamd.recv(LONGEST_ANSWER)
        if not received:
            break
        answer += received
    return answer.rstrip(b"\0").decode("utf-8", "replace").strip()
