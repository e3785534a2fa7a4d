"""A TCP proxy in front of the stub server, for faults below HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterable
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from typing_extensions import Self

import trio_client

from ..api.allowed_hosts import AllowedHosts
from ..api.control_schema import read_control
from ..documented.errors import ApiError
from ..engine.masking import mask_headers, mask_url
from ..engine.records import BoundedLog
from .listener import ProxyListener
from .play import CONNECTION_ERRORS, Peer, apply_early, forward, play, until_disconnect
from .wire import Head, Reply, proxy_reply, read_body, read_head, take
from .wire_fault import WireFault, WireScript

if TYPE_CHECKING:
    import trio_client.stub

__all__ = ["FaultProxy", "WireRequest"]

_CONTROL_PATH = "/_stub/wire"
_MAX_BODY = 64 * 2**20


@dataclass(eq=False)
class WireRequest:
    """A request that arrived at the proxy, and what happened to it. Header names are lower case.

    `forwarded` becomes true when the server has got the request; `connection` counts from 1.
    """

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    connection: int
    fault: WireFault | None
    forwarded: bool
    time: float

    def __repr__(self) -> str:
        fault = f", fault={self.fault!r}" if self.fault is not None else ""
        return f"WireRequest({self.method} {mask_url(self.path)!r}, forwarded={self.forwarded}{fault})"

    @property
    def size(self) -> int:
        """About the memory that it takes, in bytes."""
        texts = (self.path, *self.headers, *self.headers.values())
        return len(self.body) + sum(map(len, texts))


class FaultProxy:
    """A proxy before a stub server that forwards everything and plays scripted faults below HTTP.

    Args:
        server: a running `StubServer`, or the base URL of any plain HTTP server.
        port: 0 takes any free port of the loopback address.
        allow_hosts: host names that are answered beside the loopback names, on any port; others get 403.

    Example:
        >>> from trio_client.stub import StubServer
        >>> with StubServer() as stub, FaultProxy(stub) as proxy:
        ...     proxy.strike(WireFault("reset", work="late"), method="POST", path="/live-monitor")
        ...     proxy.base_url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(
        self, server: trio_client.stub.StubServer | str, *, port: int = 0, allow_hosts: Iterable[str] = ()
    ) -> None:
        parts = urlsplit(server if isinstance(server, str) else server.base_url)
        if parts.scheme != "http" or not parts.hostname or not parts.port:
            raise ValueError("server must be a running StubServer, or an http:// URL with host and port")
        self._server = (parts.hostname, parts.port)
        self._path = parts.path.rstrip("/")
        self._allowed = AllowedHosts(allow_hosts)
        self._script = WireScript()
        self._requests: BoundedLog[WireRequest] = BoundedLog()
        self._connections = 0
        self._active = 0
        self._idle = threading.Condition()
        self._listener = ProxyListener(self._serve, port=port)

    def start(self) -> Self:
        """Accept connections until `stop()`."""
        self._listener.start()
        return self

    def stop(self) -> None:
        """End all connections and all late work; has no effect if it is not running."""
        self._listener.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<FaultProxy before {self._server[0]}:{self._server[1]}, {self._connections} connections>"

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL."""
        return f"http://127.0.0.1:{self._listener.port}{self._path}"

    @property
    def connections(self) -> int:
        """How many connections were made."""
        return self._connections

    @property
    def requests(self) -> list[WireRequest]:
        """The latest requests that arrived, forwarded or not, oldest first."""
        return self._requests.all()

    @property
    def faults(self) -> list[WireFault]:
        """Scripted faults that have not been applied as often as they were scripted."""
        return self._script.pending()

    def strike(self, fault: WireFault, *, method: str | None = None, path: str = "", times: int = 1) -> None:
        """Script a fault for the next matching request; faults apply in the order in which they were scripted.

        Args:
            fault: what happens.
            method: only requests with this HTTP method; None: any.
            path: only paths that start with this, with or without `/api`; "": any.
            times: how many matching requests it applies to.
        """
        self._script.add(fault, method=method, path=path, times=times)

    def refuse(self) -> None:
        """Refuse new connections until `accept()`, as if no server were listening."""
        self._listener.refuse()

    def accept(self) -> None:
        """Accept connections again."""
        self._listener.accept()

    def wait_idle(self, timeout: float = 5.0) -> None:
        """Block until every request is handled, late work too; raises `TimeoutError` if that takes longer."""
        with self._idle:
            if not self._idle.wait_for(lambda: self._active == 0, timeout):
                raise TimeoutError(f"{self._active} requests are still being handled")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection, request by request."""
        self._connections += 1
        number, peer = self._connections, Peer(reader, writer)
        fault = self._script.take_at_connect()
        if fault is not None and not await apply_early(fault, peer):
            return
        begun, continues = b"", True
        while continues and (head := await read_head(reader, begun)) is not None:
            try:
                self._allowed.check(head.fields)
            except ApiError as error:
                with contextlib.suppress(*CONNECTION_ERRORS):
                    await take(read_body(reader, head, until_end=False), _MAX_BODY)
                    await forward(proxy_reply(json.dumps(error.body()).encode(), "403 Forbidden"), peer)
                return
            request = self._record(head, number)
            with self._counted():
                continues, begun = await self._handle(request, head, peer)

    async def _handle(self, request: WireRequest, head: Head, peer: Peer) -> tuple[bool, bytes]:
        """Read a request and answer it; returns whether another may follow, and what was already read of it."""
        fault, pieces = request.fault, read_body(peer.reader, head, until_end=False)
        try:
            request.body = await take(pieces, fault.after if fault and fault.before_work else _MAX_BODY)
            if fault is not None and fault.before_work:
                if not await apply_early(fault, peer):
                    return False, b""
                request.body += await take(pieces, _MAX_BODY)
                fault = None
        except CONNECTION_ERRORS:
            return False, b""
        outcome = await until_disconnect(self._answer(request, head, fault, peer), peer.reader)
        if fault is not None and fault.work == "late":
            self._count(1)
            self._listener.spawn(self._forward_late(request, head, fault.seconds))
        return outcome

    def _record(self, head: Head, connection: int) -> WireRequest:
        method, path, *_ = [*head.start.split(" "), "", ""]
        fault = self._script.take(method, path) if not path.startswith(_CONTROL_PATH) else None
        request = WireRequest(method, path, dict(head.fields), b"", connection, fault, False, time.time())
        self._requests.add(request)
        return request

    async def _answer(self, request: WireRequest, head: Head, fault: WireFault | None, peer: Peer) -> bool:
        """Send the reply; returns whether the connection can serve another request."""
        if request.path.startswith(_CONTROL_PATH):
            await forward(self._control(request), peer)
        elif fault is not None and fault.work != "done":
            return await play(fault, proxy_reply(fault.content), peer)
        else:
            async with self._server_reply(request, head) as reply:
                if not await (forward(reply, peer) if fault is None else play(fault, reply, peer)):
                    return False
        return "close" not in head.get("connection").lower()

    @contextlib.asynccontextmanager
    async def _server_reply(self, request: WireRequest, head: Head) -> AsyncGenerator[Reply, None]:
        """The server's reply to a request."""
        reader, writer = await asyncio.open_connection(*self._server)
        try:
            fields = head.changed(transfer_encoding=None, content_length=str(len(request.body)))
            writer.write(bytes(fields if request.body else head) + request.body)
            await writer.drain()
            request.forwarded = True
            reply = await read_head(reader)
            if reply is None:
                raise EOFError
            bodyless = request.method == "HEAD" or reply.start.split(" ")[1:2] in (["204"], ["304"])
            yield Reply(reply, read_body(reader, Head("", ()) if bodyless else reply, until_end=not bodyless))
        finally:
            writer.transport.abort()

    async def _forward_late(self, request: WireRequest, head: Head, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with contextlib.suppress(*CONNECTION_ERRORS):
            async with self._server_reply(request, head):
                pass
        self._count(-1)

    def _control(self, request: WireRequest) -> Reply:
        """GET lists requests and counts faults, POST scripts a fault: its fields, `method`, `path` and `times`."""
        if request.method == "POST":
            try:
                given = read_control("wire", request.body)
                aim = {name: given.pop(name) for name in ("method", "path", "times") if name in given}
                self.strike(WireFault.from_json(given), **aim)
            except (ApiError, TypeError, ValueError) as error:
                return proxy_reply(json.dumps({"detail": str(error)}).encode(), "422 Unprocessable Entity")
        requests = [
            {**asdict(each), "headers": mask_headers(each.headers), "body": each.body.decode("latin-1")}
            for each in self.requests
        ]
        return proxy_reply(json.dumps({"requests": requests, "pending": len(self.faults)}, default=repr).encode())

    @contextlib.contextmanager
    def _counted(self) -> Generator[None, None, None]:
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._idle:
            self._active += change
            self._idle.notify_all()
