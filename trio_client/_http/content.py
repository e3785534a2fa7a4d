"""Decode and collect a reply's body within bounds, whatever its encoding claims."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from ..errors import ResponseValidationError

__all__ = ["BodyCollector", "Inflater", "inflater_for"]

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_NO_ENCODING = frozenset({"", "identity", "none"})
_NAMED = frozenset({*_WINDOW_BITS, "br", "zstd", "compress"})  # of any other, the text may repeat a secret
_LONGEST_NAMED = 40
_INPUT_BYTES = 16 * 1024  # inflated at once: what follows the end of a member is copied each time
_OUTPUT_BYTES = 64 * 1024


class Inflater:
    """Inflate one encoding piece by piece. A gzip body may have several members, one after the other (RFC 1952)."""

    __slots__ = ("_encoding", "_inflate", "_raw_tried", "_started")

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._inflate = zlib.decompressobj(_WINDOW_BITS[encoding])
        self._raw_tried = encoding != "deflate"
        self._started = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what a chunk decodes to, in small pieces, so that a bomb is noticed before it fills the memory."""
        for start in range(0, len(chunk), _INPUT_BYTES):
            rest = chunk[start : start + _INPUT_BYTES]
            while rest:
                if self._inflate.eof:
                    self._begin_member()
                if decoded := self._decompress(rest):
                    yield decoded
                rest = self._inflate.unconsumed_tail or self._inflate.unused_data

    def finish(self) -> None:
        """Check that the encoding came to its end."""
        if self._started and not self._inflate.eof:
            raise _undecodable("it ends too early")

    def _begin_member(self) -> None:
        if self._encoding == "deflate":
            raise _undecodable("something follows its end")
        self._inflate = zlib.decompressobj(_WINDOW_BITS[self._encoding])

    def _decompress(self, data: bytes) -> bytes:
        try:
            decoded = self._inflate.decompress(data, _OUTPUT_BYTES)
        except zlib.error as error:
            if self._raw_tried or self._started:
                raise _undecodable(str(error)) from None
            self._raw_tried = True  # some servers send deflate without its zlib wrapper
            self._inflate = zlib.decompressobj(-15)
            return self._decompress(data)
        self._started = True
        return decoded


def inflater_for(encoding: str) -> Inflater | None:
    """Return what decodes a Content-Encoding, or `None` where there is nothing to decode."""
    if not encoding:  # nearly always
        return None
    encodings = [name for each in encoding.split(",") if (name := each.strip().lower()) not in _NO_ENCODING]
    if not encodings:
        return None
    if len(encodings) > 1 or encodings[0] not in _WINDOW_BITS:
        name = repr(encoding) if _NAMED.issuperset(encodings) and len(encoding) <= _LONGEST_NAMED else "it has"
        raise _undecodable(f"the encoding {name} was not asked for and is not supported")
    return Inflater(encodings[0])


class BodyCollector:
    """Collect a body of at most `limit` bytes, counted after decoding."""

    __slots__ = ("_first", "_inflater", "_limit", "_rest")

    def __init__(self, *, encoding: str, announced: str, limit: int) -> None:
        if announced.isascii() and announced.isdigit() and (len(announced) > 18 or int(announced) > limit):
            raise too_large(limit)
        self._inflater = inflater_for(encoding)
        self._limit = limit
        self._first = b""
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk as it came from the wire."""
        if self._inflater is None:
            self._add(chunk)
            return
        for piece in self._inflater.feed(chunk):
            self._add(piece)

    def finish(self) -> bytes:
        """Return the whole body."""
        if self._inflater is not None:
            self._inflater.finish()
        return self._first + self._rest if self._rest else self._first

    def _add(self, piece: bytes) -> None:
        """Join a piece to the others at once: a list of tiny ones would take many times their bytes."""
        if len(self._first) + len(self._rest) + len(piece) > self._limit:
            raise too_large(self._limit)
        if self._first:
            self._rest += piece
        else:
            self._first = piece


def too_large(limit: int) -> ResponseValidationError:
    """Return the error for a body over the limit."""
    return ResponseValidationError(
        f"The reply is larger than {limit:,} bytes.",
        field="max_body_bytes",
        advice="Raise max_body_bytes if that is expected.",
    )


def _undecodable(reason: str) -> ResponseValidationError:
    return ResponseValidationError(f"The reply's body cannot be decoded: {reason}.")
