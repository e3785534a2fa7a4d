"""The ASGI protocol, as far as a receiver of webhooks needs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import anyio

from ._receiver import TOO_SLOW, Answer, Receiver

__all__ = ["Receive", "Scope", "Send", "answer", "live", "read"]

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def read(receive: Receive, receiver: Receiver) -> bytes | Answer | None:
    """Return the body, the answer to one that is too large or does not come, `None` if the sender hung up."""
    body = bytearray()
    with anyio.move_on_after(receiver.body_timeout):
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            body += message.get("body", b"")
            if len(body) > receiver.max_body_bytes:
                return receiver.too_large()
            if not message.get("more_body", False):
                return bytes(body)
    return TOO_SLOW


async def answer(send: Send, text: Answer) -> None:
    """Send an answer."""
    headers = [(name.lower().encode(), value.encode()) for name, value in text.headers.items()]
    await send({"type": "http.response.start", "status": text.status, "headers": headers})
    await send({"type": "http.response.body", "body": text.body})


async def live(receive: Receive, send: Send) -> None:
    """Take part in the server's start and end; there is nothing to do at either."""
    while True:
        step = str((await receive())["type"])
        await send({"type": f"{step}.complete"})
        if step == "lifespan.shutdown":
            return
