"""Models of requests and replies.

Replies are tolerant: unknown fields are kept, unknown enum values are accepted, and missing fields are `None`. Requests
are validated against the documented ranges. All are pydantic models.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .._stats import JobStats
from ._trio import (
    CancelledJob,
    CheckResult,
    FrameAnswer,
    Job,
    JobConfig,
    JobDetail,
    JobPage,
    PreparedStream,
    StreamValidation,
)

if TYPE_CHECKING:
    from ._osapi import (
        OsapiAgentResponse,
        OsapiAgentState,
        OsapiJob,
        OsapiJobPage,
        OsapiRetriedJob,
        OsapiTimelineEvent,
    )
    from ._osapi_requests import OsapiRetryRequest, OsapiStatusFilter
    from ._trio_requests import (
        AnalyzeFrameRequest,
        CheckOnceRequest,
        InputMode,
        JobStatus,
        JobType,
        LiveDigestRequest,
        LiveMonitorRequest,
        StopReason,
        ValidateStreamRequest,
    )

__all__ = [
    "AnalyzeFrameRequest",
    "CancelledJob",
    "CheckOnceRequest",
    "CheckResult",
    "FrameAnswer",
    "InputMode",
    "Job",
    "JobConfig",
    "JobDetail",
    "JobPage",
    "JobStats",
    "JobStatus",
    "JobType",
    "LiveDigestRequest",
    "LiveMonitorRequest",
    "OsapiAgentResponse",
    "OsapiAgentState",
    "OsapiJob",
    "OsapiJobPage",
    "OsapiRetriedJob",
    "OsapiRetryRequest",
    "OsapiStatusFilter",
    "OsapiTimelineEvent",
    "PreparedStream",
    "StopReason",
    "StreamValidation",
    "ValidateStreamRequest",
]


def __getattr__(name: str) -> object:
    """Import rarely needed models on first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("OsapiRetryRequest", "OsapiStatusFilter"):
        module = "_osapi_requests"
    elif name.startswith("Osapi"):
        module = "_osapi"
    else:
        module = "_trio_requests"
    value: object = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(globals().keys() | set(__all__))
