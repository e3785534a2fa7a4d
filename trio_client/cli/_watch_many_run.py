"""Run `watch-many`: print what happens on the cameras of a file."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..events import Event, Failed, Triggered
from ._cameras import check_options, read_cameras
from ._events import event_data, headline
from ._exits import NO, Interrupted
from ._fleet import Fleet, totals
from ._frames import FrameFolder
from ._out import Out
from ._session import Session
from ._text import iso, plural, span

if TYPE_CHECKING:
    from .. import Target, TargetStream

__all__ = ["run"]

_UPDATE_SECONDS = 0.25


def run(session: Session, cameras: Path, options: dict[str, Any], *, save_frames: Path | None, json: bool) -> int:
    """Watch the cameras of a file, and return the exit code."""
    targets = read_cameras(cameras)
    session.protect(*(str(target.stream_url) for target in targets))
    with session.client() as client:
        check_options(cameras, client, targets)
        stream = client.watch_many(targets, **options)
        width = max(len(str(target.key)) for target in targets)
        printer = _Printer(session.out, FrameFolder(save_frames, session.out), json=json, width=width)
        return _follow(session.out, stream, Fleet(targets), printer)


class _Printer:
    """Prints every event as JSON, or the triggers as lines; on a terminal the table has them.

    Args:
        out: where to.
        frames: where pictures are saved.
        json: whether every event is printed as a line of JSON.
        width: of the names.
    """

    def __init__(self, out: Out, frames: FrameFolder, *, json: bool, width: int) -> None:
        self.json = json
        self._out = out
        self._frames = frames
        self._width = width

    def print(self, target: Target, event: Event) -> None:
        """Print one event."""
        out, name = self._out, str(target.key)
        frame = self._frames.save(event, camera=name)
        if self.json:
            out.data({"target": name, **event_data(event, frame=frame)})
        elif isinstance(event, Failed):
            out.warn(f"{name}: {headline(event)}")
        elif isinstance(event, Triggered) and not out.terminal:
            moment = iso(event.occurred_at or datetime.now(timezone.utc))
            picture = "" if frame is None else f" (picture: {out.clean(frame)})"
            out.line(f"{moment}  {out.clean(name):<{self._width}}  {out.clean(headline(event))}{picture}")


def _follow(out: Out, stream: TargetStream, fleet: Fleet, printer: _Printer) -> int:
    """Print the events of all cameras, and return the exit code.

    Raises:
        Interrupted: after a signal, once all jobs are cancelled and the final message printed.
        TrioError: the key was refused, or something else that concerns all cameras.
    """
    began = time.monotonic()
    out.running = lambda: fleet.running
    try:
        with _view(out, fleet, printer):
            if not (printer.json or out.terminal):
                out.note(f"Watching {plural(len(fleet.cameras), 'camera')}; each trigger is printed as a line.")
            try:
                with stream as events:
                    try:
                        _print_all(events, fleet, printer)
                    except Interrupted:
                        if fleet.running:
                            out.note(f"Cancelling {plural(len(fleet.running), 'job')} …")
                        raise
            finally:
                fleet.finish(stream.outcomes, stream.usages, datetime.now(timezone.utc))
    except Interrupted:
        ending = "see above for the jobs that may still be running" if out.leaks else "all jobs were cancelled"
        out.note(f"Interrupted; {ending}. {totals(fleet)}.")
        raise
    finally:
        out.running = list
    if not printer.json:
        out.note(f"Ended after {span(time.monotonic() - began)}: {totals(fleet)}.")
    return NO if fleet.failed else 0


def _print_all(events: TargetStream, fleet: Fleet, printer: _Printer) -> None:
    """Print events until the last watch has ended, and keep the table up to date."""
    updated, any_event = 0.0, cast("type[Any]", Event)
    while True:
        pair = events.until(any_event, timeout=_UPDATE_SECONDS)
        if pair is not None:
            fleet.add(*pair)
            printer.print(*pair)
        elif not events.targets:
            while (pair := events.until(any_event, timeout=0)) is not None:  # the last end came after the time was up
                fleet.add(*pair)
                printer.print(*pair)
            return
        if time.monotonic() - updated >= _UPDATE_SECONDS:  # here, not in the view: it must not wait for the watches
            fleet.update(events.states, events.usages)
            updated = time.monotonic()


@contextmanager
def _view(out: Out, fleet: Fleet, printer: _Printer) -> Generator[None]:
    if printer.json or not out.terminal:
        yield
        return
    from ._fleet_view import FleetView

    console = out.console()
    with FleetView(console, fleet, clean=out.clean):
        out.show_above(console)
        try:
            yield
        finally:
            out.show_above(None)
