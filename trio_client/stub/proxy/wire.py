"""HTTP/1.1 as bytes: enough of it to forward messages, and to corrupt them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

__all__ = ["Head", "Reply", "as_chunk", "framed", "proxy_reply", "read_body", "read_head", "take"]

_PIECE = 64 * 2**10


@dataclass(frozen=True)
class Head:
    """The lines before a body. Names of fields are lower case."""

    start: str
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """The first value of a field, "" if there is none."""
        return next((value for key, value in self.fields if key == name), "")

    def changed(self, **fields: str | None) -> Head:
        """A copy with these fields instead, `_` in a name being a hyphen; None leaves one out."""
        new = {name.replace("_", "-"): value for name, value in fields.items()}
        kept = [(name, value) for name, value in self.fields if name not in new]
        return Head(self.start, (*kept, *((name, value) for name, value in new.items() if value is not None)))

    @property
    def chunked(self) -> bool:
        """Whether the body is chunked."""
        return "chunked" in self.get("transfer-encoding").lower()

    def __bytes__(self) -> bytes:
        lines = [self.start, *(f"{name}: {value}" for name, value in self.fields), "", ""]
        return "\r\n".join(lines).encode("latin-1")


@dataclass(frozen=True)
class Reply:
    """A reply whose body may still be arriving, in pieces without framing."""

    head: Head
    pieces: AsyncGenerator[bytes, None]


async def read_head(reader: asyncio.StreamReader, begun: bytes = b"") -> Head | None:
    """The next head; `begun` is what was read of it before. None if the peer has disconnected."""
    try:
        text = (begun + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return None
    start, *lines = text.strip("\r\n").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    return Head(start, tuple((name.strip().lower(), value.strip()) for name, _, value in pairs))


async def read_body(reader: asyncio.StreamReader, head: Head, *, until_end: bool) -> AsyncGenerator[bytes, None]:
    """The body in pieces; `until_end`: one without a length ends with the connection.

    A truncated body raises `EOFError`, a wrongly framed one `ValueError`.
    """
    if head.chunked:
        while size := int((await reader.readline()).partition(b";")[0], 16):
            yield await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    elif length := head.get("content-length"):
        left = int(length)
        while left:
            piece = await reader.read(min(left, _PIECE))
            if not piece:
                raise EOFError
            left -= len(piece)
            yield piece
    elif until_end:
        while piece := await reader.read(_PIECE):
            yield piece


async def take(pieces: AsyncGenerator[bytes, None], size: int) -> bytes:
    """At least `size` bytes of a body, or all of it."""
    taken = b""
    while len(taken) < size:
        try:
            taken += await anext(pieces)
        except StopAsyncIteration:
            break
    return taken


async def framed(reply: Reply) -> AsyncGenerator[bytes, None]:
    """A reply as it goes over the wire: its head, then its body."""
    yield bytes(reply.head)
    async for piece in reply.pieces:
        yield as_chunk(piece) if reply.head.chunked else piece
    if reply.head.chunked:
        yield as_chunk(b"")


def as_chunk(piece: bytes) -> bytes:
    """A piece of a body as one chunk; an empty one ends the body."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def proxy_reply(content: bytes | None, status: str = "200 OK") -> Reply:
    """A reply that does not come from the server."""
    body = b'{"detail": "This reply was made by the fault proxy."}' if content is None else content

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield body

    fields = (("content-type", "application/json"), ("content-length", str(len(body))))
    return Reply(Head(f"HTTP/1.1 {status}", fields), pieces())
