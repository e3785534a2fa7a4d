"""A local reference server: the Trio API as documented, with no key and no network.

As a process: `python -m trio_client.stub --port 8000`. In a test:

    with StubServer() as stub:
        ...  # stub.base_url is what a client takes

It needs the extra `stub`: `pip install 'trio-client[stub]'`. It imports nothing of the client.
"""

from __future__ import annotations

try:
    from ._app import create_app
    from ._clock import Clock
    from ._delivery import WebhookScript
    from ._faults import Fault
    from ._generations import Generation
    from ._osapi import Osapi
    from ._proxy import FaultProxy, WireRequest
    from ._proxy_faults import WireFault
    from ._records import JobRecord, RecordedRequest, WebhookDelivery
    from ._scenes import Scene
    from ._server import StubServer
except ModuleNotFoundError as _error:
    if (_error.name or "").startswith("trio_client"):
        raise
    raise ModuleNotFoundError(
        f"The stub server needs {_error.name}; install it with: pip install 'trio-client[stub]'", name=_error.name
    ) from None

__all__ = [
    "Clock",
    "Fault",
    "FaultProxy",
    "Generation",
    "JobRecord",
    "Osapi",
    "RecordedRequest",
    "Scene",
    "StubServer",
    "WebhookDelivery",
    "WebhookScript",
    "WireFault",
    "WireRequest",
    "create_app",
]
