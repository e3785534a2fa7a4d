"""This client over the connections of aiohttp."""

from __future__ import annotations

import httpx
from httpx_aiohttp import HttpxAiohttpClient

from trio_client import AsyncTrioClient

from . import ours
from .wire import KEY


class Async(ours.Async):
    def __init__(self, url: str, _: str) -> None:
        self._http = HttpxAiohttpClient(limits=httpx.Limits(max_connections=10_000))
        self._client = AsyncTrioClient(KEY, base_url=url, http_client=self._http)

    async def close(self) -> None:
        await super().close()
        await self._http.aclose()
