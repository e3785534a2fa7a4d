"""The settings of a job, as options of the commands that start one."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import typer

from ._exits import UsageError
from ._options import InputMode, count, given, seconds, whole_seconds

__all__ = [
    "CaptureInterval",
    "Clip",
    "Condition",
    "Cooldown",
    "Duration",
    "Interval",
    "MaxTriggers",
    "MaxWindows",
    "Mode",
    "WaitForSlot",
    "Window",
    "digest_options",
    "monitor_options",
    "windows_limit",
]

Condition: TypeAlias = Annotated[
    str, typer.Argument(metavar="CONDITION", help="The condition to check, in plain words.", show_default=False)
]
Interval: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TIME", help="Time between checks, 5s to 5m. Server's default: 10s.")
]
Mode: TypeAlias = Annotated[
    InputMode | None,
    typer.Option(metavar="MODE", help="Input of a check: frames, clip or hybrid. Server's default: clip."),
]
Clip: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Seconds of video in a clip, 1 to 10. Server's default: 3.")
]
Duration: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TIME", help="Maximum time of one job, 5s or more. Server's default: 10m.")
]
Cooldown: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TIME", help="Minimum time between alerts. Server's default: none.")
]
MaxTriggers: TypeAlias = Annotated[
    str | None, typer.Option(metavar="N", help="Alerts before a job stops, or 'unlimited'. Server's default: 1.")
]
Window: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TIME", help="Length of a window, 1m to 60m. Server's default: 10m.")
]
CaptureInterval: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TIME", help="Time between pictures, 10s to 5m. Server's default: 1m.")
]
MaxWindows: TypeAlias = Annotated[
    str | None, typer.Option(metavar="N", help="Windows before the job completes, or 'unlimited'.")
]
WaitForSlot: TypeAlias = Annotated[
    str | None, typer.Option("--wait-for-slot", metavar="TIME", help="How long to wait for a free job slot.")
]


def monitor_options(
    *,
    interval: str | None,
    input_mode: InputMode | None,
    clip_duration: int | None,
    duration: str | None,
    cooldown: str | None,
    max_triggers: str | None,
) -> dict[str, Any]:
    """Return the settings of a monitor that were given, as the client names them."""
    options = given(
        interval_seconds=whole_seconds(interval, "--interval"),
        input_mode=input_mode,
        clip_duration_seconds=clip_duration,
        monitor_duration_seconds=whole_seconds(duration, "--duration"),
        trigger_cooldown_seconds=0 if cooldown in ("0", "0s") else whole_seconds(cooldown, "--cooldown"),
    )
    _limit(options, "max_triggers", count(max_triggers, "--max-triggers"))
    return options


def digest_options(*, window: str | None, capture_interval: str | None, max_windows: str | None) -> dict[str, Any]:
    """Return the settings of a digest that were given, as the client names them."""
    window_seconds = seconds(window, "--window")
    if window_seconds is not None and window_seconds % 60:
        raise UsageError(f"--window is {window!r}; it must be whole minutes, such as 10m.")
    options = given(
        window_minutes=None if window_seconds is None else int(window_seconds // 60),
        capture_interval_seconds=whole_seconds(capture_interval, "--capture-interval"),
    )
    _limit(options, "max_windows", count(max_windows, "--max-windows"))
    return options


def windows_limit(options: dict[str, Any]) -> float | None:
    """Return how long a digest runs in seconds, if its settings say so."""
    windows = options.get("max_windows")
    return None if windows is None else options.get("window_minutes", 10) * 60.0 * windows


def _limit(options: dict[str, Any], name: str, value: int | str | None) -> None:
    """Set a limit; `unlimited` lifts it, and without a value the server's default holds."""
    if value is not None:
        options[name] = None if value == "unlimited" else value
