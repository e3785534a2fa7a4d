"""Redis: job slots, and handled webhooks, that processes and machines share.

    from trio_client import AsyncTrioClient
    from trio_client.contrib.redis import RedisSlotPool

    pool = RedisSlotPool("redis://redis.example:6379/0", slots=10)
    async with AsyncTrioClient() as client, client.watch_many(cameras, slots=pool) as events: ...

It needs the extra `redis`.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import anyio

from .._core.validation import integer
from .._http.concurrency.async_.daemon_thread import in_daemon_thread
from .._numbers import positive_limit
from .._redaction import mask
from .._time_source import current
from ..errors import ConfigurationError
from ..webhooks import Claim

try:
    import redis
    import redis.asyncio
    import redis.connection
    from redis.backoff import NoBackoff
    from redis.exceptions import LockError, LockNotOwnedError, RedisError
    from redis.lock import Lock
    from redis.retry import Retry
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        f"Redis needs {_error.name}; install it with: pip install 'trio-client[redis]'", name=_error.name
    ) from None

__all__ = ["AsyncRedisDuplicateStore", "RedisDuplicateStore", "RedisSlotLease", "RedisSlotPool"]

_LONGEST_PAUSE = 0.5  # seconds between two tries
_TIMEOUT = 5.0
_CHECK_SECONDS = 10.0
_WAITING_SECONDS = 5.0  # after its last try, in which a program counts as one that waits: ten times the longest pause
_RENEWED_SECONDS = 60.0  # in which those that hold slots have renewed their leases: `watch_many` does every 30 s
_THREAD = "trio-redis"
_SETTINGS = (  # of an async client that a sync one understands
    *("host", "port", "db", "path", "username", "password", "credential_provider", "protocol", "client_name"),
    *("socket_timeout", "socket_connect_timeout", "socket_keepalive", "socket_keepalive_options"),
)


class RedisSlotLease:
    """The lease of one slot of a `RedisSlotPool`: redis-py's `Lock` under a token of its own."""

    def __init__(self, lock: Lock, token: str, lease_seconds: float) -> None:
        self.lease_seconds: float = lease_seconds
        self._lock = lock
        self._token = token
        self._busy = threading.Lock()  # a command is under way
        self._is_released = False

    def __repr__(self) -> str:
        return f"<RedisSlotLease of {self._lock.name}{', released' if self._is_released else ''}>"

    async def renew(self) -> bool:
        """Renew the lease; return `False` if another holds the slot by now.

        A slot that is free is taken again: the lease has expired, or Redis was restarted without its data. After
        `release` it is not.

        Raises:
            redis.RedisError: Redis cannot be reached.
        """
        return await in_daemon_thread(self._renew, name=_THREAD)

    async def release(self) -> None:
        """Give the slot back, if it is still held, once a renewal under way has ended.

        Raises:
            redis.RedisError: Redis cannot be reached; the lease expires by itself.
        """
        await in_daemon_thread(self._release, name=_THREAD)

    def _renew(self) -> bool:
        with self._alone():
            if self._is_released:
                return False
            try:
                return bool(self._lock.reacquire())
            except LockNotOwnedError:
                return not self._is_released and bool(self._lock.acquire(blocking=False, token=self._token))
            finally:
                if self._is_released:  # meanwhile, and `_release` may have waited in vain
                    self._give_back()

    def _release(self) -> None:
        self._is_released = True
        with self._alone():
            self._give_back()

    def _give_back(self) -> None:
        with suppress(LockError):  # another's, or gone
            self._lock.release()

    @contextmanager
    def _alone(self) -> Generator[None]:
        if not self._busy.acquire(timeout=_TIMEOUT):
            raise redis.TimeoutError("Redis has not answered the command before")
        try:
            yield
        finally:
            self._busy.release()


