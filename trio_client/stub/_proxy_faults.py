"""Faults below HTTP: what they are, and how they are played to a client."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import struct
import zlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from ._wire import Head, Reply, chunk, framed

__all__ = ["Peer", "WireFault", "play"]

Kind = Literal[
    "reset",
    "close",
    "half-close",
    "hang",
    "delay",
    "dribble",
    "answer",
    "garbage",
    "truncated",
    "truncated-chunked",
    "bad-chunk",
    "both-lengths",
    "surplus",
    "huge-headers",
    "endless-1xx",
    "huge-length",
    "gzip-bomb",
]
_BEFORE_REPLY = ("reset", "close", "hang", "delay")
_LINGER_ZERO = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_GARBAGE = b"\x16\x03\x01 this is not HTTP \xff\x00\r\n\r\n"
_SURPLUS = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\r\n{"job_id": "surplus"}'
_SIZES = {"huge-headers": 2**20, "gzip-bomb": 256 * 2**20, "dribble": 1}


@dataclass(frozen=True)
class WireFault:
    """One fault below HTTP.

    Args:
        kind: what happens.
            `reset`, `close`, `half-close`, `hang`, `delay` and `dribble` strike at a byte, see `at` and `after`:
            the connection is reset, closed, or closed for sending only; nothing more comes; nothing comes for
            `seconds`; what is left comes `size` bytes every `every` seconds.
            `answer` and `garbage` send `content` in place of a reply; after garbage the connection is closed.
            `truncated`, `truncated-chunked` and `bad-chunk` spoil the reply after so many bytes (`after`) of its
            body, and close. `both-lengths` sends Content-Length and chunks, `surplus` adds `content` behind the
            reply, `huge-headers` a field of `size` bytes, `gzip-bomb` has a body that inflates to `size` bytes.
            `huge-length` announces 10 GB, then hangs; `endless-1xx` sends interim replies, one every `every`
            seconds, until the client has left.
        at: what `after` counts from, for the kinds that strike at a byte: `connect` (no byte is read),
            `request`, `reply`, or `body` (of the reply).
        after: how many bytes pass before the fault, framing included where it strikes at a byte.
        work: what the server gets of the request: `done`: it answers before the fault is played; `skipped`:
            it never sees it; `late`: it gets it `seconds` after the fault, when the client has gone or has its
            answer. A fault at `connect` or `request` that ends the connection is always `skipped`.
        content: what is sent, where the kind sends something of its own; where the server gave no reply, the
            body of the reply that is spoiled instead of it.
        size: bytes; None is 1 MiB of header, 256 MiB of bomb, 1 byte to dribble.
        every: seconds between two pieces.
        seconds: how long a delay is, and how late late work is.

    Example:
        >>> WireFault("reset", at="body", after=10).work
        'done'
    """

    kind: Kind
    at: Literal["connect", "request", "reply", "body"] = "reply"
    after: int = 0
    work: Literal["done", "skipped", "late"] = "done"
    content: bytes | None = None
    size: int | None = None
    every: float = 0.02
    seconds: float = 0.0

    def __post_init__(self) -> None:
        for name in ("kind", "at", "work"):
            allowed = get_args({"kind": Kind, "at": _AT, "work": _WORK}[name])
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}")
        if self.at in ("connect", "request") and self.kind not in _BEFORE_REPLY:
            raise ValueError(f"at={self.at!r} is for the kinds {', '.join(_BEFORE_REPLY)}, not for {self.kind!r}")
        if self.kind == "answer" and self.content is None:
            raise ValueError("content must be given: it is the answer")
        if self.after < 0 or (self.size is not None and self.size < 1):
            raise ValueError("after must be 0 or more, and size 1 or more")
        if not all(math.isfinite(value) and value >= 0 for value in (self.every, self.seconds)):
            raise ValueError("every and seconds must be 0 or more")

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> WireFault:
        """A fault from a JSON object, its `content` as text."""
        unknown = value.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        content = value.get("content")
        return cls(**value | ({"content": str(content).encode("latin-1")} if content is not None else {}))

    @property
    def before_reply(self) -> bool:
        """Whether it strikes before the server is asked."""
        return self.at in ("connect", "request")


_AT = Literal["connect", "request", "reply", "body"]
_WORK = Literal["done", "skipped", "late"]


class Peer:
    """The client's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.read_ahead = b""

    async def send(self, data: bytes) -> None:
        """Send, as fast as it is taken; ConnectionError once the client has left."""
        self.writer.write(data)
        await self.writer.drain()
        if self.writer.is_closing():
            raise ConnectionResetError

    async def gone(self) -> None:
        """Wait until the client has left, or sends something more."""
        if not self.read_ahead:
            self.read_ahead = await self.reader.read(1)

    async def gone_within(self, seconds: float) -> bool:
        """Wait for so many seconds; whether the client has left meanwhile."""
        leaving = asyncio.ensure_future(self.gone())
        try:
            done, _ = await asyncio.wait({leaving}, timeout=seconds)
        finally:
            leaving.cancel()
        return bool(done) and not self.read_ahead

    def end(self, kind: str) -> None:
        """Reset or close the connection, or close it for sending only."""
        if kind == "half-close":
            self.writer.write_eof()
        elif kind == "close":
            self.writer.close()
        else:
            sock = self.writer.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            self.writer.transport.abort()


async def strike_now(fault: WireFault, peer: Peer) -> bool:
    """Play a fault at the byte it is for; whether what is left is to follow."""
    if fault.kind == "delay":
        return not await peer.gone_within(fault.seconds)
    if fault.kind != "hang":
        peer.end(fault.kind)
    if fault.kind in ("hang", "half-close"):
        await peer.gone()
    return False


async def play(fault: WireFault, reply: Reply, peer: Peer) -> bool:
    """Send a reply as a fault wants it; whether the connection can be used again."""
    if fault.kind in ("answer", "garbage"):
        await peer.send(_GARBAGE if fault.content is None else fault.content)
        return fault.kind == "answer"
    if fault.kind == "endless-1xx":
        while not await peer.gone_within(fault.every):
            await peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        return False
    if fault.kind in get_args(_AtByte):
        return await _strike_at_byte(fault, reply, peer)
    async for data in _SPOILED[fault.kind](fault, reply):
        await peer.send(data)
    if fault.kind == "huge-length":
        await peer.gone()
    return fault.kind in ("both-lengths", "surplus", "huge-headers", "gzip-bomb")


_AtByte = Literal["reset", "close", "half-close", "hang", "delay", "dribble"]


async def _strike_at_byte(fault: WireFault, reply: Reply, peer: Peer) -> bool:
    left = fault.after + (len(bytes(reply.head)) if fault.at == "body" else 0)
    struck = False
    async for data in framed(reply):
        rest = data
        if not struck:
            now, rest = data[:left], data[left:]
            left -= len(now)
            await peer.send(now)
            struck = left == 0 and (bool(rest) or fault.kind != "dribble")
            if struck and fault.kind != "dribble" and not await strike_now(fault, peer):
                return False
        if struck and fault.kind == "dribble":
            await _dribble(rest, fault, peer)
        elif rest:
            await peer.send(rest)
    return True


async def _dribble(data: bytes, fault: WireFault, peer: Peer) -> None:
    size = fault.size or _SIZES["dribble"]
    for start in range(0, len(data), size):
        if await peer.gone_within(fault.every):
            raise ConnectionResetError
        await peer.send(data[start : start + size])


async def _first_bytes(reply: Reply, size: int) -> AsyncGenerator[bytes, None]:
    async for piece in reply.pieces if size else ():  # type: ignore[union-attr]
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return
