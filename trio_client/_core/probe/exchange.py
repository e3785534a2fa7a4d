"""What was sent and what came back, as the facts read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..._json import as_object, parse_json
from ...sse import decode

__all__ = ["Delivery", "Evidence", "Exchange"]


@dataclass(frozen=True)
class Exchange:
    """One request, and what became of it.

    Attributes:
        label: what it was sent to find out.
        at: when it was sent.
        answered: when its reply began; `None`: there was none.
        complete: whether the reply came to its end.
        unsent: whether no connection was made.
    """

    label: str
    method: str
    path: str
    at: datetime
    body: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes = b""
    answered: datetime | None = None
    complete: bool = False
    unsent: bool = False

    @property
    def json(self) -> dict[str, Any]:
        """The reply as an object; an empty one if it is none."""
        try:
            return as_object(parse_json(self.content))
        except ValueError:
            return {}

    @property
    def kind(self) -> str | None:
        """How the request was answered: `event-stream`, `json`, `refused` or `other`; `None`: not at all."""
        if self.status is None:
            return None
        if self.status >= 300:
            return "refused"
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return {"text/event-stream": "event-stream", "application/json": "json"}.get(media_type, "other")

    @property
    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """The events of the reply: names and data."""
        if self.kind != "event-stream":
            return []
        found: list[tuple[str, dict[str, Any]]] = []
        for event in decode([self.content]):
            try:
                data = as_object(parse_json(event.data))
            except ValueError:
                data = {}
            name = event.event if event.event not in ("", "message") else data.get("type") or data.get("event")
            found.append((str(name), data))
        return found

    @property
    def job_id(self) -> str | None:
        """The id of the job that it started or is about."""
        values = [self.json.get("job_id"), *(data.get("job_id") for _, data in self.events)]
        return next((str(value) for value in values if value), None)

    @property
    def code(self) -> str | None:
        """The API's error code."""
        error = as_object(self.json.get("error"))
        code = error.get("code") or self.json.get("code")
        return str(code) if code else None


@dataclass(frozen=True)
class Delivery:
    """A webhook delivery, and how it was answered."""

    headers: Mapping[str, str]
    content: bytes
    answered: int

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object; an empty one if it is none."""
        try:
            return as_object(parse_json(self.content))
        except ValueError:
            return {}


@dataclass(frozen=True)
class Evidence:
    """All that a probe saw.

    Attributes:
        exchanges: in the order in which they were sent.
        deliveries: webhooks, in the order in which they came.
        asked: what the user allowed: `webhook`, `second job`, `fill slots`.
    """

    exchanges: Sequence[Exchange]
    deliveries: Sequence[Delivery] = ()
    asked: frozenset[str] = frozenset()

    def all(self, label: str) -> list[Exchange]:
        """Return the answered exchanges with a label."""
        return [each for each in self.exchanges if each.label == label and each.status is not None]

    def first(self, label: str) -> Exchange | None:
        """Return the first answered exchange with a label."""
        return next(iter(self.all(label)), None)
