"""`api`: call any endpoint below the base URL."""

from __future__ import annotations

import json as json_
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl

import typer

from .._redaction import masked
from ..errors import APIConnectionError, ResponseValidationError
from ._exits import JOB_MAY_RUN, UsageError
from ._files import decoded
from ._options import session_of
from ._out import Out

if TYPE_CHECKING:
    from .. import EventStream, TrioClient

__all__ = ["api"]

_REPEATABLE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
_IN_QUERY = ("GET", "HEAD")
_LARGEST_PAGE = 100  # a smaller one is asked for where it is over the size limit


def api(
    context: typer.Context,
    method: Annotated[str, typer.Argument(metavar="METHOD", help="The HTTP method, such as GET.", show_default=False)],
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="The path below the base URL, such as /jobs.", show_default=False)
    ],
    fields: Annotated[
        list[str] | None, typer.Option("--field", "-f", metavar="KEY=TEXT", help="A field that is text.")
    ] = None,
    typed_fields: Annotated[
        list[str] | None,
        typer.Option("--typed-field", "-F", metavar="KEY=VALUE", help="A field that is a number, true, false or null."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="@FILE", help="The JSON body: @FILE, `-` for standard input, or text."),
    ] = None,
    headers: Annotated[
        list[str] | None, typer.Option("--header", "-H", metavar="NAME:VALUE", help="A header to send too.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Print the items of all pages of a list.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on one line on a terminal too.")] = False,
) -> int:
    """Call any endpoint below the base URL, and print the reply.

    Fields go into the query of a GET, and into the JSON body otherwise. If the reply is an event stream, its events
    are printed, one a line; leaving stops reading, and no job. Exits with 3 on an error status. A POST is never
    repeated: exits with 5 if it is not known whether it was carried out.

    Examples:
      trio-client api GET /jobs -f status=running -F limit=5
      trio-client api GET /jobs --all | jq -r .job_id
      trio-client api POST /check-once -f stream_url=URL -f condition="a van"
      trio-client api POST /live-monitor --data @job.json
      trio-client api POST /live-monitor --data - -H "Accept: application/json"
    """
    from .. import EventStream
    from .._sync.any_reply import any_reply

    session = session_of(context)
    out = session.out
    method = method.upper()
    path, query = _path(path)
    values = _fields(fields or (), typed_fields or ())
    session.protect(*(value for value in values.values() if isinstance(value, str)))
    body = _body(data, values, in_query=method in _IN_QUERY)
    extra = dict(map(_header, headers or ()))
    request: dict[str, Any] = {"params": query, "json": body, "extra_headers": extra}
    if method in _IN_QUERY:
        query.update(values)
    if every and method != "GET":
        raise UsageError("--all is for GET.")
    with session.client() as client:
        try:
            if every:
                return _print_pages(out, client, path, request)
            reply = any_reply(client, method, path, **request)
            if isinstance(reply, EventStream):
                return _print_events(out, reply)
        except (APIConnectionError, ResponseValidationError) as error:
            if method in _REPEATABLE or (isinstance(error, APIConnectionError) and error.request_sent is False):
                raise
            out.error(error)
            out.note("It is not known whether the request was carried out; it was not repeated.", always=True)
            return JOB_MAY_RUN
    if out.terminal and not json:
        for line in json_.dumps(masked(reply, out.secrets), indent=2, ensure_ascii=False).splitlines():
            out.line(out.clean(line))
    elif reply is not None:
        out.data(reply)
    return 0


def _print_events(out: Out, events: EventStream) -> int:
    from ._events import event_data

    with events:
        for event in events:
            out.data(event_data(event))
    return 0


def _print_pages(out: Out, client: TrioClient, path: str, request: dict[str, Any]) -> int:
    """Print the items of a list, page by page."""
    from .._sync.any_reply import list_page
    from .._sync.job_calls import PageIterator
    from ._items import ItemCursor

    query: dict[str, Any] = dict(request["params"])
    offset = _whole(query.pop("offset", 0), "offset")
    page_size = _whole(query.pop("limit", _LARGEST_PAGE), "limit")

    def fetch(limit: int, offset: int) -> dict[str, Any]:
        params = {**query, "limit": limit, "offset": offset}
        return list_page(client, path, params=params, extra_headers=request["extra_headers"])

    for item in PageIterator(ItemCursor(limit=None, page_size=page_size, offset=offset), fetch):
        out.data(item.value)
    return 0


def _whole(value: Any, name: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise UsageError(f"{name} must be a whole number.") from None


def _path(text: str) -> tuple[str, dict[str, Any]]:
    """Return the path and the query in it."""
    if "://" in text:
        raise UsageError("PATH is a whole URL; pass the part below the base URL, such as /jobs.")
    path, _, query = text.partition("?")
    return "/" + path.lstrip("/"), dict(parse_qsl(query, keep_blank_values=True))


def _fields(texts: Sequence[str], typed: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = dict(_pair(text, "-f") for text in texts)
    for text in typed:
        name, value = _pair(text, "-F")
        try:
            parsed = json_.loads(value)
        except ValueError:
            parsed = value
        if isinstance(parsed, (str, list, dict)) or parsed != parsed or parsed in (float("inf"), -float("inf")):
            raise UsageError(f"-F {name} must be a number, true, false or null; for text use -f.")
        values[name] = parsed
    return values


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"{option} is {text[:40]!r}; it must be KEY=VALUE.")
    return name, value


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not name.strip() or not colon:
        raise UsageError(f"--header is {text[:40]!r}; it must be NAME:VALUE.")
    return name.strip(), value.strip()


def _body(data: str | None, values: Mapping[str, Any], *, in_query: bool) -> Any:
    if data is None:
        return dict(values) if values and not in_query else None
    if values or in_query:
        raise UsageError("--data is for a body, and contradicts " + ("GET." if in_query else "-f and -F."))
    try:
        text = data
        if data in ("-", "@-"):
            text = decoded(sys.stdin.buffer.read())
        elif data.startswith("@"):
            text = decoded(Path(data[1:]).read_bytes())
        return json_.loads(text)
    except OSError as error:
        raise UsageError(f"{data[1:]} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise UsageError(f"The text of --data is not JSON: {error}.") from None
