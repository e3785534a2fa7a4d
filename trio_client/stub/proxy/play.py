"""How a fault is played to a client. What is played is cut short when the client leaves."""

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

__all__ = ["TROUBLE", "Peer", "pass_on", "play", "strike_early", "unless_left"]

# What a connection ends in that is not what it should be; an EOFError: it was cut off.
TROUBLE = (OSError, EOFError, ValueError)

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
        """Send, as fast as it is taken."""
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0)  # so that what is endless can be cut short

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


async def pass_on(reply: Reply, peer: Peer) -> bool:
    """Send a reply as it is; whether its end can be told."""
    async for data in framed(reply):
        await peer.send(data)
    return reply.head.chunked or bool(reply.head.get("content-length")) or " 204" in reply.head.start


async def unless_left(work: Coroutine[Any, Any, bool], reader: asyncio.StreamReader) -> tuple[bool, bytes]:
    """Do something until the client leaves: what came of it, and what the client sent meanwhile."""
    doing, leaving = asyncio.create_task(work), asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if leaving.done() and not leaving.exception() and leaving.result():
            await asyncio.wait({doing})  # the client is still there
    finally:
        doing.cancel()
        leaving.cancel()
        outcome, ahead = await asyncio.gather(doing, leaving, return_exceptions=True)
    if isinstance(outcome, BaseException) and not isinstance(outcome, (asyncio.CancelledError, *TROUBLE)):
        raise outcome
    return outcome is True, ahead if isinstance(ahead, bytes) else b""


async def strike_early(fault: WireFault, peer: Peer) -> bool:
    """Strike before the whole request is read; whether the connection goes on."""
    if fault.kind == "delay":
        return await _strike(fault, peer)
    await unless_left(_strike(fault, peer), peer.reader)
    return False


async def _strike(fault: WireFault, peer: Peer) -> bool:
    """Do what is to be done at the byte; whether the rest follows."""
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
        return True
    if fault.kind != "hang":
        peer.end(fault.kind)
    if fault.kind in ("hang", "half-close"):
        await _until_the_client_leaves()
    return False


async def play(fault: WireFault, reply: Reply, peer: Peer) -> bool:
    """Send a reply as the fault wants it; whether the connection can serve another request."""
    if fault.at_byte:
        return await _strike_in(fault, reply, peer)
    async for data in _spoiled(fault, reply):
        await peer.send(data)
    return fault.kind in ("answer", "both-lengths", "surplus", "huge-headers", "gzip-bomb")


async def _strike_in(fault: WireFault, reply: Reply, peer: Peer) -> bool:
    """Send a reply up to the byte, strike, and send the rest if it follows."""
    left = fault.after + (len(bytes(reply.head)) if fault.at == "body" else 0)
    struck = False
    async for data in framed(reply):
        rest = data
        if not struck:
            await peer.send(data[:left])
            rest, left = data[left:], left - len(data)
            if left > 0:
                continue
            struck = True
            if fault.kind != "dribble" and not await _strike(fault, peer):
                return False
        await _send_rest(rest, fault, peer)
    return struck or fault.kind == "dribble" or await _strike(fault, peer)


async def _send_rest(data: bytes, fault: WireFault, peer: Peer) -> None:
    if fault.kind != "dribble":
        await peer.send(data)
        return
    size = fault.size or 1
    for start in range(0, len(data), size):
        await asyncio.sleep(fault.every)
        await peer.send(data[start : start + size])


async def _spoiled(fault: WireFault, reply: Reply) -> AsyncGenerator[bytes, None]:
    """What is sent instead of a reply."""
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
            yield b"no number\r\n"
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
        await _until_the_client_leaves()
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
    """So many zeros, compressed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = [packer.compress(bytes(min(_MIB, size - start))) for start in range(0, size, _MIB)]
    return b"".join(packed) + packer.flush()


async def _until_the_client_leaves() -> None:
    await asyncio.Event().wait()
