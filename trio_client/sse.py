"""Decoding of server-sent events (`text/event-stream`), from bytes in any chunking.

The rules are those of the WHATWG HTML standard, section 9.2.6, "Interpreting an event stream":
https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import Buffer

from ._later import Later
from .errors import ResponseValidationError

if TYPE_CHECKING:
    import httpx_sse
else:
    httpx_sse = Later("httpx_sse")

__all__ = ["Decoder", "EventTooLargeError", "RawEvent", "adecode", "decode"]

DEFAULT_MAX_EVENT_BYTES = 16 * 2**20

# Only single bytes are searched for (memchr), which is many times faster than any other search; as integers,
# because `b"\n" in chunk` raises and swallows a TypeError inside CPython before it searches.
_LF, _CR = 0x0A, 0x0D
_BOM = b"\xef\xbb\xbf"
_FIELDS = frozenset((b"data", b"event", b"id", b"retry"))
_LONGEST_START = len(b"retry: ")  # these bytes show which field a line is, and where its value begins
_MAX_RETRY_DIGITS = 640  # what `int()` takes under every setting of `sys.set_int_max_str_digits`
_LARGE = 2**12  # bytes; a piece of at least this size is kept as it is until the line ends
_LONG = 2**14  # more than this is not split at once: that would take many times its size


@dataclass(slots=True)
class RawEvent:
    """One event as received; its data is still bytes, which need not be valid UTF-8.

    `id` is the last id that the stream has given, and `has_id` whether this event gave it; `retry` the milliseconds
    if this event gives them.
    """

    name: str
    data: bytes
    id: str
    retry: int | None
    has_id: bool = False

    def __repr__(self) -> str:
        return f"RawEvent({self.name!r}, <{len(self.data)} bytes>, id={self.id!r}, retry={self.retry!r})"


class EventTooLargeError(ResponseValidationError):
    """One event of a stream is larger than the limit, and nothing after it can be read.

    `limit` is in bytes; `events` are those that the same chunk had completed before.
    """

    def __init__(self, limit: int, events: list[RawEvent] | None = None) -> None:
        super().__init__(f"A server-sent event is larger than {limit:,} bytes; raise the limit if that is expected.")
        self.limit = limit
        self.events: list[RawEvent] = events or []


class _Value:
    """The value of a long line: large pieces as they arrived, small ones joined."""

    __slots__ = ("_pieces", "_small")

    def __init__(self) -> None:
        self._pieces: list[bytes | memoryview] = []
        self._small: io.BytesIO | None = None

    def write(self, piece: bytes | memoryview) -> None:
        if len(piece) >= _LARGE:
            self._end_small()
            self._pieces.append(piece)
        else:
            if self._small is None:
                self._small = io.BytesIO()
            self._small.write(piece)

    def join(self) -> bytes:
        self._end_small()
        return b"".join(self._pieces)

    def _end_small(self) -> None:
        if self._small is not None:
            self._pieces.append(self._small.getvalue())
            self._small = None


class Decoder:
    """Turns chunks of bytes into events, holding no more than one unfinished event between them.

    `last_event_id` is the stream's id as of the last blank line, `retry` its last reconnection time in
    milliseconds: what an EventSource would use to connect again.
    """

    def __init__(self, *, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        if max_event_bytes < 1:
            raise ValueError(f"max_event_bytes must be at least 1, not {max_event_bytes}")
        self.last_event_id: str = ""
        self.retry: int | None = None
        self._limit = max_event_bytes
        self._failed = False
        # Where the last chunk ended: before any byte but those of a byte order mark; after a CR, whose LF may
        # follow; in the first bytes of a line, too few to show its field; or in the value of a field.
        self._at_start = True
        self._after_cr = False
        self._head = b""
        self._field: bytes | None = None  # b"" for a line to be ignored
        self._value = _Value()
        # The event so far. The bytes of its lines are counted, comments and ignored fields left out.
        self._held = 0
        self._data: bytes | io.BytesIO | None = None
        self._name = "message"
        self._last_name: tuple[bytes, str] = (b"", "message")
        self._id = ""
        self._has_id = False
        self._event_retry: int | None = None

    @property
    def unfinished(self) -> bool:
        """Whether an event or a line has started and not ended yet."""
        return bool(self._held or self._head) or self._field is not None

    def __repr__(self) -> str:
        return f"<Decoder, {'within' if self.unfinished else 'between'} events>"

    def feed(self, chunk: Buffer) -> list[RawEvent]:
        """Take the next chunk and return the events that it completes, in order."""
        if type(chunk) is not bytes:
            chunk = _to_bytes(chunk)
        if self._failed:
            raise EventTooLargeError(self._limit)
        events: list[RawEvent] = []
        try:
            if self._field is not None and _LF not in chunk and _CR not in chunk:
                self._continue_line(chunk)
            elif chunk:
                self._read(chunk, events)
        except EventTooLargeError:
            self._failed = True
            self._data, self._value = None, _Value()
            raise EventTooLargeError(self._limit, events) from None
        return events

    def _read(self, chunk: bytes, events: list[RawEvent]) -> None:
        if self._after_cr or self._head or self._at_start:
            chunk = self._resume(chunk)
        if _CR in chunk:
            if len(chunk) > _LONG:
                for start in range(0, len(chunk), _LONG):
                    self._read(chunk[start : start + _LONG], events)
                return
            self._after_cr = chunk.endswith(b"\r")
            chunk = _with_lf_only(chunk)
        if len(chunk) <= _LONG:
            self._read_lines(chunk, events)
            return
        start = 0
        while start < len(chunk):
            end = chunk.rfind(b"\n", start, start + _LONG) + 1
            if end:
                self._read_lines(chunk[start:end], events)
            else:  # in a long line, which is read up to its end or the chunk's
                end = chunk.find(b"\n", start)
                end = len(chunk) if end < 0 else end
                self._read_part_of_line(memoryview(chunk)[start:end])
            start = end

    def _resume(self, chunk: bytes) -> bytes:
        if self._after_cr:
            self._after_cr = False
            return chunk.removeprefix(b"\n")
        chunk = self._head + chunk
        self._head = b""
        if self._at_start:
            if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
                self._head = chunk
                return b""
            self._at_start = False
            chunk = chunk.removeprefix(_BOM)
        return chunk

    def _read_lines(self, chunk: bytes, events: list[RawEvent]) -> None:
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if self._field is not None and lines:
            self._continue_line(lines[0])
            self._end_line()
            del lines[0]
        held = self._held
        for line in lines:  # small events spend their time here, so the usual fields are set without a call
            if not line:
                if self._data is not None:
                    data = self._data if isinstance(self._data, bytes) else self._data.getvalue()
                    events.append(RawEvent(self._name, data, self._id, self._event_retry, self._has_id))
                    self._data = None
                self._has_id = False
                self.last_event_id = self._id
                self._name = "message"
                self._event_retry = None
                held = 0
                continue
            field, _, value = line.partition(b":")
            if field not in _FIELDS:
                continue
            held += len(line)
            if held > self._limit:
                raise EventTooLargeError(self._limit)
            value = value.removeprefix(b" ")
            if field == b"data" and self._data is None:
                self._data = value
            elif field == b"event":
                if value != self._last_name[0]:  # mostly it is that of the event before
                    self._last_name = value, value.decode("utf-8", "replace") or "message"
                self._name = self._last_name[1]
            else:
                self._set(field, value)
        self._held = held
        if rest:
            self._read_part_of_line(rest)

    def _read_part_of_line(self, piece: bytes | memoryview) -> None:
        if self._field is not None:
            self._continue_line(piece)
        elif len(piece) < _LONGEST_START:
            self._head = bytes(piece)
        else:
            field, _, value = bytes(piece[:_LONGEST_START]).partition(b":")
            self._field = field if field in _FIELDS else b""
            start = len(field) + 1 + value.startswith(b" ")
            if self._field:
                self._held += start
            self._continue_line(memoryview(piece)[start:])

    def _continue_line(self, piece: bytes | memoryview) -> None:
        if self._field:
            self._held += len(piece)
            if self._held > self._limit:
                raise EventTooLargeError(self._limit)
            self._value.write(piece)

    def _end_line(self) -> None:
        if self._field:
            self._set(self._field, self._value.join())
            self._value = _Value()
        self._field = None

    def _set(self, field: bytes, value: bytes) -> None:
        if field == b"data":
            if self._data is None:
                self._data = value
                return
            if isinstance(self._data, bytes):
                self._data = io.BytesIO(self._data)
                self._data.seek(0, io.SEEK_END)
            self._data.write(b"\n")
            self._data.write(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace") or "message"
        elif field == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
                self._has_id = True
        elif value.isdigit() and len(value) <= _MAX_RETRY_DIGITS:
            self.retry = self._event_retry = int(value)


def held_bytes(decoder: Decoder) -> int:
    """Return how many bytes of an unfinished event there are; comments and unknown fields do not count."""
    return decoder._held  # pyright: ignore[reportPrivateUsage]


def decode(
    chunks: Iterable[Buffer], *, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES
) -> Iterator[httpx_sse.ServerSentEvent]:
    r"""Decode a stream of server-sent events from bytes of any source.

    Each event is yielded as soon as the blank line that ends it has arrived. An event that the stream leaves
    unfinished is dropped. Bytes that are not UTF-8 become U+FFFD; a charset parameter is ignored.

    Args:
        chunks: The stream, cut anywhere: `httpx.Response.iter_bytes()`, an open binary file, a list of bytes.
        max_event_bytes: The largest event accepted, in bytes of its lines, 1 or more; 16 MiB by default.
            Comments and unknown fields are dropped as they arrive, and do not count.

    Returns:
        An iterator of `httpx_sse.ServerSentEvent`, with `event` ("message" where the stream names none),
        `data`, `id` (the last one given, by this event or before it) and `retry` (milliseconds, if given).

    Raises:
        EventTooLargeError: An event is larger than `max_event_bytes`. Those before it have been yielded.
        TypeError: A chunk is not bytes.
        ValueError: `max_event_bytes` is less than 1.

    >>> for event in decode([b"event: started\nda", b'ta: {"job_id": "abc"}\n\n']):
    ...     print(event.event, event.json())
    started {'job_id': 'abc'}

    Source: WHATWG HTML standard, section 9.2.6, "Interpreting an event stream".
    """
    from httpx_sse import ServerSentEvent

    return _decode(chunks, Decoder(max_event_bytes=max_event_bytes), ServerSentEvent)


def adecode(
    chunks: AsyncIterable[Buffer], *, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES
) -> AsyncIterator[httpx_sse.ServerSentEvent]:
    r"""Decode a stream of server-sent events from an asynchronous source of bytes.

    Like `decode`, with the same arguments, events and errors, but `chunks` is asynchronous
    (`httpx.Response.aiter_bytes()`, for example), and so is the iterator returned.

    >>> import asyncio
    >>> async def chunks():
    ...     yield b"data: hel"
    ...     yield b"lo\n\n"
    >>> async def main():
    ...     print([event.data async for event in adecode(chunks())])
    >>> asyncio.run(main())
    ['hello']

    Source: WHATWG HTML standard, section 9.2.6, "Interpreting an event stream".
    """
    from httpx_sse import ServerSentEvent

    return _AsyncEvents(chunks, Decoder(max_event_bytes=max_event_bytes), ServerSentEvent)


def _decode(
    chunks: Iterable[Buffer], decoder: Decoder, make: type[httpx_sse.ServerSentEvent]
) -> Iterator[httpx_sse.ServerSentEvent]:
    try:
        for chunk in chunks:
            for raw in decoder.feed(chunk):
                yield make(raw.name, raw.data.decode("utf-8", "replace"), raw.id, raw.retry)
    except EventTooLargeError as error:
        for raw in error.events:
            yield make(raw.name, raw.data.decode("utf-8", "replace"), raw.id, raw.retry)
        raise


class _AsyncEvents:
    """Not an asynchronous generator: those cannot be left early without a trace."""

    def __init__(self, chunks: AsyncIterable[Buffer], decoder: Decoder, make: type[httpx_sse.ServerSentEvent]) -> None:
        self._chunks = aiter(chunks)
        self._decoder = decoder
        self._make = make
        self._events: Iterator[httpx_sse.ServerSentEvent] = iter(())

    def __aiter__(self) -> _AsyncEvents:
        return self

    async def __anext__(self) -> httpx_sse.ServerSentEvent:
        while True:
            for event in self._events:
                return event
            self._events = _decode([await anext(self._chunks)], self._decoder, self._make)


def _with_lf_only(chunk: bytes) -> bytes:
    first, *others = chunk.split(b"\r")
    return b"\n".join([first, *[piece.removeprefix(b"\n") for piece in others]])


def _to_bytes(chunk: Buffer) -> bytes:
    try:
        return bytes(memoryview(chunk))
    except TypeError:
        raise TypeError(f"a chunk of an event stream must be bytes, not {type(chunk).__name__}") from None
