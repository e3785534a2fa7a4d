"""Compare the event-stream decoder with that of httpx-sse, by the CPU time both take for the same chunks.

Once alone, and once with what it takes to have a typed event of each: there `json.loads` and a pydantic model.

Run it with `python -m benchmarks.sse_decoder`; it prints a markdown table and takes less than half a minute.
"""

from __future__ import annotations

import codecs
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version

from httpx_sse import ServerSentEvent
from httpx_sse._decoders import SSEDecoder, SSELineDecoder

from trio_client._core.streaming import StreamReader
from trio_client.sse import decode

from .contenders import typed as as_model
from .server import progress
from .shapes import KIB, MIB, cut, stream

ROUNDS = 41


def httpx_sse_decode(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """Decode as `httpx_sse.EventSource.iter_sse` does, with httpx's text decoding before it."""
    text, lines, events = codecs.getincrementaldecoder("utf-8")("replace"), SSELineDecoder(), SSEDecoder()
    for chunk in chunks:
        for line in lines.decode(text.decode(chunk)):
            event = events.decode(line.rstrip("\n"))
            if event is not None:
                yield event


CASES: list[tuple[str, float | None, list[bytes]]] = [
    ("200 B, in 64 KiB chunks", 0.95, cut(stream(200, 4000), 64 * KIB)),
    ("200 B, a chunk each", 0.95, cut(stream(200, 4000), 200)),
    ("200 B, CR LF, in 64 KiB chunks", None, cut(stream(200, 4000, b"\r\n"), 64 * KIB)),
    ("300 KiB, in 64 KiB chunks", 0.50, cut(stream(300 * KIB, 20), 64 * KIB)),
    ("300 KiB, a chunk each", 0.50, cut(stream(300 * KIB, 20), 300 * KIB)),
    ("300 KiB, CR LF, in 64 KiB chunks", None, cut(stream(300 * KIB, 20, b"\r\n"), 64 * KIB)),
    ("8 MiB, in 64 KiB chunks", 0.40, cut(stream(8 * MIB, 1), 64 * KIB)),
    ("8 MiB, in one chunk", 0.40, [stream(8 * MIB, 1)]),
    ("1 MiB, in 128-byte chunks", 0.50, cut(stream(MIB, 1), 128)),
]


TYPED: list[tuple[str, float | None, list[bytes]]] = [
    ("200 B, in 64 KiB chunks, typed", 0.75, cut(progress(200) * 4000, 64 * KIB)),
    ("300 KiB, in 64 KiB chunks, typed", 0.40, cut(progress(300 * KIB) * 20, 64 * KIB)),
]


def httpx_sse_typed(chunks: Iterable[bytes]) -> Iterator[object]:
    return map(as_model(), httpx_sse_decode(chunks))


def typed(chunks: Iterable[bytes]) -> Iterator[object]:
    reader = StreamReader(max_event_bytes=16 * MIB)
    for chunk in chunks:
        yield from reader.feed(chunk)


def seconds(decoder: Callable[[Iterable[bytes]], Iterable[object]], chunks: list[bytes]) -> float:
    start = time.process_time()
    for _ in decoder(chunks):
        pass
    return time.process_time() - start


def fields(events: Iterable[ServerSentEvent]) -> list[tuple[str, str, str, int | None]]:
    return [(event.event, event.data, event.id, event.retry) for event in events]


def row(
    name: str,
    budget: float | None,
    chunks: list[bytes],
    other: Callable[[Iterable[bytes]], Iterable[object]],
    mine: Callable[[Iterable[bytes]], Iterable[object]],
) -> str:
    theirs: list[float] = []
    ours: list[float] = []
    for _ in range(ROUNDS):  # in turn, so that what disturbs one disturbs the other
        theirs.append(seconds(other, chunks))
        ours.append(seconds(mine, chunks))
    ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
    count = sum(1 for _ in decode(chunks))
    micros = [statistics.median(times) / count * 1e6 for times in (theirs, ours)]
    limit = "" if budget is None else f"{budget:.2f}" + (" **exceeded**" if ratio > budget else "")
    return f"| {name} | {micros[0]:.2f} | {micros[1]:.2f} | {ratio:.2f} | {limit} |"


def main() -> None:
    print(f"Python {platform.python_version()}, httpx-sse {version('httpx-sse')}, medians of {ROUNDS} rounds\n")
    print("| event | httpx-sse, µs | trio_client, µs | ratio | budget |")
    print("|---|---:|---:|---:|---:|")
    for name, budget, chunks in CASES:
        if fields(decode(chunks)) != fields(httpx_sse_decode(chunks)):
            raise SystemExit(f"{name}: the decoders disagree")
        print(row(name, budget, chunks, httpx_sse_decode, decode))
    for name, budget, chunks in TYPED:
        if len(list(typed(chunks))) != len(list(httpx_sse_typed(chunks))):
            raise SystemExit(f"{name}: the decoders disagree")
        print(row(name, budget, chunks, httpx_sse_typed, typed))


if __name__ == "__main__":
    main()
