"""The part of the ASGI protocol that a webhook receiver needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import anyio

from ._receiver import OVERLOADED, TOO_SLOW, Answer, Held, Receiver

__all__ = ["Receive", "Scope", "Send", "answer", "lifespan", "read"]

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def read(receive: Receive, receiver: Receiver, held: Held) -> bytes | Answer | None:
    """Return the body; the answer to one that is too large or too slow; `None` if the sender disconnected."""
    body = bytearray()
    with anyio.move_on_after(receiver.body_timeout):
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            piece = message.get("body", b"")
            if len(body) + len(piece) > receiver.max_body_bytes:
                return receiver.too_large()
            if not held.add(len(piece)):
                return OVERLOADED
            body += piece
            if not message.get("more_body", False):
                return bytes(body)
    return TOO_SLOW


async def answer(send: Send, text: Answer) -> None:
    """Send an answer."""
    headers = [(name.lower().encode(), value.encode()) for name, value in text.headers.items()]
    await send({"type": "http.response.start", "status": text.status, "headers": headers})
    await send({"type": "http.response.body", "body": text.body})


async def lifespan(receive: Receive, send: Send) -> None:
    """Acknowledge the server's startup and shutdown; there is nothing to do for either."""
    while True:
        step = str((await receive())["type"])
        await send({"type": f"{step}.complete"})
        if step == "lifespan.shutdown":
            return
