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
        counters: dict[str, Any] = dict.fromkeys(
            ("checks_performed", "triggers_fired", "frames_skipped"), (int | None, None)
        )
        job: dict[str, Any] = {"job_id": (str, ...)}
        job |= dict.fromkeys(("status", "job_type", "created_at", "stream_url"), (str | None, None))
        config: dict[str, Any] = dict.fromkeys(("condition", "input_mode"), (str | None, None))
        config |= dict.fromkeys(("interval_seconds", "max_triggers"), (int | None, None))
        self.config = create_model("Config", __base__=base, **config)
        self.stats = create_model("Stats", __base__=base, elapsed_seconds=(int | None, None), **counters)
        self.job = create_model("Job", __base__=base, **job)
        self.detail = create_model(
            "Detail", __base__=base, config=(self.config | None, None), stats=(self.stats | None, None), **job
        )
        self.check = create_model(
            "Check",
            __base__=base,
            triggered=(bool, ...),
            explanation=(str | None, None),
            latency_ms=(float | None, None),
        )
        self.event = create_model(
            "Event",
            __base__=base,
            job_id=(str | None, None),
            timestamp=(datetime | None, None),
            explanation=(str | None, None),
            frame_b64=(str | None, None),
            **counters,
        )
        self.page = create_model(
            "Page",
            __base__=base,
            jobs=(list[self.job], ...),  # type: ignore[name-defined]
            **dict.fromkeys(("total", "limit", "offset"), (int | None, None)),  # type: ignore[arg-type]
        )


models = cache(Models)
