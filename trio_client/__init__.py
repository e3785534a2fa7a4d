"""Ask questions about live video with the Trio API, once or for hours.

    from trio_client import TrioClient

    with TrioClient() as client:
        with client.live_monitor.stream("rtsp://camera/1", "the gate is open") as events:
            for event in events:
                print(event)

Everything is imported on first use, so that `import trio_client` is cheap.

PYTEST_DONT_REWRITE: pytest would warn of a program that imports this package before it runs tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._version import __version__

if TYPE_CHECKING:
    from ._async.client import AsyncTrioClient
    from ._async.event_stream import AsyncEventStream, AsyncWatchStream
    from ._async.jobs import AsyncJobIterator
    from ._async.watch_many import AsyncTargetStream
    from ._client_config import ClientConfig
    from ._core.config import RetryPolicy, Timeout
    from ._core.hooks import CallInfo, Hooks, JobInfo
    from ._core.reports import CancelReport
    from ._core.slot_pool import SlotLease, SlotPool
    from ._core.targets import Target
    from ._core.usage import Usage
    from ._core.validation import NOT_GIVEN, NotGiven
    from ._core.watch_state import WatchState
    from ._exit_on_signal import exit_on_sigterm
    from ._response_info import ResponseInfo, response_info
    from ._sync.client import TrioClient
    from ._sync.event_stream import EventStream, WatchStream
    from ._sync.jobs import JobIterator
    from ._sync.watch_many import TargetStream
    from .errors import (
        APIConnectionError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        ConfigurationError,
        ConflictError,
        CreateOutcomeUnknownError,
        InsufficientCreditsError,
        JobLeakWarning,
        JobNotFoundError,
        MaxJobsReachedError,
        NotFoundError,
        PermissionDeniedError,
        RateLimitError,
        RequestValidationError,
        ResponseValidationError,
        ResponseWarning,
        ServerError,
        StreamInterruptedError,
        StreamUnavailableError,
        TrioError,
        UnprocessableEntityError,
        WaitTimeoutError,
        WebhookError,
        WebhookPayloadError,
        WebhookSignatureError,
    )
    from .events import (
        CoverageGap,
        Event,
        Failed,
        Progress,
        Started,
        StatusChanged,
        Stopped,
        Summary,
        Triggered,
        UnknownEvent,
    )
    from .frames import Frame
    from .models import (
        CancelledJob,
        CheckResult,
        FrameAnswer,
        Job,
        JobDetail,
        JobPage,
        JobStats,
        PreparedStream,
        StreamValidation,
    )

__all__ = [
    "NOT_GIVEN",
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncEventStream",
    "AsyncJobIterator",
    "AsyncTargetStream",
    "AsyncTrioClient",
    "AsyncWatchStream",
    "AuthenticationError",
    "BadRequestError",
    "CallInfo",
    "CancelReport",
    "CancelledJob",
    "CheckResult",
    "ClientConfig",
    "ConfigurationError",
    "ConflictError",
    "CoverageGap",
    "CreateOutcomeUnknownError",
    "Event",
    "EventStream",
    "Failed",
    "Frame",
    "FrameAnswer",
    "Hooks",
    "InsufficientCreditsError",
    "Job",
    "JobDetail",
    "JobInfo",
    "JobIterator",
    "JobLeakWarning",
    "JobNotFoundError",
    "JobPage",
    "JobStats",
    "MaxJobsReachedError",
    "NotFoundError",
    "NotGiven",
    "PermissionDeniedError",
    "PreparedStream",
    "Progress",
    "RateLimitError",
    "RequestValidationError",
    "ResponseInfo",
    "ResponseValidationError",
    "ResponseWarning",
    "RetryPolicy",
    "ServerError",
    "SlotLease",
    "SlotPool",
    "Started",
    "StatusChanged",
    "Stopped",
    "StreamInterruptedError",
    "StreamUnavailableError",
    "StreamValidation",
    "Summary",
    "Target",
    "TargetStream",
    "Timeout",
    "Triggered",
    "TrioClient",
    "TrioError",
    "UnknownEvent",
    "UnprocessableEntityError",
    "Usage",
    "WaitTimeoutError",
    "WatchState",
    "WatchStream",
    "WebhookError",
    "WebhookPayloadError",
    "WebhookSignatureError",
    "__version__",
    "exit_on_sigterm",
    "response_info",
]

_DEFINED_IN: dict[str, str] = {
    "AsyncTrioClient": "._async.client",
    "AsyncEventStream": "._async.event_stream",
    "AsyncWatchStream": "._async.event_stream",
    "AsyncJobIterator": "._async.jobs",
    "AsyncTargetStream": "._async.watch_many",
    "TargetStream": "._sync.watch_many",
    "TrioClient": "._sync.client",
    "EventStream": "._sync.event_stream",
    "CancelReport": "._core.reports",
    "ClientConfig": "._client_config",
    "exit_on_sigterm": "._exit_on_signal",
    "JobIterator": "._sync.jobs",
    "RetryPolicy": "._core.config",
    "Timeout": "._core.config",
    "NOT_GIVEN": "._core.validation",
    "NotGiven": "._core.validation",
    "CallInfo": "._core.hooks",
    "JobInfo": "._core.hooks",
    "Hooks": "._core.hooks",
    "SlotLease": "._core.slot_pool",
    "SlotPool": "._core.slot_pool",
    "Target": "._core.targets",
    "Usage": "._core.usage",
    "WatchState": "._core.watch_state",
    "WatchStream": "._sync.event_stream",
    "ResponseInfo": "._response_info",
    "response_info": "._response_info",
    "Frame": ".frames",
}
_SHARED_MODULES = (".errors", ".events", ".models")
_MODULES = (
    "contrib",
    "errors",
    "events",
    "frames",
    "models",
    "osapi",
    "pricing",
    "sse",
    "stub",
    "testing",
    "webhooks",
)


def __getattr__(name: str) -> object:
    from importlib import import_module

    try:
        if name in _DEFINED_IN:
            value: object = getattr(import_module(_DEFINED_IN[name], __name__), name)
        elif name in __all__:
            modules = (import_module(module, __name__) for module in _SHARED_MODULES)
            value = next(getattr(module, name) for module in modules if name in module.__all__)
        elif name in _MODULES:
            return import_module(f".{name}", __name__)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    except OSError as error:  # too many open files
        raise ImportError(f"cannot import {name!r} from {__name__!r}: {error.strerror}") from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
