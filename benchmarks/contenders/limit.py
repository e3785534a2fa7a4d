"""aiohttp, with as little around it as there can be: what is possible in Python."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from .wire import HEADERS, JOB_ID, monitor


class Async:
    def __init__(self, url: str, package: str) -> None:
        library: Any = import_module(package)
        self._url = url
        kept, fresh = library.TCPConnector(limit=0), library.TCPConnector(limit=0, force_close=True)
        self._session = library.ClientSession(headers=HEADERS, connector=kept)
        self._fresh = library.ClientSession(headers=HEADERS, connector=fresh)

    async def get(self) -> object:
        async with self._session.get(f"{self._url}/jobs/{JOB_ID}") as reply:
            return await reply.json()

    async def stream(self, condition: str, _read: bool) -> int:
        seen = 0
        async with self._fresh.post(f"{self._url}/live-monitor", json=monitor(condition)) as reply:
            async for line in reply.content:
                if line.startswith(b"data:"):
                    json.loads(line[5:])
                    seen += 1
        return seen

    async def close(self) -> None:
        await self._session.close()
        await self._fresh.close()
