"""Everything one stub server knows, shared by the application and by the object that tests hold."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ._account import Account
from ._clock import Clock, check_number
from ._connection import REQUEST_SECONDS
from ._delivery import WebhookScript
from ._engine import Engine
from ._faults import FaultQueue
from ._generations import NEWEST, Generation, traits_of
from ._osapi import Osapi
from ._records import BoundedLog, RecordedRequest, WebhookDelivery
from ._scenes import SceneBook
from ._store import JobStore

__all__ = ["Settings", "StubState"]


@dataclass(frozen=True)
class Settings:
    """How a stub server behaves.

    Args:
        speed: stub-seconds for each real second.
        max_jobs: how many jobs may be pending or running at once.
        api_keys: the keys that are accepted; None: any that is not empty.
        webhook_secret: signs webhooks; None: they are not signed.
        start_delay: stub-seconds that a new job is pending.
        keep_alive: real seconds without an event after which a stream sends a comment.
        webhook_timeout: real seconds that a webhook receiver has for its answer.
        request_timeout: real seconds that a client has to send one request.
        max_body_bytes: the largest request body that is read.
        generation: which of the documentation's generations it follows.
        credits: what the account has; None: without limit.
    """

    speed: float = 60.0
    max_jobs: int = 10
    api_keys: frozenset[str] | None = None
    webhook_secret: str | None = None
    start_delay: float = 1.0
    keep_alive: float = 15.0
    webhook_timeout: float = 5.0
    request_timeout: float = REQUEST_SECONDS
    max_body_bytes: int = 32 * 2**20
    generation: Generation = NEWEST
    credits: float | None = None

    def __post_init__(self) -> None:
        if self.webhook_secret == "":
            raise ValueError("webhook_secret must not be empty; None leaves webhooks unsigned")
        if self.credits is not None:
            check_number("credits", self.credits)
        if self.api_keys is not None and not all(self.api_keys):
            raise ValueError("api_keys must not contain an empty key")
        if self.start_delay < 0 or self.max_jobs < 0:
            raise ValueError("start_delay and max_jobs must not be negative")
        if self.keep_alive <= 0 or self.webhook_timeout <= 0 or self.request_timeout <= 0:
            raise ValueError("keep_alive, webhook_timeout and request_timeout must be greater than 0")

    @classmethod
    def with_keys(cls, api_keys: Iterable[str] | None, **others: object) -> Settings:
        """Settings from keys in any collection."""
        keys = None if api_keys is None else frozenset([api_keys] if isinstance(api_keys, str) else api_keys)
        return cls(api_keys=keys, **others)  # type: ignore[arg-type]


class StubState:
    """The clock, the jobs, the scenes, the faults and the records of one stub server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock(settings.speed)
        self.scenes = SceneBook(self.clock.now)
        self.jobs = JobStore(self.clock, self.scenes, max_jobs=settings.max_jobs, start_delay=settings.start_delay)
        self.account = Account(self.jobs, settings.credits)
        self.osapi = Osapi(self.clock)
        self.faults = FaultQueue()
        self.requests: BoundedLog[RecordedRequest] = BoundedLog()
        self.deliveries: BoundedLog[WebhookDelivery] = BoundedLog()
        self.webhooks = WebhookScript()
        self.follow(settings.generation)
        self.engine = Engine(
            self.clock,
            self.jobs,
            self.deliveries,
            webhook_script=self.webhooks,
            webhook_secret=settings.webhook_secret,
            webhook_timeout=settings.webhook_timeout,
        )

    def follow(self, generation: Generation, *, shaped: bool = True) -> None:
        """Follow this generation of the documentation, with its shape of webhooks; jobs that are there stay."""
        self.traits = traits_of(generation)
        self.generation: Generation = generation
        if shaped:
            self.webhooks.shape = self.traits.webhook_shape

    def changeable(self) -> dict[str, Any]:
        """The settings that can be changed while the server runs."""
        return {
            "speed": self.clock.speed,
            "max_jobs": self.jobs.max_jobs,
            "credits": self.account.left,
            "generation": self.generation,
        }

    def change(self, **settings: Any) -> None:
        """Change settings; if one of them makes no sense, none is changed. `credits` are what is left from now on."""
        unknown = settings.keys() - self.changeable().keys()
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        speed = check_number("speed", settings.get("speed", self.clock.speed))
        max_jobs, left = settings.get("max_jobs", self.jobs.max_jobs), settings.get("credits")
        if isinstance(max_jobs, bool) or not isinstance(max_jobs, int) or max_jobs < 0:
            raise ValueError(f"max_jobs must be an integer of at least 0, not {max_jobs!r}")
        if left is not None:
            check_number("credits", left)
        self.follow(settings.get("generation", self.generation), shaped="generation" in settings)
        if "credits" in settings:
            self.account.fill(left)
        self.jobs.max_jobs = max_jobs
        if "speed" in settings:
            self.clock.speed = speed

    def accepts(self, authorization: str) -> bool:
        """Whether an Authorization header carries a valid key."""
        if self.settings.api_keys is None and not self.traits.needs_key:
            return True
        scheme, _, key = authorization.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            return False
        keys = self.settings.api_keys
        return keys is None or any(hmac.compare_digest(key.encode(), known.encode()) for known in keys)

    def reset(self) -> None:
        """Forget jobs, requests, deliveries, faults, scripts and scenes; open streams end. The clock goes on."""
        gone = self.jobs.clear()
        self.account.clear()
        self.requests.clear()
        self.deliveries.clear()
        self.faults.clear()
        self.webhooks.reset()
        self.follow(self.settings.generation)
        self.scenes.clear()
        self.osapi.clear()
        self.engine.forget(gone)
