"""Scripts of event streams: what arrives, in which chunks, how late, and where the connection drops."""

from __future__ import annotations

import json
import math
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import anyio
import anyio.lowlevel
import httpx
from typing_extensions import Self

from .._time_source import REAL
from ..events import Event
from ._factories import wire_of

__all__ = ["ScriptBody", "SseScript", "sse"]

_LINE_END = re.compile(r"\r\n|\r|\n")
_HEADERS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}


@dataclass(frozen=True, slots=True)
class _Delay:
    seconds: float


@dataclass(frozen=True, slots=True)
class _Drop:
    error: Exception


_Step: TypeAlias = "bytes | _Delay | _Drop"


@dataclass(frozen=True, slots=True, repr=False)
class SseScript:
    """A script of an event stream, made by `sse()`. Each method returns a new one, so that scripts can share a start.

    Iterate over it, with `for` or `async for`, to get its chunks. `bytes(script)` is all of it, up to the drop if there
    is one, and `response` is what a mock of httpx answers with.
    """

    _steps: tuple[_Step, ...] = ()
    _real_time: bool = False

    def event(self, event: Event | str, data: Any = None, *, id: str | None = None, retry: int | None = None) -> Self:
        """Send an event.

        Args:
            event: an event, such as `make(Triggered)`, or the name on its `event:` line; empty for no such line.
            data: with a name: what becomes JSON, or text that is sent as it is.
            id: the event's `id:` line.
            retry: milliseconds for its `retry:` line.

        Raises:
            ValueError: a name or id would forge further lines, or the script has dropped the connection.
        """
        name, payload = (event, data) if isinstance(event, str) else wire_of(event)
        lines = [f"event: {_one_line(name)}"] if name else []
        lines += [f"id: {_one_line(id)}"] if id is not None else []
        lines += [f"retry: {int(retry)}"] if retry is not None else []
        text = payload if isinstance(payload, str) else json.dumps({} if payload is None else payload)
        lines += [f"data: {line}" for line in _LINE_END.split(text)]
        return self.raw("\n".join([*lines, "", ""]))

    def comment(self, text: str = "") -> Self:
        """Send a comment, as servers do to keep a quiet stream open."""
        return self.raw(f": {_one_line(text)}\n\n")

    def raw(self, content: bytes | str) -> Self:
        """Send these bytes as they are."""
        return self._then(content.encode() if isinstance(content, str) else bytes(content))

    def delay(self, seconds: float) -> Self:
        """Stay silent for a number of seconds, or forever with `math.inf`.

        It takes no real time unless the script was made with `real_time=True`. A delay that is longer than the
        client waits ends in the client's timeout.
        """
        if math.isnan(seconds) or seconds < 0:
            raise ValueError(f"a delay must be at least 0 seconds, not {seconds!r}")
        return self._then(_Delay(float(seconds)))

    def drop(self, error: Exception | None = None) -> Self:
        """Drop the connection here, as if it were reset, or with an error as the HTTP library raises it."""
        return self._then(_Drop(error or httpx.ReadError("the script dropped the connection")))

    def split(self, size: int) -> Self:
        """Let everything so far arrive in chunks of `size` bytes; by default each event is one chunk."""
        if size < 1:
            raise ValueError(f"chunks must have at least 1 byte, not {size!r}")
        steps: list[_Step] = []
        held = b""
        for step in (*self._steps, None):
            if isinstance(step, bytes):
                held += step
                continue
            steps += [held[start : start + size] for start in range(0, len(held), size)]
            held = b""
            steps += [step] if step is not None else []
        return replace(self, _steps=tuple(steps))

    def response(self, request: httpx.Request | None = None) -> httpx.Response:
        r"""Return a reply of httpx that sends the script: what `httpx.MockTransport` and respx can call.

        Args:
            request: the request it answers, whose timeouts then count for the delays.

        Example:
            >>> import httpx
            >>> transport = httpx.MockTransport(sse().event("started", {"job_id": "a1"}).response)
            >>> with httpx.Client(transport=transport) as http_client:
            ...     http_client.get("http://localhost/").text
            'event: started\ndata: {"job_id": "a1"}\n\n'
        """
        return httpx.Response(200, headers=_HEADERS, stream=ScriptBody(self, request), request=request)

    def _then(self, step: _Step) -> Self:
        if self._steps and isinstance(self._steps[-1], _Drop):
            raise ValueError("the script has dropped the connection; nothing can come after drop()")
        return replace(self, _steps=(*self._steps, step))

    def __bytes__(self) -> bytes:
        return b"".join(step for step in self._steps if isinstance(step, bytes))

    def __iter__(self) -> Iterator[bytes]:
        return iter(ScriptBody(self))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(ScriptBody(self))

    def __repr__(self) -> str:
        drops = bool(self._steps) and isinstance(self._steps[-1], _Drop)
        return f"<SseScript of {len(bytes(self)):,} bytes{', then a drop' if drops else ''}>"


