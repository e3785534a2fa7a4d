"""Receiving a webhook, compared with the least that verifying and typing it can cost."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, AliasPath, BaseModel, Field, TypeAdapter

from trio_client import webhooks
from trio_client.events import Triggered

from .contenders import OURS
from .measured import Measured, Plan
from .processes import in_turn

TITLE = "Webhooks"
ABOUT = """\
From the bytes and headers of a delivery to a verified, typed event. The floor knows its one payload: `hmac` over
the raw bytes, the header under its exact name, and one `validate_json` into a model that is discriminated by the
event's type. `webhooks.unwrap` also finds headers in any case, refuses what is doubled or too large, takes several
secrets, reads every payload that is known and keeps it as it was sent."""
ROUNDS = 101
SECRET = "s3cret"
KIB = 2**10


def field(name: str) -> Any:
    return Field(default=None, validation_alias=AliasChoices(name, AliasPath("data", name)))


class FloorEvent(BaseModel):
    job_id: str | None = field("job_id")
    stream_url: str | None = Field(default=None, validation_alias=AliasChoices("stream_url", "source_url"))
    occurred_at: str | None = Field(default=None, validation_alias="timestamp")


class FloorTriggered(FloorEvent):
    type: Literal["watch_triggered", "live_monitor_triggered"]
    explanation: str | None = field("explanation")
    condition: str | None = field("condition")
    triggered: bool | None = field("triggered")
    frame: str | None = field("frame_b64")


class FloorSummary(FloorEvent):
    type: Literal["summary_generated"]
    summary: str | None = field("summary")


class FloorStopped(FloorEvent):
    type: Literal["job_started", "job_stopped", "error"]
    status: str | None = field("status")
    reason: str | None = field("reason")


FLOOR: TypeAdapter[Any] = TypeAdapter(
    Annotated[FloorTriggered | FloorSummary | FloorStopped, Field(discriminator="type")]
)


def floor(body: bytes, headers: dict[str, str]) -> Any:
    expected = hmac.digest(SECRET.encode(), body, "sha256").hex()
    if not hmac.compare_digest(expected, headers["x-trio-signature"]):
        raise ValueError
    return FLOOR.validate_json(body)


def ours(body: bytes, headers: dict[str, str]) -> Any:
    return webhooks.unwrap(body, headers, SECRET)


def delivery(size: int, time: str = "2026-02-01T10:00:00.123456Z") -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of a trigger whose body has about that many bytes."""
    data = {"condition": "Is a van at the gate?", "triggered": True, "explanation": "A white van is at the gate."}
    payload = {"type": "watch_triggered", "timestamp": time, "source_url": "rtsp://cam/1"}
    length = size - len(json.dumps({**payload, "data": {**data, "frame_b64": ""}}))
    body = json.dumps({**payload, "data": {**data, "frame_b64": "A" * length}}).encode()
    headers = {
        "host": "hooks.example.com",
        "user-agent": "sender",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "x-trio-signature": webhooks.sign(body, SECRET),
    }
    return body, headers


def micros(receive: Callable[[bytes, dict[str, str]], Any], body: bytes, headers: dict[str, str], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        receive(body, headers)
    return (time.process_time() - start) / times * 1e6


def measure(plan: Plan) -> Iterator[Measured]:
    with_picture = "A trigger with a picture: most of the time goes to the signature."
    for name, times, note, (body, headers) in (
        ("webhook of 1 KiB", 500, "A trigger without a picture.", delivery(KIB)),
        ("webhook of 1 KiB, no microseconds", 500, "The same, to the second.", delivery(KIB, "2026-02-01T10:00:00Z")),
        ("webhook of 300 KiB", 20, with_picture, delivery(300 * KIB)),
    ):
        if not plan.wants(name):
            continue
        typed, least = ours(body, headers), floor(body, headers)
        if not isinstance(typed, Triggered) or typed.explanation != least.explanation:
            raise SystemExit(f"{name}: the two disagree")
        values = in_turn(
            {
                OURS: partial(micros, ours, body, headers, times),
                "floor": partial(micros, floor, body, headers, times),
            },
            plan.rounds(ROUNDS),
        )
        yield Measured(name, "µs a delivery", values, note)
