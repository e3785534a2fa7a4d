"""Everything one stub server knows, shared by the application and by the object that tests hold."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from ..delivery.webhook_script import WebhookScript
from ..delivery.webhook_sender import WebhookSender
from ..documented.generations import GENERATIONS, Generation, Traits, traits_of
from ..engine.account import Account
from ..engine.clock import Clock, RealTime, check_number
from ..engine.engine import Engine
from ..engine.job_store import JobStore
from ..engine.listing import Listing
from ..engine.records import BoundedLog, RecordedRequest, WebhookDelivery
from ..engine.scene_book import SceneBook
from ..faults.fault_queue import FaultQueue
from ..osapi.jobs import Osapi
from .settings import Settings

__all__ = ["StubState"]


class StubState:
    """The clock, the jobs, the scenes, the faults and the records of one stub server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock: Clock = Clock(settings.speed, monotonic=RealTime.monotonic)
        self.scenes: SceneBook = SceneBook(self.clock.now, settings.default_scene)
        self.jobs: JobStore = JobStore(
            self.clock,
            self.scenes,
            max_jobs=settings.max_jobs,
            start_delay=settings.start_delay,
            listing=Listing(settings.list_lag, settings.list_order),
            full_status=settings.full_status,
        )
        self.account: Account = Account(self.jobs, settings.credits)
        self.osapi: Osapi = Osapi(self.clock)
        self.faults: FaultQueue = FaultQueue()
        self.requests: BoundedLog[RecordedRequest] = BoundedLog()
        self.deliveries: BoundedLog[WebhookDelivery] = BoundedLog()
        self.webhooks: WebhookScript = WebhookScript()
        self.follow(settings.generation)
        self.engine: Engine = Engine(
            self.clock, self.jobs, self._open_outbox, jobs_outlive_streams=settings.jobs_outlive_streams
        )

    @property
    def traits(self) -> Traits:
        """How this generation differs from the newest."""
        return GENERATIONS[self.generation]

    @property
    def keep_alive(self) -> float:
        """Real seconds without an event after which a stream sends a comment."""
        return self.settings.keep_alive

    def follow(self, generation: Generation, *, shaped: bool = True) -> None:
        """Follow this generation of the documentation, with its shape of webhooks; existing jobs stay."""
        traits = traits_of(generation)
        self.generation: Generation = generation
        if shaped:
            self.webhooks.shape = traits.webhook_shape

    def changeable(self) -> dict[str, Any]:
        """The settings that can be changed while the server runs."""
        return {
            "speed": self.clock.speed,
            "max_jobs": self.jobs.max_jobs,
            "credits": self.account.left,
            "generation": self.generation,
        }

    def change(self, **settings: Any) -> None:
        """Change settings; if one of them is refused, none is changed. `credits` are what is left from now on."""
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
        """Remove jobs, requests, deliveries, faults, scripts and scenes; open streams end. The clock keeps running."""
        removed = self.jobs.clear()
        self.account.clear()
        self.requests.clear()
        self.deliveries.clear()
        self.faults.clear()
        self.webhooks.reset()
        self.follow(self.settings.generation)
        self.scenes.clear()
        self.osapi.clear()
        self.engine.forget(removed)

    def _open_outbox(self, pause: Callable[[float], Awaitable[None]]) -> WebhookSender:
        return WebhookSender(
            self.deliveries,
            script=self.webhooks,
            secret=self.settings.webhook_secret,
            timeout=self.settings.webhook_timeout,
            pause=pause,
        )
