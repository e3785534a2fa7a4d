"""openai, by its calls for paths that it does not know."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from itertools import islice
from typing import Any, Generic, TypeVar

from .wire import JOB_ID, KEY, models

_T = TypeVar("_T")


class Sync:
    def __init__(self, url: str, package: str) -> None:
        library: Any = import_module(package)
        self._models = models(library.BaseModel)
        self._client: Any = library.OpenAI(api_key=KEY, base_url=url)
        self._page = offset_page(import_module(f"{package}.pagination"))

    def get(self) -> object:
        return self._client.get(f"/jobs/{JOB_ID}", cast_to=self._models.detail)

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


class Async:
    def __init__(self, url: str, package: str) -> None:
        library: Any = import_module(package)
        self._models = models(library.BaseModel)
        self._client: Any = library.AsyncOpenAI(api_key=KEY, base_url=url)

    async def get(self) -> object:
        return await self._client.get(f"/jobs/{JOB_ID}", cast_to=self._models.detail)

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
