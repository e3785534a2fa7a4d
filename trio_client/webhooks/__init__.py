"""Receive the API's webhooks: verify the raw body, then turn it into a typed event.

    from trio_client import webhooks

    event = webhooks.unwrap(request.body, request.headers, secret=os.environ["TRIO_WEBHOOK_SECRET"])

Deliveries are at-least-once and unordered. Answer with a 2xx within five seconds and do slow work later.
The API's documentation names no signature; use `parse` where deliveries are unsigned, and then treat the
event as a hint to check with `jobs.get`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..errors import WebhookError, WebhookPayloadError, WebhookSignatureError
from ..events import Event
from ._deduplicator import AsyncDuplicateStore, Claim, Deduplicator, DuplicateStore
from ._events import check_age, check_seconds, event_of
from ._receiver import Answer
from ._request import WebhookRequest
from ._signature import SIGNATURE_HEADER, Body, Headers, as_bytes, check, secret_keys, sign, verify

if TYPE_CHECKING:
    from .._async.webhook_inbox import AsyncWebhookInbox
    from .._sync.webhook_inbox import WebhookInbox

__all__ = [
    "Answer",
    "AsyncDuplicateStore",
    "AsyncWebhookInbox",
    "Claim",
    "Deduplicator",
    "DuplicateStore",
    "WebhookError",
    "WebhookInbox",
    "WebhookPayloadError",
    "WebhookRequest",
    "WebhookSignatureError",
    "parse",
    "sign",
    "unwrap",
    "verify",
]

# Their dependencies (httpx, anyio) are loaded with them, not before.
_LAZY = {"AsyncWebhookInbox": ".._async.webhook_inbox", "WebhookInbox": ".._sync.webhook_inbox"}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _LAZY:
        value: object = getattr(import_module(_LAZY[name], __name__), name)
    elif name in ("asgi", "wsgi"):
        value = import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def parse(body: Body) -> Event:
    """Return the typed event of a webhook's body **without verifying who sent it**.

    Args:
        body: the raw body; text is taken as UTF-8.

    Returns:
        One of the event types; `UnknownEvent` for a type this version does not know.

    Raises:
        WebhookPayloadError: the body is not a JSON object, or is larger than 16 MiB.
        TypeError: the body was already parsed.

    Example:
        >>> event = parse(b'{"type": "watch_triggered", "data": {"explanation": "A van arrived."}}')
        >>> event.kind, event.delivery, event.explanation
        ('triggered', 'webhook', 'A van arrived.')

    Source: the API's "Webhooks" guide.
    """
    return event_of(as_bytes(body))


def unwrap(
    body: Body,
    headers: Headers,
    secret: str | Iterable[str],
    *,
    signature_header: str = SIGNATURE_HEADER,
    max_age: float | None = None,
    clock: Callable[[], float] = time.time,
) -> Event:
    """Verify a webhook, then return its typed event, both from the same bytes.

    Args:
        body: the raw body, exactly as it was received; text is taken as UTF-8.
        headers: the request's headers: any mapping, whose values may be lists, a WSGI environ, a list of pairs, or
            `None`.
        secret: the shared secret, or several while one replaces another.
        signature_header: the header that carries the signature.
        max_age: maximum age in seconds, more than 0, by the event's own time, in either direction; an event without a
            time is then refused. `None`: any age.
        clock: returns the time in seconds since 1970; for tests.

    Returns:
        One of the event types; `UnknownEvent` for a type this version does not know.

    Raises:
        WebhookSignatureError: the signature is missing or does not match, or the event is too old.
        WebhookPayloadError: the body is verified but is not a JSON object, or is too large.
        ConfigurationError: a secret is empty or ends with a line end, or max_age is not a number of more than 0.
        TypeError: the body was already parsed.

    Example:
        >>> body = b'{"type": "job_stopped", "data": {"job_id": "a1", "reason": "cancelled"}}'
        >>> unwrap(body, {"X-Trio-Signature": sign(body, "s3cret")}, "s3cret").kind
        'stopped'

    Source: the API's "Webhooks" guide; the signature is not documented, see `verify`.
    """
    if max_age is not None:
        check_seconds("max_age", max_age)
    content = as_bytes(body)
    check(content, headers, secret_keys(secret), signature_header)
    event = event_of(content)
    if max_age is not None:
        check_age(event, max_age, clock())
    return event
