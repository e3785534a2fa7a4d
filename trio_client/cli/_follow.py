"""Print the events of a stream: with a live view on a terminal, as lines or JSON elsewhere."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .._redaction import shown
from ..events import Event, Failed, Progress
from ..pricing import PRICES_USD, Kind, price_per_minute_usd
from ._events import STYLES, event_data, headline, is_short_gap
from ._exits import NO, Interrupted
from ._frames import FrameFolder
from ._out import Out
from ._session import Session
from ._text import clock_time, iso, plural, span
from ._watch_state import WatchState

if TYPE_CHECKING:
    from .. import EventStream

__all__ = ["SERVER_DEFAULT_SECONDS", "Display", "follow"]

SERVER_DEFAULT_SECONDS = 600.0


@dataclass(frozen=True)
class Display:
    """How to show a stream.

    Attributes:
        kind: the kind of job, as in the price list; `None` if not known.
        title: what is watched.
        json: whether to print every event as a line of JSON.
        all_events: whether to print progress too.
        save_frames: the folder for pictures.
        limit: how many seconds one job may run, if known.
        input_mode: the monitor's input mode; `hybrid` has no published price.
        price_per_minute: the caller's own price.
        on_leaving: what happens to the job when the stream is left early.
        need_trigger: whether to exit with `NO` if nothing triggered.
        elapsed: how many seconds the job had run before it was followed.
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


def follow(session: Session, stream: EventStream, display: Display) -> int:
    """Print all events of a stream, and return the exit code.

    Raises:
        Interrupted: after a signal, once the job is cancelled and the final message printed.
        TrioError: the stream failed.
    """
    out = session.out
    state = WatchState(clock=time.monotonic, limit=display.limit, price=_price(display), elapsed=display.elapsed)
    state.obstacle = lambda: _obstacle(stream)
    frames = FrameFolder(display.save_frames, out)
    had_ended = False
    try:
        with _view(out, state, display), _owned(out, stream, display), stream as events:
            try:
                for event in events:
                    _print_event(out, state, display, event, frames.save(event))
            except Interrupted:
                had_ended = stream.outcome is not None
                if display.on_leaving == "cancel" and stream.job_id:
                    state.status = "cancelling"
                    out.note(f"Cancelling job {shown(stream.job_id)} …")
                raise
    except Interrupted:
        out.note(f"{_interrupted(out, stream, display, had_ended)} {_totals(state, display)}".rstrip())
        raise
    if not display.json and state.jobs:
        out.note(f"{state.status.capitalize()} after {span(state.total_elapsed)}: {_totals(state, display)}")
    failed = isinstance(stream.outcome, Failed)
    return NO if failed or (display.need_trigger and not state.triggers) else 0


def _obstacle(stream: EventStream) -> str | None:
    """Return what a watch does in place of following events; `None` for a stream of one job, which has no state."""
    watched: Any = getattr(stream, "state", None)
    if watched is None or watched.name in ("starting", "watching", "ended"):
        return None
    return str(watched.name).replace("_", " ")


@contextmanager
def _owned(out: Out, stream: EventStream, display: Display) -> Generator[None]:
    """Note inside that the job of a stream ends with this program: a second signal leaves it running."""
    if display.on_leaving == "cancel":
        out.running = lambda: [stream.job_id or ""]
    try:
        yield
    finally:
        out.running = list


@contextmanager
def _view(out: Out, state: WatchState, display: Display) -> Generator[None]:
    if display.json or not out.terminal:
        yield
        return
    from ._live import LiveView

    console = out.console()
    counted = ("frames", "summaries") if display.kind == "live-digest" else ("checks", "triggers")
    with LiveView(console, state, title=out.clean(display.title), counted=counted, clean=out.clean):
        out.show_above(console)
        try:
            yield
        finally:
            out.show_above(None)


def _print_event(out: Out, state: WatchState, display: Display, event: Event, frame: str | None) -> None:
    state.add(event)
    if display.json:
        out.data(event_data(event, frame=frame))
        return
    if is_short_gap(event) or (isinstance(event, Progress) and not display.all_events):
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


def _totals(state: WatchState, display: Display) -> str:
    """Return the number of checks, triggers and jobs, and the cost, as a sentence."""
    if not state.jobs:
        return ""
    checks, triggers = ("frame", "summary") if display.kind == "live-digest" else ("check", "trigger")
    parts = [plural(state.checks, checks), plural(state.triggers, triggers)]
    if state.jobs > 1:
        parts.append(plural(state.jobs, "job"))
    if state.cost_usd is not None:
        parts.append(f"about ${state.cost_usd:.2f}")
    return f"{', '.join(parts)}."


def _interrupted(out: Out, stream: EventStream, display: Display, had_ended: bool) -> str:
    """Return the final message after a signal."""
    job_id = stream.job_id
    if out.leaks:
        return "Interrupted; see above for the job that may still be running."
    if job_id is None:
        return "Interrupted before a job had started."
    job_id = shown(job_id)
    end = stream.outcome
    if had_ended or (end is not None and getattr(end, "reason", None) != "cancelled"):
        return f"Interrupted; job {job_id} had ended."
    if end is not None:
        return f"Interrupted; job {job_id} was cancelled."
    if display.on_leaving == "cancel":
        return "Interrupted; no job was running."
    return f"Interrupted; job {job_id} runs on. Cancel it with `trio-client jobs cancel {job_id}`."


def _price(display: Display) -> float | None:
    if display.kind is None:
        return None
    if display.price_per_minute is None and display.input_mode == "hybrid":
        return None
    if display.price_per_minute is None:
        return PRICES_USD[display.kind]
    return price_per_minute_usd(display.kind, override=display.price_per_minute)
