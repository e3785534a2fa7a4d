"""`check`, `watch` and `digest`: ask about a stream once, watch it, or summarize it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._redaction import mask
from ._exits import NO, UsageError
from ._job_options import (
    CaptureInterval,
    Clip,
    Condition,
    Cooldown,
    Duration,
    Interval,
    MaxTriggers,
    MaxWindows,
    Mode,
    WaitForSlot,
    Window,
    digest_options,
    monitor_options,
    windows_limit,
)
from ._options import Cost, InputMode, Json, SaveFrames, StreamUrl, given, seconds, session_of
from ._session import Session

if TYPE_CHECKING:
    from ._follow import Display

__all__ = ["check", "digest", "watch"]

Leave = Annotated[bool, typer.Option("--leave", help="Keep the job running when you leave, instead of cancelling it.")]
Endless = Annotated[bool, typer.Option("--endless", help="Start another job whenever one ends, until you leave.")]
Total = Annotated[str | None, typer.Option("--total", metavar="TIME", help="Total watch time across jobs: 8h.")]
MaxCost = Annotated[
    float | None, typer.Option("--max-cost", metavar="USD", help="Stop before the total cost across jobs exceeds this.")
]
Progress = Annotated[bool, typer.Option("--progress", help="Also print every check.")]


def check(
    context: typer.Context,
    stream_url: StreamUrl,
    condition: Condition,
    input_mode: Annotated[
        InputMode | None,
        typer.Option(metavar="MODE", help="Input of the check: frames, clip or hybrid. Server's default: frames."),
    ] = None,
    clip_duration: Clip = None,
    save_frame: Annotated[
        Path | None, typer.Option("--save-frame", metavar="FILE", help="Save the picture that was checked.")
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if the condition does not hold.")] = False,
    json: Json = False,
) -> int:
    """Check once whether a condition holds on a stream. Billed per call.

    Examples:
      trio-client check rtsp://gate.example/live "a van is at the gate"
      trio-client check URL "the gate is open" --save-frame gate.jpg
      trio-client check URL "the gate is open" --exit-code && echo open
    """
    session = session_of(context)
    session.protect(stream_url)
    options = given(input_mode=input_mode, clip_duration_seconds=clip_duration)
    if save_frame is not None:
        if not save_frame.absolute().parent.is_dir():
            raise UsageError(f"{save_frame.parent} is not a folder.")
        options["include_frame"] = True
    out = session.out
    with session.client() as client:
        result = client.check_once(stream_url, condition, **options)
    saved: str | None = None
    if save_frame is not None and result.frame is not None:
        try:
            saved = str(result.frame.save(save_frame))
        except OSError as error:
            out.warn(f"The picture could not be saved: {error}")
    if json:
        data: dict[str, Any] = {
            "triggered": result.triggered,
            "explanation": result.explanation,
            "latency_ms": result.latency_ms,
        }
        out.data(data | ({"frame_path": saved} if save_frame is not None else {}))
    else:
        label, style = ("yes  ", "bold green") if result.triggered else ("no   ", "bold magenta")
        out.line(out.clean(result.explanation), label=label, style=style)
        if saved is not None:
            out.line(f"     picture: {out.clean(saved)}")
    return NO if exit_code and not result.triggered else 0


def watch(
    context: typer.Context,
    stream_url: StreamUrl,
    condition: Condition,
    interval: Interval = None,
    input_mode: Mode = None,
    clip_duration: Clip = None,
    duration: Duration = None,
    cooldown: Cooldown = None,
    max_triggers: MaxTriggers = None,
    endless: Endless = False,
    total: Total = None,
    max_cost: MaxCost = None,
    price_per_minute: Cost = None,
    save_frames: SaveFrames = None,
    leave: Leave = False,
    wait_for_slot: WaitForSlot = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if nothing triggered.")] = False,
    progress: Progress = False,
    json: Json = False,
) -> int:
    """Watch a stream for a condition, and print events as they happen. Billed by the minute.

    Leaving (Ctrl-C, SIGTERM, a closed terminal or pipe) cancels the job. With --endless, --total or --max-cost,
    another job starts whenever one ends.

    If the connection drops, the job is polled; with one of these options, it is replaced.

    Examples:
      trio-client watch rtsp://gate.example/live "a van is at the gate"
      trio-client watch URL "a person" --max-triggers unlimited --save-frames pics
      trio-client watch URL "a person" --total 8h --max-cost 10 --json | jq .kind
    """
    session = session_of(context)
    session.protect(stream_url)
    options = monitor_options(
        interval=interval,
        input_mode=input_mode,
        clip_duration=clip_duration,
        duration=duration,
        cooldown=cooldown,
        max_triggers=max_triggers,
    )
    from ._follow import SERVER_DEFAULT_SECONDS, Display

    display = Display(
        kind="live-monitor",
        title=condition,
        json=json,
        all_events=progress,
        save_frames=save_frames,
        limit=float(options.get("monitor_duration_seconds", SERVER_DEFAULT_SECONDS)),
        input_mode=options.get("input_mode"),
        price_per_minute=price_per_minute,
        on_leaving="leave" if leave else "cancel",
        need_trigger=exit_code,
    )
    options |= {"stream_url": stream_url, "condition": condition}
    return _run(session, display, options, endless=endless, total=total, max_cost=max_cost, slot=wait_for_slot)


def digest(
    context: typer.Context,
    stream_url: StreamUrl,
    window: Window = None,
    capture_interval: CaptureInterval = None,
    max_windows: MaxWindows = None,
    endless: Endless = False,
    total: Total = None,
    max_cost: MaxCost = None,
    price_per_minute: Cost = None,
    save_frames: SaveFrames = None,
    leave: Leave = False,
    wait_for_slot: WaitForSlot = None,
    progress: Progress = False,
    json: Json = False,
) -> int:
    """Summarize what happens on a stream, window by window. Billed by the minute.

    Leaving (Ctrl-C, SIGTERM, a closed terminal or pipe) cancels the job.

    Examples:
      trio-client digest rtsp://gate.example/live --window 10m --max-windows 1
      trio-client digest URL --total 8h --save-frames grids
      trio-client digest URL --json | jq -r '.summary // empty'
    """
    session = session_of(context)
    session.protect(stream_url)
    options = digest_options(window=window, capture_interval=capture_interval, max_windows=max_windows)
    options |= given(include_frames=True if save_frames is not None else None)
    from ._follow import Display

    display = Display(
        kind="live-digest",
        title=f"digest of {mask(stream_url, is_url=True)}",
        json=json,
        all_events=progress,
        save_frames=save_frames,
        limit=windows_limit(options),
        price_per_minute=price_per_minute,
        on_leaving="leave" if leave else "cancel",
    )
    options["stream_url"] = stream_url
    return _run(session, display, options, endless=endless, total=total, max_cost=max_cost, slot=wait_for_slot)


def _run(
    session: Session,
    display: Display,
    options: dict[str, Any],
    *,
    endless: bool,
    total: str | None,
    max_cost: float | None,
    slot: str | None,
) -> int:
    """Follow one job, or with a limit across jobs a watch."""
    from ._follow import follow

    continuous = endless or total is not None or max_cost is not None
    if continuous and slot is not None:
        raise UsageError("--wait-for-slot is for one job; an endless watch waits for a free slot by itself.")
    options["on_exit"] = display.on_leaving
    if max_cost == float("inf"):
        raise UsageError("--max-cost is infinite; leave it out, or pass --endless.")
    if continuous:
        price = display.price_per_minute
        duration = seconds(total, "--total")
        options |= given(duration=duration, max_cost_usd=max_cost, price_per_minute_usd=price)
        if duration is not None and display.limit is not None:
            display = replace(display, limit=min(display.limit, duration))
    else:
        options["wait_for_slot"] = seconds(slot, "--wait-for-slot")
    with session.client() as client:
        jobs = client.live_monitor if display.kind == "live-monitor" else client.live_digest
        return follow(session, jobs.watch(**options) if continuous else jobs.stream(**options), display)