def sse(*events: Event, real_time: bool = False) -> SseScript:
    """Begin the script of an event stream, for `MockTrio`, respx, `httpx.MockTransport` or anything that takes chunks.

    Args:
        events: events to begin with.
        real_time: whether delays are waited for; otherwise they take no time.

    Example:
        >>> from trio_client import Started, Triggered
        >>> from trio_client.testing import make
        >>> script = sse(make(Started)).comment("still here").delay(30).event(make(Triggered)).drop()
        >>> bytes(script).decode().splitlines()[0]
        'event: started'
    """
    script = SseScript(_real_time=real_time)
    for event in events:
        script = script.event(event)
    return script


class ScriptBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a response that plays a script, one chunk for each read.

    Args:
        script: what to play.
        request: whose timeouts count.
        skip: called with the length of each delay that takes no real time.
    """

    def __init__(
        self,
        script: SseScript,
        request: httpx.Request | None = None,
        skip: Callable[[float], object] | None = None,
    ) -> None:
        self._steps = iter(script._steps)  # pyright: ignore[reportPrivateUsage]
        self._real_time = script._real_time  # pyright: ignore[reportPrivateUsage]
        self._request = request
        self._skip = skip

    def __iter__(self) -> Iterator[bytes]:
        for step in self._steps:
            if isinstance(step, _Delay):
                seconds, too_long = self._bounded(step)
                if self._real_time:
                    REAL.sleep(seconds)
                self._end_delay(seconds, too_long=too_long)
            else:
                yield _content(step)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        for step in self._steps:
            if not isinstance(step, _Delay):
                await anyio.lowlevel.checkpoint()
                return _content(step)
            seconds, too_long = self._bounded(step)
            if self._real_time:
                await REAL.async_sleep(seconds)
            self._end_delay(seconds, too_long=too_long)
        raise StopAsyncIteration

    def close(self) -> None:
        """Send nothing more."""
        self._steps = iter(())

    async def aclose(self) -> None:
        """Send nothing more."""
        self.close()

    def _bounded(self, delay: _Delay) -> tuple[float, bool]:
        """Return how long a delay lasts, and whether that is longer than the client waits."""
        timeout = read_timeout(self._request)
        if delay.seconds > timeout or math.isinf(delay.seconds):
            return (0.0 if math.isinf(timeout) else timeout), True
        return delay.seconds, False

    def _end_delay(self, seconds: float, *, too_long: bool) -> None:
        if self._skip is not None and not self._real_time:
            self._skip(seconds)
        if too_long:
            raise httpx.ReadTimeout("the script was silent for longer than the client waits")


def read_timeout(request: httpx.Request | None) -> float:
    """Return how long a client waits for the next chunk of a response; it may change between two reads."""
    seconds: float | None = request.extensions.get("timeout", {}).get("read") if request is not None else None
    return math.inf if seconds is None else seconds


def _content(step: bytes | _Drop) -> bytes:
    if isinstance(step, _Drop):
        raise step.error
    return step


def _one_line(text: str) -> str:
    if any(character in text for character in "\r\n\0"):
        raise ValueError(f"a line break or NUL in {text!r} would forge further lines; use raw() to send it")
    return text
