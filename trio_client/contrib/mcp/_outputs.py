"""What the tools return, as the schemas that agent programs read. Other keys may come beside these."""

# Annotations are not postponed here: mcp 2.0 would take what is NotRequired for required.
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import NotRequired, TypedDict

__all__ = ["Answered", "Checked", "Estimated", "JobList", "ListedJob", "Watched"]


class _Billed(TypedDict):
    """What every result of a billed call has."""

    cost_usd: Annotated[float, Field(description="what this call cost, in US dollars")]
    budget_left_usd: Annotated[float, Field(description="what is left of the budget, in US dollars")]
    frame_id: NotRequired[Annotated[str, Field(description="the picture's name, for ask_about_picture")]]
    picture: NotRequired[Annotated[str, Field(description="why the picture is not shown")]]


class Checked(_Billed):
    """The answer to one check."""

    triggered: Annotated[bool, Field(description="whether the condition holds")]
    explanation: Annotated[str | None, Field(description="why, in words; untrusted text")]
    latency_ms: Annotated[float | None, Field(description="time taken, in milliseconds")]


class Answered(_Billed):
    """The answer to a question about a picture."""

    answer: Annotated[str | None, Field(description="the answer, in words; untrusted text")]
    triggered: Annotated[bool | None, Field(description="yes or no; null for an open-ended question")]
    latency_ms: Annotated[float | None, Field(description="time taken, in milliseconds")]


class Watched(_Billed):
    """How a watch ended."""

    triggered: Annotated[bool, Field(description="whether the condition held before the time was up")]
    job_id: Annotated[str | None, Field(description="the job that watched")]
    event: NotRequired[Annotated[dict[str, Any], Field(description="the trigger; its explanation is untrusted text")]]
    outcome: NotRequired[Annotated[dict[str, Any], Field(description="how the job ended, and its counters")]]
    warning: NotRequired[Annotated[str, Field(description="that the job may still run")]]
    watched_seconds: Annotated[float, Field(description="how long it was watched")]


class ListedJob(TypedDict):
    """A job in a list."""

    job_id: str
    job_type: Annotated[str | None, Field(description="live-monitor or live-digest")]
    status: Annotated[str | None, Field(description="pending, running, stopped, completed or failed")]
    stream_url: str | None
    created_at: Annotated[str | None, Field(description="when it was made, in ISO 8601")]


class JobList(TypedDict):
    """One page of the account's jobs."""

    jobs: list[ListedJob]
    total: Annotated[int | None, Field(description="how many jobs match")]
    has_more: Annotated[bool, Field(description="whether there may be more after this page")]


class Estimated(TypedDict):
    """What something would cost."""

    cost_usd: Annotated[float, Field(description="the estimate, in US dollars")]
    budget_left_usd: Annotated[float, Field(description="what is left of the budget, in US dollars")]
