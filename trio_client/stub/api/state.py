"""What the operations act on. `server/state.py` composes it."""

from __future__ import annotations

from typing import Any, Protocol

from ..delivery.webhook_script import WebhookScript
from ..documented.generations import Generation, Traits
from ..engine.account import Account
from ..engine.clock import Clock
from ..engine.engine import Engine
from ..engine.job_store import JobStore
from ..engine.records import BoundedLog, RecordedRequest, WebhookDelivery
from ..engine.scene_book import SceneBook
from ..faults.fault_queue import FaultQueue

__all__ = ["ApiState"]


class ApiState(Protocol):
    """The clock, the jobs, the scenes, the faults and the records of one stub server."""

    clock: Clock
    scenes: SceneBook
    jobs: JobStore
    account: Account
    engine: Engine
    faults: FaultQueue
    requests: BoundedLog[RecordedRequest]
    deliveries: BoundedLog[WebhookDelivery]
    webhooks: WebhookScript
    generation: Generation

    @property
    def traits(self) -> Traits:
        """How this generation differs from the newest."""
        ...

    @property
    def keep_alive(self) -> float:
        """Real seconds without an event after which a stream sends a comment."""
        ...

    def accepts(self, authorization: str) -> bool:
        """Whether an Authorization header carries a valid key."""
        ...

    def changeable(self) -> dict[str, Any]:
        """The settings that can be changed while the server runs."""
        ...

    def change(self, **settings: Any) -> None:
        """Change settings; if one of them is refused, none is changed."""
        ...

    def reset(self) -> None:
        """Remove jobs, requests, deliveries, faults, scripts and scenes."""
        ...
