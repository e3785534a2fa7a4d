"""Live digests: a picture each capture interval, a summary for each window."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from .job import Job, JobStart, Surroundings

__all__ = ["DigestJob"]

# Without max_windows a digest ends by itself; the documented limit, stretched to at least one window.
AUTO_STOP_SECONDS = 600.0
_SUMMARY = "The yard was quiet. A white van came to the gate and left again."


class DigestJob(Job):
    """A live digest. At the same moment a capture comes before a summary, and a summary before the end."""

    job_type: ClassVar[Literal["live-monitor", "live-digest"]] = "live-digest"
    defaults: ClassVar[dict[str, Any]] = {
        "webhook_url": None,
        "window_minutes": 10,
        "capture_interval_seconds": 60,
        "max_windows": None,
        "include_frames": False,
    }

    def __init__(self, request: dict[str, Any], start: JobStart) -> None:
        super().__init__(request, start)
        self.summaries_generated: int = 0
        self._captures = 0
        self._in_window = 0
        self._window = float(self.config["window_minutes"] * 60)
        self._interval = float(self.config["capture_interval_seconds"])
        unlimited = self.config["max_windows"] is None
        self._limit = max(AUTO_STOP_SECONDS, self._window) if unlimited else math.inf

    def counters(self) -> dict[str, int]:
        """Summaries made."""
        return {"summaries_generated": self.summaries_generated}

    def longest(self) -> float | None:
        """The end of the last window, or the limit of a digest without one."""
        windows = self.config["max_windows"]
        return self._limit if windows is None else windows * self._window

    def _next_capture(self) -> float:
        return (self._captures + 1) * self._interval

    def _next_summary(self) -> float:
        return (self.summaries_generated + 1) * self._window

    def _next_step(self) -> float:
        return min(self._next_capture(), self._next_summary(), self._limit)

    def _work(self, around: Surroundings) -> None:
        capture, summary = self._next_capture(), self._next_summary()
        if capture <= min(summary, self._limit):
            self._capture(capture, around)
        elif summary <= self._limit:
            self._summarize(summary, around)
        else:
            self._finish("stopped", "max_duration_reached", self._limit, around)

    def _capture(self, at: float, around: Surroundings) -> None:
        if around.scene_at(self.stream_url).offline(at):
            self._fail_offline(at, around)
            return
        self._captures += 1
        self._in_window += 1
        needed = max(1, int(self._window // self._interval))
        self._emit("progress", {"frames_captured": self._in_window, "frames_needed": needed}, around)

    def _summarize(self, at: float, around: Surroundings) -> None:
        scene = around.scene_at(self.stream_url)
        if scene.offline(at):
            self._fail_offline(at, around)
            return
        self.summaries_generated += 1
        minutes = self.config["window_minutes"]
        summary: dict[str, Any] = {
            "summary": f"Window {self.summaries_generated}, {minutes} min: {_SUMMARY}",
            "frame_count": self._in_window,
            "window_minutes": minutes,
        }
        if self.config["include_frames"]:
            summary["grid_b64"] = scene.grid_base64()
        self._in_window = 0
        self._emit("summary", summary, around)
        if self.summaries_generated == self.config["max_windows"]:
            self._finish("completed", "max_windows_reached", at, around)
