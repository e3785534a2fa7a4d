"""What `watch_many` watches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from .._redaction import mask, presentable, preview
from ..errors import RequestValidationError
from .config import Timeout

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..models import InputMode

__all__ = ["Target", "WatchOptions", "checked_targets"]


class WatchOptions(TypedDict, total=False):
    """The options of a `Target`: those of `live_monitor.watch`, but for the wait for a job slot."""

    interval_seconds: int | None
    input_mode: InputMode | None
    clip_duration_seconds: int | None
    monitor_duration_seconds: int | None
    trigger_cooldown_seconds: int | None
    max_triggers: int | None
    duration: float | None
    max_cost_usd: float | None
    price_per_minute_usd: float | None
    wait_for_stream: float
    on_exit: Literal["cancel", "leave"]
    on_drop: Literal["restart", "poll", "raise"]
    timeout: float | Timeout | None
    extra_headers: Mapping[str, str] | None


@dataclass(frozen=True, init=False, repr=False)
class Target:
    """One stream and what to watch for, with options of its own. A value: equal ones are equal, and hashable.

    Args:
        stream_url: YouTube Live URL or RTSP stream; 1 to 500 characters.
        condition: what to watch for, in words; 1 to 1,000 characters.
        options: those of `live_monitor.watch`, but for `wait_for_slot`: slots are shared out in turns.

    Raises:
        RequestValidationError: there is no such option. Its value is checked when the watch is made.

    Example:
        >>> from trio_client import Target
        >>> Target("rtsp://cam/1", "a van is there", interval_seconds=30).options
        {'interval_seconds': 30}
    """

    stream_url: str
    condition: str
    options: Mapping[str, Any]

    def __init__(self, stream_url: str, condition: str, **options: Unpack[WatchOptions]) -> None:
        for name, value in options.items():
            if name not in WatchOptions.__annotations__:
                known = ", ".join(WatchOptions.__annotations__)
                raise RequestValidationError(
                    f"A target has no option {name!r}. Its options are: {known}.", field=name, value=value
                )
        object.__setattr__(self, "stream_url", stream_url)
        object.__setattr__(self, "condition", condition)
        object.__setattr__(self, "options", dict(options))

    def __hash__(self) -> int:
        return hash((self.stream_url, self.condition))

    def __repr__(self) -> str:
        options = "".join(
            f", {name}={presentable(value, name)!r}" for name, value in self.options.items() if name != "extra_headers"
        )
        return f"Target({mask(self.stream_url, is_url=True)!r}, {self.condition!r}{options})"


def checked_targets(targets: Iterable[Any]) -> list[Target]:
    """Return the targets, or say which is none."""
    checked: list[Target] = []
    for number, target in enumerate(targets):
        if not isinstance(target, Target):
            raise RequestValidationError(
                f"targets[{number}] is {preview(repr(target))}; it must be a Target(stream_url, condition).",
                field="targets",
                value=target,
            )
        checked.append(target)
    return checked
