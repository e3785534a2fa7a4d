"""`mcp`: a server of the Model Context Protocol."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from ._exits import UsageError
from ._options import Cost, session_of

__all__ = ["mcp"]


def mcp(
    context: typer.Context,
    max_cost: Annotated[float, typer.Option(metavar="USD", help="What all calls of one run may cost together.")] = 1.0,
    price_per_minute: Cost = None,
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder with pictures that the model may ask about.")
    ] = None,
) -> int:
    """Serve tools for agents over standard input and output, with the Model Context Protocol.

    Agent programs start it themselves. Needs the extra `mcp`. Jobs that its tools start are stopped when it ends.

    Example, the command for an agent program's settings:
      trio-client mcp --max-cost 1 --pictures pictures
    """
    session = session_of(context)
    out = session.out
    if not 0 < max_cost < math.inf:
        raise UsageError(f"--max-cost is {max_cost:g}; it must be a positive number of US dollars.")
    if price_per_minute is not None and not 0 < price_per_minute < math.inf:
        raise UsageError(f"--price-per-minute is {price_per_minute:g}; it must be a positive number of US dollars.")
    if pictures is not None and not pictures.is_dir():
        raise UsageError(f"{pictures} is not a folder.")
    if session.key_is_on_stdin:
        raise UsageError("--api-key-file - reads standard input, which the agent needs; name a file.")
    try:
        from ..contrib.mcp import serve_stdio
    except ModuleNotFoundError as error:
        raise UsageError(f"{error}.") from None
    make_client = session.async_client()
    if sys.stdin.isatty():
        out.note("Serving MCP on standard input and output, for an agent program; Ctrl-C stops it.")
    serve_stdio(
        make_client,
        max_cost_usd=max_cost,
        price_per_minute_usd=price_per_minute,
        pictures=pictures,
        report=out.warn,
    )