class RedisSlotPool:
    """Job slots that processes and machines share through Redis, for `watch_many(slots=…)`.

    Each slot is one of redis-py's locks. All programs name the same number of slots, that of the account or a part of
    it. A program that is killed holds its leases for `lease_seconds`, and its jobs hold the account's slots until they
    end by themselves, `turn_seconds` + 60 after they began at most.

    If Redis cannot be reached later, running watches keep their slots, and those that wait are retried. Once it is
    back, they let `lease_seconds` pass, 60 seconds at most, in which the running ones renew theirs: `watch_many` renews
    every 30 seconds or more often, and so should a program that uses the leases itself. That more jobs than slots run
    meanwhile is prevented by the account's own limit, not by the pool.

    Args:
        client_or_url: a `redis.Redis`, an address such as `redis://redis.example:6379/0`, or a `redis.asyncio.Redis`,
            of which only the settings are used. Commands are sent from worker threads, so that asyncio, the trio
            library and scripts share one pool.
        slots: how many slots there are, 1 or more.
        name: what the keys begin with: the slots are `name:slot:0`, `name:slot:1` and so on; while a program waits,
            and for 5 seconds after, there is `name:waiting`.
        lease_seconds: seconds, more than 0, after which the slots of a program that does not renew them are free.

    Raises:
        RequestValidationError: a number is outside its range.
        ConfigurationError: the address is none that redis-py takes, or the client is none of those above.

    Example:
        >>> from trio_client import AsyncTrioClient, ConfigurationError, Target
        >>> from trio_client.contrib.redis import RedisSlotPool
        >>> pool = RedisSlotPool("redis://127.0.0.1:1/0", slots=10)
        >>> gates = [Target(f"rtsp://cam/{number}", "the gate is open") for number in range(20)]
        >>> async with AsyncTrioClient() as client:
        ...     try:
        ...         async with client.watch_many(gates, slots=pool) as events:
        ...             target, event = await anext(events)
        ...     except ConfigurationError:
        ...         print("no Redis there")
        no Redis there
    """

    def __init__(
        self,
        client_or_url: redis.Redis | redis.asyncio.Redis | str,
        *,
        slots: int,
        name: str = "trio",
        lease_seconds: float = 30,
    ) -> None:
        positive_limit("lease_seconds", lease_seconds, "seconds", advice="For long leases, pass 3600.")
        self._slots = integer("slots", slots, 1)
        self._name = name
        self._lease_seconds = lease_seconds
        self._client = _sync_client(client_or_url)
        self._mutex = threading.Lock()
        self._next_try = 0.0
        self._waiting = f"{name}:waiting"
        self._was_full = False
        self._was_away = False
        self._holders_until = 0.0  # only those that hold slots have them until then

    def __repr__(self) -> str:
        return f"<RedisSlotPool of {self._slots} slots, named {self._name!r}>"

    async def check(self) -> None:
        """Ask Redis for an answer.

        Raises:
            ConfigurationError: there is none.
        """
        try:
            with anyio.fail_after(_CHECK_SECONDS):
                await in_daemon_thread(self._client.ping, name=_THREAD)
        except (RedisError, OSError) as error:
            raise ConfigurationError(
                f"Redis does not answer ({mask(str(error)) or type(error).__name__}).",
                advice="Check the address of the slot pool, and that Redis runs.",
            ) from error.with_traceback(None)

    async def acquire(self) -> RedisSlotLease:
        """Wait for a free slot, and return its lease. All that wait in this process make one try at a time.

        Raises:
            redis.RedisError: Redis cannot be reached.
        """
        while True:
            await current().async_sleep(self._pause())
            lease = await in_daemon_thread(self._try, name=_THREAD, undo=_give_back)
            if lease is not None:
                return lease

    async def contended(self) -> bool:
        """Return whether a program waits for a slot, or did so in the last 5 seconds.

        Raises:
            redis.RedisError: Redis cannot be reached.
        """
        waiting = bool(await in_daemon_thread(partial(self._client.exists, self._waiting), name=_THREAD))
        self._was_full = self._was_full or waiting
        return waiting

    def _pause(self) -> float:
        """Return the seconds until the next try: at random, so that no process has first claim to a free slot."""
        now = current().monotonic()
        with self._mutex:
            pause = _LONGEST_PAUSE * random.random() if self._was_full else 0.0  # noqa: S311 - no secret
            self._next_try = max(now, self._next_try) + pause
            return self._next_try - now

    def _try(self) -> RedisSlotLease | None:
        """Take one free slot, if there is one.

        Redis may come back without its data: then those that held slots renew their leases first.
        """
        if self._was_away:
            self._client.ping()
            with self._mutex:
                self._was_away = False
                seconds = min(self._lease_seconds, _RENEWED_SECONDS)
                self._next_try = self._holders_until = current().monotonic() + seconds
        if current().monotonic() < self._holders_until:
            return None
        try:
            return self._take()
        except (RedisError, OSError):
            self._was_away = True
            raise

    def _take(self) -> RedisSlotLease | None:
        token = uuid.uuid4().hex
        begun = current().monotonic()
        for number in random.sample(range(self._slots), self._slots):
            name = f"{self._name}:slot:{number}"
            lock = Lock(self._client, name, timeout=self._lease_seconds, thread_local=False)
            if lock.acquire(blocking=False, token=token):
                return RedisSlotLease(lock, token, self._lease_seconds)
        self._was_full = True
        seconds = _WAITING_SECONDS + current().monotonic() - begun  # the next try takes as long
        self._client.set(self._waiting, b"", px=int(seconds * 1000))
        return None


