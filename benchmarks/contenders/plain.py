"""httpx with httpx-sse, and httpx2: what one writes by hand."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from .wire import CHECK, CONDITION, HEADERS, JOB_ID, models, monitor

PAGE = 100
CREATE, CLOSE = monitor(CONDITION), {"connection": "close"}


class _Plain:
    """What both sides share."""

    def __init__(self, url: str, package: str) -> None:
        self._url = url
        self._library: Any = import_module(package)
        self._reads_events = package == "httpx2"
        self._typed = models().event.model_validate

    def _read(self, found: Any) -> tuple[object, ...]:
        """Make a model of an event, and read what a program reads of it."""
        event = self._typed(json.loads(found.data))
        return found.event, event.job_id, event.timestamp, event.explanation or event.checks_performed

    def _settings(self) -> dict[str, Any]:
        limits = self._library.Limits(max_connections=1000, max_keepalive_connections=100)
        return {"headers": HEADERS, "limits": limits, "timeout": self._library.Timeout(60)}


class Sync(_Plain):
    def __init__(self, url: str, package: str) -> None:
        super().__init__(url, package)
        self._client = self._library.Client(**self._settings())

    def get(self) -> object:
        return self._client.get(f"{self._url}/jobs/{JOB_ID}").json()

    def post(self) -> object:
        return self._client.post(f"{self._url}/check-once", json=CHECK).json()

    def create(self) -> object:
        """On a connection of its own, as this client's: one that was used before may be closing just then."""
        return self._client.post(f"{self._url}/live-monitor", json=CREATE, headers=CLOSE).json()

    def stream(self, condition: str, read: bool) -> int:
        seen = 0
        with self._connect(monitor(condition)) as source:
            for event in source if self._reads_events else source.iter_sse():
                if read:
                    self._read(event)
                seen += 1
        return seen

    def _connect(self, body: dict[str, str]) -> Any:
        url = f"{self._url}/live-monitor"
        if self._reads_events:
            return self._client.sse(url, method="POST", json=body)
        return import_module("httpx_sse").connect_sse(self._client, "POST", url, json=body)

    def jobs(self, count: int) -> int:
        seen = 0
        for offset in range(0, count, PAGE):
            page = self._client.get(f"{self._url}/jobs", params={"limit": PAGE, "offset": offset}).json()
            seen += len(page["jobs"])
        return seen

    def close(self) -> None:
        self._client.close()


class Async(_Plain):
    def __init__(self, url: str, package: str) -> None:
        super().__init__(url, package)
        self._client = self._library.AsyncClient(**self._settings())

    async def get(self) -> object:
        return (await self._client.get(f"{self._url}/jobs/{JOB_ID}")).json()

    async def post(self) -> object:
        return (await self._client.post(f"{self._url}/check-once", json=CHECK)).json()

    async def create(self) -> object:
        return (await self._client.post(f"{self._url}/live-monitor", json=CREATE, headers=CLOSE)).json()

    async def stream(self, condition: str, read: bool) -> int:
        seen = 0
        async with self._connect(monitor(condition)) as source:
            async for event in source if self._reads_events else source.aiter_sse():
                if read:
                    self._read(event)
                seen += 1
        return seen

    def _connect(self, body: dict[str, str]) -> Any:
        url = f"{self._url}/live-monitor"
        if self._reads_events:
            return self._client.sse(url, method="POST", json=body)
        return import_module("httpx_sse").aconnect_sse(self._client, "POST", url, json=body)

    async def close(self) -> None:
        await self._client.aclose()
