from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

SECRET = "s3cret"
BODY = b'{"type": "job_started", "timestamp": "2026-02-01T10:00:00Z", "data": {"job_id": "a1"}}'
Talk: TypeAlias = Callable[..., bytes]


@pytest.fixture
def talk() -> Iterator[Callable[..., bytes]]:
    """Sends pieces of raw HTTP to a port and returns all that comes back."""
    sockets: list[socket.socket] = []

    def converse(port: int, *pieces: bytes, hang_up: bool = False) -> bytes:
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        sockets.append(connection)
        for piece in pieces:
            connection.sendall(piece)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received

    yield converse
    for each in sockets:
        each.close()


def request(body: bytes = BODY, *headers: str, method: str = "POST", length: int | None = None) -> bytes:
    lines = [f"{method} /hooks/trio HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if length is None or length >= 0:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])
