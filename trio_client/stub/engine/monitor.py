"""Live monitors: a check each interval, an alert when the condition holds."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from .job import Job, JobStart, Surroundings

__all__ = ["MonitorJob"]

# Frames that were not checked, for each check whose condition did not hold.
SKIPPED_FRAMES = 2


class MonitorJob(Job):
    """A live monitor.

    The first check comes one interval after creation; one that is due just when time is up is still made.
    """

    job_type: ClassVar[Literal["live-monitor", "live-digest"]] = "live-monitor"
    defaults: ClassVar[dict[str, Any]] = {
        "webhook_url": None,
        "interval_seconds": 10,
        "input_mode": "clip",
        "clip_duration_seconds": 3,
        "monitor_duration_seconds": 600,
        "trigger_cooldown_seconds": 0,
        "max_triggers": 1,
    }

    def __init__(self, request: dict[str, Any], start: JobStart) -> None:
        super().__init__(request, start)
        self.checks_performed: int = 0
        self.triggers_fired: int = 0
        self.frames_skipped: int = 0
        self._last_trigger: float | None = None

    def counters(self) -> dict[str, int]:
        """Checks, alerts and skipped frames."""
        return {
            "checks_performed": self.checks_performed,
            "triggers_fired": self.triggers_fired,
            "frames_skipped": self.frames_skipped,
        }

    def _started(self) -> dict[str, Any]:
        return {"condition": self.config["condition"]}

    def _next_check(self) -> float:
        return float((self.checks_performed + 1) * self.config["interval_seconds"])

    def _next_step(self) -> float:
        return min(self._next_check(), float(self.config["monitor_duration_seconds"]))

    def _work(self, around: Surroundings) -> None:
        duration = float(self.config["monitor_duration_seconds"])
        at = self._next_check()
        if at > duration:
            self._finish("stopped", "max_duration_reached", duration, around)
            return
        self._check(at, around)

    def _check(self, at: float, around: Surroundings) -> None:
        scene = around.scene_at(self.stream_url)
        if scene.offline(at):
            self._fail_offline(at, around)
            return
        self.checks_performed += 1
        met = scene.holds_at(check=self.checks_performed, at=at, since=at - self.config["interval_seconds"])
        if not met:
            self.frames_skipped += SKIPPED_FRAMES
        if not met or self._cooling(at):
            self._emit("progress", {**self.counters(), "elapsed_seconds": int(at)}, around)
            return
        self._alert(at, around)

    def trigger(self, now: float, around: Surroundings) -> bool:
        """Let the condition come true between two checks, cooldown or not; False if the job had ended before."""
        if not self.active:
            return False
        if self.status == "pending":
            self.step(around)
        self._alert(now - self.start.created, around)
        return True

    def longest(self) -> float | None:
        """The duration that was requested."""
        return float(self.config["monitor_duration_seconds"])

    def _alert(self, at: float, around: Surroundings) -> None:
        scene = around.scene_at(self.stream_url)
        self.triggers_fired += 1
        self._last_trigger = at
        condition = self.config["condition"]
        alert = {
            "condition": condition,
            "triggered": True,
            "explanation": scene.explanation(condition, met=True),
            "latency_ms": scene.latency_ms,
            "frame_b64": scene.frame_base64(condition, met=True),
        }
        self._emit("triggered", alert, around)
        self._end_after_triggers(at, around)

    def _cooling(self, at: float) -> bool:
        cooldown = self.config["trigger_cooldown_seconds"]
        return self._last_trigger is not None and at - self._last_trigger < cooldown

    def _end_after_triggers(self, at: float, around: Surroundings) -> None:
        limit = self.config["max_triggers"]
        if limit is None or self.triggers_fired < limit:
            return
        if limit == 1:
            self._finish("completed", "condition_triggered", at, around)
        else:
            self._finish("stopped", "max_triggers_reached", at, around)
