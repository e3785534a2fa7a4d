"""How the async client's connections read and write; imported with the first of them, as httpcore takes its time."""

from __future__ import annotations

import select
import ssl
from collections.abc import Iterable
from typing import Any

import anyio
import httpcore

from .run_to_completion import about_to_send

__all__ = ["Backend"]

_READ_BYTES = 256 * 1024  # as much as asyncio reads at once; anyio copies the rest of it for each smaller piece
_MOMENT = 0.02  # seconds, for what has come already
_MAX_JOINED_BYTES = 64 * 1024
_END_OF_HEAD = b"\r\n\r\n"


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that reports before it sends, and that is closed if it is cancelled in its TLS handshake.

    httpcore forgets such a connection, and leaves its socket open.
    """

    def __init__(self, stream: httpcore.AsyncNetworkStream, *, read_bytes: int = 0) -> None:
        self._stream = stream
        self._read_bytes = read_bytes
        self._sending = False
        self._held = b""
        self._socket: Any = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._held:
            await self._flush(timeout)
        self._sending = False
        size = max(max_bytes, self._read_bytes)
        try:
            return await self._stream.read(size, timeout)
        except httpcore.ReadTimeout as silence:
            # After a freeze of the process (a closed lid, SIGSTOP) the timeout and what waits are noticed at once.
            try:
                return await self._stream.read(size, _MOMENT)
            except httpcore.ReadTimeout:
                raise silence from silence.__cause__

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes; the head of a request waits for its body, or its end, to go out together."""
        if buffer.endswith(_END_OF_HEAD) and not self._held:
            self._held = buffer
            return
        if self._held and len(buffer) <= _MAX_JOINED_BYTES:
            buffer, self._held = self._held + buffer, b""
        if self._held:
            await self._flush(timeout)
        if buffer:
            await self._send(buffer, timeout)

    async def _flush(self, timeout: float | None) -> None:
        held, self._held = self._held, b""
        await self._send(held, timeout)

    async def _send(self, data: bytes, timeout: float | None) -> None:
        if not self._sending:
            await about_to_send()
            self._sending = True
        await self._stream.write(data, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks for: before each use, whether there is something to read.

        anyio would collect all attributes of the stream for that.
        """
        if info == "is_readable" and hasattr(select, "poll"):
            if self._socket is None:
                self._socket = self._stream.get_extra_info("socket")
            descriptor = -1 if self._socket is None else self._socket.fileno()
            if descriptor < 0:  # it was closed
                return True
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            return bool(poll.poll(0))
        return self._stream.get_extra_info(info)


class Backend(httpcore.AsyncNetworkBackend):
    def __init__(self) -> None:
        self._backend: Any = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, read_bytes=_READ_BYTES)
