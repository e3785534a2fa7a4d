"""openai and anthropic: clients of one generator, by their calls for paths that they do not know."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from itertools import islice
from typing import Any, Generic, TypeVar

from .wire import CHECK, JOB_ID, KEY, models, monitor

_T = TypeVar("_T")


class _Generated:
    """What both sides share."""

    def __init__(self, side: str, url: str, package: str) -> None:
        self._library: Any = import_module(package)
        self._models = models(self._library.BaseModel)
        name = side + {"openai": "OpenAI", "anthropic": "Anthropic"}[package]
        self._client: Any = getattr(self._library, name)(api_key=KEY, base_url=url)

    def _stream(self, condition: str) -> Any:
        kind = "AsyncStream" if "Async" in type(self._client).__name__ else "Stream"
        stream = getattr(self._library, kind)[self._models.event]
        return self._client.post(
            "/live-monitor", body=monitor(condition), cast_to=self._models.event, stream=True, stream_cls=stream
        )


class Sync(_Generated):
    def __init__(self, url: str, package: str) -> None:
        super().__init__("", url, package)
        self._page = offset_page(import_module(f"{package}.pagination"))

    def get(self) -> object:
        return self._client.get(f"/jobs/{JOB_ID}", cast_to=self._models.detail)

    def post(self) -> object:
        return self._client.post("/check-once", body=CHECK, cast_to=self._models.check)

    def stream(self, condition: str, _read: bool) -> int:
        with self._stream(condition) as events:
            return sum(1 for _ in events)

    def jobs(self, count: int) -> int:
        first = self._client.get_api_list(
            "/jobs",
            page=self._page[self._models.job],
            model=self._models.job,
            options={"params": {"limit": 100, "offset": 0}},
        )
        return sum(1 for _ in islice(first, count))

    def close(self) -> None:
        self._client.close()


class Async(_Generated):
    def __init__(self, url: str, package: str) -> None:
        super().__init__("Async", url, package)

    async def get(self) -> object:
        return await self._client.get(f"/jobs/{JOB_ID}", cast_to=self._models.detail)

    async def post(self) -> object:
        return await self._client.post("/check-once", body=CHECK, cast_to=self._models.check)

    async def stream(self, condition: str, _read: bool) -> int:
        seen = 0
        async with await self._stream(condition) as events:
            async for _ in events:
                seen += 1
        return seen

    async def close(self) -> None:
        await self._client.close()


@cache
def offset_page(library: Any) -> Any:
    """Return a page class of theirs that goes on by offset, as our server's lists do."""

    class OffsetPage(library.BaseSyncPage[_T], library.BasePage[_T], Generic[_T]):  # type: ignore[misc]
        jobs: list[_T]
        total: int
        offset: int

        def _get_page_items(self) -> list[_T]:
            return self.jobs

        def next_page_info(self) -> Any:
            after = self.offset + len(self.jobs)
            return library.PageInfo(params={"offset": after}) if after < self.total else None

    return OffsetPage
