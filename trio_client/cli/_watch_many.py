"""`watch-many`: watch the cameras of a file, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ConfigurationError
from ._options import Json, SaveFrames, given, seconds, session_of

if TYPE_CHECKING:
    from .. import SlotPool

__all__ = ["watch_many"]

_SLOTS = 10  # jobs that accounts run at once, as users report


def watch_many(
    context: typer.Context,
    cameras: Annotated[
        Path, typer.Argument(metavar="CAMERAS.TOML", help="File with a table for each camera.", show_default=False)
    ],
    turn: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="How long each camera is watched while others wait for a slot. Default: 5m."),
    ] = None,
    slots: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="How many jobs this command runs at most. Default: as many as the account lets it run."
        ),
    ] = None,
    redis: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Share --slots (default: 10) job slots with other programs through this Redis server."
        ),
    ] = None,
    total: Annotated[str | None, typer.Option("--total", metavar="TIME", help="Total watch time: 8h.")] = None,
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", metavar="USD", help="Stop before the cost of all cameras exceeds this."),
    ] = None,
    save_frames: SaveFrames = None,
    json: Json = False,
) -> int:
    """Watch the cameras of a file side by side, until you leave. Billed by the minute and job.

    The file has a table [cameras.NAME] for each camera, with stream_url, condition and any other argument of Target;
    [defaults] holds for all of them. With more cameras than job slots they take turns. Leaving (Ctrl-C, SIGTERM, a
    closed terminal or pipe) cancels all jobs.

    Examples:
      trio-client watch-many cameras.toml
      trio-client watch-many cameras.toml --total 8h --max-cost 10
      trio-client watch-many cameras.toml --json | jq -r .target
    """
    from ._watch_many_run import run  # with all that watches need

    options = given(
        turn_seconds=seconds(turn, "--turn"),
        slots=slots if redis is None else _pool(redis, slots),
        duration=seconds(total, "--total"),
        max_cost_usd=max_cost,
    )
    return run(session_of(context), cameras, options, save_frames=save_frames, json=json)


def _pool(url: str, slots: int | None) -> SlotPool:
    """Return the job slots of a Redis server."""
    try:
        from ..contrib.redis import RedisSlotPool
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"{error}.") from None
    return RedisSlotPool(url, slots=_SLOTS if slots is None else slots)
