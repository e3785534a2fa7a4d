"""`stub`: the local stub server."""

from __future__ import annotations

import threading
from typing import Annotated, Literal

import typer

from ._exits import UsageError, cannot_listen
from ._options import session_of

__all__ = ["stub"]


def stub(
    context: typer.Context,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="The port; 0 takes any free one.")] = 0,
    speed: Annotated[
        float, typer.Option(metavar="N", help="Stub seconds per real second; 60: an hour a minute.")
    ] = 1.0,
    max_jobs: Annotated[int, typer.Option(metavar="N", help="Maximum number of running jobs.")] = 10,
    accept_key: Annotated[
        list[str] | None,
        typer.Option("--accept-key", "--api-key", metavar="KEY", help="Key to accept; may be repeated. Default: any."),
    ] = None,
    webhook_secret: Annotated[
        str | None,
        typer.Option(
            metavar="SECRET", envvar="TRIO_WEBHOOK_SECRET", help="Secret that signs webhooks.", show_envvar=True
        ),
    ] = None,
    generation: Annotated[
        Literal["G1", "G2", "G3", "G4"],
        typer.Option(metavar="G1|G2|G3|G4", help="Of the API's documentation; G4 is the newest."),
    ] = "G4",
    credits: Annotated[
        float | None, typer.Option(metavar="N", help="The account's credits. Default: without limit.")
    ] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Allow an address that other machines can reach.")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A host name to answer beside the loopback names; may be repeated."),
    ] = None,
    list_lag: Annotated[float, typer.Option(metavar="N", help="Stub seconds until a new job is listed.")] = 0.0,
    list_order: Annotated[
        Literal["newest", "oldest", "id"],
        typer.Option(metavar="ORDER", help="The order of listed jobs: newest, oldest or id."),
    ] = "newest",
    full_status: Annotated[
        int, typer.Option(metavar="STATUS", help="HTTP status of an account without a free job slot.")
    ] = 429,
    jobs_outlive_streams: Annotated[
        bool,
        typer.Option(help="Whether a job goes on when the reader of its event stream disconnects. Default: it does."),
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the addresses as JSON.")] = False,
) -> int:
    """Run a local server that follows the API's documentation: no key, no network, no cost.

    Needs the extra `stub`. Ctrl-C stops it.

    Example, in two terminals:
      trio-client stub --port 8123
      export TRIO_API_KEY=any TRIO_BASE_URL=http://127.0.0.1:8123/api
      trio-client watch rtsp://gate.example/live "a van is at the gate"
    """
    out = session_of(context).out
    try:
        from ..stub.server.commands import command_server, first_line, next_steps
    except ModuleNotFoundError as error:
        raise UsageError(f"{error}.") from None
    if webhook_secret:
        out.secrets.append(webhook_secret)
    try:
        server = command_server(
            host=host,
            port=port,
            speed=speed,
            max_jobs=max_jobs,
            api_keys=accept_key,
            webhook_secret=webhook_secret,
            generation=generation,
            credits=credits,
            allow_remote=allow_remote,
            allow_hosts=allow_host or (),
            list_lag=list_lag,
            list_order=list_order,
            full_status=full_status,
            jobs_outlive_streams=jobs_outlive_streams,
        )
    except ValueError as error:
        raise UsageError(f"{error}.") from None
    try:
        server.start()
    except OSError as error:
        raise cannot_listen(host, port, error) from None
    try:
        if json:
            out.data({"base_url": server.base_url, "osapi_url": server.osapi_url})
        else:
            out.line(first_line(server))
        for line in next_steps(server, has_own_keys=bool(accept_key)):
            out.note(line)
        while not threading.Event().wait(0.5):
            pass
    finally:
        server.stop()
    return 0
