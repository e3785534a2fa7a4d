"""The counters of a job, as replies and events carry them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._json import as_count, as_flag, as_number, as_object, as_text
from ._later import Later

if TYPE_CHECKING:
    import pydantic
    import pydantic_core
else:
    pydantic, pydantic_core = Later("pydantic"), Later("pydantic_core")

__all__ = ["COUNTERS", "SETTINGS", "JobStats", "counters_of"]

COUNTERS = frozenset(
    (
        *("checks_performed", "triggers_fired", "frames_skipped", "summaries_generated"),
        *("auto_stopped", "reason", "elapsed_seconds"),
    )
)
SETTINGS = frozenset(
    (
        *("condition", "interval_seconds", "webhook_url", "input_mode", "clip_duration_seconds"),
        *("monitor_duration_seconds", "trigger_cooldown_seconds", "max_triggers", "window_minutes"),
        *("capture_interval_seconds", "max_windows", "include_frames", "model"),
        *("job_id", "job_type", "status", "created_at", "stream_url", "config", "stats"),
    )
)
"""What `details`, which holds a job's counters and its settings in one object, has besides counters."""


class JobStats(dict[str, Any]):
    """A job's counters: a `dict` whose documented keys are attributes too.

    A counter the server did not send is `None` as an attribute and absent as a key; keys that
    are not documented are kept. The keys hold what was sent; the attributes read it, so that the
    text `"3"` is 3. The same type is in `JobDetail.stats`, in `CancelledJob.final_stats` and in
    the events that carry counters.

    Example:
        >>> stats = JobStats(checks_performed=45, triggers_fired=3)
        >>> stats.checks_performed, stats["triggers_fired"], stats.reason
        (45, 3, None)

    Source: API reference, "Get Job Details" (`stats`) and "Live Monitor" (stop reasons).
    """

    __slots__ = ()

    @property
    def checks_performed(self) -> int | None:
        """How many times the condition was checked."""
        return as_count(self.get("checks_performed"))

    @property
    def triggers_fired(self) -> int | None:
        """How many times the condition held and an alert was sent."""
        return as_count(self.get("triggers_fired"))

    @property
    def frames_skipped(self) -> int | None:
        """How many frames were skipped because nothing had moved."""
        return as_count(self.get("frames_skipped"))

    @property
    def summaries_generated(self) -> int | None:
        """How many windows of a digest were summarized."""
        return as_count(self.get("summaries_generated"))

    @property
    def auto_stopped(self) -> bool | None:
        """Whether a limit ended the job, rather than a person."""
        return as_flag(self.get("auto_stopped"))

    @property
    def reason(self) -> str | None:
        """Why the job ended, such as `max_duration_reached`; `None` while it runs."""
        return as_text(self.get("reason"))

    @property
    def elapsed_seconds(self) -> float | None:
        """How long the job has run, in seconds."""
        return as_number(self.get("elapsed_seconds"))

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: pydantic.GetCoreSchemaHandler
    ) -> pydantic_core.CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(cls, core_schema.dict_schema())


def counters_of(payload: Mapping[str, Any]) -> JobStats:
    """Return all counters of a reply or an event, from wherever its shape puts them.

    A counter that is in several places is taken from the best one: `stats`, `final_stats`, the payload itself, `data`,
    `details`. One that is null there is taken from the next.
    """
    details = as_object(payload.get("details"))
    data = as_object(payload.get("data"))
    places = (
        {name: value for name, value in details.items() if name not in SETTINGS},
        as_object(details.get("stats")),
        {name: value for name, value in data.items() if name in COUNTERS},
        as_object(data.get("stats")),
        {name: value for name, value in payload.items() if name in COUNTERS},
        as_object(payload.get("final_stats")),
        as_object(payload.get("stats")),
    )
    found = JobStats()
    for place in places:
        found.update({name: value for name, value in place.items() if value is not None or name not in found})
    return found
