"""Collect a reply's body within bounds, whatever its encoding claims."""

from __future__ import annotations

import zlib

from ..errors import ResponseValidationError

__all__ = ["BodyCollector", "Inflater", "inflater_for"]

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Inflater:
    """Inflate one encoding piece by piece; never more than `limit` bytes in all."""

    __slots__ = ("_inflate", "_left", "_limit", "_raw_tried", "_started")

    def __init__(self, encoding: str, limit: int) -> None:
        self._inflate = zlib.decompressobj(_WINDOW_BITS[encoding])
        self._limit = self._left = limit
        self._raw_tried = encoding != "deflate"
        self._started = False

    def feed(self, chunk: bytes) -> bytes:
        """Return the decoded bytes of the next piece."""
        try:
            decoded = self._inflate.decompress(chunk, self._left + 1)
        except zlib.error as error:
            if self._raw_tried or self._started:
                raise _undecodable(str(error)) from None
            self._raw_tried = True  # some servers send deflate without its zlib wrapper
            self._inflate = zlib.decompressobj(-15)
            return self.feed(chunk)
        self._started = True
        self._left -= len(decoded)
        if self._left < 0:
            raise too_large(self._limit)
        return decoded

    def finish(self) -> None:
        """Check that the encoding came to its end."""
        if self._started and not self._inflate.eof:
            raise _undecodable("it ends too early")


def inflater_for(encoding: str, limit: int) -> Inflater | None:
    """Return what decodes a Content-Encoding, or `None` where there is nothing to decode."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding not in _WINDOW_BITS:
        raise _undecodable(f"the encoding {encoding[:40]!r} was not asked for and is not supported")
    return Inflater(encoding, limit)


class BodyCollector:
    """Collect a body of at most `limit` bytes, counted after decoding."""

    __slots__ = ("_inflater", "_limit", "_parts", "_size")

    def __init__(self, *, encoding: str, announced: str, limit: int) -> None:
        if announced.isascii() and announced.isdigit() and (len(announced) > 18 or int(announced) > limit):
            raise too_large(limit)
        self._inflater = inflater_for(encoding, limit)
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next piece as it came from the wire."""
        if self._inflater is not None:
            chunk = self._inflater.feed(chunk)
        self._size += len(chunk)
        if self._size > self._limit:
            raise too_large(self._limit)
        self._parts.append(chunk)

    def finish(self) -> bytes:
        """Return the whole body."""
        if self._inflater is not None:
            self._inflater.finish()
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)


def too_large(limit: int) -> ResponseValidationError:
    """Return the error for a body over the limit."""
    return ResponseValidationError(
        f"The reply is larger than {limit:,} bytes.",
        field="max_body_bytes",
        advice="Raise max_body_bytes if that is expected.",
    )


def _undecodable(reason: str) -> ResponseValidationError:
    return ResponseValidationError(f"The reply's body cannot be decoded: {reason}.")
