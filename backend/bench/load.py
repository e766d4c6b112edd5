"""A small HTTP client for many kept-alive connections in one thread: it costs little, because it shares the machine."""

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

ANSWER_SECONDS = 20.0


@dataclass
class Slice:
    """What one slice of load saw; seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds if self.seconds else 0.0


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """One kept-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.sent_at = 0.0

    def send(self, text: bytes) -> None:
        self.received, self.sent_at = b"", time.perf_counter()
        self.socket.sendall(text)

    def receive(self) -> tuple[int, bytes] | None:
        """The status and body once the answer is whole, else None."""
        part = self.socket.recv(262_144)
        if not part:
            raise ConnectionError("The server closed the connection.")
        self.received += part
        return whole_answer(self.received)


def whole_answer(received: bytes) -> tuple[int, bytes] | None:
    """Status and body of an answer that says its length; None while some of it is missing."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = received[:end].lower()
    start = head.find(b"content-length:")
    length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
    body = received[end + 4 :]
    return (int(head[9:12]), body) if len(body) >= length else None


def drive(
    port: int, connections: int, seconds: float, requests: Iterator[bytes], *, keep: Callable[[bytes], bool]
) -> Slice:
    """Keeps every connection busy until the time or the requests run out; ``keep`` chooses bodies to hand back."""
    seen, selector = Slice(), selectors.DefaultSelector()
    opened = [Connection(port) for _ in range(connections)]
    began = time.perf_counter()
    try:
        under_way = 0
        for connection in opened:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            under_way += _next(connection, requests)
        while under_way:
            ready = selector.select(ANSWER_SECONDS)
            if not ready:
                raise TimeoutError(f"No answer in {ANSWER_SECONDS:.0f} s.")
            for key, _ in ready:
                answer = key.data.receive()
                if answer is None:
                    continue
                now = time.perf_counter()
                _note(seen, answer, now - key.data.sent_at, keep)
                under_way -= 1
                if now - began < seconds:
                    under_way += _next(key.data, requests)
    finally:
        seen.seconds = time.perf_counter() - began
        selector.close()
        for connection in opened:
            connection.socket.close()
    return seen


def _next(connection: Connection, requests: Iterator[bytes]) -> int:
    """Sends the next request, if there is one; how many are under way because of it."""
    text = next(requests, None)
    if text is None:
        return 0
    connection.send(text)
    return 1


def _note(seen: Slice, answer: tuple[int, bytes], latency: float, keep: Callable[[bytes], bool]) -> None:
    status, body = answer
    if 200 <= status < 300:
        seen.latencies.append(latency)
        if keep(body):
            seen.bodies.append(body)
    else:
        seen.errors.append(f"{status} {body[:300].decode(errors='replace')}")
