"""`streams`: look at a stream before it is watched."""

from __future__ import annotations

import typer

from ._exits import NO
from ._options import Json, StreamUrl, session_of

__all__ = ["app"]

app = typer.Typer(help="Look at a stream before it is watched.")


@app.callback()
def streams() -> None:
    """Look at a stream before it is watched."""


@app.command()
def validate(context: typer.Context, stream_url: StreamUrl, json: Json = False) -> int:
    r"""Tell whether a stream is live. Exits with 1 if it is not.

    \b
    Example:
      trio-client streams validate rtsp://gate.example/live && echo live
    """
    session = session_of(context)
    session.protect(stream_url)
    out = session.out
    with session.client() as client:
        found = client.streams.validate(stream_url)
    if json:
        out.data(found.model_dump(mode="json", exclude_none=True))
    else:
        facts = [found.platform, found.title, found.channel]
        if found.viewer_count is not None:
            facts.append(f"{found.viewer_count} viewers")
        words = {True: "live      ", False: "not live  ", None: "unknown   "}
        label, style = words[found.is_live], "bold green" if found.is_live else "bold magenta"
        told = ", ".join(fact for fact in facts if fact) if found.is_live else found.error_hint
        out.line(out.clean(told), label=label, style=style)
    return 0 if found.is_live else NO
