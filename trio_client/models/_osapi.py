# Generated from openapi/osapi.yaml and osapi.overlay.yaml by `make models`. Do not edit.
# ruff: noqa: E501, RUF012

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from trio_client.models._base import Model
from trio_client.models._osapi_base import (
    OsapiAgentStateModel,
    OsapiJobModel,
    OsapiPageModel,
    OsapiStampedModel,
)


class OsapiAgentResponse(Model):
    """What one agent answered."""

    status: str | None = None
    """As the agent reported it: `completed`, `failed`, `skipped`; the list is open."""

    data: Any = None
    """Agent result data; any JSON."""

    changed: bool | None = None
    """Whether the operation modified system state."""

    error: str | None = None
    """Error message if failed."""

    hostname: str | None = None
    """The agent's own name."""


class OsapiAgentState(OsapiAgentStateModel):
    """How far one agent is."""

    status: str | None = None
    """The last step: `acknowledged`, `started`, `completed`, `failed`, `skipped`; the list is open."""

    error: str | None = None
    """Error message if failed."""

    duration_text: Annotated[str | None, Field(alias="duration")] = None
    """First start to last end, with the waits between deliveries, such as `1m2.045s`."""


class OsapiTimelineEvent(OsapiStampedModel):
    """One step in the life of a job."""

    timestamp: str | None = None
    """ISO 8601 timestamp of the event."""

    event: str | None = None
    """Event type: `submitted`, `acknowledged`, `started`, `completed`, `failed`, `retried`, `skipped`; the list is open."""

    hostname: str | None = None
    """Agent or source that generated the event; `_api` is the server."""

    message: str | None = None
    """Human-readable description of the event."""

    error: str | None = None
    """Error details if applicable."""


class OsapiRetriedJob(OsapiStampedModel):
    """The new job that a retry made."""

    job_id: str
    """Unique identifier of the new job."""

    status: str | None = None
    """Status of the new job: `created`; the list is open."""

    revision: int | None = None
    """Revision of the record; can pass 2^53."""

    timestamp: str | None = None
    """When it was made."""


class OsapiJob(OsapiJobModel):
    """One job, in a list and alone. Nothing is required."""

    id: str | None = None
    """Unique identifier of the job."""

    status: str | None = None
    """Current status of the job: `submitted`, `processing`, `completed`, `failed`, `partial_failure`, `skipped`; the list is open."""

    created: str | None = None
    """Creation timestamp."""

    operation: dict[str, Any] | None = None
    """The operation data."""

    result: Any = None
    """The result data if completed; any JSON."""

    changed: bool | None = None
    """Whether the operation modified system state. Null for pending and failed jobs."""

    error: str | None = None
    """Error message if failed: the last one that the server read, which can be that of an agent that skipped the job."""

    hostname: str | None = None
    """Agent hostname that processed the job; of a broadcast, one of them."""

    updated_at: str | None = None
    """Last update timestamp; up to nine digits of a second."""

    responses: dict[str, OsapiAgentResponse] | None = None
    """Per-agent response data for broadcast jobs."""

    agent_states: dict[str, OsapiAgentState] | None = None
    """Per-agent processing state for broadcast jobs."""

    timeline: list[OsapiTimelineEvent] | None = None
    """Chronological sequence of job lifecycle events."""


class OsapiJobPage(OsapiPageModel):
    """One page of jobs."""

    total_items: int | None = None
    """Total number of jobs matching the filter."""

    status_counts: dict[str, int] = {}
    """
    Count of all jobs by status (submitted, processing, completed, failed, partial_failure, and skipped once
    there is one), regardless of the filter; deleted jobs still count. Null on an empty store.
    """

    items: Annotated[list[OsapiJob], Field(validate_default=True)] = []
    """The jobs of this page."""
