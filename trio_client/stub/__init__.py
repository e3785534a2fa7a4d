"""A local reference server: the Trio API as documented, with no key and no network.

As a process: `python -m trio_client.stub --port 8000`. In a test:

    with StubServer() as stub:
        ...  # stub.base_url is what a client takes

It needs the extra `stub`: `pip install 'trio-client[stub]'`. It imports nothing of the client.

Only the names of this module are public. Its packages are internal; lowest first: `documented`, `engine`,
`delivery`, `faults`, `api`, then `page`, `osapi` and `proxy`, then `server`; each imports only what is below it.
"""

from __future__ import annotations

try:
    from .delivery.webhook_script import WebhookScript
    from .documented.generations import Generation
    from .engine.clock import Clock
    from .engine.records import JobRecord, RecordedRequest, WebhookDelivery
    from .engine.scene import Scene
    from .faults.fault import Fault
    from .osapi.jobs import Osapi
    from .proxy.fault_proxy import FaultProxy, WireRequest
    from .proxy.wire_fault import WireFault
    from .server.app import create_app
    from .server.stub_server import StubServer
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
