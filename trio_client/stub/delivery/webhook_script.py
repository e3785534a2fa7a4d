"""How webhooks are signed, when they are sent again, and how a test makes them misbehave. No I/O."""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass, fields
from typing import Any

from ..documented.generations import WebhookShape
from .webhook_shapes import SHAPES

__all__ = ["RETRY_DELAYS", "WebhookScript", "is_delivered", "sign"]

# Stub-seconds before the second and the third attempt.
RETRY_DELAYS = (1.0, 5.0)
MAX_COPIES = 1_000


@dataclass
class WebhookScript:
    """How webhooks are sent from now on. Set its attributes; `reset` restores what is documented.

    Args:
        shape: how the JSON is laid out, see `WebhookShape`.
        copies: how often each delivery is sent again after it was accepted.
        reverse: hold the deliveries of a job until its end, then send the newest first.
        delay: stub-seconds to wait before each delivery.
        unsigned: leave out the signature.
        tampered: change the body after it was signed.

    Example:
        >>> script = WebhookScript()
        >>> script.shape = "flat"
        >>> script.reset()
        >>> script.shape
        'envelope'
    """

    shape: WebhookShape = "envelope"
    copies: int = 0
    reverse: bool = False
    delay: float = 0.0
    unsigned: bool = False
    tampered: bool = False

    def update(self, **values: Any) -> None:
        """Set several attributes at once.

        Example:
            >>> script = WebhookScript()
            >>> script.update(copies=1, delay=2.5)
            >>> script.copies, script.delay
            (1, 2.5)
        """
        unknown = values.keys() - {field.name for field in fields(self)}
        if unknown:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        if values.get("shape", self.shape) not in SHAPES:
            raise ValueError(f"shape must be one of {', '.join(SHAPES)}, not {values['shape']!r}")
        copies, delay = values.get("copies", 0), values.get("delay", 0.0)
        if isinstance(copies, bool) or not isinstance(copies, int) or not 0 <= copies <= MAX_COPIES:
            raise ValueError(f"copies must be an integer of 0 to {MAX_COPIES}, not {copies!r}")
        if isinstance(delay, bool) or not isinstance(delay, (int, float)) or not math.isfinite(delay) or delay < 0:
            raise ValueError(f"delay must be at least 0 seconds, not {delay!r}")
        for name, value in values.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """Send as documented again."""
        self.update(**{field.name: field.default for field in fields(self)})

    def sent(self, body: bytes, secret: str | None) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of a delivery."""
        headers = {"content-type": "application/json", "user-agent": "trio-stub"}
        if secret is not None and not self.unsigned:
            headers["x-trio-signature"] = sign(body, secret)
        return body.replace(b"{", b'{"tampered": true, ', 1) if self.tampered else body, headers


def sign(body: bytes, secret: str) -> str:
    """The signature of a body: hex of its HMAC-SHA256."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_delivered(status: int | None) -> bool:
    """Whether a response ends the attempts; only 2xx does."""
    return status is not None and 200 <= status < 300
