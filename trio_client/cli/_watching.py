"""`check`, `watch` and `digest`: look at a stream."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ._exits import NO, UsageError
from ._options import (
    Cost,
    InputMode,
    Json,
    SaveFrames,
    StreamUrl,
    count,
    given,
    seconds,
    session_of,
    whole_seconds,
)

__all__ = ["check", "digest", "watch"]

Condition = Annotated[str, typer.Argument(help="What to look for, in words.", show_default=False)]
Interval = Annotated[
    str | None, typer.Option(metavar="TIME", help="Between two checks, 5s to 5m. Server's default: 10s.")
]
Mode = Annotated[
    InputMode | None,
    typer.Option(metavar="MODE", help="What a check looks at: frames, clip or hybrid. Server's default: clip."),
]
Clip = Annotated[int | None, typer.Option(metavar="N", help="Seconds of a clip, 1 to 10. Server's default: 3.")]
Leave = Annotated[bool, typer.Option("--leave", help="Let the job run on when you leave, instead of cancelling it.")]
Endless = Annotated[bool, typer.Option("--endless", help="Start the next job when one ends, until you leave.")]
Total = Annotated[str | None, typer.Option("--total", metavar="TIME", help="Watch so long in all, job after job: 8h.")]
MaxCost = Annotated[
    float | None, typer.Option("--max-cost", metavar="USD", help="Stop before this is spent, job after job.")
]
Slot = Annotated[
    str | None,
    typer.Option("--wait-for-slot", metavar="TIME", help="Wait so long if the account runs as many jobs as it may."),
]
Verbose = Annotated[bool, typer.Option("--progress", help="Print every check too, not only what happened.")]


def check(
    context: typer.Context,
    stream_url: StreamUrl,
    condition: Condition,
    input_mode: Annotated[
        InputMode | None,
        typer.Option(metavar="MODE", help="What is looked at: frames, clip or hybrid. Server's default: frames."),
    ] = None,
    clip_duration: Clip = None,
    save_frame: Annotated[
        Path | None, typer.Option("--save-frame", metavar="FILE", help="Save the picture that was looked at.")
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if the condition does not hold.")] = False,
    json: Json = False,
) -> int:
    r"""Look at a stream once: does a condition hold? Billed per call.

    \b
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
            raise UsageError(f"{save_frame.parent} is no folder.")
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
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long one job runs at the most. Server's default: 10m.")
    ] = None,
    cooldown: Annotated[
        str | None, typer.Option(metavar="TIME", help="Between two alerts at the least. Server's default: none.")
    ] = None,
    max_triggers: Annotated[
        str | None,
        typer.Option(metavar="N", help="Alerts before a job stops, or 'unlimited'. Server's default: 1."),
    ] = None,
    endless: Endless = False,
    total: Total = None,
    max_cost: MaxCost = None,
    price_per_minute: Cost = None,
    save_frames: SaveFrames = None,
    leave: Leave = False,
    wait_for_slot: Slot = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if nothing triggered.")] = False,
    progress: Verbose = False,
    json: Json = False,
) -> int:
    r"""Watch a stream until a condition holds, and see it live. Billed by the minute.

    Leaving it (Ctrl-C, SIGTERM, a closed terminal or pipe) cancels the job. With --endless, --total or --max-cost the
    next job starts when one ends.

    \b
    Examples:
      trio-client watch rtsp://gate.example/live "a van is at the gate"
      trio-client watch URL "a person" --max-triggers unlimited --save-frames pics
      trio-client watch URL "a person" --total 8h --max-cost 10 --json | jq .kind
    """
    session = session_of(context)
    session.protect(stream_url)
    options = given(
        interval_seconds=whole_seconds(interval, "--interval"),
        input_mode=input_mode,
        clip_duration_seconds=clip_duration,
        monitor_duration_seconds=whole_seconds(duration, "--duration"),
        trigger_cooldown_seconds=0 if cooldown in ("0", "0s") else whole_seconds(cooldown, "--cooldown"),
    )
    _limit(options, "max_triggers", count(max_triggers, "--max-triggers"))
    on_exit: Literal["cancel", "leave"] = "leave" if leave else "cancel"
    from ._follow import SERVER_DEFAULT_SECONDS, Showing, follow

    showing = Showing(
        kind="live-monitor",
        title=condition,
        json=json,
        all_events=progress,
        save_frames=save_frames,
        limit=float(options.get("monitor_duration_seconds", SERVER_DEFAULT_SECONDS)),
        input_mode=options.get("input_mode"),
        price_per_minute=price_per_minute,
        on_leaving=on_exit,
        need_trigger=exit_code,
    )
    with session.client() as client:
        if endless or total is not None or max_cost is not None:
            _refuse_slot(wait_for_slot)
            cover = given(
                duration=seconds(total, "--total"), max_cost_usd=max_cost, price_per_minute_usd=price_per_minute
            )
            stream = client.live_monitor.watch(stream_url, condition, **options, **cover, on_exit=on_exit)
        else:
            slot = seconds(wait_for_slot, "--wait-for-slot")
            stream = client.live_monitor.stream(stream_url, condition, **options, wait_for_slot=slot, on_exit=on_exit)
        return follow(session, stream, showing)


