"""`webhooks`: receive deliveries on this machine, and verify one."""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ._exits import UsageError
from ._files import without_mark
from ._help import App
from ._options import Json, SaveFrames, port_number, session_of
from ._session import Session, read_secret

__all__ = ["app"]

app = App("Receive webhooks on this machine, and verify one.")
VARIABLE = "TRIO_WEBHOOK_SECRET"
SecretFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help=f"File with the secret; `-` is standard input. Default: {VARIABLE}."),
]
Unsigned = Annotated[bool, typer.Option("--unsigned", help="Accept deliveries without a signature.")]


@app.command()
def listen(
    context: typer.Context,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="Port; 0 picks a free one.")] = 8400,
    secret_file: SecretFile = None,
    unsigned: Unsigned = False,
    signature_header: Annotated[
        str, typer.Option(metavar="NAME", help="Header with the signature.")
    ] = "X-Trio-Signature",
    forward_to: Annotated[
        str | None, typer.Option(metavar="URL", help="Send each delivery on to this URL, with the same bytes.")
    ] = None,
    save_frames: SaveFrames = None,
    limit: Annotated[int | None, typer.Option("--count", metavar="N", help="Stop after N deliveries.")] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Allow an address that other machines can reach.")
    ] = False,
    json: Json = False,
) -> int:
    """Print webhooks as they arrive, verified. Duplicates are reported, not printed.

    The API needs a public URL, so put a tunnel or a reverse proxy in front. Ctrl-C stops it. With --forward-to each
    delivery is sent on, with its signature: once before it is answered, and up to four times more with growing
    delays. One that fails five times is printed whole, and the command exits with 1.

    Examples:
      export TRIO_WEBHOOK_SECRET=s3cret
      trio-client webhooks listen --port 8400
      trio-client webhooks listen --unsigned --json | jq .kind
      trio-client webhooks listen --forward-to http://127.0.0.1:3000/hooks/trio
    """
    session = session_of(context)
    if not allow_remote and not _is_loopback(host):
        raise UsageError(f"{host} can be reached by other machines; add --allow-remote if that is intended.")
    secret = _secret(session, secret_file, unsigned=unsigned)
    from ._receiving import receive

    return receive(
        session,
        address=(host, port_number(port, "--port")),
        secret=secret,
        unsigned=unsigned,
        signature_header=signature_header,
        folder=save_frames,
        json=json,
        limit=limit,
        forward_to=forward_to,
    )


@app.command()
def verify(
    context: typer.Context,
    signature: Annotated[str, typer.Option(metavar="HEX", help="Value of the signature header.", show_default=False)],
    body: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File with the raw body. Default: standard input.")
    ] = None,
    secret_file: SecretFile = None,
    json: Json = False,
) -> int:
    """Verify the signature of a delivery, and show its event. Exits with 1 if it does not match.

    Example:
      export TRIO_WEBHOOK_SECRET=s3cret
      trio-client webhooks verify --signature 9a0b… < body.json
    """
    from ..errors import WebhookSignatureError
    from ..webhooks import unwrap
    from ._events import event_data, headline

    session = session_of(context)
    if body is None and secret_file is not None and str(secret_file) == "-":
        raise UsageError("The body and the secret cannot both come from standard input; name --body.")
    secret = _secret(session, secret_file, unsigned=False)
    try:
        content = sys.stdin.buffer.read() if body is None else body.read_bytes()
    except OSError as error:
        raise UsageError(f"{body} cannot be read: {error.strerror}.") from error
    headers = {"X-Trio-Signature": signature.strip()}
    try:
        event = unwrap(content, headers, secret or "")
    except WebhookSignatureError:
        if without_mark(content) == content:
            raise
        event = unwrap(without_mark(content), headers, secret or "")  # an editor has added the byte order mark
    out = session.out
    if json:
        out.data(event_data(event))
    else:
        out.line(f"{out.clean(event.kind)}  {out.clean(headline(event))}", label="fits  ", style="bold green")
    return 0


def _secret(session: Session, named: Path | None, *, unsigned: bool) -> str | None:
    value = read_secret(named, session.out) if named is not None else os.environ.get(VARIABLE)
    if unsigned:
        if named is not None:
            raise UsageError("--unsigned and --secret-file contradict each other.")
        return None
    if not value:
        raise UsageError(f"There is no secret: set {VARIABLE}, name --secret-file, or pass --unsigned on purpose.")
    session.out.secrets.append(value)
    return value


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
