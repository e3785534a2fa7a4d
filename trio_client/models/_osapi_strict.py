# Generated from openapi/osapi.yaml by `make models`. Do not edit.
# ruff: noqa: E501, RUF012

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from trio_client.models._base import StrictModel

OsapiStatusFilter: TypeAlias = Literal["submitted", "processing", "completed", "failed", "partial_failure"]
"""What jobs can be filtered by. A job can also be `skipped`, which is no filter."""


class OsapiAgentResponse(StrictModel):
    """What one agent answered."""

    status: str = ""
    """As the agent reported it: `completed`, `failed`, `skipped`; the list is open."""

    data: Any | None = None
    """Agent result data; any JSON."""

    changed: bool | None = None
    """Whether the operation modified system state."""

    error: str = ""
    """Error message if failed."""

    hostname: str = ""
    """The agent's own name."""


class OsapiAgentState(StrictModel):
    """How far one agent is."""

    status: str = ""
    """The last step: `acknowledged`, `started`, `completed`, `failed`, `skipped`; the list is open."""

    error: str = ""
    """Error message if failed."""

    duration: str = ""
    """First start to last end, with the waits between deliveries, such as `1m2.045s`."""


class OsapiTimelineEvent(StrictModel):
    """One step in the life of a job."""

    timestamp: str = ""
    """ISO 8601 timestamp of the event."""

    event: str = ""
    """Event type: `submitted`, `acknowledged`, `started`, `completed`, `failed`, `retried`, `skipped`; the list is open."""

    hostname: str = ""
    """Agent or source that generated the event; `_api` is the server."""

    message: str = ""
    """Human-readable description of the event."""

    error: str = ""
    """Error details if applicable."""


class OsapiRetriedJob(StrictModel):
    """The new job that a retry made."""

    job_id: Annotated[str, Field(pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
    """Unique identifier of the new job."""

    status: str
    """Status of the new job: `created`; the list is open."""

    revision: int = 0
    """Revision of the record; can pass 2^53."""

    timestamp: str = ""
    """When it was made."""


class OsapiError(StrictModel):
    """The body of an error reply. The endpoints write `error`, the framework below them `message`."""

    error: str = ""
    """What went wrong."""

    details: str = ""
    """More about it."""

    code: int = 0
    """A number for it."""

    message: str = ""
    """What went wrong, from the framework."""


class OsapiJob(StrictModel):
    """One job, in a list and alone. Nothing is required."""

    id: Annotated[str, Field(pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")] = ""
    """Unique identifier of the job."""

    status: str = ""
    """Current status of the job: `submitted`, `processing`, `completed`, `failed`, `partial_failure`, `skipped`; the list is open."""

    created: str = ""
    """Creation timestamp."""

    operation: dict[str, Any] = {}
    """The operation data."""

    result: Any | None = None
    """The result data if completed; any JSON."""

    changed: bool | None = None
    """Whether the operation modified system state. Null for pending and failed jobs."""

    error: str = ""
    """Error message if failed: the last one that the server read, which can be that of an agent that skipped the job."""

    hostname: str = ""
    """Agent hostname that processed the job; of a broadcast, one of them."""

    updated_at: str = ""
    """Last update timestamp; up to nine digits of a second."""

    responses: Annotated[dict[str, OsapiAgentResponse], Field(validate_default=True)] = {}
    """Per-agent response data for broadcast jobs."""

    agent_states: Annotated[dict[str, OsapiAgentState], Field(validate_default=True)] = {}
    """Per-agent processing state for broadcast jobs."""

    timeline: Annotated[list[OsapiTimelineEvent], Field(validate_default=True)] = []
    """Chronological sequence of job lifecycle events."""


class OsapiJobPage(StrictModel):
    """One page of jobs."""

    total_items: int = 0
    """Total number of jobs matching the filter."""

    status_counts: dict[str, int] | None = None
    """
    Count of all jobs by status (submitted, processing, completed, failed, partial_failure, and skipped once
    there is one), regardless of the filter; deleted jobs still count. Null on an empty store.
    """

    items: Annotated[list[OsapiJob], Field(validate_default=True)] = []
    """The jobs of this page."""
