"""What tools return: a short structure, masked, and at most one picture."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final

from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ContentBlock, ImageContent, TextContent
from pydantic import TypeAdapter

from ..._json import as_array, as_object
from ..._redaction import known_keys, mask, masked, url_secrets
from ...errors import TrioError
from ...events import Event
from ...models import CancelledJob, JobDetail, StreamValidation
from ._outputs import Answered, Checked, Estimated, JobList, Watched

__all__ = ["Masker", "event_data", "result"]

_DROPPED: Final = ("raw", "frame", "grid", "dedup_key", "name", "delivery")


def _names(schema: Any) -> Iterator[str]:
    """Yield the names of all properties in a JSON Schema."""
    if isinstance(schema, list):
        for each in as_array(schema):
            yield from _names(each)
    elif isinstance(schema, dict):
        for key, each in as_object(schema).items():
            if key == "properties":
                yield from as_object(each)
            yield from _names(each)


def _names_of(*structures: Any) -> frozenset[str]:
    return frozenset(name for each in structures for name in _names(TypeAdapter(each).json_schema()))


_OWN_NAMES: Final = _names_of(
    *(Checked, Answered, Watched, JobList, Estimated),
    *(StreamValidation, JobDetail, CancelledJob, Event),
)


class Masker:
    """Masks the keys of the clients, and the credentials of the streams that were asked about."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def protect(self, *urls: str) -> None:
        """Mask the secrets in these URLs from now on."""
        self._secrets.update(secret for url in urls for secret in url_secrets(url))

    def value(self, value: Any) -> Any:
        """Return a masked copy of a JSON-like value; what the tools name themselves keeps its name."""
        return masked(value, self.secrets, known_names=_OWN_NAMES)

    @contextmanager
    def errors(self) -> Generator[None]:
        """Raise an error of the client as one that the model may read, with its text."""
        try:
            yield
        except TrioError as error:
            raise ToolError(mask(str(error), self.secrets)) from None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What is masked."""
        return (*known_keys(), *self._secrets)


def result(data: dict[str, Any], picture: ImageContent | None = None) -> CallToolResult:
    """Return a structure, as text too for programs that read nothing else, and a picture."""
    content: list[ContentBlock] = [TextContent(text=json.dumps(data, ensure_ascii=False))]
    if picture is not None:
        content.append(picture)
    return CallToolResult(content=content, structured_content=data)


def event_data(event: Event) -> dict[str, Any]:
    """Return an event as JSON, without its picture and what is not known."""
    return {name: value for name, value in event.to_dict().items() if value is not None and name not in _DROPPED}
