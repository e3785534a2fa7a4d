"""The base classes of the generated models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema
from typing_extensions import Self

import trio_client

from .._redaction import presentable, preview
from .._stats import JobStats, counters_of
from .._times import parse_time
from ..frames import Frame

if TYPE_CHECKING:
    from ._trio_requests import InputMode, JobStatus, JobType
else:  # for editors, which then complete the documented values: at run time any text passes
    InputMode = JobStatus = JobType = str

__all__ = [
    "FrameModel",
    "InputMode",
    "JobModel",
    "JobStatus",
    "JobType",
    "ListPageModel",
    "Model",
    "PageModel",
    "RequestModel",
    "StreamValidationModel",
    "StrictModel",
]

_MAX_NAME = 50
TERMINAL_STATUSES = frozenset({"completed", "stopped", "failed"})


class RequestModel(BaseModel):
    """A request, validated against the documented constraints before it is sent."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", strict=True, hide_input_in_errors=True, protected_namespaces=()
    )


class StrictModel(BaseModel):
    """The documented schema of a reply, which `strict=True` enforces."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="allow", strict=True, hide_input_in_errors=True, protected_namespaces=()
    )


class Model(BaseModel):
    """A reply: unknown fields are kept, unknown values accepted, secrets kept out of `repr`."""

    # Outside the fields, so that a reply's own keys can never collide with it.
    __slots__ = ("__reply_info__",)
    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="allow", coerce_numbers_to_str=True, hide_input_in_errors=True, protected_namespaces=()
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name and preview(name, limit=_MAX_NAME), presentable(value, name or "")


class FrameModel(Model):
    """A reply that may carry a picture."""

    if TYPE_CHECKING:
        frame_b64: str | None

    @property
    def frame(self) -> Frame | None:
        """The picture, if the reply has one."""
        return Frame(self.frame_b64) if self.frame_b64 else None


class StreamValidationModel(Model):
    """The validation of a stream; older servers send `valid` for `is_live`."""

    if TYPE_CHECKING:
        is_live: bool | None
        valid: bool | None

    @model_validator(mode="after")
    def _read_older_name(self) -> Self:
        if self.is_live is None and self.valid is not None:
            self.is_live = self.valid
        return self


class JobModel(Model):
    """A job of any shape: list item, detail, reply to a create or a cancel."""

    if TYPE_CHECKING:
        status: JobStatus | str | None

    @property
    def created_time(self) -> datetime | None:
        """`created_at` as an aware `datetime` in UTC, or `None` where it is absent or unreadable."""
        return parse_time(getattr(self, "created_at", None))

    @property
    def counters(self) -> JobStats:
        """All counters, whether the reply has them in `stats`, `final_stats` or `details`; empty where it has none.

        Example:
            >>> from trio_client.models import Job
            >>> job = Job(job_id="a", details={"condition": "a van is there", "checks_performed": 3})
            >>> job.counters, job.counters.triggers_fired
            ({'checks_performed': 3}, None)
        """
        sent = {name: getattr(self, name, None) for name in ("details", "stats", "final_stats")}
        return counters_of({**(self.model_extra or {}), **sent})

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended: its status is completed, stopped or failed. An unknown status is not an end."""
        return self.status in TERMINAL_STATUSES


class ListPageModel(Model):
    """A page of a list: one bad item must not lose the others."""

    __slots__ = ("__received__",)

    items_name: ClassVar[str]
    """The field that holds the items."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Have a list of items refused at the first bad one: an error for each would cost more than the items."""
        schema: Any = handler(source)
        inner = schema
        while inner["type"] != "model-fields":
            inner = inner["schema"]
        items = inner["fields"].get(getattr(cls, "items_name", None))
        if items is not None:
            inner = items["schema"]
            while inner["type"] != "list":
                inner = inner["schema"]
            inner["fail_fast"] = True
        return cast("CoreSchema", schema)


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
        jobs: list[trio_client.Job]
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

    def _repr_html_(self) -> str:
        """Return the page as a table, for notebooks."""
        from ._table import jobs_table

        return jobs_table(cast("trio_client.JobPage", self))

    def __len__(self) -> int:
        return len(self.jobs)

    def __bool__(self) -> bool:
        return True  # a page is a reply, also when it is empty

    def __getitem__(self, index: int) -> trio_client.Job:
        return self.jobs[index]

    def __iter__(self) -> Iterator[trio_client.Job]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return iter(self.jobs)
