"""Follow a stream of events to its end: live on a terminal, in lines or JSON elsewhere."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from .._sync.event_stream import EventStream
from ..events import Event, Failed, Progress
from ..pricing import PRICES_USD, Kind, price_per_minute_usd
from ._exits import JOB_MAY_RUN, NO, Interrupted
from ._frames import FrameFolder
from ._out import Out
from ._session import Session
from ._story import STYLES, Story, event_data, headline
from ._text import clock_time, iso, plural, span

__all__ = ["Showing", "follow"]

SERVER_DEFAULT_SECONDS = 600.0


@dataclass(frozen=True)
class Showing:
    """How a stream is shown.

    Attributes:
        kind: what is followed, as the prices name it; `None`: not known.
        title: what is watched.
        json: whether every event is a line of JSON.
        all_events: whether progress is printed too.
        save_frames: the folder for pictures.
        limit: seconds that one job may run, where they are known.
        input_mode: the monitor's input mode; `hybrid` has no published price.
        price_per_minute: the caller's own price.
        on_leaving: what becomes of the job when the stream is left early.
        need_trigger: whether a watch without a trigger is a `no`.
        elapsed: seconds that the job had run before it was followed.
    """

    kind: Kind | None
    title: str
    json: bool = False
    all_events: bool = False
    save_frames: Path | None = None
    limit: float | None = SERVER_DEFAULT_SECONDS
    input_mode: str | None = None
    price_per_minute: float | None = None
    on_leaving: Literal["cancel", "leave", "not ours"] = "cancel"
    need_trigger: bool = False
    elapsed: float = 0.0


def follow(session: Session, stream: EventStream, showing: Showing) -> int:
    """Show all events of a stream, and return the exit code its end stands for.

    Raises:
        Interrupted: a signal came; the job has been settled and that was said.
        TrioError: the stream could not be followed.
    """
    out = session.out
    story = Story(clock=time.monotonic, limit=showing.limit, price=_price(showing), elapsed=showing.elapsed)
    frames = FrameFolder(showing.save_frames, out)
    try:
        with _view(out, story, showing), stream as events:
            try:
                for event in events:
                    _show(out, story, showing, event, frames.save(event))
            except Interrupted:
                if showing.on_leaving == "cancel" and stream.job_id:
                    story.status = "cancelling"
                    out.note(f"Cancelling job {stream.job_id} …")
                raise
    except Interrupted:
        out.note(f"{_farewell(out, stream, showing)} {_counted(story, showing)}".rstrip())
        raise
    _sum_up(out, story, showing)
    if out.leaks:
        return JOB_MAY_RUN
    failed = isinstance(stream.outcome, Failed)
    return NO if failed or (showing.need_trigger and not story.triggers) else 0


@contextmanager
def _view(out: Out, story: Story, showing: Showing) -> Generator[None]:
    if showing.json or not out.terminal:
        yield
        return
    from ._live import LiveView

    console = out.console()
    counted = ("frames", "summaries") if showing.kind == "live-digest" else ("checks", "triggers")
    with LiveView(console, story, title=out.clean(showing.title), counted=counted, clean=out.clean):
        out.show_above(console)
        try:
            yield
        finally:
            out.show_above(None)


def _show(out: Out, story: Story, showing: Showing, event: Event, frame: str | None) -> None:
    story.take(event)
    if showing.json:
        out.data(event_data(event, frame=frame))
        return
    if isinstance(event, Progress) and not showing.all_events:
        return
    moment = event.occurred_at or datetime.now(timezone.utc)
    stamp = clock_time(moment) if out.terminal else iso(moment)
    label = f"{stamp}  {out.clean(event.kind):<9}  "
    first, *others = out.clean(headline(event), lines=True).splitlines() or [""]
    out.line(first, label=label, style=STYLES.get(event.kind, ""))
    for other in others:
        out.line(" " * len(label) + other)
    if frame is not None:
        out.line(" " * len(label) + f"picture: {out.clean(frame)}")


def _sum_up(out: Out, story: Story, showing: Showing) -> None:
    if not showing.json and story.jobs:
        out.note(f"{story.status.capitalize()} after {span(story.elapsed)}: {_counted(story, showing)}")


def _counted(story: Story, showing: Showing) -> str:
    """Return what was counted, as a sentence."""
    if not story.jobs:
        return ""
    checks, triggers = ("frame", "summary") if showing.kind == "live-digest" else ("check", "trigger")
    parts = [plural(story.checks, checks), plural(story.triggers, triggers)]
    if story.jobs > 1:
        parts.append(plural(story.jobs, "job"))
    if story.cost_usd is not None:
        parts.append(f"about ${story.cost_usd:.2f}")
    return f"{', '.join(parts)}."


def _farewell(out: Out, stream: EventStream, showing: Showing) -> str:
    job_id = stream.job_id
    if out.leaks:
        return "Interrupted; see above for the job that may still be running."
    if job_id is None:
        return "Interrupted before a job had started."
    if stream.outcome is not None:
        return f"Interrupted; job {job_id} had ended."
    if showing.on_leaving == "cancel":
        return f"Interrupted; job {job_id} was cancelled."
    return f"Interrupted; job {job_id} runs on. Cancel it with `trio-client jobs cancel {job_id}`."


def _price(showing: Showing) -> float | None:
    if showing.kind is None:
        return None
    if showing.price_per_minute is None and showing.input_mode == "hybrid":
        return None
    if showing.price_per_minute is None:
        return PRICES_USD[showing.kind]
    return price_per_minute_usd(showing.kind, override=showing.price_per_minute)