def _give_back(lease: RedisSlotLease | None) -> None:
    """Release a lease that came after its wait was cancelled."""
    if lease is not None:
        with suppress(
            Exception
        ):  # it expires by itself; redis-py fails in any way where its client is closed meanwhile
            lease._release()  # pyright: ignore[reportPrivateUsage]


class RedisDuplicateStore:
    """A `webhooks.DuplicateStore` in Redis: processes share which events were handled.

    Args:
        client_or_url: a `redis.Redis`, or an address such as `redis://redis.example:6379/0`.
        ttl: seconds to remember an event, 1 or more.
        lease_seconds: seconds that a claim lives, 1 or more, longer than any handling takes: after a crash, that is how
            long the event waits for its next delivery to count.
        prefix: what the keys begin with.

    Raises:
        RequestValidationError: a number is outside its range.
        ConfigurationError: the address is none that redis-py takes, or the client is another.

    Example:
        >>> from trio_client.contrib.redis import RedisDuplicateStore
        >>> from trio_client.webhooks.wsgi import WebhookApp
        >>> store = RedisDuplicateStore("redis://redis.example:6379/0")
        >>> app = WebhookApp(print, secret="s3cret", deduplicator=store)
    """

    def __init__(
        self,
        client_or_url: redis.Redis | str,
        *,
        ttl: int = 86_400,
        lease_seconds: int = 300,
        prefix: str = "trio:",
    ) -> None:
        self._ttl = integer("ttl", ttl, 1)
        self._lease_seconds = integer("lease_seconds", lease_seconds, 1)
        self._prefix = prefix
        if isinstance(client_or_url, redis.asyncio.Redis):
            raise _wrong_client(client_or_url, "a redis.Redis, or an address; AsyncRedisDuplicateStore takes this one")
        self._client = _sync_client(client_or_url)

    def __repr__(self) -> str:
        return f"<RedisDuplicateStore with the prefix {self._prefix!r}>"

    def claim(self, key: str) -> Claim:
        """Claim a key: `new` if it is the caller's to handle, `busy` while another caller handles it, then `done`."""
        name = self._prefix + key
        if self._client.set(name, "busy", nx=True, ex=self._lease_seconds):  # atomic: one caller gets it
            return "new"
        return _claim_of(self._client.get(name))

    def confirm(self, key: str) -> None:
        """Record that the event was handled: from now on it is `done`."""
        self._client.set(self._prefix + key, "done", ex=self._ttl)

    def release(self, key: str) -> None:
        """Release a claim because handling failed: the next delivery is `new`."""
        self._client.delete(self._prefix + key)


