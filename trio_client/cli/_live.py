"""The live view of a watch: what moves at the bottom of a terminal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ._story import Story
from ._text import clock_time, span

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["LiveView"]

_BAR_WIDTH = 40
_DOTS = {"running": "green", "starting": "magenta", "pending": "magenta", "failed": "red", "cancelling": "magenta"}


class LiveView:
    """Show a story while it goes on; leaving the block takes the view away.

    Args:
        console: the terminal.
        story: what is shown.
        title: what is watched, cleaned.
        counted: what checks and triggers are called here.
        clean: makes foreign texts fit.
    """

    def __init__(
        self, console: Console, story: Story, *, title: str, counted: tuple[str, str], clean: Callable[[str], str]
    ) -> None:
        self._story = story
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
        with suppress(OSError):  # the terminal may have gone
            self._live.stop()

    def render(self) -> RenderableType:
        """Return the view as it is now."""
        story = self._story
        head = Text.assemble(
            ("● ", _DOTS.get(story.status, "blue")), (self._clean(story.status), "bold"), "  ", self._title
        )
        rows: list[RenderableType] = [Text(""), _one_line(head), self._bar(), _one_line(self._counts())]
        if story.last is not None:
            moment, text = story.last
            told = Table.grid(padding=(0, 2, 0, 0))
            told.add_row(Text("last", "bold"), clock_time(moment), Text(self._clean(text)))
            rows.append(told)
        return Group(*rows)

    def _bar(self) -> RenderableType:
        story = self._story
        if story.limit is None:
            return Text(f"{span(story.elapsed)} so far")
        done = min(story.elapsed, story.limit)
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_column(width=_BAR_WIDTH)
        row.add_column(no_wrap=True)
        bar = ProgressBar(
            total=story.limit,
            completed=done,
            width=_BAR_WIDTH,
            style="bright_black",
            complete_style="cyan",
            finished_style="cyan",
        )
        row.add_row(bar, Text(f"{span(done)} of {span(story.limit)}"))
        return row

    def _counts(self) -> Text:
        story = self._story
        checks, triggers = self._counted
        parts = [f"{checks} {story.checks}", f"{triggers} {story.triggers}"]
        if story.jobs > 1:
            parts.append(f"jobs {story.jobs}")
        parts.append("cost not known" if story.cost_usd is None else f"about ${story.cost_usd:.2f} so far")
        return Text("  ·  ".join(parts))


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
