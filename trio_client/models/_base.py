"""What all generated models have in common."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator, model_validator

from .._durations import parse_duration
from .._redaction import presentable
from .._times import parse_time
from ..frames import Frame
from ._osapi_agents import OsapiAgent, joined

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._osapi import OsapiAgentResponse, OsapiAgentState, OsapiJob
    from ._trio import Job

__all__ = [
    "FrameModel",
    "JobModel",
    "ListPageModel",
    "Model",
    "OsapiAgentStateModel",
    "OsapiJobModel",
    "OsapiPageModel",
    "OsapiStampedModel",
    "PageModel",
    "RequestModel",
    "StreamValidationModel",
    "StrictModel",
]

TERMINAL_STATUSES = frozenset({"completed", "stopped", "failed"})
OSAPI_TERMINAL_STATUSES = frozenset({"completed", "failed", "partial_failure", "skipped"})


class RequestModel(BaseModel):
    """What is sent: the documented constraints are checked before anything leaves."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", strict=True, hide_input_in_errors=True, protected_namespaces=()
    )


class StrictModel(BaseModel):
    """What `strict=True` holds a reply against: the documented schema to the letter."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="allow", strict=True, hide_input_in_errors=True, protected_namespaces=()
    )


class Model(BaseModel):
    """What is received: unknown fields are kept, unknown values pass, secrets stay out of `repr`."""

    # Outside the fields, so that a reply's own keys can never collide with it.
    __slots__ = ("__reply_info__",)
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", hide_input_in_errors=True, protected_namespaces=())

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, presentable(value)


class FrameModel(Model):
    """A reply that may carry a picture."""

    if TYPE_CHECKING:
        frame_b64: str | None

    @property
    def frame(self) -> Frame | None:
        """The picture, where one came along."""
        return Frame(self.frame_b64) if self.frame_b64 else None


class StreamValidationModel(Model):
    """What is known about a stream; older servers say `valid` for `is_live`."""

    if TYPE_CHECKING:
        is_live: bool | None
        valid: bool | None

    @model_validator(mode="after")
    def _read_older_name(self) -> Self:
        if self.is_live is None and self.valid is not None:
            self.is_live = self.valid
        return self


class JobModel(Model):
    """A job of any shape: list item, detail, answer to a create or a cancel."""

    if TYPE_CHECKING:
        status: str | None

    @property
    def created_time(self) -> datetime | None:
        """`created_at` as an aware `datetime` in UTC, or `None` where it is absent or unreadable."""
        return parse_time(getattr(self, "created_at", None))

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended: its status is completed, stopped or failed. Unknown ones are not ends."""
        return self.status in TERMINAL_STATUSES


class ListPageModel(Model):
    """A page of a list: one bad item must not lose the others."""

    __slots__ = ("__received__",)

    items_name: ClassVar[str]
    """The field that holds the items."""


def note_received(page: ListPageModel, items: int) -> None:
    """Note how many items a page had, those that could not be read included."""
    object.__setattr__(page, "__received__", items)


def received_items(page: ListPageModel) -> int:
    """Return how many items a page had: where in the list the next one begins depends on it."""
    try:
        received: int = object.__getattribute__(page, "__received__")
    except AttributeError:
        return len(getattr(page, page.items_name) or ())
    return received


class PageModel(ListPageModel):
    """A page of jobs: a sequence of its jobs, with the server's own counts beside them."""

    items_name: ClassVar[str] = "jobs"

    if TYPE_CHECKING:
        jobs: list[Job]
        total: int | None
        offset: int | None

    @property
    def has_more(self) -> bool:
        """Whether a page after this one may hold jobs.

        `total` is a hint, so a page that has jobs but no usable total counts as having more.
        """
        if not self.jobs:
            return False
        if self.total is None or self.total <= 0:
            return True
        return (self.offset or 0) + len(self.jobs) < self.total

    def __len__(self) -> int:
        return len(self.jobs)

    def __bool__(self) -> bool:
        return True  # a page is a reply, also when it is empty

    def __getitem__(self, index: int) -> Job:
        return self.jobs[index]

    def __iter__(self) -> Iterator[Job]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return iter(self.jobs)


class OsapiJobModel(Model):
    """A job of the OSAPI service."""

    if TYPE_CHECKING:
        status: str | None
        created: str | None
        updated_at: str | None
        operation: dict[str, Any] | None
        responses: dict[str, OsapiAgentResponse] | None
        agent_states: dict[str, OsapiAgentState] | None

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

        Unknown statuses are not ends. The server may try a failed job again, and an agent that joins late takes a
        completed one up again, so an end can still move.
        """
        return self.status in OSAPI_TERMINAL_STATUSES

    def agents(self) -> list[OsapiAgent]:
        """Return what is known of each agent that worked on the job: its answer and its state in one view.

        The two maps of a job spell their keys differently, so an answer is joined by the host name inside it. A
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
    """How far one agent is with a job. Its `duration` is a value; the text it was sent as is `duration_text`."""

    model_config: ClassVar[ConfigDict] = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    if TYPE_CHECKING:
        duration_text: str | None

    @property
    def duration(self) -> timedelta | None:
        """First start to last end; `None` where there is none yet, or where its text cannot be read."""
        return parse_duration(self.duration_text)


class OsapiStampedModel(Model):
    """What carries one time of the OSAPI service."""

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
        items: list[OsapiJob]

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

    def __getitem__(self, index: int) -> OsapiJob:
        return self.items[index]

    def __iter__(self) -> Iterator[OsapiJob]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return iter(self.items)
