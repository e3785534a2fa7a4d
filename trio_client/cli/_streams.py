"""`streams`: check a stream before watching it."""

from __future__ import annotations

import typer

from ._exits import NO
from ._options import Json, StreamUrl, session_of
from ._text import finite

__all__ = ["app"]

app = typer.Typer(help="Check a stream before watching it.")


@app.callback()
def streams() -> None:
    """Check a stream before watching it."""


@app.command()
def validate(context: typer.Context, stream_url: StreamUrl, json: Json = False) -> int:
    """Check whether a stream is live. Exits with 1 if it is not.

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
        if finite(found.viewer_count) is not None:
            facts.append(f"{found.viewer_count} viewers")
        labels = {True: "live      ", False: "not live  ", None: "unknown   "}
        label, style = labels[found.is_live], "bold green" if found.is_live else "bold magenta"
        text = ", ".join(fact for fact in facts if fact) if found.is_live else found.error_hint
        out.line(out.clean(text), label=label, style=style)
    return 0 if found.is_live else NO
