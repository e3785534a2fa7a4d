"""What is asked of the server, and models of its replies for those that have none."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from pydantic import BaseModel, create_model

KEY = "key"
HEADERS = {"authorization": f"Bearer {KEY}"}
STREAM, CONDITION = "rtsp://camera.example/yard", "the gate is open"
JOB_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
CHECK = {"stream_url": STREAM, "condition": CONDITION}


def monitor(condition: str) -> dict[str, str]:
    return {"stream_url": STREAM, "condition": condition}


class Models:
    """Models with the fields that the server sends, on a base class of one's choice."""

    def __init__(self, base: type[BaseModel] = BaseModel) -> None:
        def model(name: str, **fields: Any) -> Any:
            return create_model(name, __base__=base, **fields)

        words, numbers = (str | None, None), (int | None, None)
        counters = dict.fromkeys(("checks_performed", "triggers_fired", "frames_skipped"), numbers)
        config = model("Config", condition=words, input_mode=words, interval_seconds=numbers, max_triggers=numbers)
        stats = model("Stats", elapsed_seconds=numbers, **counters)
        job = {"job_id": (str, ...), **dict.fromkeys(("status", "job_type", "created_at", "stream_url"), words)}
        self.job = model("Job", details=(dict[str, Any] | None, None), **job)
        self.page = model("Page", jobs=(list[self.job], ...), total=numbers, limit=numbers, offset=numbers)  # type: ignore[name-defined]
        self.detail = model("Detail", config=(config | None, None), stats=(stats | None, None), **job)
        self.check = model("Check", triggered=(bool, ...), explanation=words, latency_ms=numbers)
        time = (datetime | None, None)
        self.event = model("Event", job_id=words, timestamp=time, explanation=words, frame_b64=words, **counters)


models = cache(Models)
