"""The items of any list, for `api --all`."""

from __future__ import annotations

import json
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple

from .._core.paging import PageCursor
from .._json import as_array, as_object
from ._exits import UsageError

__all__ = ["Item", "ItemCursor"]

_TOTALS = ("total", "total_items")
_LISTS = ("jobs", "items")


class Item(NamedTuple):
    """An item of a list, and what identifies it."""

    key: str
    value: Any


class ItemCursor(PageCursor[dict[str, Any], Item]):
    """Walk through the items of a list, whatever it is."""

    _id: ClassVar[attrgetter[str | None]] = attrgetter("key")

    def _read(self, page: dict[str, Any]) -> tuple[list[Item], int | None, int]:
        items = _items(page)
        totals = [page[name] for name in _TOTALS if type(page.get(name)) is int]
        return [Item(_key(each), each) for each in items], totals[0] if totals else None, len(items)


def _items(page: dict[str, Any]) -> list[Any]:
    """Return the one list of a page; null is an empty one."""
    lists = [as_array(value) for value in page.values() if isinstance(value, list)]
    if not lists and any(page.get(name, page) is None for name in _LISTS):
        return []
    if len(lists) != 1:
        raise UsageError("The reply is not a page of a list; leave out --all.")
    return lists[0]


def _key(item: Any) -> str:
    """Return what identifies an item of a list: its id, else all of it."""
    found = as_object(item)
    return str(found.get("job_id") or found.get("id") or json.dumps(item, sort_keys=True, default=str))
