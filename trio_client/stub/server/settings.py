"""How a stub server behaves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..api.allowed_hosts import AllowedHosts
from ..documented.generations import NEWEST, Generation
from ..engine.clock import check_number
from ..engine.listing import Listing, ListOrder
from ..engine.scene import Scene
from .uvicorn_server import REQUEST_SECONDS

__all__ = ["Settings"]


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
        webhook_timeout: real seconds that a webhook receiver has to respond.
        request_timeout: real seconds that a client has to send one request.
        max_body_bytes: the largest request body that is read.
        generation: which of the documentation's generations it follows.
        credits: what the account has; None: without limit.
        allow_hosts: host names that are answered beside the loopback names.
        list_lag: stub-seconds until a new job appears in the list of jobs; it can be got by its id at once.
        list_order: how jobs are listed: "newest" first, "oldest" first, or by "id".
        full_status: the HTTP status of MAX_JOBS_REACHED.
        jobs_outlive_streams: whether a job goes on when the reader of its event stream disconnects.
        default_scene: what streams show that have no scene of their own; None: `Scene()`.
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
    allow_hosts: Iterable[str] = ()
    list_lag: float = 0.0
    list_order: ListOrder = "newest"
    full_status: int = 429
    jobs_outlive_streams: bool = True
    default_scene: Scene | None = None

    def __post_init__(self) -> None:
        AllowedHosts(self.allow_hosts)  # refuses what is not a host name
        if self.webhook_secret == "":
            raise ValueError("webhook_secret must not be empty; None leaves webhooks unsigned")
        if self.credits is not None:
            check_number("credits", self.credits)
        if self.api_keys is not None and not all(self.api_keys):
            raise ValueError("api_keys must not contain an empty key")
        Listing(self.list_lag, self.list_order)  # refuses what is not possible
        if isinstance(self.full_status, bool) or self.full_status not in range(400, 600):
            raise ValueError(f"full_status must be an HTTP status of 400 to 599, not {self.full_status!r}")
        if self.start_delay < 0 or self.max_jobs < 0:
            raise ValueError("start_delay and max_jobs must not be negative")
        if self.keep_alive <= 0 or self.webhook_timeout <= 0 or self.request_timeout <= 0:
            raise ValueError("keep_alive, webhook_timeout and request_timeout must be greater than 0")

    @classmethod
    def with_keys(cls, api_keys: Iterable[str] | None, **others: object) -> Settings:
        """Settings from keys in any collection."""
        keys = None if api_keys is None else frozenset([api_keys] if isinstance(api_keys, str) else api_keys)
        return cls(api_keys=keys, **others)  # type: ignore[arg-type]
