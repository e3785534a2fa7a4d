"""`ask`: a question about a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ._exits import UsageError
from ._options import Json, session_of

__all__ = ["ask"]


def ask(
    context: typer.Context,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture, a JPEG file.", show_default=False)],
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="A question, in plain words.", show_default=False)
    ],
    json: Json = False,
) -> int:
    """Ask a question about a picture of your own. Billed per call.

    Examples:
      trio-client ask gate.jpg "Is the gate open?"
      trio-client ask gate.jpg "What color is the van?" --json | jq -r .answer
    """
    session = session_of(context)
    out = session.out
    try:
        content = image.read_bytes()
    except OSError as error:
        raise UsageError(f"{image} cannot be read: {error.strerror or error}.") from error
    with session.client() as client:
        answer = client.analyze_frame(content, question)
    if json:
        data: dict[str, Any] = {
            "answer": answer.answer,
            "triggered": answer.triggered,
            "latency_ms": answer.latency_ms,
        }
        out.data(data)
        return 0
    labels = {True: ("yes  ", "bold green"), False: ("no   ", "bold magenta"), None: ("", "")}
    label, style = labels[answer.triggered]
    out.line(out.clean(answer.answer), label=label, style=style)
    return 0
