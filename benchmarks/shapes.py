"""Event streams of several shapes, as bytes, and their decoding with nothing around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from trio_client.sse import Decoder

KIB, MIB = 2**10, 2**20


def stream(event_bytes: int, count: int, end: bytes = b"\n") -> bytes:
    start = b"event: triggered" + end + b'data: {"frame": "'
    return (start + b"A" * (event_bytes - len(start) - 2 - 2 * len(end)) + b'"}' + end + end) * count


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


SHAPES: dict[str, Callable[[], list[bytes]]] = {
    "1,000 events of 200 B": lambda: cut(stream(200, 1000), 64 * KIB),
    "20 events of 300 KiB": lambda: cut(stream(300 * KIB, 20), 64 * KIB),
    "an event of 8 MiB": lambda: cut(stream(8 * MIB, 1), 64 * KIB),
    "an event of 1 MiB in chunks of 128 B": lambda: cut(stream(MIB, 1), 128),
}


def decode(chunks: Iterable[bytes]) -> int:
    """Return how many events there were."""
    decoder = Decoder()
    return sum(len(decoder.feed(chunk)) for chunk in chunks)
