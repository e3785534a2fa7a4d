"""A TCP proxy in front of the stub server, for faults below HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncGenerator, Generator
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..api.control_schema import read_control
from ..documented.errors import ApiError
from ..engine.records import BoundedLog
from .listener import ProxyListener
from .play import TROUBLE, Peer, pass_on, play, strike_early, unless_left
from .wire import Head, Reply, made_up, read_body, read_head, take
from .wire_fault import WireFault, WireScript

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..server.stub_server import StubServer

__all__ = ["FaultProxy", "WireRequest"]

_CONTROL_PATH = "/_stub/wire"
_MOST_BYTES = 64 * 2**20


@dataclass(eq=False)
class WireRequest:
    """A request that arrived at the proxy, and what became of it. Header names are lower case.

    `forwarded` turns true when the server has been given the request; `connection` counts from 1.
    """

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    connection: int
    fault: WireFault | None
    forwarded: bool
    time: float

    @property
    def size(self) -> int:
        """About the memory that it takes, in bytes."""
        texts = (self.path, *self.headers, *self.headers.values())
        return len(self.body) + sum(map(len, texts))


class FaultProxy:
    """Stand before a stub server, pass everything on, and play the faults below HTTP that are scripted.

    Args:
        server: a `StubServer` that runs, or the base URL of any server that speaks plain HTTP.
        port: 0 takes any free port of the loopback address.

    Example:
        >>> from trio_client.stub import StubServer
        >>> with StubServer() as stub, FaultProxy(stub) as proxy:
        ...     proxy.strike(WireFault("reset", work="late"), method="POST", path="/live-monitor")
        ...     proxy.base_url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(self, server: StubServer | str, *, port: int = 0) -> None:
        parts = urlsplit(server if isinstance(server, str) else server.base_url)
        if parts.scheme != "http" or not parts.hostname or not parts.port:
            raise ValueError("server must be a running StubServer, or an http:// URL with host and port")
        self._server = (parts.hostname, parts.port)
        self._path = parts.path.rstrip("/")
        self._script = WireScript()
        self._requests: BoundedLog[WireRequest] = BoundedLog()
        self._connections = 0
        self._at_work = 0
        self._rest = threading.Condition()
        self._listener = ProxyListener(self._serve, port=port)

    def start(self) -> Self:
        """Accept connections until `stop()`."""
        self._listener.start()
        return self

    def stop(self) -> None:
        """End all connections, and all work that is still to be done; does nothing if it does not run."""
        self._listener.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

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
        """The latest requests that arrived, whatever became of them, oldest first."""
        return self._requests.all()

    @property
    def faults(self) -> list[WireFault]:
        """Scripted faults that have not struck as often as they should."""
        return self._script.pending()

    def strike(self, fault: WireFault, *, method: str | None = None, path: str = "", times: int = 1) -> None:
        """Script a fault for the next matching request; faults strike in the order of their scripting.

        Args:
            fault: what happens.
            method: only requests with this HTTP method; None: any.
            path: only paths that begin so, with or without `/api`; "": any.
            times: how many matching requests it strikes.
        """
        self._script.add(fault, method=method, path=path, times=times)

    def refuse(self) -> None:
        """Refuse new connections until `accept()`, as a machine does on which nothing listens."""
        self._listener.refuse()

    def accept(self) -> None:
        """Accept connections again."""
        self._listener.accept()

    def wait_idle(self, timeout: float = 5.0) -> None:
        """Block until everything that arrived is dealt with, late work too; `TimeoutError` if it takes longer."""
        with self._rest:
            if not self._rest.wait_for(lambda: self._at_work == 0, timeout):
                raise TimeoutError(f"{self._at_work} requests are still being dealt with")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Deal with one connection, request by request."""
        self._connections += 1
        number, peer = self._connections, Peer(reader, writer)
        fault = self._script.take_at_connect()
        if fault is not None and not await strike_early(fault, peer):
            return
        begun, goes_on = b"", True
        while goes_on and (head := await read_head(reader, begun)) is not None:
            request = self._note(head, number)
            with self._working():
                goes_on, begun = await self._deal_with(request, head, peer)

    async def _deal_with(self, request: WireRequest, head: Head, peer: Peer) -> tuple[bool, bytes]:
        """Read a request and answer it: whether another may follow, and what was read of it."""
        fault, pieces = request.fault, read_body(peer.reader, head, until_end=False)
        try:
            request.body = await take(pieces, fault.after if fault and fault.before_work else _MOST_BYTES)
            if fault is not None and fault.before_work:
                if not await strike_early(fault, peer):
                    return False, b""
                request.body += await take(pieces, _MOST_BYTES)
                fault = None
        except TROUBLE:
            return False, b""
        outcome = await unless_left(self._answer(request, head, fault, peer), peer.reader)
        if fault is not None and fault.work == "late":
            self._count(1)
            self._listener.spawn(self._work_late(request, head, fault.seconds))
        return outcome

    def _note(self, head: Head, connection: int) -> WireRequest:
        method, path, *_ = [*head.start.split(" "), "", ""]
        fault = self._script.take(method, path) if not path.startswith(_CONTROL_PATH) else None
        request = WireRequest(method, path, dict(head.fields), b"", connection, fault, False, time.time())
        self._requests.add(request)
        return request

    async def _answer(self, request: WireRequest, head: Head, fault: WireFault | None, peer: Peer) -> bool:
        """Send what is to be sent; whether the connection can serve another request."""
        if request.path.startswith(_CONTROL_PATH):
            await pass_on(self._control(request), peer)
        elif fault is not None and fault.work != "done":
            return await play(fault, made_up(fault.content), peer)
        else:
            async with self._asked(request, head) as reply:
                if not await (pass_on(reply, peer) if fault is None else play(fault, reply, peer)):
                    return False
        return "close" not in head.get("connection").lower()

    @contextlib.asynccontextmanager
    async def _asked(self, request: WireRequest, head: Head) -> AsyncGenerator[Reply, None]:
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

    async def _work_late(self, request: WireRequest, head: Head, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with contextlib.suppress(*TROUBLE):
            async with self._asked(request, head):
                pass
        self._count(-1)

    def _control(self, request: WireRequest) -> Reply:
        """GET tells of requests and faults, POST scripts a fault: its fields, `method`, `path` and `times`."""
        if request.method == "POST":
            try:
                given = read_control("wire", request.body)
                aim = {name: given.pop(name) for name in ("method", "path", "times") if name in given}
                self.strike(WireFault.from_json(given), **aim)
            except (ApiError, TypeError, ValueError) as error:
                return made_up(json.dumps({"detail": str(error)}).encode(), "422 Unprocessable Entity")
        told = [{**asdict(each), "body": each.body.decode("latin-1")} for each in self.requests]
        return made_up(json.dumps({"requests": told, "pending": len(self.faults)}, default=repr).encode())

    @contextlib.contextmanager
    def _working(self) -> Generator[None, None, None]:
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._rest:
            self._at_work += change
            self._rest.notify_all()
