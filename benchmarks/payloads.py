"""What event streams really send, as bytes: mostly progress, now and then a trigger with its picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

KIB = 2**10
JOB_ID = "00000007-0d44-4b50-8888-8dd25736052a"
TIME, TIME_US = "2026-01-26T10:35:00Z", "2026-01-26T10:35:00.123456Z"


def event(name: str, data: dict[str, object], size: int = 0, filled: str = "message") -> bytes:
    """Return one event; a text in it is filled up until its JSON has that many bytes."""

    def written(text: str) -> bytes:
        return json.dumps({**data, filled: text} if size else data, separators=(",", ":")).encode()

    body = written("")
    return b"event: %s\ndata: %s\n\n" % (name.encode(), written("x" * (size - len(body))) if size else body)


def progress(time: str = TIME, **unknown: object) -> bytes:
    """A check that found nothing, in 200 bytes."""
    data = {"job_id": JOB_ID, "timestamp": time, "checks_performed": 12, "triggers_fired": 0, **unknown}
    return event("progress", data, 200)


def trigger(size: int = 0, time: str = TIME, **unknown: object) -> bytes:
    """A trigger, without a picture or with one that makes it so large."""
    data = {"job_id": JOB_ID, "timestamp": time, "triggered": True, "explanation": "A van is at the gate."}
    return event("triggered", {**data, "latency_ms": 812, **unknown}, size, "frame_b64")


def summary(size: int) -> bytes:
    """One window of a digest with the grid of its frames."""
    data = {"job_id": JOB_ID, "timestamp": TIME, "summary": "Two vans came and went.", "frame_count": 10}
    return event("summary", {**data, "window_minutes": 10}, size, "grid_b64")


def hour() -> bytes:
    """Forty checks and a trigger with its picture, as often as they come in a mixed hour."""
    return progress() * 40 + trigger(60 * KIB)


SHAPES: dict[str, Callable[[], bytes]] = {
    "progress": progress,
    "progress_us": lambda: progress(TIME_US),
    "progress_unknown": lambda: progress(zone="gate", score=0.5),
    "trigger": trigger,
    "trigger_us": lambda: trigger(time=TIME_US, zone="gate"),
    "trigger_60k": lambda: trigger(60 * KIB),
    "trigger_300k": lambda: trigger(300 * KIB),
    "summary": lambda: summary(60 * KIB),
    "hour": hour,
}


def events_in(shape: str) -> int:
    """Return how many events a shape has."""
    return payload(shape).count(b"\n\n")


@cache
def payload(shape: str) -> bytes:
    """Return the bytes of a shape, made once."""
    return SHAPES[shape]()
