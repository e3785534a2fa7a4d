"""What a pool of job slots has to offer, and the rules for the leases of its slots. No I/O."""

from __future__ import annotations

import math
from typing import Any, Protocol, cast, runtime_checkable

from .._redaction import kind_of, mask, preview
from ..errors import ConfigurationError, RequestValidationError
from .validation import integer

__all__ = [
    "ContentionHealth",
    "PoolHealth",
    "SlotLease",
    "SlotPool",
    "answer_limit",
    "checked_lease",
    "checked_slots",
    "renewal_interval",
    "unreachable_pool",
]

_SHORTEST_INTERVAL, _LONGEST_INTERVAL = 0.05, 30.0  # seconds between two renewals
_SHORTEST_LIMIT, _LONGEST_LIMIT = 1.0, 10.0  # seconds for an answer


@runtime_checkable
class SlotLease(Protocol):
    """The lease of one job slot of a `SlotPool`."""

    @property
    def lease_seconds(self) -> float | None:
        """Seconds from the last renewal after which another may get the slot; `None`: it does not expire."""
        ...

    async def renew(self) -> bool:
        """Renew the lease; return `False` if another holds the slot by now.

        Raises:
            Exception: any, where the pool cannot be reached: the job goes on meanwhile.
        """
        ...

    async def release(self) -> None:
        """Give the slot back."""
        ...


@runtime_checkable
class SlotPool(Protocol):
    """A number of job slots that processes and machines share, for `watch_many(slots=…)`.

    `watch_many` holds one lease for each running job. It asks for one lease at a time, and cancels that when it ends.
    A pool may have a method `async check()`, which is awaited on entering and raises where the pool cannot be reached.
    And one `async contended() -> bool`, whether a program waits for a slot, which each `watch_many` with running jobs
    asks as often as it renews one lease, beside the renewals: without it, or where it raises, a program that has a slot
    for each of its cameras keeps them, though another process waits.

    Example:
        >>> import anyio
        >>> from trio_client import AsyncTrioClient, SlotLease, SlotPool, Target
        >>> class Lease(SlotLease):
        ...     lease_seconds = None
        ...     def __init__(self, pool):
        ...         self.pool = pool
        ...     async def renew(self):
        ...         return True
        ...     async def release(self):
        ...         self.pool.slots.release()
        >>> class OneProcess(SlotPool):
        ...     def __init__(self, slots):
        ...         self.slots = anyio.Semaphore(slots)
        ...     async def acquire(self):
        ...         await self.slots.acquire()
        ...         return Lease(self)
        >>> gates = [Target(f"rtsp://cam/{number}", "the gate is open") for number in (1, 2)]
        >>> async with AsyncTrioClient() as client:
        ...     async with client.watch_many(gates, slots=OneProcess(1)) as events:
        ...         target, event = await anext(events)
        >>> event.kind
        'started'
    """

    async def acquire(self) -> SlotLease:
        """Wait for a free slot, and return its lease. If it is cancelled, it must not keep one.

        Raises:
            Exception: any, where the pool cannot be reached: it is asked again later.
        """
        ...


def checked_slots(slots: Any) -> None:
    """Check that slots are a number of 1 or more, a pool, or `None`."""
    if slots is None or callable(getattr(slots, "acquire", None)):
        return
    if not isinstance(slots, int):
        raise RequestValidationError(
            f"slots is {preview(repr(slots))}; it must be an int of 1 or more, a SlotPool, or None.",
            field="slots",
            value=slots,
        )
    integer("slots", slots, 1)


def checked_lease(lease: Any) -> SlotLease:
    """Return a lease that has what it needs.

    Raises:
        ConfigurationError: it lacks something.
    """
    seconds = getattr(lease, "lease_seconds", "missing")
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds > 0
    problem = None
    if not all(callable(getattr(lease, name, None)) for name in ("renew", "release")):
        problem = "has no renew() and release()"
    elif seconds is not None and not is_number:
        problem = f"has lease_seconds {preview(repr(seconds))}; it must be a number of seconds above 0, or None"
    if problem is not None:
        raise ConfigurationError(
            f"What acquire() of the pool of job slots returned, {kind_of(lease)}, {problem}.",
            advice="See trio_client.SlotLease.",
        )
    return cast("SlotLease", lease)


def renewal_interval(lease_seconds: float | None, turn_seconds: float) -> float:
    """Return the seconds between two renewals: two may fail before a lease expires, and a time slice has four.

    Long leases are renewed every 30 s, so that a pool which has lost its data knows its leases again soon.
    """
    expires = math.inf if lease_seconds is None else lease_seconds
    return max(_SHORTEST_INTERVAL, min(expires / 3, turn_seconds / 4, _LONGEST_INTERVAL))


def answer_limit(lease_seconds: float | None) -> float:
    """Return the seconds that a pool has for an answer: a renewal that gets none leaves time for another one."""
    expires = math.inf if lease_seconds is None else lease_seconds
    return max(_SHORTEST_LIMIT, min(expires / 6, _LONGEST_LIMIT))


class PoolHealth:
    """Whether the pool can be reached, so that each outage is logged once."""

    def __init__(self) -> None:
        self.has_answered = False
        self.is_away = False

    def failed(self, error: BaseException) -> str | None:
        """Note that the pool could not be reached; return what to log, if anything."""
        if self.is_away:
            return None
        self.is_away = True
        return (
            f"The pool of job slots cannot be reached ({_text(error)}). Running watches keep their slots, and those "
            "that wait are retried."
        )

    def answered(self) -> str | None:
        """Note an answer; return what to log, if anything."""
        was_away, self.is_away, self.has_answered = self.is_away, False, True
        return "The pool of job slots can be reached again." if was_away else None


class ContentionHealth:
    """Whether the pool says if others wait, so that a pool which never does is logged once, and an outage is not."""

    def __init__(self, pool: PoolHealth) -> None:
        self._pool = pool
        self._failures = 0  # in a row
        self._is_logged = False

    def may_ask(self) -> bool:
        """Return whether the pool can be reached, as far as is known."""
        if self._pool.is_away:
            self._failures = 0
        return not self._pool.is_away

    def failed(self, error: BaseException) -> str | None:
        """Note that there was no answer; return what to log, if anything.

        The first failure may be the beginning of an outage. By the second, the renewals in between have shown that.
        """
        self._failures += 1
        if self._failures < 2 or self._pool.is_away or self._is_logged:
            return None
        self._is_logged = True
        return (
            f"The pool of job slots does not say whether another process waits ({_text(error)}). If this process has "
            "a slot for each of its cameras, it keeps them."
        )

    def answered(self) -> None:
        """Note an answer."""
        self._failures = 0


def unreachable_pool(error: BaseException) -> ConfigurationError:
    """Return the error of a pool that has never answered."""
    if isinstance(error, ConfigurationError):
        return error
    return ConfigurationError(
        f"The pool of job slots cannot be reached ({_text(error)}).", advice="Check its address, and that it runs."
    )


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {mask(str(error))}" if str(error) else type(error).__name__
