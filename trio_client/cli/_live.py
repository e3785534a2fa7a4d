"""The live view of a watch, at the bottom of the terminal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from typing_extensions import Self

from ._text import clock_time, span
from ._watch_state import WatchState

__all__ = ["LiveView"]

_BAR_WIDTH = 40
_WAITING = ("starting", "pending", "cancelling", "retrying", "waiting for slot", "waiting for stream")
_DOTS = {"running": "green", "polling": "cyan", "failed": "red", **dict.fromkeys(_WAITING, "magenta")}


class LiveView:
    """Show the state of a watch while it runs; leaving the block removes the view.

    Args:
        console: the terminal.
        state: what is shown.
        title: what is watched, cleaned.
        counted: the labels for checks and triggers.
        clean: makes untrusted text safe to print.
    """

    def __init__(
        self, console: Console, state: WatchState, *, title: str, counted: tuple[str, str], clean: Callable[[str], str]
    ) -> None:
        self._state = state
        self._title = title
        self._counted = counted
        self._clean = clean
        self._live = Live(
            console=console,
            get_renderable=self.render,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(OSError):  # the terminal may be gone
            self._live.stop()

    def render(self) -> RenderableType:
        """Return the view as it is now."""
        state = self._state
        status = state.obstacle() or state.status
        head = Text.assemble(("● ", _DOTS.get(status, "blue")), (self._clean(status), "bold"), "  ", self._title)
        rows: list[RenderableType] = [Text(""), _one_line(head), self._bar(), _one_line(self._counts())]
        if state.last is not None:
            moment, text = state.last
            latest = Table.grid(padding=(0, 2, 0, 0))
            latest.add_row(Text("last", "bold"), clock_time(moment), Text(self._clean(text)))
            rows.append(latest)
        return Group(*rows)

    def _bar(self) -> RenderableType:
        state = self._state
        if state.limit is None:
            return Text(f"{span(state.elapsed)} so far")
        done = min(state.elapsed, state.limit)
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_column(width=_BAR_WIDTH)
        row.add_column(no_wrap=True)
        bar = ProgressBar(
            total=state.limit,
            completed=done,
            width=_BAR_WIDTH,
            style="bright_black",
            complete_style="cyan",
            finished_style="cyan",
        )
        row.add_row(bar, Text(f"{span(done)} of {span(state.limit)}"))
        return row

    def _counts(self) -> Text:
        state = self._state
        checks, triggers = self._counted
        parts = [f"{checks} {state.checks}", f"{triggers} {state.triggers}"]
        if state.jobs > 1:
            parts.append(f"jobs {state.jobs}")
        parts.append("cost not known" if state.cost_usd is None else f"about ${state.cost_usd:.2f} so far")
        return Text("  ·  ".join(parts))


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
