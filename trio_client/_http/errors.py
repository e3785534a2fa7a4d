"""Say in this package's errors what went wrong on the wire."""

from __future__ import annotations

import ssl

from .._redaction import preview
from ..errors import APIConnectionError, APITimeoutError, TrioError

__all__ = ["deadline_exceeded", "is_disconnect", "scrub", "translate"]

# By name, since an injected client's library has classes of its own with the same names.
_TIMEOUTS = {
    "ConnectTimeout": ("connect", False),
    "PoolTimeout": ("pool", False),
    "WriteTimeout": ("write", True),
    "ReadTimeout": ("response", True),
}
_NOT_SENT = frozenset({"ConnectError", "ProxyError"})
_NEVER_SENT = frozenset({"UnsupportedProtocol", "LocalProtocolError", "InvalidURL", "CookieConflict"})
_HUNG_UP = (  # or waited for more when the connection broke
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
    ssl.SSLSyscallError,
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
)
_DISCONNECTED = frozenset({"ReadError", "WriteError", "CloseError", "RemoteProtocolError"})


def is_disconnect(error: Exception) -> bool:
    """Return whether the peer closed or reset the connection."""
    return bool(_DISCONNECTED.intersection(cls.__name__ for cls in type(error).__mro__))


def translate(error: Exception, place: str) -> TrioError:
    """Return the error that describes a failure of the HTTP library, which becomes its cause.

    Args:
        error: what the HTTP library raised.
        place: host and port, for the message.
    """
    if isinstance(error, TrioError):
        return error
    names = {cls.__name__ for cls in type(error).__mro__}
    translated = _timeout(names, place) or _connection(error, names, place)
    translated.__cause__ = scrub(error)
    return translated


def deadline_exceeded(place: str, seconds: float) -> APITimeoutError:
    """Return the error of a call that took longer than its deadline."""
    return APITimeoutError(
        f"The call to {place} was not finished within its deadline of {seconds:g} s.",
        advice="Raise RetryPolicy.deadline if it needs longer.",
        phase="deadline",
        request_sent=None,
    )


def scrub(error: BaseException) -> BaseException:
    """Return an exception without what may hold the request: traceback, context and request object."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        current.__traceback__ = None
        if hasattr(current, "_request"):
            vars(current)["_request"] = None  # the request carries the key
        current = current.__cause__ or current.__context__
    return error


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


def _connection(error: Exception, names: set[str], place: str) -> APIConnectionError:
    reason = preview(str(error) or type(error).__name__).rstrip(".")
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
            f"Could not connect to {place}: {reason}.",
            request_sent=False,
            advice="Check the address and the network.",
        )
    if names & _DISCONNECTED:
        return APIConnectionError(
            f"The connection to {place} was lost before the whole reply had arrived: {reason}.", request_sent=True
        )
    return APIConnectionError(f"The request to {place} failed: {type(error).__name__}: {reason}.", request_sent=None)


def _tls_failure(error: BaseException) -> ssl.SSLError | None:
    """Return the TLS error behind a failure, unless the peer merely hung up in the handshake."""
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, ssl.SSLError) and not isinstance(current, _HUNG_UP):
            return current
        current = current.__cause__ or current.__context__
    return None
