"""Receive the API's webhooks: verify the raw body, then turn it into a typed event.

    from trio_client import webhooks

    event = webhooks.unwrap(request.body, request.headers, secret=os.environ["TRIO_WEBHOOK_SECRET"])

Deliveries are at-least-once and unordered. Answer with a 2xx within five seconds and do slow work later.
The API's documentation names no signature; use `parse` where deliveries come unsigned, and then treat
the event as a hint to be checked with `jobs.get`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic_core import from_json

from ..errors import WebhookError, WebhookPayloadError, WebhookSignatureError
from ..events import Event, from_payload
from ._signature import SIGNATURE_HEADER, Body, Headers, as_bytes, sign, verify

__all__ = ["WebhookError", "WebhookPayloadError", "WebhookSignatureError", "parse", "sign", "unwrap", "verify"]


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
    content = as_bytes(body)
    try:
        payload: Any = from_json(content, allow_inf_nan=False)
    except ValueError as error:
        raise WebhookPayloadError(f"The body is not JSON ({error}); answer 400.") from None
    if not isinstance(payload, dict):
        raise WebhookPayloadError(f"The body is JSON but a {type(payload).__name__}, not an object; answer 400.")
    return from_payload(payload, delivery="webhook")


def unwrap(
    body: Body,
    headers: Headers,
    secret: str | Iterable[str],
    *,
    signature_header: str = SIGNATURE_HEADER,
) -> Event:
    """Verify a webhook, then return its typed event, both from the same bytes.

    Args:
        body: the raw body, exactly as it was received; text is taken as UTF-8.
        headers: the request's headers: any mapping, a WSGI environ, or ASGI's list of byte pairs.
        secret: the shared secret, or several while one replaces another.
        signature_header: the header that carries the signature.

    Returns:
        One of the event types; `UnknownEvent` for a type this version does not know.

    Raises:
        WebhookSignatureError: the signature is missing or does not fit.
        WebhookPayloadError: the body is verified but is not a JSON object, or is too large.
        ConfigurationError: a secret is empty.
        TypeError: the body was already parsed.

    Example:
        >>> body = b'{"type": "job_stopped", "data": {"job_id": "a1", "reason": "cancelled"}}'
        >>> unwrap(body, {"X-Trio-Signature": sign(body, "s3cret")}, "s3cret").kind
        'stopped'

    Source: the API's "Webhooks" guide; the signature is not documented, see `verify`.
    """
    verify(body, headers, secret, signature_header=signature_header)
    return parse(body)
