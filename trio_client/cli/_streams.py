"""`streams`: check a stream before watching it."""

from __future__ import annotations

import typer

from ._exits import NO
from ._help import App
from ._options import Json, StreamUrl, session_of
from ._text import finite, plural

__all__ = ["app"]

app = App("Check a stream, and prepare it, before watching it.")


@app.command()
def validate(context: typer.Context, stream_url: StreamUrl, json: Json = False) -> int:
    """Check whether a stream is live. Exits with 1 if it is not.

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
        viewers = finite(found.viewer_count)
        if viewers is not None:
            facts.append(plural(viewers, "viewer"))
        labels = {True: "live      ", False: "not live  ", None: "unknown   "}
        label, style = labels[found.is_live], "bold green" if found.is_live else "bold magenta"
        text = ", ".join(fact for fact in facts if fact) if found.is_live else found.error_hint
        out.line(out.clean(text), label=label, style=style)
    return 0 if found.is_live else NO


@app.command()
def prepare(context: typer.Context, stream_url: StreamUrl, json: Json = False) -> int:
    """Have a stream resolved ahead of time, so that its first check is faster. Exits with 1 if it is not ready.

    Example:
      trio-client streams prepare rtsp://gate.example/live
    """
    session = session_of(context)
    session.protect(stream_url)
    out = session.out
    with session.client() as client:
        found = client.streams.prepare(stream_url)
    if json:
        out.data(found.model_dump(mode="json", exclude_none=True))
    else:
        label, style = ("ready      ", "bold green") if found.success else ("not ready  ", "bold magenta")
        out.line(out.clean(found.message), label=label, style=style)
        if found.embed_url is not None:
            out.line(f"           {out.clean(found.embed_type)} {out.clean(found.embed_url, is_url=True)}")
    return 0 if found.success else NO
