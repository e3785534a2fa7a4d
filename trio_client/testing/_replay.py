"""Answer a client's requests from a recording."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import anyio.lowlevel
import httpx
from typing_extensions import Self

from .._json import as_array, as_object
from .._times import parse_time
from ._recording import RecordedExchange, Recording, Step
from ._recording_mask import RecordingMask, secrets_in
from ._routes import MockRequest
from ._unscripted import UnscriptedCallError

__all__ = ["Replay"]

_OF_THE_BODY = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})
_IGNORED = frozenset({"client_ref"})
_DURATION = "monitor_duration_seconds"
_DURATION_SECONDS = 5
_MAX_SHOWN = 200


class Replay:
    """The exchanges of a recording, each of which answers one request.

    Args:
        recording: what was recorded.
        ordered: whether requests must come in the recorded order.
        now: the seconds that have passed for the clients.
        skip: called with the seconds that pass until the next step.
        refused: collects the errors that are raised while a body is read.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        ordered: bool,
        now: Callable[[], float],
        skip: Callable[[float], object],
        refused: list[UnscriptedCallError],
    ) -> None:
        self._recording = recording
        self._unused = list(recording.exchanges)
        self._ordered = ordered
        self._now = now
        self._skip = skip
        self._refused = refused
        self._began = now()
        self._lock = threading.Lock()

    def response(self, request: MockRequest) -> httpx.Response:
        """Return the recorded reply to a request, or raise the recorded failure.

        Raises:
            UnscriptedCallError: no unused exchange fits.
        """
        exchange = self._take(request)
        if not exchange.steps:
            raise self._cut(exchange)
        first, *rest = exchange.steps
        self.wait_until(first.at)
        if first.name != "head":
            raise _failure(first)
        headers = [each for each in first.values["headers"] if each[0].lower() not in _OF_THE_BODY]
        body = _RecordedBody(self, exchange, rest)
        return httpx.Response(first.values["status"], headers=headers, stream=body)

    def wait_until(self, moment: datetime) -> None:
        """Let the time pass that passed in the recording, at once."""
        exchanges = self._recording.exchanges
        seconds = (moment - exchanges[0].at).total_seconds() - (self._now() - self._began)
        if seconds > 0:
            self._skip(seconds)

    def check_used(self) -> None:
        """Raise UnscriptedCallError if a recorded exchange was not asked for."""
        with self._lock:
            unused = list(self._unused)
        if unused:
            calls = ", ".join(f"{each.method} {each.path}" for each in unused[:5])
            more = f" and {len(unused) - 5} more" if len(unused) > 5 else ""
            raise UnscriptedCallError(
                f"{self._recording.path.name} has exchanges that were not asked for: {calls}{more}.",
                method=unused[0].method,
                path=unused[0].path,
            )

    def _take(self, request: MockRequest) -> RecordedExchange:
        with self._lock:
            found = [each for each in self._unused if (each.method, each.path) == (request.method, request.path)]
            candidates = self._unused[:1] if self._ordered else found
            differences = [self._differences(each, request) for each in candidates]
            for exchange, difference in zip(candidates, differences, strict=True):
                if not difference:
                    self._unused.remove(exchange)
                    return exchange
        call = f"{request.method} {request.path}"
        if not candidates:
            used = any((each.method, each.path) == (request.method, request.path) for each in self._recording.exchanges)
            reason = "all such exchanges have been used" if used else "it was not recorded"
        else:
            what = "the next exchange of the recording" if self._ordered else "the oldest unused one"
            reason = f"it differs from {what}: {'; '.join(differences[0])}"
        raise UnscriptedCallError(
            f"{call} has no answer in {self._recording.path.name}: {reason}.", method=request.method, path=request.path
        )

    def _differences(self, exchange: RecordedExchange, request: MockRequest) -> list[str]:
        """Return how a request differs from a recorded one; nothing if they are alike."""
        wanted, sent = f"{exchange.method} {exchange.path}", f"{request.method} {request.path}"
        if wanted != sent:
            return [f"{wanted} was recorded, {sent} was sent"]
        key = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        masks = RecordingMask([key, *secrets_in(request.json)], frames=self._recording.frames)
        query = {name: masks.url(value) for name, value in request.query.items()}
        return [*_unlike("query", exchange.query, query), *_unlike("body", exchange.body, masks.value(request.json))]

    def _cut(self, exchange: RecordedExchange) -> UnscriptedCallError:
        return UnscriptedCallError(
            f"{self._recording.path.name} ends in the middle of {exchange.method} {exchange.path}.",
            method=exchange.method,
            path=exchange.path,
        )

    def next_piece(self, exchange: RecordedExchange, steps: Iterator[Step]) -> bytes | None:
        """Return the next piece of a recorded body, `None` at its end; raise the failure that was recorded."""
        step = next(steps, None)
        if step is None:
            self._refused.append(self._cut(exchange))
            raise self._refused[-1]
        if step.name == "end" and step.values["complete"]:
            return None
        self.wait_until(step.at)
        if step.name == "piece":
            content: bytes = step.values["content"]
            return content
        raise _failure(step)


