"""What a webhook receiver decides about a request. No I/O; the ASGI and WSGI applications do that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from typing_extensions import Self

from .._job_context import logger
from .._numbers import is_number
from ..errors import ConfigurationError, WebhookPayloadError, WebhookSignatureError
from ..events import Event
from ._causes import cause_of
from ._events import check_age, check_seconds, event_of
from ._signature import MAX_BODY_BYTES, Body, Headers, as_bytes, check, check_header, secret_keys

__all__ = [
    "ACCEPTED",
    "BUSY",
    "DUPLICATE",
    "FAILED",
    "HANDLED",
    "MAX_HELD_BYTES",
    "OVERLOADED",
    "TOO_SLOW",
    "UNFINISHED",
    "Answer",
    "Held",
    "Receiver",
    "body_bytes",
    "logger",
]

MAX_HELD_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Answer:
    """The answer to a delivery: a status, and a short text that repeats nothing of the request.

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


# 200 rather than another 2xx: some senders are reported to redeliver after any other status.
HANDLED = Answer(200, "handled")
ACCEPTED = Answer(200, "accepted")
DUPLICATE = Answer(200, "duplicate")
NOT_A_POST = Answer(405, "send a POST")
NOT_TRUSTED = Answer(401, "the signature is missing or does not match, or the event is too old")
NOT_AN_EVENT = Answer(400, "the body is not a JSON object")
BAD_LENGTH = Answer(400, "the Content-Length is not a number")
UNFINISHED = Answer(400, "the body ended too early")
TOO_SLOW = Answer(408, "the body took too long")
FAILED = Answer(500, "the event could not be handled; send it again")
BUSY = Answer(503, "this event is being handled; send it again later")
OVERLOADED = Answer(503, "too many deliveries are being handled; send it again later")


class Held:
    """The bytes of one delivery, counted against what the receiver may hold of all of them until it is handled."""

    def __init__(self, total: _HeldBytes) -> None:
        self._total = total
        self._size = 0

    def add(self, size: int) -> bool:
        """Count bytes; return whether the receiver may hold them."""
        self._size += size
        return self._total.add(size)

    def moved(self) -> Held:
        """Return what counts these bytes from now on, beyond the block of this one."""
        other = Held(self._total)
        self._size, other._size = 0, self._size
        return other

    def release(self) -> None:
        """Forget the bytes: the delivery was handled or refused."""
        size, self._size = self._size, 0
        self._total.add(-size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class _HeldBytes:
    """How many bytes of deliveries a receiver holds. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> bool:
        with self._lock:
            self._size += size
            return self._size <= self._limit


class Receiver:
    """The rules of one receiver, all checked when it is made rather than at the first delivery."""

    def __init__(
        self,
        *,
        secret: str | Iterable[str] | None,
        unsigned: bool,
        signature_header: str,
        max_age: float | None,
        max_body_bytes: int,
        body_timeout: float,
        max_held_bytes: int = MAX_HELD_BYTES,
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
        if not is_number(max_body_bytes) or not 1 <= max_body_bytes <= MAX_BODY_BYTES:
            raise ConfigurationError(f"max_body_bytes is {max_body_bytes!r}; it must be 1 to {MAX_BODY_BYTES:,}.")
        if not is_number(max_held_bytes) or not max_body_bytes <= max_held_bytes:
            raise ConfigurationError(
                f"max_held_bytes is {max_held_bytes!r}; it must be at least max_body_bytes, {max_body_bytes:,}."
            )
        for name, value in (("max_age", max_age), ("body_timeout", body_timeout)):
            if value is not None:
                check_seconds(name, value)
        self._keys = () if secret is None else secret_keys(secret)
        self._signature_header = signature_header
        self._max_age = max_age
        self._clock = clock
        self.max_body_bytes = max_body_bytes
        self.body_timeout = body_timeout
        self._held = _HeldBytes(max_held_bytes)

    @property
    def signed(self) -> bool:
        """Whether deliveries must be signed."""
        return bool(self._keys)

    def hold(self) -> Held:
        """Return the count of a delivery's bytes, whose block ends when they are not held any more."""
        return Held(self._held)

    def refusal(self, method: str, headers: Headers, content_length: str | None) -> Answer | None:
        """Return the answer to a request whose body need not be read; `None` for one whose body must be."""
        if method != "POST":
            return NOT_A_POST
        if content_length and not (content_length.isascii() and content_length.isdigit()):
            return BAD_LENGTH
        # A number with more digits is over any limit, and slow to convert.
        if content_length and (len(content_length) > 18 or int(content_length) > self.max_body_bytes):
            return self.too_large()
        if self._keys:
            try:
                check_header(headers, self._signature_header)
            except WebhookSignatureError as error:
                return _not_trusted(error)
        return None

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
            return _not_trusted(error, cause_of(body, headers))
        except WebhookPayloadError as error:
            logger.warning("A webhook delivery could not be read: %s", cause_of(body, headers) or error)
            return NOT_AN_EVENT
        return event

    def __repr__(self) -> str:
        return "signed" if self.signed else "unsigned"


def body_bytes(body: Body | None, limit: int) -> bytes | None:
    """Return the body that a caller passes on; `None` for one over the limit."""
    if body is None:
        return b""
    if isinstance(body, str) and len(body) <= limit:
        body = body.encode("utf-8", "surrogatepass")
    size = body.nbytes if isinstance(body, memoryview) else len(body)
    return None if size > limit else as_bytes(body)


def _not_trusted(error: WebhookSignatureError, cause: str | None = None) -> Answer:
    logger.warning("A webhook delivery was refused: %s", error if cause is None else f"{error.problem} {cause}")
    return NOT_TRUSTED
