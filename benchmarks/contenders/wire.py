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


CONFIG_WORDS = ("condition", "webhook_url", "input_mode", "model")
CONFIG_NUMBERS = (
    "interval_seconds",
    "clip_duration_seconds",
    "monitor_duration_seconds",
    "trigger_cooldown_seconds",
    "max_triggers",
    "window_minutes",
    "capture_interval_seconds",
    "max_windows",
)
COUNTERS = ("checks_performed", "triggers_fired", "frames_skipped")


class Models:
    """Models with the documented fields, as this client's have, on a base class of one's choice."""

    def __init__(self, base: type[BaseModel] = BaseModel) -> None:
        def model(name: str, **fields: Any) -> Any:
            return create_model(name, __base__=base, **fields)

        words, numbers, flag = (str | None, None), (int | None, None), (bool | None, None)
        config = model(
            "Config",
            **dict.fromkeys(CONFIG_WORDS, words),
            **dict.fromkeys(CONFIG_NUMBERS, numbers),
            include_frames=flag,
        )
        counters = dict.fromkeys(COUNTERS, numbers)
        stats = model(
            "Stats", **counters, summaries_generated=numbers, auto_stopped=flag, reason=words, elapsed_seconds=numbers
        )
        detail = {
            "job_id": (str, ...),
            **dict.fromkeys(("status", "job_type", "created_at", "stream_url"), words),
            "config": (config | None, None),
            "stats": (stats | None, None),
            "details": (dict[str, Any] | None, None),
        }
        self.detail = model("Detail", **detail)
        self.job = model("Job", message=words, **detail)
        self.page = model("Page", jobs=(list[self.job], ...), total=numbers, limit=numbers, offset=numbers)  # type: ignore[name-defined]
        self.check = model("Check", triggered=(bool, ...), explanation=words, latency_ms=numbers, frame_b64=words)
        time = (datetime | None, None)
        self.event = model("Event", job_id=words, timestamp=time, explanation=words, frame_b64=words, **counters)


models = cache(Models)