class _RecordedBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, replay: Replay, exchange: RecordedExchange, steps: list[Step]) -> None:
        self._replay = replay
        self._exchange = exchange
        self._steps = iter(steps)

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._replay.next_piece(self._exchange, self._steps)) is not None:
            yield piece

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        await anyio.lowlevel.checkpoint()
        piece = self._replay.next_piece(self._exchange, self._steps)
        if piece is None:
            raise StopAsyncIteration
        return piece

    def close(self) -> None:
        """Nothing is held."""

    async def aclose(self) -> None:
        """Nothing is held."""


def _failure(step: Step) -> Exception:
    """Return what a failure raised. Where the recorded client stopped reading, nothing more came for it in time."""
    if step.name == "end":
        return httpx.ReadTimeout("nothing more was recorded: the client had stopped reading")
    name, message = step.values["error"], step.values["message"]
    kind = getattr(httpx, name, None)
    if isinstance(kind, type) and issubclass(kind, httpx.TransportError):
        return kind(message)
    if "Timeout" in name or "Cancelled" in name:
        return httpx.ReadTimeout(message or name)
    return httpx.ReadError(message or name)


def _unlike(where: str, recorded: Any, sent: Any) -> list[str]:
    """Return where two values differ, but for what differs between two sessions of one program."""
    if isinstance(recorded, dict) and isinstance(sent, dict):
        before, now = as_object(recorded), as_object(sent)
        names = [name for name in {**before, **now} if name not in _IGNORED]
        return [each for name in names for each in _unlike(f"{where}.{name}", before.get(name), now.get(name))]
    if isinstance(recorded, list) and isinstance(sent, list) and len(as_array(recorded)) == len(as_array(sent)):
        pairs = zip(as_array(recorded), as_array(sent), strict=True)
        return [each for n, (old, new) in enumerate(pairs) for each in _unlike(f"{where}[{n}]", old, new)]
    if _alike(where, recorded, sent):
        return []
    return [f"{where} was {_shown(recorded)}, and is {_shown(sent)}"]


def _alike(where: str, recorded: Any, sent: Any) -> bool:
    if recorded == sent:
        return True
    if where.endswith(f".{_DURATION}") and isinstance(recorded, (int, float)) and isinstance(sent, (int, float)):
        return abs(recorded - sent) <= _DURATION_SECONDS
    if not isinstance(recorded, str) or not isinstance(sent, str):
        return False
    if "T" in recorded and "T" in sent and parse_time(recorded) and parse_time(sent):
        return True
    return "client_ref=" in recorded and _without_reference(recorded) == _without_reference(sent)


def _without_reference(url: str) -> str:
    parts = urlsplit(url)
    query = [each for each in parse_qsl(parts.query, keep_blank_values=True) if each[0] not in _IGNORED]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
