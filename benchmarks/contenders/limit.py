"""aiohttp, with as little around it as there can be: what is possible in Python."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from .wire import CHECK, HEADERS, JOB_ID, monitor


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

    async def post(self) -> object:
        async with self._session.post(f"{self._url}/check-once", json=CHECK) as reply:
            return await reply.json()

    async def stream(self, condition: str, read: bool) -> int:
        async with self._fresh.post(f"{self._url}/live-monitor", json=monitor(condition)) as reply:
            return await (_parsed(reply.content) if read else _counted(reply.content))

    async def close(self) -> None:
        await self._session.close()
        await self._fresh.close()


async def _counted(content: Any) -> int:
    seen, last = 0, b""
    async for chunk in content.iter_any():
        seen += (last + chunk).count(b"\n\n")
        last = chunk[-1:]
    return seen


async def _parsed(content: Any) -> int:
    seen = 0
    async for line in content:
        if line.startswith(b"data:"):
            json.loads(line[5:])
            seen += 1
    return seen
