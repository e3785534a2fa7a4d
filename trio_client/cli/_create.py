"""`jobs create`: start a job that runs on by itself."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .._redaction import shown
from ._exits import UsageError
from ._job_options import (
    CaptureInterval,
    Clip,
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
)
from ._options import Json, StreamUrl, given, seconds, session_of

__all__ = ["create"]


def create(
    context: typer.Context,
    stream_url: StreamUrl,
    condition: Annotated[
        str | None,
        typer.Argument(metavar="CONDITION", help="The condition to watch for; not for --digest.", show_default=False),
    ] = None,
    digest: Annotated[bool, typer.Option("--digest", help="Summarize the stream instead of watching it.")] = False,
    webhook_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where events are delivered: a public URL.")
    ] = None,
    interval: Interval = None,
    input_mode: Mode = None,
    clip_duration: Clip = None,
    duration: Duration = None,
    cooldown: Cooldown = None,
    max_triggers: MaxTriggers = None,
    window: Window = None,
    capture_interval: CaptureInterval = None,
    max_windows: MaxWindows = None,
    include_frames: Annotated[
        bool, typer.Option("--include-frames", help="With --digest: send pictures with the summaries.")
    ] = False,
    wait_for_slot: WaitForSlot = None,
    reference: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the job is known by in your own records.")
    ] = None,
    json: Json = False,
) -> int:
    """Start a job and print its id. The job runs on by itself. Billed by the minute.

    Its events go to --webhook-url; `trio-client jobs watch` follows it too, and `trio-client jobs cancel` stops it.

    Examples:
      trio-client jobs create rtsp://gate.example/live "a van is at the gate"
      trio-client jobs create URL "a person" --webhook-url https://hooks.example
      trio-client jobs create --digest URL --window 10m --max-windows 6
    """
    session = session_of(context)
    session.protect(stream_url, webhook_url)
    monitor = monitor_options(
        interval=interval,
        input_mode=input_mode,
        clip_duration=clip_duration,
        duration=duration,
        cooldown=cooldown,
        max_triggers=max_triggers,
    )
    summaries = digest_options(window=window, capture_interval=capture_interval, max_windows=max_windows)
    summaries |= given(include_frames=True if include_frames else None)
    if digest and condition is not None:
        raise UsageError("A digest has no condition; leave out CONDITION, or --digest.")
    if not digest and condition is None:
        raise UsageError("A monitor needs a CONDITION; for a digest pass --digest.")
    if monitor if digest else summaries:
        raise UsageError(
            "--window, --capture-interval, --max-windows and --include-frames are for --digest; the other settings "
            "are for monitors."
        )
    options: dict[str, Any] = given(
        webhook_url=webhook_url, wait_for_slot=seconds(wait_for_slot, "--wait-for-slot"), reference=reference
    )
    with session.client() as client:
        if condition is not None:
            job = client.live_monitor.create(stream_url, condition, **monitor, **options)
        else:
            job = client.live_digest.create(stream_url, **summaries, **options)
    out = session.out
    if json:
        out.data(job.model_dump(mode="json", exclude_none=True))
        return 0
    out.line(out.clean(job.job_id))
    out.note(f"The job runs on. Cancel it with `trio-client jobs cancel {shown(job.job_id)}`.")
    return 0
