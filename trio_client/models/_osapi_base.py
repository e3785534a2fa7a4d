"""The base classes of the generated OSAPI models."""

from __future__ import annotations

import trio_client

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ConfigDict, ValidationInfo, field_validator

from .._times import parse_duration
from .._times import parse_time
from ._base import ListPageModel, Model
from ._osapi_agents import OsapiAgent, joined

__all__ = ["OsapiAgentStateModel", "OsapiJobModel", "OsapiPageModel", "OsapiStampedModel"]

TERMINAL_STATUSES = frozenset({"completed", "failed", "partial_failure", "skipped"})


class OsapiJobModel(Model):
    """A job of the OSAPI service."""

    if TYPE_CHECKING:
        status: str | None
        created: str | None
        updated_at: str | None
        operation: dict[str, Any] | None
        responses: dict[str, trio_client.models.OsapiAgentResponse] | None
        agent_states: dict[str, trio_client.models.OsapiAgentState] | None

    @property
    def operation_type(self) -> str | None:
        """What the job does, such as `node.hostname.get`; `None` where the operation is not readable."""
        found = (self.operation or {}).get("type")
        return found if isinstance(found, str) else None

    @property
    def created_time(self) -> datetime | None:
        """`created` as an aware `datetime` in UTC, or `None` where it is absent, empty or unreadable."""
        return parse_time(self.created)

    @property
    def updated_time(self) -> datetime | None:
        """`updated_at` as an aware `datetime` in UTC, cut to microseconds, or `None`."""
        return parse_time(self.updated_at)

    @property
    def is_terminal(self) -> bool:
        """Whether the job reads as ended: completed, failed, partial_failure or skipped.

        Unknown statuses are not ends. The server may retry a failed job, and an agent that joins late resumes a
        completed one, so an end is not always final.
        """
        return self.status in TERMINAL_STATUSES

    def agents(self) -> list[OsapiAgent]:
        """Return one view of each agent that worked on the job: its response and its state.

        The two maps of a job spell their keys differently, so a response is matched by the host name inside it. A
        list item has neither map: get the job first.

        Example:
            >>> from trio_client.osapi import OsapiJob
            >>> job = OsapiJob(
            ...     responses={"db-01_lab": {"hostname": "db-01.lab", "data": "ok"}},
            ...     agent_states={"db-01.lab": {"status": "completed", "duration": "1.5s"}},
            ... )
            >>> [(agent.hostname, agent.status, agent.data, agent.duration) for agent in job.agents()]
            [('db-01.lab', 'completed', 'ok', datetime.timedelta(seconds=1, microseconds=500000))]
        """
        return joined(self.responses or {}, self.agent_states or {})


class OsapiAgentStateModel(Model):
    """The progress of one agent. Its `duration` is a value; the text that was sent is `duration_text`."""

    model_config: ClassVar[ConfigDict] = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    if TYPE_CHECKING:
        duration_text: str | None

    @property
    def duration(self) -> timedelta | None:
        """First start to last end; `None` where there is none yet, or where its text cannot be read."""
        return parse_duration(self.duration_text)


class OsapiStampedModel(Model):
    """A model with a `timestamp`."""

    if TYPE_CHECKING:
        timestamp: str | None

    @property
    def time(self) -> datetime | None:
        """`timestamp` as an aware `datetime` in UTC, or `None` where it is absent or unreadable."""
        return parse_time(self.timestamp)


class OsapiPageModel(ListPageModel):
    """A page of OSAPI jobs: a sequence of its jobs."""

    items_name: ClassVar[str] = "items"

    if TYPE_CHECKING:
        items: list[trio_client.models.OsapiJob]

    @field_validator("items", "status_counts", mode="before", check_fields=False)
    @classmethod
    def _read_null_as_empty(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None:
            return [] if info.field_name == "items" else {}
        return value

    def __len__(self) -> int:
        return len(self.items)

    def __bool__(self) -> bool:
        return True  # a page is a reply, also when it is empty

    def __getitem__(self, index: int) -> trio_client.models.OsapiJob:
        return self.items[index]

    def __iter__(self) -> Iterator[trio_client.models.OsapiJob]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return iter(self.items)
