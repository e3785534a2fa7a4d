"""What cannot be converted between the two clients: the sync side. Its twin is `async_runtime`."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

if TYPE_CHECKING:
    import httpcore

__all__ = [
    "Bell",
    "Content",
    "Limiter",
    "Slot",
    "abandon",
    "assume_sent",
    "carry_through",
    "close_response",
    "current_home",
    "limit_in_force",
    "raw_chunks",
    "shielded",
    "sleep",
    "slot_maker",
    "time_limit",
    "trace_sending",
]

_T = TypeVar("_T")
sleep = time.sleep
_limit = threading.local()


class Limiter:
    """Let at most so many calls run at once."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._semaphore = threading.BoundedSemaphore(total)

    def acquire(self, timeout: float) -> bool:
        """Take a place, waiting at most `timeout` seconds; return whether there was one."""
        return self._semaphore.acquire(timeout=min(timeout, threading.TIMEOUT_MAX))

    def release(self) -> None:
        """Give the place back."""
        self._semaphore.release()

    def forget(self) -> None:
        """Start anew, in another process."""
        self._semaphore = threading.BoundedSemaphore(self._total)


class _Limit:
    """Lets no wait for the network inside last longer than until a time."""

    __slots__ = ("_outer", "_until")

    def __init__(self, until: float) -> None:
        self._until = until

    def __enter__(self) -> None:
        self._outer = limit_in_force()
        _limit.until = self._until

    def __exit__(self, *_: object) -> None:
        _limit.until = self._outer


def time_limit(seconds: float) -> AbstractContextManager[object]:
    """Let every wait for the network inside end after so many seconds in all."""
    outer = limit_in_force()
    until = time.monotonic() + seconds
    return _Limit(until if outer is None else min(until, outer))


def shielded(seconds: float) -> AbstractContextManager[object]:
    """Bound what runs inside to so many seconds."""
    return _Limit(time.monotonic() + seconds)


def limit_in_force() -> float | None:
    """Return until when, by `time.monotonic`, waits for the network may last."""
    return getattr(_limit, "until", None)


class _Carried:
    """Whether work that must not be cut off halfway has sent anything yet."""

    def __init__(self, when_sent: Callable[[], object]) -> None:
        self._when_sent = when_sent
        self.begun = False

    def begin(self) -> None:
        """Note that something goes out."""
        self.begun = True
        self._when_sent()

    def note(self, event: str, _: object) -> None:
        """Take what the HTTP library tells of its progress."""
        if event.endswith(".send_request_headers.started"):
            self.begin()


_carried: ContextVar[_Carried | None] = ContextVar("_carried", default=None)


def trace_sending() -> dict[str, Any]:
    """Return the extension of a request that lets `carry_through` know when it goes out."""
    carried = _carried.get()
    return {} if carried is None else {"trace": carried.note}


def assume_sent() -> None:
    """Take it that something goes out, where nobody will tell."""
    carried = _carried.get()
    if carried is not None:
        carried.begin()


def carry_through(
    work: Callable[[], _T],
    *,
    grace: float,  # noqa: ARG001
    settle: Callable[[_T | None, Exception | None], None],
    when_sent: Callable[[], object],
) -> _T:
    """Carry out work that must not be cut off halfway, and return its result.

    If Ctrl-C cuts it off all the same, after something was sent, `settle` is called before the interrupt goes on.
    `when_sent` is called when something goes out, and again at the end.
    """
    carried = _Carried(when_sent)
    token = _carried.set(carried)
    try:
        return work()
    except Exception:
        raise
    except BaseException:
        if carried.begun:
            settle(None, None)
        raise
    finally:
        _carried.reset(token)
        when_sent()


class Bell:
    """Wake one thread, from any other."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        """Wake whoever waits, or else whoever waits next."""
        self._rung.set()

    def wait(self, seconds: float) -> None:
        """Wait for the bell, at most so many seconds."""
        self._rung.wait(min(seconds, threading.TIMEOUT_MAX))
        self._rung.clear()


class _Home:
    """Where this process, and none that it was forked from, has its connections; the system need not be asked."""

    def __init__(self) -> None:
        self.move()

    def move(self) -> None:
        self.place = object()


_home = _Home()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_home.move)


def current_home() -> object:
    """Return what connections belong to: the process, since a fork must not share its parent's."""
    return _home.place


def raw_chunks(response: Any) -> Any:
    """Return an iterator over the body as it comes from the wire."""
    return iter(response.stream)


def abandon(slots: list[Slot]) -> None:
    """Close this process's ends of connections; the parent process keeps its own."""
    for slot in slots:
        slot.close()


def close_response(response: Any, chunks: Any) -> None:  # noqa: ARG001
    """Close a response; the iterator over its body needs no end of its own. What goes wrong is nobody's concern."""
    with suppress(Exception):
        response.stream.close()  # past the notes that httpx would take


class Slot(httpx.HTTPTransport):
    """One connection, of which a pool keeps a list: httpx's transport over a connection in place of a pool."""

    def __init__(self, connection: httpcore.ConnectionInterface) -> None:
        self.connection = connection
        self._pool: Any = connection


class Content(httpx.SyncByteStream):
    """The body of a request, in one piece, or in none if it is empty."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._content,) if self._content else ())


def slot_maker(url: str, **options: Any) -> Callable[[], Slot]:
    """Return what makes connections to the server of a URL; the options are those of httpx's transport."""
    import httpcore

    from .sync_network import Backend

    pool: Any = httpx.HTTPTransport(**options)._pool  # pyright: ignore[reportPrivateUsage]
    # httpx offers no argument for this; without it, dribbled headers would outlast any deadline.
    pool._network_backend = Backend()
    parts = httpx.URL(url)
    server = httpcore.URL(scheme=parts.raw_scheme, host=parts.raw_host, port=parts.port, target=b"/").origin
    return lambda: Slot(pool.create_connection(server))
