"""Sign and verify webhook bodies.

The API's documentation names no signature. `X-Trio-Signature`, the hex HMAC-SHA256 of the raw body, is
what independent receivers of the API's webhooks check, so the header's name is an argument.
"""

from __future__ import annotations

import hmac
from binascii import hexlify
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, Protocol, TypeAlias, runtime_checkable

from .._redaction import kind_of
from ..errors import ConfigurationError, WebhookPayloadError, WebhookSignatureError

__all__ = ["Body", "Headers", "as_bytes", "sign", "verify"]

Body: TypeAlias = bytes | bytearray | memoryview | str


@runtime_checkable
class _HasItems(Protocol):
    """Any mapping of headers, including those that are no `Mapping`, such as `http.client.HTTPMessage`."""

    def items(self) -> Iterable[tuple[Any, Any]]: ...


Headers: TypeAlias = _HasItems | Iterable[tuple[bytes, bytes]] | Iterable[tuple[str, str]] | None
"""A mapping whose values are text or lists of text, a WSGI environ, a list of pairs, or `None` for no headers."""

Key: TypeAlias = hmac.HMAC
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
        ConfigurationError: the secret is empty or ends with a line end.

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
        headers: the request's headers: any mapping, whose values may be lists, a WSGI environ, a list of pairs, or
            `None`. Names are compared without regard to case.
        secret: the shared secret, or several while one replaces another.
        signature_header: the header that carries the signature.

    Raises:
        WebhookSignatureError: the header is missing, malformed or does not match the body.
        WebhookPayloadError: the body is larger than 16 MiB.
        ConfigurationError: a secret is empty or ends with a line end.
        TypeError: the body was already parsed.

    Example:
        >>> verify(b"{}", {"x-trio-signature": sign(b"{}", "s3cret")}, "s3cret")
    """
    keys = secret_keys(secret)
    check(as_bytes(body), headers, keys, signature_header)


def check(content: bytes, headers: Headers, keys: tuple[Key, ...], signature_header: str) -> None:
    """Verify as `verify` does, with arguments that were checked before."""
    received = _received(headers, signature_header)
    if not _matches(content, received, keys):
        _check_form(received, signature_header)
        raise WebhookSignatureError(
            f"The signature in {signature_header} does not match the body.",
            advice="Check that the secret is the sender's and that the body is the raw bytes received, not parsed and "
            "serialized again.",
        )


def check_header(headers: Headers, signature_header: str) -> None:
    """Raise WebhookSignatureError if no body could match the headers' signature."""
    _check_form(_received(headers, signature_header), signature_header)


def secret_keys(secret: str | Iterable[str]) -> tuple[Key, ...]:
    """Return the keys of one or more secrets; refuse an empty one, and none at all."""
    if secret.__class__ is str:
        return (_key(secret),)
    # None (an unset environment variable) and bytes are refused with a message, not iterated over.
    is_one = isinstance(secret, bytes) or not isinstance(secret, Iterable)  # pyright: ignore[reportUnnecessaryIsInstance]
    secrets: Iterable[Any] = [secret] if is_one else secret
    keys = tuple(_key(each) for each in secrets if _secret_bytes(each))
    if not keys:
        raise ConfigurationError("No webhook secret was given.", advice="Pass one, or use webhooks.parse on purpose.")
    return keys


def _matches(content: bytes, received: bytes, keys: tuple[Key, ...]) -> bool:
    """Return whether one of the keys gives the signature.

    Every key is tried, so that the time taken does not reveal which one matches. The expected values are in no
    other frame than this one, which no traceback shows.
    """
    matching = 0
    for key in keys:
        digest = key.copy()
        digest.update(content)
        matching += hmac.compare_digest(hexlify(digest.digest()), received)
    return matching > 0


def _check_form(received: bytes, signature_header: str) -> None:
    if len(received) != _DIGEST_LENGTH or not _HEX_DIGITS.issuperset(received):
        raise WebhookSignatureError(f"The {signature_header} header is not the 64 hex digits of an HMAC-SHA256.")


def as_bytes(body: Body) -> bytes:
    """Return a raw body as bytes; refuse a parsed one with advice, and an oversized one."""
    if isinstance(body, bytes) and len(body) <= MAX_BODY_BYTES:
        return body
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    if not isinstance(body, (bytes, bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"body is {kind_of(body)}; pass the raw bytes as received: await request.body() in "
            "Starlette and FastAPI, request.get_data() in Flask, request.body in Django."
        )
    size = body.nbytes if isinstance(body, memoryview) else len(body)
    if size > MAX_BODY_BYTES:
        raise WebhookPayloadError(f"The body has {size:,} bytes; the limit is {MAX_BODY_BYTES:,}.")
    return bytes(body)


def _secret_bytes(secret: str) -> bytes:
    if not isinstance(secret, str) or not secret.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(
            "The webhook secret is missing, empty or not a str.",
            advice="Set it, or use webhooks.parse on purpose.",
        )
    if secret.endswith(("\n", "\r")):  # as one read from a file has
        raise ConfigurationError("The webhook secret ends with a line end.", advice="Strip it: secret.strip().")
    return secret.encode()


@lru_cache(maxsize=16)  # a program has one secret, or two while it changes
def _key(secret: str) -> Key:
    """Return the digest of no content with a secret; one of content begins with a copy, which is faster than anew."""
    return hmac.new(_secret_bytes(secret), digestmod="sha256")


def _received(headers: Headers, name: str) -> bytes:
    """Return a request's only signature, in lower case and without its prefix."""
    found = spelled(headers, name)
    if not found:
        raise WebhookSignatureError(f"The request has no {name} header, so nothing shows who sent it.")
    if len(found) > 1:
        raise WebhookSignatureError(f"The request has {len(found)} {name} headers; one was expected.")
    value = found[0]
    if value.__class__ is str and len(value) == _DIGEST_LENGTH and value.isascii():  # nothing around it
        return value.lower().encode()
    text = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
    return text.strip().lower().removeprefix(b"sha256=").strip()


def listed(headers: Headers) -> Headers:
    """Return headers that can be read more than once, as an iterator of pairs cannot."""
    given: Any = headers
    return given if given is None or hasattr(given, "items") else list(given)


def spelled(headers: Headers, name: str) -> list[Any]:
    """Return the values of a header, however its name is spelled."""
    texts, octets, lengths = _spellings(name)
    given: Any = () if headers is None else headers
    found: list[Any] = []
    for key, value in given.items() if hasattr(given, "items") else given:
        if len(key) in lengths and key.lower() in (texts if isinstance(key, str) else octets):
            if isinstance(value, (list, tuple)):
                found += value
            else:
                found.append(value)
    return found


@cache  # a program has one such name or two
def _spellings(name: str) -> tuple[frozenset[str], frozenset[bytes], frozenset[int]]:
    """Return a header's name as mappings and a WSGI environ spell it, and as ASGI does, and the lengths of those.

    Text and bytes are kept apart, since `python -bb` refuses to compare them.
    """
    plain = name.lower()
    texts = frozenset((plain, "http_" + plain.replace("-", "_")))
    octets = frozenset(text.encode("utf-8", "replace") for text in texts)
    return texts, octets, frozenset(map(len, (*texts, *octets)))
