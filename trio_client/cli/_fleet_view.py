"""The live table of `watch-many`, at the bottom of the terminal."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ._fleet import Camera, Fleet, totals
from ._text import clock_time, span

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["FleetView"]

_BESIDE_ROWS = 4  # the empty line above, the header, the totals, and the line of the cursor
_LONGEST_NAME = 0.2  # of the width
_STYLES = {
    "watching": "green",
    "polling": "cyan",
    "failed": "red",
    "ended": "bright_black",
    "stopping": "magenta",
    "starting": "magenta",
}
_WAITING = "magenta"


class FleetView:
    """Show a row for each camera while they are watched; the table stays when the block is left.

    Args:
        console: the terminal.
        fleet: what is shown.
        clean: makes untrusted text safe to print.
    """

    def __init__(self, console: Console, fleet: Fleet, *, clean: Callable[[str], str]) -> None:
        self._console = console
        self._fleet = fleet
        self._clean = clean
        self._began = time.monotonic()
        self._is_over = False
        self._live = Live(
            console=console,
            get_renderable=self.render,
            refresh_per_second=4,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_over = True
        with suppress(OSError):  # the terminal may be gone
            self._live.stop()

    def render(self) -> RenderableType:
        """Return the table as it is now; while it is live, no higher than the terminal."""
        cameras = list(self._fleet.cameras.values())
        most = len(cameras)
        if not self._is_over and most + _BESIDE_ROWS > self._console.height:
            most = max(1, self._console.height - _BESIDE_ROWS - 1)
        now = datetime.now(timezone.utc)
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), expand=True)
        table.add_column(
            "camera", no_wrap=True, overflow="ellipsis", max_width=int(self._console.width * _LONGEST_NAME)
        )
        table.add_column("state", no_wrap=True, overflow="ellipsis")
        table.add_column("last trigger", no_wrap=True, overflow="ellipsis", ratio=1)
        for heading in ("triggers", "blind", "cost"):
            table.add_column(heading, no_wrap=True, justify="right")
        for camera in cameras[:most]:
            table.add_row(*self._cells(camera, now))
        rows: list[RenderableType] = [Text(""), table]
        if cameras[most:]:
            hidden = Counter(camera.state for camera in cameras[most:])
            states = ", ".join(f"{number} {state}" for state, number in hidden.items())
            rows.append(_one_line(Text(f"and {len(cameras) - most} more: {states}", "bright_black")))
        rows.append(_one_line(Text(f"{span(time.monotonic() - self._began)}  ·  {totals(self._fleet)}")))
        return Group(*rows)

    def _cells(self, camera: Camera, now: datetime) -> tuple[Text, ...]:
        style = _STYLES.get(camera.state, _WAITING)
        last = Text("-" if camera.last is None else "")
        if camera.last is not None:
            moment, text = camera.last
            last = Text(f"{clock_time(moment)}  {self._clean(text)}")
        cost = "?" if camera.cost_usd is None else f"${camera.cost_usd:.2f}"
        return (
            Text(self._clean(camera.name)),
            Text(camera.state, style),
            last,
            Text(f"{camera.triggers:,}"),
            Text(span(camera.blind_seconds(now))),
            Text(cost),
        )


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
