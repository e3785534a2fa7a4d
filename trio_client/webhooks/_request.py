"""The request that a webhook came with, whatever server or framework received it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from .._redaction import preview
from ._signature import Headers

__all__ = ["WebhookRequest", "from_scope", "request_of"]


@dataclass(frozen=True, repr=False)
class WebhookRequest:
    """The request that a delivery came with, for handlers of a receiver that was made `with_request=True`.

    Triggers name no job: a path or a query of your own, in the `webhook_url` of each job, shows which camera one is
    from.

    Attributes:
        path: the whole path, with what the receiver is mounted at, percent-decoded.
        query: the query as it was sent, without its question mark; empty if there is none.
        headers: the headers by their names in lower case; one that came several times is joined by commas.

    Example:
        >>> from urllib.parse import parse_qs
        >>> request = WebhookRequest("/hooks/trio/gate-3", "client_ref=a1", {"content-type": "application/json"})
        >>> request.path.rpartition("/")[2], parse_qs(request.query)["client_ref"]
        ('gate-3', ['a1'])
    """

    path: str
    query: str
    headers: Mapping[str, str]

    def __repr__(self) -> str:  # a query and headers may hold secrets
        return f"WebhookRequest({preview(self.path)!r})"


def from_scope(scope: Mapping[str, Any]) -> WebhookRequest:
    """Return the request of an ASGI scope."""
    path, root = str(scope.get("path", "")), str(scope.get("root_path", "")).rstrip("/")
    if root and path != root and not path.startswith(f"{root}/"):  # servers that leave the mount out
        path = root + path
    query = bytes(scope.get("query_string", b"")).decode("latin-1")
    return WebhookRequest(path, query, _by_name(scope["headers"]))


def request_of(headers: Headers, path: str | None = None, query: str | None = None) -> WebhookRequest:
    """Return the request with these headers; path and query of a WSGI environ need not be given."""
    given: Any = headers
    is_environ = isinstance(given, Mapping) and "REQUEST_METHOD" in given
    environ: Mapping[str, Any] = cast("Mapping[str, Any]", given) if is_environ else {}
    if path is None:
        raw = f"{environ.get('SCRIPT_NAME') or ''}{environ.get('PATH_INFO') or ''}"
        path = raw.encode("latin-1", "replace").decode("utf-8", "replace")
    if query is None:
        query = str(environ.get("QUERY_STRING") or "")
    return WebhookRequest(path, query, _by_name(_of_environ(environ) if environ else given))


def _of_environ(environ: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name.removeprefix("HTTP_").replace("_", "-"), value
        elif name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            yield name.replace("_", "-"), value


def _by_name(headers: Any) -> dict[str, str]:
    given: Any = () if headers is None else headers
    found: dict[str, str] = {}
    for key, value in given.items() if hasattr(given, "items") else given:
        name = _text(key).lower()
        values = cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else [value]
        text = ", ".join(map(_text, values))
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
