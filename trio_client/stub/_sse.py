"""Event streams: how an event looks on the wire, and the reply that sends them as they happen."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ._connection import hang_up
from ._engine import Engine
from ._faults import Dialect, Fault, LineEnd
from ._generations import Traits
from ._job import Job, JobEvent

__all__ = ["EventStream", "disconnected", "encode_event"]

_KEEP_ALIVE = ": keep-alive\n\n"
# Events after which others have their turn; a server takes what nobody reads any more without a pause.
_TURN = 16
_BOM = b"\xef\xbb\xbf"
_LINE_ENDS: dict[LineEnd, str] = {"lf": "\n", "cr": "\r", "crlf": "\r\n"}
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


def encode_event(name: str, data: dict[str, Any], dialect: Dialect = "A") -> str:
    """The text of one event. A name with a line break is refused: it could forge further events."""
    if any(character in name for character in "\r\n\0"):
        raise ValueError("an event name must not contain line breaks or NUL")
    if dialect == "B":
        data = {"type": name, **data}
    line = f"event: {name}\n" if dialect in ("A", "D") else ""
    text = _prose(name, data) if dialect == "D" else json.dumps(data, ensure_ascii=False)
    return line + "".join(f"data: {part}\n" for part in _LINE_BREAK.split(text)) + "\n"


def _prose(name: str, data: dict[str, Any]) -> str:
    """What an event says, in words."""
    told = (data.get(field) for field in ("explanation", "summary", "message", "reason"))
    return next((str(text) for text in told if text), name)


class EventStream(Response):
    """The reply of SSE mode: every event of a job until its end. The job survives a reader that leaves."""

    def __init__(self, job: Job, engine: Engine, fault: Fault | None, *, keep_alive: float, traits: Traits) -> None:
        super().__init__()
        self._job = job
        self._engine = engine
        self._fault = fault or Fault()
        self._keep_alive = keep_alive
        self._traits = traits
        self._drops = job.drops
        self._sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream until the job ends, the reader leaves, or a fault strikes."""
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        if self._fault.bom:
            await send({"type": "http.response.body", "body": _BOM, "more_body": True})
        with self._engine.reading(self._job) as news:
            gone = asyncio.create_task(disconnected(receive, news))
            try:
                whole = await self._tell(send, news, gone)
                if not whole and not gone.done():
                    await hang_up(scope, receive)
            finally:
                gone.cancel()
                self._engine.left(self._job)
        if whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send, news: asyncio.Event, gone: asyncio.Task[None]) -> bool:
        """Send events as they come; True if the stream is to end in good order."""
        index = 0
        while True:
            if gone.done() or self._engine.closing or self._job.removed or self._job.drops > self._drops:
                return False
            news.clear()
            events, index = self._job.events_since(index)
            for number, event in enumerate(events, 1):
                if number % _TURN == 0:
                    await asyncio.sleep(0)
                if gone.done() or self._sent == self._fault.drop_after_events:
                    return False
                if not await self._send_event(event, send):
                    continue
                if event.terminal or (event.name == "triggered" and self._traits.trigger_ends_stream):
                    return True
            if self._sent == self._fault.drop_after_events:
                return False
            if not await self._wait(news) and not self._silent():
                await self._write(_KEEP_ALIVE, send)

    async def _send_event(self, event: JobEvent, send: Send) -> bool:
        """Send one event; False if a fault silences it, and with it the end of the stream."""
        if self._silent():
            return False
        if not (event.terminal and self._fault.omit_terminal):
            name, data = self._traits.event(self._job.job_type, event.name, event.data)
            await self._write(encode_event(name, data, self._fault.dialect or "A"), send)
            self._sent += 1
        return True

    async def _write(self, text: str, send: Send) -> None:
        body = text.replace("\n", _LINE_ENDS[self._fault.line_end or "lf"]).encode()
        at = self._fault.split_at
        for piece in (body,) if at is None else (body[:at], body[at:]):
            if piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})

    def _silent(self) -> bool:
        limit = self._fault.silent_after_events
        return limit is not None and self._sent >= limit

    async def _wait(self, news: asyncio.Event) -> bool:
        """Wait for news; False if there were none for so long that a sign of life is due."""
        quiet = False

        def end() -> None:
            nonlocal quiet
            quiet = True
            news.set()

        # A timer on the event itself: a task for each wait is most of what an event of a busy stream costs.
        timer = asyncio.get_running_loop().call_later(self._keep_alive, end)
        try:
            await news.wait()
        finally:
            timer.cancel()
        return not quiet


async def disconnected(receive: Receive, news: asyncio.Event) -> None:
    """Wait until the reader of a reply has left, then set the event."""
    while (await receive())["type"] != "http.disconnect":
        pass
    news.set()