class AsyncRedisDuplicateStore:
    """A `webhooks.AsyncDuplicateStore` in Redis, as `RedisDuplicateStore`, for the ASGI application.

    Args:
        client_or_url: a `redis.asyncio.Redis`, which is yours to close, or an address such as
            `redis://redis.example:6379/0`, for as long as the program runs.
        ttl: seconds to remember an event, 1 or more.
        lease_seconds: seconds that a claim lives, 1 or more, longer than any handling takes.
        prefix: what the keys begin with.

    Raises:
        RequestValidationError: a number is outside its range.
        ConfigurationError: the address is none that redis-py takes, or the client is another.

    Example:
        >>> from trio_client.contrib.redis import AsyncRedisDuplicateStore
        >>> from trio_client.webhooks.asgi import WebhookApp
        >>> store = AsyncRedisDuplicateStore("redis://redis.example:6379/0")
        >>> app = WebhookApp(print, secret="s3cret", deduplicator=store)
    """

    def __init__(
        self,
        client_or_url: redis.asyncio.Redis | str,
        *,
        ttl: int = 86_400,
        lease_seconds: int = 300,
        prefix: str = "trio:",
    ) -> None:
        self._ttl = integer("ttl", ttl, 1)
        self._lease_seconds = integer("lease_seconds", lease_seconds, 1)
        self._prefix = prefix
        if isinstance(client_or_url, str):
            client_or_url = _from_url(redis.asyncio.Redis, client_or_url)
        elif not isinstance(client_or_url, redis.asyncio.Redis):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise _wrong_client(client_or_url, "a redis.asyncio.Redis, or an address")
        self._client: Any = client_or_url

    def __repr__(self) -> str:
        return f"<AsyncRedisDuplicateStore with the prefix {self._prefix!r}>"

    async def claim(self, key: str) -> Claim:
        """Claim a key: `new` if it is the caller's to handle, `busy` while another caller handles it, then `done`."""
        name = self._prefix + key
        if await self._client.set(name, "busy", nx=True, ex=self._lease_seconds):
            return "new"
        return _claim_of(await self._client.get(name))

    async def confirm(self, key: str) -> None:
        """Record that the event was handled: from now on it is `done`."""
        await self._client.set(self._prefix + key, "done", ex=self._ttl)

    async def release(self, key: str) -> None:
        """Release a claim because handling failed: the next delivery is `new`."""
        await self._client.delete(self._prefix + key)


def _claim_of(value: object) -> Claim:
    return "done" if value in (b"done", "done") else "busy"


def _sync_client(client_or_url: Any) -> Any:
    """Return a sync client, with the settings of an async one."""
    if isinstance(client_or_url, str):
        retry = Retry(NoBackoff(), 0)  # the caller asks again
        return _from_url(
            redis.Redis, client_or_url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=retry
        )
    if isinstance(client_or_url, redis.Redis):
        return client_or_url
    if not isinstance(client_or_url, redis.asyncio.Redis):
        raise _wrong_client(client_or_url, "a redis.Redis, a redis.asyncio.Redis, or an address")
    pool: Any = client_or_url.connection_pool
    kept = {
        name: value for name, value in pool.connection_kwargs.items() if name in _SETTINGS or name.startswith("ssl_")
    }
    connection: Any = getattr(redis.connection, pool.connection_class.__name__, None)
    if connection is None:
        raise _wrong_client(client_or_url, "one with connections of redis-py's own")
    return redis.Redis(connection_pool=redis.ConnectionPool(connection_class=connection, **kept))


def _from_url(kind: Any, url: str, **options: Any) -> Any:
    try:
        return kind.from_url(url, **options)
    except ValueError as error:
        raise ConfigurationError(
            f"{mask(url, is_url=True)!r} is no address of Redis ({error}).",
            advice="Pass one such as redis://redis.example:6379/0.",
        ) from None


def _wrong_client(client: Any, wanted: str) -> ConfigurationError:
    return ConfigurationError(
        f"The Redis client is a {type(client).__module__}.{type(client).__name__}; pass {wanted}."
    )
