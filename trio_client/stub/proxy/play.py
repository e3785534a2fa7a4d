"""How a fault reaches the client. It ends early when the client disconnects."""

from __future__ import annotations

import asyncio
import functools
import os
import socket
import struct
import zlib
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from .wire import Reply, as_chunk, framed
from .wire_fault import WireFault

__all__ = ["CONNECTION_ERRORS", "Peer", "apply_early", "forward", "play", "until_disconnect"]

# What reading from a connection that is cut off, reset or malformed raises.
CONNECTION_ERRORS = (OSError, EOFError, ValueError)

_LINGER_ZERO = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_GARBAGE = b"\x16\x03\x01 this is not HTTP \xff\r\n\r\n"
_INTERIM = b"HTTP/1.1 103 Early Hints\r\n\r\n"
_SURPLUS = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\r\n{"job_id": "surplus"}'
_MISSING = 100
_MIB = 2**20


class Peer:
    """The client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send at the client's pace."""
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0)  # so that an endless reply can be cancelled

    def end(self, kind: str) -> None:
        """Reset the connection, close it, or close it for sending only."""
        if kind == "half-close":
            self.writer.write_eof()
        elif kind == "close":
            self.writer.close()
        else:
            sock = self.writer.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            self.writer.transport.abort()


async def forward(reply: Reply, peer: Peer) -> bool:
    """Send a reply unchanged; returns whether the client can see its end."""
    async for data in framed(reply):
        await peer.send(data)
    return reply.head.chunked or bool(reply.head.get("content-length")) or " 204" in reply.head.start


async def until_disconnect(work: Coroutine[Any, Any, bool], reader: asyncio.StreamReader) -> tuple[bool, bytes]:
    """Run `work` until the client disconnects: its result, and what the client sent meanwhile."""
    doing, leaving = asyncio.create_task(work), asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if leaving.done() and not leaving.exception() and leaving.result():
            await asyncio.wait({doing})  # the client is still connected
    finally:
        doing.cancel()
        leaving.cancel()
        outcome, ahead = await asyncio.gather(doing, leaving, return_exceptions=True)
    if isinstance(outcome, BaseException) and not isinstance(outcome, (asyncio.CancelledError, *CONNECTION_ERRORS)):
        raise outcome
    return outcome is True, ahead if isinstance(ahead, bytes) else b""


async def apply_early(fault: WireFault, peer: Peer) -> bool:
    """Apply the fault before the whole request is read; returns whether the connection continues."""
    if fault.kind == "delay":
        return await _apply(fault, peer)
    await until_disconnect(_apply(fault, peer), peer.reader)
    return False


async def _apply(fault: WireFault, peer: Peer) -> bool:
    """Apply the fault at its byte; returns whether the rest is sent."""
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
        return True
    if fault.kind != "hang":
        peer.end(fault.kind)
    if fault.kind in ("hang", "half-close"):
        await _until_cancelled()
    return False


async def play(fault: WireFault, reply: Reply, peer: Peer) -> bool:
    """Send a reply with the fault; returns whether the connection can serve another request."""
    if fault.at_byte:
        return await _apply_in(fault, reply, peer)
    async for data in _corrupted(fault, reply):
        await peer.send(data)
    return fault.kind in ("answer", "both-lengths", "surplus", "huge-headers", "gzip-bomb")


async def _apply_in(fault: WireFault, reply: Reply, peer: Peer) -> bool:
    """Send a reply up to the byte, apply the fault, and send the rest if the fault allows it."""
    left = fault.after + (len(bytes(reply.head)) if fault.at == "body" else 0)
    applied = False
    async for data in framed(reply):
        rest = data
        if not applied:
            await peer.send(data[:left])
            rest, left = data[left:], left - len(data)
            if left > 0:
                continue
            applied = True
            if fault.kind != "dribble" and not await _apply(fault, peer):
                return False
        await _send_rest(rest, fault, peer)
    return applied or fault.kind == "dribble" or await _apply(fault, peer)


async def _send_rest(data: bytes, fault: WireFault, peer: Peer) -> None:
    if fault.kind != "dribble":
        await peer.send(data)
        return
    size = fault.size or 1
    for start in range(0, len(data), size):
        await asyncio.sleep(fault.every)
        await peer.send(data[start : start + size])


async def _corrupted(fault: WireFault, reply: Reply) -> AsyncGenerator[bytes, None]:
    """What is sent in place of a reply."""
    plain = reply.head.changed(content_length=None, transfer_encoding=None)
    if fault.kind in ("answer", "garbage"):
        yield fault.content or _GARBAGE
    elif fault.kind == "truncated":
        yield bytes(plain.changed(content_length=str(fault.after + _MISSING)))
        async for piece in _first(fault.after, reply):
            yield piece
    elif fault.kind in ("truncated-chunked", "bad-chunk"):
        yield bytes(plain.changed(transfer_encoding="chunked"))
        async for piece in _first(fault.after, reply):
            yield as_chunk(piece)
        if fault.kind == "bad-chunk":
            yield b"not a number\r\n"
    elif fault.kind == "both-lengths":
        async for data in framed(Reply(plain.changed(content_length="5", transfer_encoding="chunked"), reply.pieces)):
            yield data
    elif fault.kind == "surplus":
        held = b""
        async for data in framed(reply):
            yield held
            held = data
        yield held + (fault.content or _SURPLUS)  # at once, so that it comes before the next request goes
    elif fault.kind == "huge-headers":
        async for data in framed(Reply(reply.head.changed(x_filler="x" * (fault.size or _MIB)), reply.pieces)):
            yield data
    elif fault.kind == "huge-length":
        yield bytes(plain.changed(content_length="10000000000"))
        async for piece in reply.pieces:
            yield piece
        await _until_cancelled()
    elif fault.kind == "endless-1xx":
        while True:
            yield _INTERIM
            await asyncio.sleep(fault.every)
    else:
        bomb = _bomb(fault.size or 64 * _MIB)
        yield bytes(plain.changed(content_encoding="gzip", content_length=str(len(bomb))))
        yield bomb


async def _first(size: int, reply: Reply) -> AsyncGenerator[bytes, None]:
    """The first bytes of a reply's body."""
    if size:
        async for piece in reply.pieces:
            yield piece[:size]
            size -= len(piece)
            if size <= 0:
                return


@functools.lru_cache(maxsize=2)
def _bomb(size: int) -> bytes:
    """`size` zeros, compressed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = [packer.compress(bytes(min(_MIB, size - start))) for start in range(0, size, _MIB)]
    return b"".join(packed) + packer.flush()


async def _until_cancelled() -> None:
    await asyncio.Event().wait()
