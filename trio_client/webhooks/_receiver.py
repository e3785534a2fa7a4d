"""What a receiver of webhooks decides about a request. No I/O; the applications around it carry it out."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..errors import ConfigurationError, WebhookPayloadError, WebhookSignatureError
from ..events import Event
from ._events import check_age, event_of
from ._signature import MAX_BODY_BYTES, Headers, check, secret_keys

__all__ = [
    "ACCEPTED",
    "BUSY",
    "DUPLICATE",
    "FAILED",
    "HANDLED",
    "OVERLOADED",
    "TOO_SLOW",
    "UNFINISHED",
    "Answer",
    "Receiver",
    "logger",
]

logger = logging.getLogger("trio_client")


@dataclass(frozen=True)
class Answer:
    """What to answer a delivery: a status, and a short text that repeats nothing of the request.

    Example:
        >>> answer = Answer(200, "handled")
        >>> answer.status, answer.body, answer.headers["Content-Length"]
        (200, b'handled', '7')
    """

    status: int
    """The HTTP status."""
    text: str
    """The body, a few words in ASCII."""

    @property
    def body(self) -> bytes:
        """The body to send."""
        return self.text.encode("ascii")

    @property
    def headers(self) -> dict[str, str]:
        """The headers to send."""
        headers = {"Content-Type": "text/plain; charset=us-ascii", "Content-Length": str(len(self.text))}
        if self.status == 405:
            headers["Allow"] = "POST"
        if self.status == 503:
            headers["Retry-After"] = "5"
        return headers


# 200 rather than another 2xx: some senders are reported to repeat what was answered otherwise.
HANDLED = Answer(200, "handled")
ACCEPTED = Answer(200, "accepted")
DUPLICATE = Answer(200, "duplicate")
NOT_A_POST = Answer(405, "send a POST")
NOT_TRUSTED = Answer(401, "the signature is missing, does not fit, or the event is too old")
NOT_AN_EVENT = Answer(400, "the body is not a JSON object")
BAD_LENGTH = Answer(400, "the Content-Length is not a number")
UNFINISHED = Answer(400, "the body ended too early")
TOO_SLOW = Answer(408, "the body took too long")
FAILED = Answer(500, "the event could not be handled; send it again")
BUSY = Answer(503, "this event is being handled; send it again later")
OVERLOADED = Answer(503, "too many events wait; send it again later")


class Receiver:
    """The rules of one receiver. All of them are checked when it is made, none for the first time by a delivery."""

    def __init__(
        self,
        *,
        secret: str | Iterable[str] | None,
        unsigned: bool,
        signature_header: str,
        max_age: float | None,
        max_body_bytes: int,
        body_timeout: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if secret is None and not unsigned:
            raise ConfigurationError(
                "No webhook secret was given.",
                advice="Pass secret=..., or unsigned=True if your deliveries come without a signature; an unset "
                "variable must not turn verification off.",
            )
        if secret is not None and unsigned:
            raise ConfigurationError("Both a secret and unsigned=True were given; they contradict each other.")
        if not 1 <= max_body_bytes <= MAX_BODY_BYTES:
            raise ConfigurationError(f"max_body_bytes is {max_body_bytes!r}; it must be 1 to {MAX_BODY_BYTES:,}.")
        for name, value in (("max_age", max_age), ("body_timeout", body_timeout)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ConfigurationError(f"{name} is {value!r}; it must be a number of seconds, more than 0.")
        self._keys = () if secret is None else secret_keys(secret)
        self._signature_header = signature_header
        self._max_age = max_age
        self._clock = clock
        self.max_body_bytes = max_body_bytes
        self.body_timeout = body_timeout

    @property
    def signed(self) -> bool:
        """Whether deliveries must be signed."""
        return bool(self._keys)

    def refusal(self, method: str, content_length: str | None) -> Answer | None:
        """Return the answer to a request that need not be read any further; `None` for one that must be."""
        if method != "POST":
            return NOT_A_POST
        if not content_length:
            return None
        if not (content_length.isascii() and content_length.isdigit()):
            return BAD_LENGTH
        # A number of more digits than this is over any limit, and long ones are slow to read.
        return self.too_large() if len(content_length) > 18 or int(content_length) > self.max_body_bytes else None

    def too_large(self) -> Answer:
        """Return the answer to a body over the limit."""
        return Answer(413, f"the body is larger than {self.max_body_bytes} bytes")

    def read(self, body: bytes, headers: Headers) -> Event | Answer:
        """Return the event of a delivery, or the answer to one that cannot be trusted or read."""
        if len(body) > self.max_body_bytes:
            return self.too_large()
        try:
            if self._keys:
                check(body, headers, self._keys, self._signature_header)
            event = event_of(body)
            if self._max_age is not None:
                check_age(event, self._max_age, self._clock())
        except WebhookSignatureError as error:
            logger.warning("A webhook delivery was refused: %s", error)
            return NOT_TRUSTED
        except WebhookPayloadError as error:
            logger.warning("A webhook delivery could not be read: %s", error)
            return NOT_AN_EVENT
        return event

    def __repr__(self) -> str:
        return "signed" if self.signed else "unsigned"
