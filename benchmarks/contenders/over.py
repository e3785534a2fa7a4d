"""This client over the connections of aiohttp."""

from __future__ import annotations

from trio_client import AsyncTrioClient
from trio_client.contrib.aiohttp import AiohttpClient

from . import ours
from .wire import KEY


class Async(ours.Async):
    def __init__(self, url: str, _: str) -> None:
        self._http = AiohttpClient()
        self._client = AsyncTrioClient(KEY, base_url=url, http_client=self._http)

    async def close(self) -> None:
        await super().close()
        await self._http.aclose()
