"""The event-stream decoder, compared with that of httpx-sse on the same chunks."""

from __future__ import annotations

import codecs
import json
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from httpx_sse import ServerSentEvent
from httpx_sse._decoders import SSEDecoder, SSELineDecoder

from trio_client.events import Summary, Triggered, from_sse
from trio_client.sse import decode

from .contenders import OURS
from .contenders.wire import models
from .measured import Measured, Plan
from .payloads import payload
from .processes import in_turn
from .shapes import KIB, MIB, cut, stream

TITLE = "Decoding event streams"
ABOUT = """\
The same chunks of bytes through `trio_client.sse.decode` and through httpx-sse's decoder with httpx's text
decoding before it. The rows that say typed go on to an event on one side, by `events.from_sse`, and to `json.loads`
and `model_validate` on the other, and read of each event its kind, job, time, and counters or explanation. glibc is
set to keep the memory that is freed: else the largest events measure how fast the system maps new memory, which
depends on what was allocated before."""
ROUNDS = 15


def httpx_sse_decode(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """Decode as `httpx_sse.EventSource.iter_sse` does, with httpx's text decoding before it."""
    text, lines, events = codecs.getincrementaldecoder("utf-8")("replace"), SSELineDecoder(), SSEDecoder()
    for chunk in chunks:
        for line in lines.decode(text.decode(chunk)):
            event = events.decode(line.rstrip("\n"))
            if event is not None:
                yield event


Decoder = Callable[[Iterable[bytes]], Iterable[object]]
CASES: list[tuple[str, list[bytes], str]] = [
    ("200 B, in 64 KiB chunks", cut(stream(200, 4000), 64 * KIB), "Many small events that came together."),
    ("200 B, a chunk each", cut(stream(200, 4000), 200), "Each small event by itself, as in a quiet stream."),
    ("300 KiB, in 64 KiB chunks", cut(stream(300 * KIB, 20), 64 * KIB), "An event with a picture, as it comes."),
    ("300 KiB, a chunk each", cut(stream(300 * KIB, 20), 300 * KIB), "The same in one piece."),
    ("8 MiB, in 64 KiB chunks", cut(stream(8 * MIB, 1), 64 * KIB), "The largest picture there may be."),
    ("8 MiB, in one chunk", [stream(8 * MIB, 1)], "The same in one piece."),
    ("1 MiB, in 128-byte chunks", cut(stream(MIB, 1), 128), "A large event that dribbles in."),
]
TYPED: list[tuple[str, str, str]] = [
    ("progress, typed", "progress", "Checks that found nothing, of 200 bytes: what a stream sends by the thousand."),
    ("progress with microseconds, typed", "progress_us", "The same with six more digits in its time."),
    ("progress with unknown fields, typed", "progress_unknown", "The same with fields that nothing documents."),
    ("triggers without a picture, typed", "trigger", "Triggers that say why."),
    ("triggers with unknown fields, typed", "trigger_us", "The same with microseconds and a field more."),
    ("triggers of 60 KiB, typed", "trigger_60k", "Triggers with a picture."),
    ("triggers of 300 KiB, typed", "trigger_300k", "The same with a large one."),
    ("summaries of 60 KiB, typed", "summary", "A digest's windows with the grid of their frames."),
    ("mixed hour, typed", "hour", "Forty checks to a trigger of 60 KiB."),
]
UNREAD = ("progress, not read", "progress", "Typed as above, and no field is read.")
SIZE = 800_000


def httpx_sse_typed(chunks: Iterable[bytes], *, read: bool = True) -> Iterator[object]:
    model = models().event
    for found in httpx_sse_decode(chunks):
        event = model.model_validate(json.loads(found.data))
        if read:
            yield found.event, event.job_id, event.timestamp, event.explanation or event.checks_performed
        else:
            yield event


def typed(chunks: Iterable[bytes], *, read: bool = True) -> Iterator[object]:
    for found in decode(chunks):
        event = from_sse(found)
        if not read:
            yield event
        elif isinstance(event, (Triggered, Summary)):
            yield event.kind, event.job_id, event.occurred_at, getattr(event, "explanation", None)
        else:
            yield event.kind, event.job_id, event.occurred_at, getattr(event, "stats", None)


def fields(events: Iterable[ServerSentEvent]) -> list[tuple[str, str, str, int | None]]:
    return [(event.event, event.data, event.id, event.retry) for event in events]


def micros(decoder: Decoder, chunks: list[bytes], events: int) -> float:
    start = time.process_time()
    for _ in decoder(chunks):
        pass
    return (time.process_time() - start) / events * 1e6


def measure(plan: Plan) -> Iterator[Measured]:
    for name, chunks, note in CASES:
        if plan.wants(name):
            if fields(decode(chunks)) != fields(httpx_sse_decode(chunks)):
                raise SystemExit(f"{name}: the decoders disagree")
            yield _measured(name, chunks, note, decode, httpx_sse_decode, plan)
    for name, shape, note in (*TYPED, UNREAD):
        if plan.wants(name):
            body = payload(shape)
            chunks = cut(body * max(10, SIZE // len(body)), 64 * KIB)
            if [each[:3] for each in typed(chunks)] != [each[:3] for each in httpx_sse_typed(chunks)]:  # type: ignore[index]
                raise SystemExit(f"{name}: the decoders disagree")
            read = name != UNREAD[0]
            yield _measured(name, chunks, note, partial(typed, read=read), partial(httpx_sse_typed, read=read), plan)


def _measured(name: str, chunks: list[bytes], note: str, mine: Decoder, other: Decoder, plan: Plan) -> Measured:
    events = sum(1 for _ in decode(chunks))
    contenders: dict[str, Callable[[], float]] = {
        OURS: partial(micros, mine, chunks, events),
        "httpx-sse": partial(micros, other, chunks, events),
    }
    return Measured(name, "µs an event", in_turn(contenders, plan.rounds(ROUNDS)), note)
