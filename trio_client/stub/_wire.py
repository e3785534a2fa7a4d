"""HTTP/1.1 as bytes: enough of it to pass messages on, and to spoil them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

__all__ = ["Head", "Reply", "framed", "made_up", "read_body", "read_head"]

PIECE = 64 * 2**10


@dataclass(frozen=True)
class Head:
    """The lines before a body. Names of fields are lower case."""

    start: str
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """The first value of a field, "" if it is missing."""
        return next((value for key, value in self.fields if key == name), "")

    def changed(self, **fields: str | None) -> Head:
        """A copy with these fields instead, `_` in a name being a hyphen; None leaves one out."""
        new = {name.replace("_", "-"): value for name, value in fields.items()}
        kept = tuple(field for field in self.fields if field[0] not in new)
        return Head(self.start, kept + tuple((name, value) for name, value in new.items() if value is not None))

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return "chunked" in self.get("transfer-encoding").lower()

    def __bytes__(self) -> bytes:
        return "".join([f"{self.start}\r\n", *(f"{name}: {value}\r\n" for name, value in self.fields), "\r\n"]).encode(
            "latin-1"
        )


@dataclass(frozen=True)
class Reply:
    """A reply whose body may still be coming."""

    head: Head
    pieces: AsyncGenerator[bytes, None]


async def read_head(reader: asyncio.StreamReader, begun: bytes = b"") -> Head | None:
    """The next head; `begun` is what was read of it before. None if the other side has left."""
    try:
        text = (begun + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return None
    start, *lines = text.rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Head(start, tuple((name.strip().lower(), value.strip()) for name, _, value in pairs))


async def read_body(reader: asyncio.StreamReader, head: Head, *, until_end: bool) -> AsyncGenerator[bytes, None]:
    """The body in pieces, without its framing; `until_end`: one of unsaid length lasts as long as the connection.

    A body that is cut off raises `EOFError`.
    """
    if head.chunked:
        while size := int((await reader.readline()).partition(b";")[0] or b"x", 16):
            yield await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    elif length := head.get("content-length"):
        left = int(length)
        while left:
            piece = await reader.read(min(left, PIECE))
            if not piece:
                raise EOFError
            left -= len(piece)
            yield piece
    elif until_end:
        while piece := await reader.read(PIECE):
            yield piece


async def framed(reply: Reply) -> AsyncGenerator[bytes, None]:
    """The bytes of a reply as they go over the wire."""
    yield bytes(reply.head)
    async for piece in reply.pieces:
        yield chunk(piece) if reply.head.chunked else piece
    if reply.head.chunked:
        yield b"0\r\n\r\n"


def chunk(piece: bytes) -> bytes:
    """A piece of a body as one chunk."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def made_up(content: bytes = b'{"detail": "the fault proxy made this reply"}') -> Reply:
    """A reply that no server gave."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield content

    fields = (("content-type", "application/json"), ("content-length", str(len(content))))
    return Reply(Head("HTTP/1.1 200 OK", fields), pieces())
