"""Say in this package's errors what went wrong on the wire."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._redaction import preview
from .._times import show_duration
from ..errors import APIConnectionError, APITimeoutError, TrioError

__all__ = ["Peer", "deadline_exceeded", "drop_tracebacks", "is_disconnect", "name_in_httpx", "translate"]

_MAX_REASON = 1000  # of what an exception below says

# By name, since an injected client's library has classes of its own with the same names.
_TIMEOUTS = {
    "ConnectTimeout": ("connect", False),
    "PoolTimeout": ("pool", False),
    "WriteTimeout": ("write", True),
    "ReadTimeout": ("response", True),
}
_CONNECTING = frozenset({"ConnectTimeout", "PoolTimeout", "ConnectError", "ProxyError"})
_NOT_SENT = frozenset({"ConnectError", "ProxyError"})
_NEVER_SENT = frozenset({"UnsupportedProtocol", "LocalProtocolError", "InvalidURL", "CookieConflict"})
_NOT_CONNECTED = {  # of aiohttp: the request was never written
    "ClientConnectorError": "ConnectError",
    "ConnectionTimeoutError": "ConnectTimeout",
    "ClientHttpProxyError": "ProxyError",
}
_HUNG_UP = (  # or waited for more when the connection was lost
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
    ssl.SSLSyscallError,
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
)
_DISCONNECTED = frozenset({"ReadError", "WriteError", "CloseError", "RemoteProtocolError"})
_DISCONNECTED_BELOW = frozenset(  # of aiohttp and of the system, which httpx-aiohttp reports as ConnectTimeout
    {"ServerDisconnectedError", "ClientOSError", "ClientResponseError", "ConnectionResetError", "BrokenPipeError"}
)


def is_disconnect(error: BaseException) -> bool:
    """Return whether the peer closed or reset the connection."""
    return bool(_DISCONNECTED & _names(error))


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom a request is sent to, as its failures describe it.

    Attributes:
        place: host and port, and the proxy between.
        own: whether the connection is the client's own. An injected client may report any lost connection as one that
            was never made, so there a request counts as not sent only where the chain of causes shows it.
        secrets: returns what must not appear in a text, though the server may have echoed it.
        proxy: the proxy that may have replied in its place; within a tunnel it cannot.
        base_url: the client's base URL, masked.
    """

    place: str
    own: bool
    secrets: Callable[[], Iterable[str]] = field(repr=False)
    proxy: str | None = None
    base_url: str = ""


def translate(error: Exception, peer: Peer, outer: BaseException | None = None, *, unsent: bool = False) -> TrioError:
    """Return the error that describes a failure of the HTTP library, which becomes its cause.

    Args:
        error: what the HTTP library raised.
        peer: whom the request was sent to.
        outer: what was being handled when it was sent; as it is the caller's, it stays as it is.
        unsent: whether it was raised before the request was sent whole.
    """
    if isinstance(error, TrioError):
        return error
    _scrub(error, peer.secrets, outer)
    place, names = peer.place, _names(error)
    if not peer.own and names & _CONNECTING:
        names = _shown_by_causes(error, names)
    translated = _timeout(names, place) or _connection(error, names, place, unsent=unsent)
    translated.__cause__ = error
    return translated


def name_in_httpx(error: APIConnectionError) -> str:
    """Return the name of an exception of httpx of which `translate` makes an error like this one."""
    if isinstance(error, APITimeoutError):
        return next((name for name, (phase, _) in _TIMEOUTS.items() if phase == error.phase), "ReadTimeout")
    if error.permanent:  # it was never sent
        return "LocalProtocolError"
    return {False: "ConnectError", True: "ReadError", None: "TransportError"}[error.request_sent]


def deadline_exceeded(peer: Peer, seconds: float, *, unsent: bool = False) -> APITimeoutError:
    """Return the error of a call that took longer than its deadline; `unsent`: it was still connecting."""
    return APITimeoutError(
        f"The call to {peer.place} was not finished within its deadline of {show_duration(seconds)}.",
        advice="Raise RetryPolicy.deadline if it needs longer.",
        phase="deadline",
        request_sent=False if unsent else None,
    )


def drop_tracebacks(error: BaseException, outer: BaseException | None) -> None:
    """Drop the tracebacks of a cancellation and of what led to it, whose frames hold the request."""
    for current in _chain(error, outer):
        current.__traceback__ = None


def _scrub(error: BaseException, secrets: Callable[[], Iterable[str]], outer: BaseException | None) -> None:
    """Take what may hold or repeat a secret out of an exception, its causes and contexts.

    Tracebacks and request objects go; secrets in texts, which a peer may have echoed, are masked.
    """
    for current in _chain(error, outer):
        current.__traceback__ = None
        attributes = vars(current)
        for name, value in attributes.items():
            if name in ("_request", "request_info"):
                attributes[name] = _without_headers(value)  # they carry the key
            else:
                attributes[name] = _masked(value, secrets)
        current.args = tuple(_masked(value, secrets) for value in current.args)


def _chain(error: BaseException, outer: BaseException | None = None) -> Iterator[BaseException]:
    """Yield an exception, its cause or context, the cause of that, and so on, up to what was handled outside."""
    seen = {id(outer)}
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _names(error: BaseException) -> set[str]:
    return {cls.__name__ for cls in type(error).__mro__}


