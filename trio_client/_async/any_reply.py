"""Send a request whose reply is JSON or an event stream, whichever the server chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from .._core.call import EVENT_STREAM
from .._core.endpoints import raw_call
from .._core.reply import parse
from .base_client import AsyncBaseClient, shared_transport
from .event_request import AsyncEventRequest
from .event_stream import AsyncEventStream

__all__ = ["any_reply", "list_page"]

_IDLE_SECONDS = 60.0


async def any_reply(
    client: AsyncBaseClient,
    method: str,
    path: str,
    *,
    params: Mapping[str, Any] | None = None,
    json: Any = None,
    extra_headers: Mapping[str, str] | None = None,
) -> Any:
    """Return the events of a reply that is an event stream, else its JSON; `None` for one without a body.

    Leaving the stream stops no job. The request is repeated as `request` repeats it.

    Args:
        client: the client.
        method: the HTTP method.
        path: the path below the base URL.
        params: the query.
        json: the body.
        extra_headers: headers to send with it.
    """
    transport = shared_transport(client)
    call = raw_call(method, path, params=params, json=json, response_type=object, idempotent=None)
    call = replace(call, accept=f"application/json, {EVENT_STREAM}")
    options = {"timeout": None, "extra_headers": extra_headers}
    source = AsyncEventRequest(transport, call, idle=_IDLE_SECONDS, options=options)
    whole = await source.open_or_read()
    if whole is None:
        return AsyncEventStream(source, transport.state.open_streams)
    if not whole.content:
        return None
    return parse(whole, call, transport.settings).root


async def list_page(
    client: AsyncBaseClient, path: str, *, params: Mapping[str, Any], extra_headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return one page of any list. One that is too large is not asked for again: the caller asks for less.

    Args:
        client: the client.
        path: the path below the base URL.
        params: the query.
        extra_headers: headers to send with it.
    """
    call = raw_call("GET", path, params=params, json=None, response_type=dict, idempotent=None)
    page = await shared_transport(client).call(replace(call, divisible=True), timeout=None, extra_headers=extra_headers)
    return cast("dict[str, Any]", page.root)
