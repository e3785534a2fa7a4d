"""How the sync client's connections read and write; imported with the first of them, as httpcore takes its time."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any

import httpcore

from ...._time_source import REAL
from .run_to_completion import about_to_send
from .shield import limit_in_force
from .sliced_socket import connect_in_slices, slice_tls

__all__ = ["Backend", "GuardedStream"]

_MUCH = 64 * 1024  # what httpcore asks for where it passes all on to h11
_READ_BYTES = 128 * 1024
_MAX_JOINED_BYTES = 64 * 1024
_END_OF_HEAD = b"\r\n\r\n"


def _bounded(timeout: float | None) -> float | None:
    """Return a timeout within the time limit in force."""
    until = limit_in_force()
    if until is None:
        return timeout
    left = until - REAL.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time limit has passed")
    return left if timeout is None else min(timeout, left)


class _ReceiveBuffer(threading.local):
    def __init__(self) -> None:
        self.view = memoryview(bytearray(_READ_BYTES))


_buffer = _ReceiveBuffer()


def _set_timeout(connection: socket.socket, timeout: float | None) -> None:
    if connection.gettimeout() != timeout:  # setting it asks the system, getting it does not
        connection.settimeout(timeout)


def _send(connection: socket.socket, data: bytes, timeout: float | None) -> None:
    view = memoryview(data)
    try:
        _set_timeout(connection, timeout)
        while view:
            view = view[connection.send(view) :]
    except TimeoutError as error:
        raise httpcore.WriteTimeout(error) from error
    except OSError as error:
        raise httpcore.WriteError(error) from error


def _receive(connection: socket.socket, timeout: float | None) -> bytes:
    """Return what has come, in memory of which there is one piece for a thread: h11 copies it at once."""
    view = _buffer.view
    try:
        _set_timeout(connection, timeout)
        return view[: connection.recv_into(view)]  # type: ignore[return-value]
    except TimeoutError as error:
        raise httpcore.ReadTimeout(error) from error
    except OSError as error:
        raise httpcore.ReadError(error) from error


class GuardedStream(httpcore.NetworkStream):
    """A connection that reports before it sends, and on which no byte buys the peer more time than the limit allows.

    Another thread may close it while it is read. It is shut down at once, which wakes the reader, but its socket
    lives until the reader has left: it might otherwise wait for a new connection that was given the same number.

    Args:
        stream: what it reads and writes.
        layers: how many layers of TLS are in that stream; one or none is the socket's own.
    """

    def __init__(self, stream: httpcore.NetworkStream, *, layers: int = 0) -> None:
        self._stream = stream
        self._layers = layers
        self._socket: socket.socket | None = stream.get_extra_info("socket") if layers <= 1 else None
        self._process = os.getpid()
        self._reading = False
        self._sending = False
        self._held = b""
        self._closed = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._held:
            self._flush(timeout)
        self._reading, self._sending = True, False
        try:
            if self._closed:
                raise httpcore.ReadError("the connection was closed by another thread")
            if self._socket is None or max_bytes < _MUCH:
                return self._stream.read(max_bytes, _bounded(timeout))
            return _receive(self._socket, _bounded(timeout))
        finally:
            self._reading = False
            if self._closed:
                self._stream.close()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes; the head of a request waits for its body, or its end, to go out together."""
        if buffer.endswith(_END_OF_HEAD) and not self._held:
            self._held = buffer
            return
        if self._held and len(buffer) <= _MAX_JOINED_BYTES:
            buffer, self._held = self._held + buffer, b""
        if self._held:
            self._flush(timeout)
        if buffer:
            self._send(buffer, timeout)

    def _flush(self, timeout: float | None) -> None:
        held, self._held = self._held, b""
        self._send(held, timeout)

    def _send(self, data: bytes, timeout: float | None) -> None:
        if not self._sending:
            about_to_send()
            self._sending = True
        if self._socket is None:
            self._stream.write(data, _bounded(timeout))
        else:
            _send(self._socket, data, _bounded(timeout))

    def close(self) -> None:
        self._closed = True
        if self._process == os.getpid():  # a connection shared with a parent process is still the parent's
            with suppress(OSError):  # without it, a thread that reads from a closed socket would never wake up
                socket.socket.shutdown(self._stream.get_extra_info("socket"), socket.SHUT_RDWR)
        if not self._reading:
            self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        if REAL.slice_seconds is not None:
            slice_tls(ssl_context)
        stream = self._stream.start_tls(ssl_context, server_hostname, _bounded(timeout))
        return GuardedStream(stream, layers=self._layers + 1)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        connect = super().connect_tcp
        if REAL.slice_seconds is not None:
            connect = partial(connect_in_slices, connect)
        return GuardedStream(connect(host, port, _bounded(timeout), local_address, socket_options))
