"""What `watch_many` watches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from typing_extensions import TypedDict, Unpack

from .._redaction import mask, presentable, preview
from ..errors import RequestValidationError
from ..models import InputMode
from .address import AsyncStreamUrl
from .config import Timeout

__all__ = ["Target", "WatchOptions", "checked_target", "checked_targets", "no_such_target", "same_target"]


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
    reference: str | None
    on_exit: Literal["cancel", "leave"]
    on_drop: Literal["restart", "poll", "raise"]
    timeout: float | Timeout | None
    extra_headers: Mapping[str, str] | None


@dataclass(frozen=True, init=False, repr=False)
class Target:
    """One stream and what to watch for, with options of its own. A value: equal ones are equal, and hashable.

    To stop watching it after 20 seconds, pass `duration=20`: the watch of this target ends with a `Stopped` event, and
    the others go on. `watch_many(duration=20)` ends all of them.

    Args:
        stream_url: YouTube Live URL or RTSP stream to monitor, 1 to 500 characters. Twitch, RTSPS and HLS (`.m3u8`)
            work, too. A function that returns the URL is asked before each job: for addresses that expire. Such a
            target needs a key.
        condition: natural language condition to watch for, 1 to 1,000 characters.
        key: a name of yours for it. It is part of equality: two targets that are alike otherwise need different keys.
        options: by name, as listed below: those of `live_monitor.watch` but for `wait_for_slot`, since slots are
            shared out in turns.

    Keyword Args:
        interval_seconds: polling interval in seconds, 5 to 300 (server's default: 10): the time between two checks.
        input_mode: what each check analyzes: `frames`, `clip` or `hybrid` (server's default: `clip`).
        clip_duration_seconds: duration of the video clip in seconds (used when input_mode is `clip` or `hybrid`), 1 to
            10 (server's default: 3).
        monitor_duration_seconds: maximum monitoring duration in seconds, 5 or more, with no documented maximum
            (server's default: 600), of each monitor. It bounds what a program that is killed outright can cost.
        trigger_cooldown_seconds: minimum time in seconds between trigger alerts, 0 to 3,600 (server's default: 0).
        max_triggers: maximum trigger alerts before auto-stop, 1 or more, of each monitor; the next one begins at once.
            `None` means unlimited. **Left unset, a watch is unlimited**, unlike `create` and `stream`.
        duration: seconds to watch in all, 5 or more; `None`: until the stream is left.
        max_cost_usd: US dollars that the watch may cost, each begun minute of a job counted; `None`: no limit.
        price_per_minute_usd: what a minute costs; by default the published price, which `hybrid` has none of.
        wait_for_stream: seconds to wait, before the first job, for a stream that is unavailable; then the last
            StreamUnavailableError is raised. 0: one attempt; `math.inf` for a service. A stream that worked once is
            always waited for.
        reference: what its jobs are known by in your own records, 1 to 240 printable ASCII characters: the
            `Idempotency-Key` of the first create, then `reference-2`, `reference-3` and so on, for each create after
            one that may have made a job. By default, new ones.
        on_exit: `cancel` stops the running job when the watch is left; `leave` lets it run.
        on_drop: after a dropped stream `restart` stops the job and starts the next, so that explanations and pictures
            go on: at once, but at most once a minute, and not while a trigger's cooldown runs; `poll` follows the job
            by polling; `raise` ends the watch with the error.
        timeout: seconds for connect, pool and response each, or a `Timeout`.
        extra_headers: headers to send with each request that starts a job.

    Raises:
        RequestValidationError: there is no such option, or the key is not text. The values of options are checked
            when the watch is made.

    Example:
        >>> from trio_client import Target
        >>> Target("rtsp://cam/1", "a van is there", interval_seconds=30).options
        {'interval_seconds': 30}
    """

    stream_url: AsyncStreamUrl
    condition: str
    key: str | None
    options: Mapping[str, Any]

    def __init__(
        self, stream_url: AsyncStreamUrl, condition: str, *, key: str | None = None, **options: Unpack[WatchOptions]
    ) -> None:
        object.__setattr__(self, "stream_url", stream_url)  # first, so that a refused one has a repr for tracebacks
        object.__setattr__(self, "condition", condition)
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "options", dict(options))
        if key is not None and (not isinstance(key, str) or not key):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise RequestValidationError(
                f"key is {preview(repr(key))}; it must be text of at least one character, or None.",
                field="key",
                value=key,
            )
        if callable(stream_url) and key is None:
            raise RequestValidationError(
                "A target whose stream_url is a function needs a key.",
                advice="Pass key=, a name of yours for the camera.",
                field="key",
                value=key,
            )
        for name, value in options.items():
            if name not in WatchOptions.__annotations__:
                known = ", ".join(WatchOptions.__annotations__)
                raise RequestValidationError(
                    f"A target has no option {name!r}. Its options are: {known}.", field=name, value=value
                )

    def __hash__(self) -> int:
        return hash((self.stream_url, self.condition, self.key))

    def __repr__(self) -> str:
        key = "" if self.key is None else f", key={self.key!r}"
        options = "".join(
            f", {name}={presentable(value, name)!r}" for name, value in self.options.items() if name != "extra_headers"
        )
        url = mask(self.stream_url, is_url=True) if isinstance(self.stream_url, str) else self.stream_url
        return f"Target({url!r}, {self.condition!r}{key}{options})"


def checked_targets(targets: Iterable[Any]) -> list[Target]:
    """Return the targets, or say which is none."""
    return [checked_target(target, f"targets[{number}]") for number, target in enumerate(targets)]


def checked_target(target: Any, name: str) -> Target:
    """Return a target, or say that it is none."""
    if isinstance(target, Target):
        return target
    raise RequestValidationError(
        f"{name} is {preview(repr(target))}; it must be a Target(stream_url, condition).",
        field=name.partition("[")[0],
        value=target,
    )


def same_target(target: Target) -> RequestValidationError:
    """Return the error of a target that is watched already: a second job for it would be billed as well."""
    return RequestValidationError(
        f"{target!r} is being watched already.",
        field="targets",
        value=target,
        advice="Give each of several equal targets a key of its own: Target(stream_url, condition, key=name).",
    )


def no_such_target(target: Any, found: int) -> RequestValidationError:
    """Return the error of a target that cannot be removed."""
    shown = preview(repr(target))
    problem = f"{found} targets have the key {shown}." if found else f"{shown} is not being watched."
    advice = "Pass the target itself." if found else "`targets` has those that are."
    return RequestValidationError(problem, field="target", value=target, advice=advice)