def digest(
    context: typer.Context,
    stream_url: StreamUrl,
    window: Annotated[
        str | None, typer.Option(metavar="TIME", help="Length of one window, 1m to 60m. Server's default: 10m.")
    ] = None,
    capture_interval: Annotated[
        str | None, typer.Option(metavar="TIME", help="Between two pictures, 10s to 5m. Server's default: 1m.")
    ] = None,
    max_windows: Annotated[
        str | None, typer.Option(metavar="N", help="Windows before the job completes, or 'unlimited'.")
    ] = None,
    endless: Endless = False,
    total: Total = None,
    max_cost: MaxCost = None,
    price_per_minute: Cost = None,
    save_frames: SaveFrames = None,
    leave: Leave = False,
    wait_for_slot: Slot = None,
    progress: Verbose = False,
    json: Json = False,
) -> int:
    r"""Summarise what happens on a stream, window by window. Billed by the minute.

    Leaving it cancels the job, as with `watch`.

    \b
    Examples:
      trio-client digest rtsp://gate.example/live --window 10m --max-windows 1
      trio-client digest URL --total 8h --save-frames grids
      trio-client digest URL --json | jq -r '.summary // empty'
    """
    session = session_of(context)
    session.protect(stream_url)
    window_seconds = seconds(window, "--window")
    if window_seconds is not None and window_seconds % 60:
        raise UsageError(f"--window is {window!r}; it must be whole minutes, such as 10m.")
    options = given(
        window_minutes=None if window_seconds is None else int(window_seconds // 60),
        capture_interval_seconds=whole_seconds(capture_interval, "--capture-interval"),
        include_frames=True if save_frames is not None else None,
    )
    windows = count(max_windows, "--max-windows")
    _limit(options, "max_windows", windows)
    on_exit: Literal["cancel", "leave"] = "leave" if leave else "cancel"
    from ._follow import Showing, follow

    showing = Showing(
        kind="live-digest",
        title=f"digest of {stream_url}",
        json=json,
        all_events=progress,
        save_frames=save_frames,
        limit=options.get("window_minutes", 10) * 60.0 * windows if isinstance(windows, int) else None,
        price_per_minute=price_per_minute,
        on_leaving=on_exit,
    )
    with session.client() as client:
        if endless or total is not None or max_cost is not None:
            _refuse_slot(wait_for_slot)
            cover = given(
                duration=seconds(total, "--total"), max_cost_usd=max_cost, price_per_minute_usd=price_per_minute
            )
            stream = client.live_digest.watch(stream_url, **options, **cover, on_exit=on_exit)
        else:
            slot = seconds(wait_for_slot, "--wait-for-slot")
            stream = client.live_digest.stream(stream_url, **options, wait_for_slot=slot, on_exit=on_exit)
        return follow(session, stream, showing)


def _limit(options: dict[str, Any], name: str, value: int | str | None) -> None:
    """Note a limit that may be given, be lifted, or be left to the server."""
    if value is not None:
        options[name] = None if value == "unlimited" else value


def _refuse_slot(wait_for_slot: str | None) -> None:
    if wait_for_slot is not None:
        raise UsageError("--wait-for-slot is for one job; an endless watch waits for a free slot by itself.")
