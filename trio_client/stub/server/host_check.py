"""The layer before all others: it answers no foreign Host or Origin."""

from __future__ import annotations

import json

from starlette.types import ASGIApp, Receive, Scope, Send

from ..api.allowed_hosts import AllowedHosts
from ..documented.errors import ApiError
from ..faults.apply import send_reply

__all__ = ["HostCheck"]


class HostCheck:
    """Refuses foreign requests with 403, before they are read or recorded."""

    def __init__(self, app: ASGIApp, allowed: AllowedHosts) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] == "http":
            try:
                self._allowed.check(
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
                )
            except ApiError as error:
                await send_reply(send, error.status, json.dumps(error.body()).encode(), {"connection": "close"})
                return
        await self._app(scope, receive, send)
