"""The client of OSAPI, a job service that runs work on agents.

    from trio_client.osapi import OsapiClient

    with OsapiClient() as client:  # OSAPI_TOKEN, OSAPI_URL
        for job in client.jobs.iterate(status="failed"):
            print(job.id, job.operation_type, job.error)

It has the transport, retries, errors and hooks of the Trio client. Everything is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._async.osapi import AsyncOsapiClient
    from ._async.osapi_jobs import AsyncOsapiJobIterator
    from ._sync.osapi import OsapiClient
    from ._sync.osapi_jobs import OsapiJobIterator
    from .models import (
        OsapiAgentResponse,
        OsapiAgentState,
        OsapiJob,
        OsapiJobPage,
        OsapiRetriedJob,
        OsapiRetryRequest,
        OsapiStatusFilter,
        OsapiTimelineEvent,
    )
    from .models._osapi_agents import OsapiAgent

__all__ = [
    "AsyncOsapiClient",
    "AsyncOsapiJobIterator",
    "OsapiAgent",
    "OsapiAgentResponse",
    "OsapiAgentState",
    "OsapiClient",
    "OsapiJob",
    "OsapiJobIterator",
    "OsapiJobPage",
    "OsapiRetriedJob",
    "OsapiRetryRequest",
    "OsapiStatusFilter",
    "OsapiTimelineEvent",
]

_DEFINED_IN: dict[str, str] = {
    "AsyncOsapiClient": "._async.osapi",
    "AsyncOsapiJobIterator": "._async.osapi_jobs",
    "OsapiAgent": ".models._osapi_agents",
    "OsapiClient": "._sync.osapi",
    "OsapiJobIterator": "._sync.osapi_jobs",
}


def __getattr__(name: str) -> object:
    """Import a name on first use (PEP 562)."""
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_DEFINED_IN.get(name, ".models"), __package__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