def _library(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _masked(value: Any, secrets: Callable[[], Iterable[str]]) -> Any:
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value).decode("latin-1")
    if isinstance(value, str):
        return preview(value, secrets(), limit=_MAX_REASON)
    return _without_headers(value)


def _without_headers(value: Any) -> Any:
    """Return aiohttp's descriptions of a request and of a connection without secrets, and no request object at all."""
    if hasattr(value, "headers"):
        if not hasattr(value, "_replace"):
            return None
        url = value.url.with_query(None)  # which may name a camera
        return value._replace(headers={}, url=url, real_url=url)
    if hasattr(value, "proxy_auth") and hasattr(value, "_replace"):
        return value._replace(proxy=None, proxy_auth=None)
    return value


def _shown_by_causes(error: BaseException, names: set[str]) -> set[str]:
    """Return what a failure to connect is by its causes; without any it says so itself, as those of mocks do."""
    causes = [cause for cause in _chain(error) if cause is not error and _library(cause) != "respx"]
    if not causes:
        return names
    return next((shown for cause in causes if (shown := _not_sent(cause))), set[str]())


def _not_sent(cause: BaseException) -> set[str]:
    """Return the names in httpx of a cause that shows that a request was not sent; none if it does not show that."""
    if isinstance(cause, (socket.gaierror, ConnectionRefusedError)):
        return {"ConnectError"}
    names = _names(cause)
    if _library(cause) in ("httpcore", "httpcore2"):
        return names & _CONNECTING
    return {_NOT_CONNECTED[name] for name in names & _NOT_CONNECTED.keys()}


def _timeout(names: set[str], place: str) -> APITimeoutError | None:
    for name, (phase, sent) in _TIMEOUTS.items():
        if name in names:
            text, advice = {
                "connect": (f"Could not reach {place} in time.", "Check the network, or raise Timeout.connect."),
                "pool": ("No connection became free in time.", "Make fewer calls at once, or raise Timeout.pool."),
                "write": (f"{place} did not take the request in time.", None),
                "response": (f"{place} did not answer in time.", "Raise Timeout.response if it needs longer."),
            }[phase]
            return APITimeoutError(text, phase=phase, request_sent=sent or False, advice=advice)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return None


def _connection(error: Exception, names: set[str], place: str, *, unsent: bool) -> APIConnectionError:
    reason = _reason(error)
    if names & _NEVER_SENT:
        return APIConnectionError(f"The request to {place} is not valid: {reason}.", request_sent=False, permanent=True)
    if names & _NOT_SENT:
        failure = _tls_failure(error)
        if failure is not None:
            return APIConnectionError(
                f"No trustworthy connection to {place}: {preview(str(failure))}.",
                advice="Check the machine's clock and its certificates (SSL_CERT_FILE for a company's own), and that "
                "the address is right.",
                request_sent=False,
                permanent=True,
            )
        return APIConnectionError(
            f"Could not connect to {place}: {reason}.", request_sent=False, advice=_connect_advice(error)
        )
    if any(_names(each) & (_DISCONNECTED | _DISCONNECTED_BELOW) for each in _chain(error)):
        return APIConnectionError(
            f"The connection to {place} was lost before the whole reply had arrived: {reason}.", request_sent=True
        )
    reason = f"{type(error).__name__}: {reason}"
    if unsent and "TransportError" not in names:  # a package that is missing, say, and will be missing again
        return APIConnectionError(
            f"Could not connect to {place}: {reason}.",
            request_sent=False,
            permanent=not isinstance(error, OSError),
            advice=_connect_advice(error) if isinstance(error, OSError) else None,
        )
    return APIConnectionError(f"The request to {place} failed: {reason}.", request_sent=None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, its cause, the cause of that, and so on; of several attempts to connect, the last."""
    current: BaseException | None = error
    while current is not None:
        yield current
        several: Sequence[BaseException] = getattr(current, "exceptions", ())
        current = several[-1] if several else current.__cause__


def _reason(error: BaseException) -> str:
    """Return what the innermost cause says: libraries between say no more than that they failed."""
    said = [text for each in _causes(error) if (text := _said(each))]
    return preview(said[-1] if said else type(error).__name__).rstrip(".")


def _said(error: BaseException) -> str:
    """Return the text of an exception; asyncio's own for a failed connect is that a connect failed."""
    if isinstance(error, ConnectionError) and str(error).partition("] ")[2].startswith("Connect call failed"):
        return f"[Errno {error.errno}] {os.strerror(error.errno or 0)}"
    return str(error)


def _connect_advice(error: BaseException) -> str:
    if any(isinstance(each, OSError) and each.errno in (errno.EMFILE, errno.ENFILE) for each in _causes(error)):
        return "Raise the limit of open files (ulimit -n), or open fewer streams at once."
    return "Check the address and the network."


def _tls_failure(error: BaseException) -> ssl.SSLError | None:
    """Return the TLS error behind a failure, unless the peer merely hung up in the handshake."""
    failures = (each for each in _chain(error) if isinstance(each, ssl.SSLError))
    return next((failure for failure in failures if not isinstance(failure, _HUNG_UP)), None)
