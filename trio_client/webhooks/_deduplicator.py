"""Tell redeliveries of one event from new events, and make sure that a failed handling gets its retry."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

from ..errors import ConfigurationError
from ..events import Event

__all__ = ["AsyncDuplicateStore", "Claim", "Deduplicator", "DuplicateStore"]

Claim: TypeAlias = Literal["new", "busy", "done"]


class DuplicateStore(Protocol):
    """What a store of handled events has to offer; back it with Redis or a database to share it between processes.

    `claim` must be atomic: of all callers with one key, exactly one is told `new`, until the key is released or
    expires. Give a claim that is never confirmed a short life, so that a crash while handling costs a delay and no
    event.
    """

    def claim(self, key: str) -> Claim:
        """Take a key: `new` if it is the caller's to handle, `busy` if somebody handles it, `done` if it is handled."""
        ...

    def confirm(self, key: str) -> None:
        """Note that the event was handled: from now on it is `done`."""
        ...

    def release(self, key: str) -> None:
        """Give a claim back, because handling failed: the next delivery is `new`."""
        ...


class AsyncDuplicateStore(Protocol):
    """`DuplicateStore` with methods that are awaited, for the ASGI application."""

    async def claim(self, key: str) -> Claim:
        """Take a key, as `DuplicateStore.claim` does."""
        ...

    async def confirm(self, key: str) -> None:
        """Note that the event was handled."""
        ...

    async def release(self, key: str) -> None:
        """Give a claim back."""
        ...


class Deduplicator:
    """Remember in this process which events were handled. Safe to use from any thread or task.

    Args:
        ttl: seconds that an event is remembered, more than 0.
        max_entries: how many events are remembered at most, 1 or more; the oldest are forgotten first.
        clock: what tells the time, in seconds; for tests.

    Raises:
        ConfigurationError: an argument is outside its range.

    Example:
        >>> from trio_client import webhooks
        >>> seen = Deduplicator()
        >>> event = webhooks.parse(b'{"type": "job_started", "timestamp": 1769423400, "data": {"job_id": "a1"}}')
        >>> seen.is_duplicate(event), seen.is_duplicate(event)
        (False, True)

    Source: the API's "Webhooks" guide (deliveries may come more than once).
    """

    def __init__(
        self, *, ttl: float = 86_400.0, max_entries: int = 100_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if not (math.isfinite(ttl) and ttl > 0) or max_entries < 1:
            raise ConfigurationError(f"ttl is {ttl!r} and max_entries {max_entries!r}; both must be more than 0.")
        self._ttl = ttl
        self._max_entries = max_entries
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, tuple[float, Claim]] = OrderedDict()

    def is_duplicate(self, event: Event) -> bool:
        """Return whether this event was seen before; to exactly one of all callers with one event, it was not.

        For receivers of your own that do not retry: the event counts as handled at once. An event whose
        `dedup_key` is `None` is never a duplicate.

        Args:
            event: the event, as it was delivered.
        """
        key = event.dedup_key
        return key is not None and self._take(key, "done") != "new"

    def claim(self, key: str) -> Claim:
        """Take a key: `new` if it is the caller's to handle, `busy` if somebody handles it, `done` if it is handled."""
        return self._take(key, "busy")

    def confirm(self, key: str) -> None:
        """Note that the event was handled: from now on it is `done`."""
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = (self._clock() + self._ttl, "done")
            self._forget()

    def release(self, key: str) -> None:
        """Give a claim back, because handling failed: the next delivery is `new`."""
        with self._lock:
            self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)

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
        """Drop what has expired, and the oldest beyond the limit. They stand in the order in which they expire."""
        now = self._clock()
        while self._entries:
            key, (expires, _) = next(iter(self._entries.items()))
            if expires > now and len(self._entries) <= self._max_entries:
                return
            del self._entries[key]
