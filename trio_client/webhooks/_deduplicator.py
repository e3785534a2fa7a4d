"""Recognize redeliveries of an event, and let a failed delivery be retried."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from .._numbers import is_number
from ..errors import ConfigurationError
from ..events import Event

__all__ = ["AsyncDuplicateStore", "Claim", "Deduplicator", "DuplicateStore"]

Claim: TypeAlias = Literal["new", "busy", "done"]


@runtime_checkable
class DuplicateStore(Protocol):
    """The interface of a store of handled events; back it with Redis or a database to share it between processes.

    `claim` must be atomic: of all callers with one key, exactly one gets `new`, until the key is released or expires.
    Give an unconfirmed claim a short lifetime, so that a crash while handling delays the event but does not lose it.
    """

    def claim(self, key: str) -> Claim:
        """Claim a key: `new` if it is the caller's to handle, `busy` while another caller handles it, then `done`."""
        ...

    def confirm(self, key: str) -> None:
        """Record that the event was handled: from now on it is `done`."""
        ...

    def release(self, key: str) -> None:
        """Release a claim because handling failed: the next delivery is `new`."""
        ...


@runtime_checkable
class AsyncDuplicateStore(Protocol):
    """`DuplicateStore` with async methods, for the ASGI application."""

    async def claim(self, key: str) -> Claim:
        """Claim a key: `new` if it is the caller's to handle, `busy` while another caller handles it, then `done`."""
        ...

    async def confirm(self, key: str) -> None:
        """Record that the event was handled: from now on it is `done`."""
        ...

    async def release(self, key: str) -> None:
        """Release a claim because handling failed: the next delivery is `new`."""
        ...


class Deduplicator:
    """Remember in this process which events were handled. Safe to use from any thread or task.

    Args:
        ttl: how long to remember an event, in seconds, more than 0.
        max_entries: how many events to remember at most, 1 or more; the oldest are forgotten first.
        clock: returns the time in seconds; for tests.

    Raises:
        ConfigurationError: an argument is outside its range.

    Example:
        >>> from trio_client import webhooks
        >>> seen = Deduplicator()
        >>> event = webhooks.parse(b'{"type": "job_started", "timestamp": 1769423400, "data": {"job_id": "a1"}}')
        >>> seen.is_duplicate(event), seen.is_duplicate(event)
        (False, True)

    Source: the API's "Webhooks" guide (deliveries may arrive more than once).
    """

    def __init__(
        self, *, ttl: float = 86_400.0, max_entries: int = 100_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        are_finite = all(is_number(each) and math.isfinite(each) for each in (ttl, max_entries))
        if not are_finite or ttl <= 0 or max_entries < 1:
            raise ConfigurationError(
                f"ttl is {ttl!r} and max_entries {max_entries!r}; both must be finite numbers of more than 0."
            )
        self._ttl = ttl
        self._max_entries = max_entries
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, tuple[float, Claim]] = OrderedDict()

    def is_duplicate(self, event: Event) -> bool:
        """Return whether this event was seen before; of all callers with one event, exactly one gets `False`.

        For your own receivers that do not retry: the event counts as handled at once. An event whose `dedup_key` is
        `None` is never a duplicate.

        Args:
            event: the event, as it was delivered.
        """
        key = event.dedup_key
        return key is not None and self._take(key, "done") != "new"

    def claim(self, key: str) -> Claim:
        """Claim a key: `new` if it is the caller's to handle, `busy` while another caller handles it, then `done`."""
        return self._take(key, "busy")

    def confirm(self, key: str) -> None:
        """Record that the event was handled: from now on it is `done`."""
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = (self._clock() + self._ttl, "done")
            self._forget()

    def release(self, key: str) -> None:
        """Release a claim because handling failed: the next delivery is `new`."""
        with self._lock:
            self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<Deduplicator of {len(self)} events>"

    def _take(self, key: str, state: Claim) -> Claim:
        with self._lock:
            self._forget()
            known = self._entries.get(key)
            if known is not None:
                return known[1]
            self._entries[key] = (self._clock() + self._ttl, state)
            self._forget()
            return "new"

    def _forget(self) -> None:
        """Drop what has expired, and the oldest beyond the limit. Entries are in the order in which they expire."""
        now = self._clock()
        while self._entries:
            key, (expires, _) = next(iter(self._entries.items()))
            if expires > now and len(self._entries) <= self._max_entries:
                return
            del self._entries[key]
