"""A server of bytes, for what no server framework can be made to send."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import Any, Final, TypeAlias

from typing_extensions import Self

__all__ = ["CLOSE", "HOLD", "RESET", "RawServer", "Step", "dribble", "reply"]

CLOSE: Final = "close"
RESET: Final = "reset"
HOLD: Final = 60.0

Step: TypeAlias = bytes | float | str | threading.Event | Callable[[], object]
"""Bytes are sent, seconds and events are waited for, functions are called, CLOSE and RESET end the connection."""


def reply(
    body: bytes | str | dict[str, Any] | list[Any] = b"",
    status: str = "200 OK",
    content_type: str | None = "application/json",
    *,
    dated: bool = True,
    **headers: str,
) -> bytes:
    """A complete and correct reply, unless the headers given say otherwise; `_` in their names is a hyphen."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    lines = {"content-length": str(len(content))}
    if content_type is not None:
        lines["content-type"] = content_type
    if dated:
        lines["date"] = formatdate(usegmt=True)
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + content


def dribble(content: bytes, every: float) -> list[Step]:
    """The bytes one by one, with a pause before each."""
    return [step for byte in content for step in (every, bytes([byte]))]


class RawServer:
    """Answers each request with the next script; the last one is played again and again.

    A connection stays open after a script, for the next request, unless the script ends it.
    """

    def __init__(self, *scripts: Iterable[Step] | bytes) -> None:
        self._scripts: list[list[Step]] = [[each] if isinstance(each, bytes) else list(each) for each in scripts]
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/api"
        self.requests: list[bytes] = []
        """The heads and bodies of the requests, in order of arrival."""
        self.connections = 0
        """How many connections were made."""
        self._busy = threading.Condition(self._lock)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):  # wakes the thread that accepts; elsewhere than here a shutdown does not
            socket.create_connection(self._listener.getsockname()).close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):  # the client has left
                    connection.shutdown(socket.SHUT_RD)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()
        self._listener.close()

    def wait_for_closing(self) -> None:
        """Block until no connection is open."""
        with self._lock:
            assert self._busy.wait_for(lambda: not self._open, timeout=30)

    def wait_for_requests(self, number: int) -> None:
        """Block until this number of requests has arrived."""
        with self._busy:
            assert self._busy.wait_for(lambda: len(self.requests) >= number, timeout=30)

    def _start(self, target: Any, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self._ended.is_set():
                connection.close()
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
        try:
            while not self._ended.is_set() and (request := _read_request(connection)):
                with self._lock:
                    script = self._scripts[min(len(self.requests), len(self._scripts) - 1)]
                    self.requests.append(request)
                    self._busy.notify_all()
                if not self._play(script, connection):
                    return
        except OSError:
            pass  # the client has left
        finally:
            with self._lock:
                self._open.discard(connection)
                connection.close()
                self._busy.notify_all()

    def _play(self, script: list[Step], connection: socket.socket) -> bool:
        for step in script:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, float):
                self._ended.wait(step)
            elif isinstance(step, threading.Event):
                step.wait(HOLD)
            elif callable(step):
                step()
            else:
                if step == RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
        return True


def _read_request(connection: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        piece = connection.recv(65536)
        if not piece:
            return b""
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            return b""
        body += piece
    return head + b"\r\n\r\n" + body
