"""What a webhook says, how it is signed and when it is sent again. No I/O."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from ._job import JobEvent

__all__ = ["RETRY_DELAYS", "is_delivered", "sign", "webhook_payload"]

# Stub-seconds before the second and the third attempt.
RETRY_DELAYS = (1.0, 5.0)

_TYPES = {
    "started": "job_started",
    "triggered": "watch_triggered",
    "summary": "summary_generated",
    "stopped": "job_stopped",
    "error": "error",
}
_TRIGGER_FIELDS = ("condition", "triggered", "explanation", "frame_b64")


def webhook_payload(event: JobEvent, stream_url: str) -> dict[str, Any] | None:
    """The JSON that tells of an event, None for those that webhooks do not tell.

    The trigger carries no job id, the others carry it inside `data`, as observed deliveries do.
    """
    kind = _TYPES.get(event.name)
    if kind is None:
        return None
    data = {name: value for name, value in event.data.items() if name != "timestamp"}
    if kind == "watch_triggered":
        data = {name: data[name] for name in _TRIGGER_FIELDS if name in data}
    return {"type": kind, "timestamp": event.timestamp, "source_url": stream_url, "data": data}


def sign(body: bytes, secret: str) -> str:
    """The signature of a body: hex of its HMAC-SHA256."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_delivered(status: int | None) -> bool:
    """Whether an answer ends the attempts; only 2xx does."""
    return status is not None and 200 <= status < 300
