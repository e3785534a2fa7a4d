"""Sockets whose waits let signals through, for systems where no signal ends a wait: see `REAL.slice_seconds`."""

from __future__ import annotations

import math
import socket
import ssl
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import httpcore

from ...._time_source import REAL

__all__ = ["SlicedSocket", "SlicedTLSSocket", "connect_in_slices", "slice_tls"]

_T = TypeVar("_T")

if TYPE_CHECKING:
    _Socket = socket.socket
else:
    _Socket = object


class _Sliced(_Socket):
    """Waits of a socket, in slices. A wait that timed out has taken nothing, in TLS too, and can be repeated."""

    __slots__ = ()

    def recv(self, *arguments: Any, **options: Any) -> bytes:
        return self._in_slices(partial(super().recv, *arguments, **options))

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        return self._in_slices(partial(super().recv_into, *arguments, **options))

    def send(self, *arguments: Any, **options: Any) -> int:
        return self._in_slices(partial(super().send, *arguments, **options))

    def sendall(self, data: Any, flags: int = 0) -> None:  # noqa: ARG002 - httpcore gives none
        view = memoryview(data).cast("B")
        while view:
            view = view[self.send(view) :]

    def _in_slices(self, call: Callable[[], _T]) -> _T:
        timeout = self.gettimeout()
        if timeout == 0.0:
            return call()
        result: list[_T] = []
        timed_out: list[TimeoutError] = []

        def wait(seconds: float) -> bool:
            self.settimeout(max(seconds, 0.001))  # zero would not wait, and fail in another way
            try:
                result.append(call())
            except TimeoutError as error:
                timed_out[:] = [error]
                return False
            return True

        try:
            if not REAL.in_slices(wait, math.inf if timeout is None else timeout):
                raise timed_out[0].with_traceback(None)
            return result[0]
        finally:
            if self.fileno() != -1:  # another thread may have closed it
                self.settimeout(timeout)


class SlicedSocket(_Sliced, socket.socket):
    """A socket that waits in slices; it adds nothing to a socket, so that a connected one can become one."""

    __slots__ = ()


class SlicedTLSSocket(_Sliced, ssl.SSLSocket):
    """A socket of TLS that waits in slices, also in the handshake."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            self._in_slices(partial(super().do_handshake, block))
        except BaseException:  # Ctrl-C, too: the caller has no socket to close yet
            self.close()
            raise


def slice_tls(context: ssl.SSLContext) -> None:
    """Let sockets that a context makes wait in slices, unless it makes some of its own kind."""
    if context.sslsocket_class is ssl.SSLSocket:
        context.sslsocket_class = SlicedTLSSocket


def connect_in_slices(connect: Callable[..., httpcore.NetworkStream], *arguments: Any) -> httpcore.NetworkStream:
    """Return a new connection that waits in slices, made in a thread: nothing ends the lookup of a name."""
    attempt = _Attempt(partial(connect, *arguments))
    try:
        threading.Thread(target=attempt.run, name="trio-connect", daemon=True).start()
    except RuntimeError:  # Python 3.12 starts no thread while it ends, which is when jobs are stopped
        attempt.run()
    stream = attempt.result()
    connection = stream.get_extra_info("socket")
    if type(connection) is socket.socket:
        connection.__class__ = SlicedSocket
    return stream


class _Attempt:
    """A connection that one thread makes, and another waits for unless it is interrupted."""

    def __init__(self, connect: Callable[[], httpcore.NetworkStream]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._abandoned = False
        self._stream: httpcore.NetworkStream | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            stream = self._connect()
        except BaseException as error:  # noqa: BLE001 - the other thread raises it
            self._error = error
        else:
            with self._lock:
                self._stream = stream
                if self._abandoned:
                    stream.close()
        self._over.set()

    def result(self) -> httpcore.NetworkStream:
        try:
            REAL.in_slices(self._over.wait, math.inf)
        except BaseException:
            with self._lock:
                self._abandoned = True
                if self._stream is not None:
                    self._stream.close()
            raise
        error, self._error = self._error, None
        if error is not None:
            raise error
        assert self._stream is not None
        return self._stream
