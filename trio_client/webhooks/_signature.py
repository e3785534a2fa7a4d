"""Sign and verify webhook bodies.

The API's documentation names no signature. `X-Trio-Signature`, the hex HMAC-SHA256 of the raw body, is
what independent receivers of the API's webhooks check; hence the header's name is an argument.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Any, Protocol, TypeAlias, cast

from ..errors import ConfigurationError, WebhookPayloadError, WebhookSignatureError

__all__ = ["Body", "Headers", "as_bytes", "sign", "verify"]

Body: TypeAlias = "bytes | bytearray | memoryview | str"


class _HasItems(Protocol):
    """What any mapping of headers offers, also those that are no `Mapping`, such as `http.client.HTTPMessage`."""

    def items(self) -> Iterable[tuple[Any, Any]]: ...


Headers: TypeAlias = "_HasItems | Iterable[tuple[bytes, bytes]]"

_HEX_DIGITS = frozenset(b"0123456789abcdef")
_DIGEST_LENGTH = 64
SIGNATURE_HEADER = "X-Trio-Signature"
MAX_BODY_BYTES = 16 * 2**20


def sign(body: Body, secret: str) -> str:
    """Return the signature of a body, as a sender would put it in the signature header.

    For your own tests of a receiver.

    Args:
        body: the raw body; text is taken as UTF-8.
        secret: the shared secret.

    Returns:
        The HMAC-SHA256 of the body, 64 lower-case hex digits.

    Raises:
        ConfigurationError: the secret is empty.

    Example:
        >>> sign(b"{}", "s3cret")[:16]
        'adbde1ce40c89c14'
    """
    return hmac.digest(_secret_bytes(secret), as_bytes(body), "sha256").hex()


def verify(
    body: Body,
    headers: Headers,
    secret: str | Iterable[str],
    *,
    signature_header: str = SIGNATURE_HEADER,
) -> None:
    """Check that a body was signed with the secret; return nothing, or raise.

    Args:
        body: the raw body, exactly as it was received; text is taken as UTF-8.
        headers: the request's headers: any mapping, a WSGI environ, or ASGI's list of byte pairs.
            Names are compared without regard to case.
        secret: the shared secret, or several while one replaces another.
        signature_header: the header that carries the signature.

    Raises:
        WebhookSignatureError: the header is missing, malformed or does not fit the body.
        WebhookPayloadError: the body is larger than 16 MiB.
        ConfigurationError: a secret is empty.
        TypeError: the body was already parsed.

    Example:
        >>> verify(b"{}", {"x-trio-signature": sign(b"{}", "s3cret")}, "s3cret")
    """
    # What an unset environment variable gives, and a lone bytes secret, are refused in words, not iterated over.
    secrets: Iterable[Any] = [secret] if isinstance(secret, str | bytes | None) else secret
    keys = [_secret_bytes(each) for each in secrets]
    if not keys:
        raise ConfigurationError("No webhook secret was given; pass one, or use webhooks.parse on purpose.")
    content = as_bytes(body)
    received = _received(headers, signature_header)
    # Every secret is tried, so that the time taken does not tell which one fits.
    expected = [hmac.digest(key, content, "sha256").hex().encode() for key in keys]
    if not any([hmac.compare_digest(each, received) for each in expected]):  # noqa: C419 - a list: no early end
        raise WebhookSignatureError(
            f"The signature in {signature_header} does not fit the body. Check that the secret is the "
            "sender's and that the body is the raw bytes received, not parsed and serialised again."
        )


def as_bytes(body: Body) -> bytes:
    """Return a raw body as bytes; refuse a parsed one with advice, and an oversized one."""
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    if not isinstance(body, (bytes, bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"body is a {type(body).__name__}; pass the raw bytes as received: await request.body() in "
            "Starlette and FastAPI, request.get_data() in Flask, request.body in Django."
        )
    size = body.nbytes if isinstance(body, memoryview) else len(body)
    if size > MAX_BODY_BYTES:
        raise WebhookPayloadError(f"The body has {size:,} bytes; the limit is {MAX_BODY_BYTES:,}.")
    return bytes(body)


def _secret_bytes(secret: str) -> bytes:
    if not isinstance(secret, str) or not secret.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(
            "The webhook secret is missing, empty or not a str; set it, or use webhooks.parse on purpose."
        )
    return secret.encode()


def _received(headers: Headers, name: str) -> bytes:
    wanted = name.lower()
    wsgi = "http_" + wanted.replace("-", "_")
    has_items = hasattr(headers, "items")
    pairs = cast("_HasItems", headers).items() if has_items else cast("Iterable[tuple[bytes, bytes]]", headers)
    found = [value for key, value in pairs if _lower(key) in (wanted, wsgi)]
    if not found:
        raise WebhookSignatureError(f"The request has no {name} header, so nothing shows who sent it.")
    if len(found) > 1:
        raise WebhookSignatureError(f"The request has {len(found)} {name} headers; one was expected.")
    value = found[0]
    text = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
    digest = text.strip().lower().removeprefix(b"sha256=").strip()
    if len(digest) != _DIGEST_LENGTH or not _HEX_DIGITS.issuperset(digest):
        raise WebhookSignatureError(f"The {name} header is not the 64 hex digits of an HMAC-SHA256.")
    return digest


def _lower(name: Any) -> str:
    return (name.decode("latin-1") if isinstance(name, bytes) else str(name)).lower()
