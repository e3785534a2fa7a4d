"""Read what can be read of a reply whose schema does not hold."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError

from .._job_context import logger
from .._json import as_count, as_object, parse_json, read_items
from .._redaction import preview
from ..errors import ResponseWarning
from ..models._base import ListPageModel, note_received

__all__ = ["TooManyUnreadableError", "name_of", "salvage"]

_M = TypeVar("_M", bound=BaseModel)
_SHOWN_PLACES = 20  # as many as fit into a warning
_MOST_UNREADABLE = 1000


class TooManyUnreadableError(Exception):
    """A page has more than 1,000 items that cannot be read."""


def name_of(model: type[BaseModel]) -> str:
    """Return what a caller calls a model: the type that `request` was asked for, or the model's name."""
    if not issubclass(model, RootModel):
        return model.__name__
    wanted = model.model_fields["root"].annotation
    return (
        wanted.__name__
        if isinstance(wanted, type) and get_origin(wanted) is None
        else str(wanted).replace("typing.", "")
    )


def salvage(model: type[_M], content: bytes) -> _M | None:
    """Return the model without what cannot be read, or `None` if too little is left of it.

    Raises:
        TooManyUnreadableError: it is a page of which hardly anything can be read.
    """
    if issubclass(model, ListPageModel):
        return _salvaged_page(model, content)
    try:
        data: Any = parse_json(content)
    except ValueError:
        return None
    found, places = _without_bad_fields(model, data)
    _warn_of_fields(model, _Places().add(places))
    return found


@dataclass(slots=True)
class _Places:
    """Where values were left out: all are counted, and the first ones kept."""

    count: int = 0
    first: list[str] = field(default_factory=list[str])

    def add(self, places: Sequence[str]) -> _Places:
        self.count += len(places)
        self.first += places[: _SHOWN_PLACES - len(self.first)]
        return self

    def __str__(self) -> str:
        return preview(", ".join(self.first))


def _salvaged_page(model: type[_M], content: bytes) -> _M | None:
    """Return a page with the items that can be read; each is read and dropped before the next one is."""
    assert issubclass(model, ListPageModel)
    name = model.items_name
    item_model: type[BaseModel] = get_args(model.model_fields[name].annotation)[0]
    jobs: list[BaseModel] = []
    fields, unreadable = _Places(), _Places()

    def read(item: Any) -> None:
        place = f"{name}[{len(jobs) + unreadable.count}]"
        job, odd = _without_bad_fields(item_model, item)
        if job is None:
            unreadable.add([place])
            if unreadable.count > _MOST_UNREADABLE:
                raise TooManyUnreadableError
            return
        jobs.append(job)
        fields.add([f"{place}.{each}" for each in odd])

    try:
        data = read_items(content, name, read)
    except ValueError:
        return None
    is_empty = data.get(name) is None and as_count(data.get("total")) == 0
    if not is_empty and not isinstance(data.get(name), list):
        return None
    page, odd = _without_bad_fields(model, {**data, name: []})
    fields.add(odd)
    received = len(jobs) + unreadable.count
    if page is not None:
        setattr(page, name, jobs)
        note_received(page, received)
    _warn_of_fields(model, fields)
    if unreadable.count:
        warnings.warn(
            f"{unreadable.count} of {received} jobs in the page could not be read and were left out: {unreadable}",
            ResponseWarning,
            stacklevel=2,
        )
    return page


def _warn_of_fields(model: type[BaseModel], places: _Places) -> None:
    """Log once for a reply which of its fields could not be read."""
    if places.count:
        logger.warning(
            "%d fields of a %s could not be read and were left out: %s", places.count, model.__name__, places
        )


def _without_bad_fields(model: type[_M], data: Any) -> tuple[_M | None, list[str]]:
    """Return the model without the optional fields whose values cannot be read, and the places of those.

    Only what makes it useless counts: a job with an id can be polled and stopped, whatever else is wrong.
    """
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
    left_out = [each["loc"] for each in problems if not _repaired(data, each["loc"], each["type"])]
    try:
        found = model.model_validate(data)
    except ValidationError:
        return None, []
    return found, [".".join(map(str, place)) for place in left_out]


def _repaired(data: Any, place: Sequence[int | str], problem: str) -> bool:
    """Turn a number that should be text into text, and return `True`; else remove what is at that place.

    The place may end in names of types, which are no keys.
    """
    holder: dict[str, Any] = {}
    key = ""
    for step in map(str, place):
        inner = as_object(data)
        if step not in inner:
            break
        holder, key = inner, step
        data = inner[step]
    value = holder.pop(key, None)
    if problem == "string_type" and isinstance(value, (int, float)) and not isinstance(value, bool):
        holder[key] = str(value)
        return True
    return False
