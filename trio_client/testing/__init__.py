"""Test code that uses this client without a key, costs, network or waiting.

    from trio_client import Job, Triggered
    from trio_client.testing import MockTrio, make, sse

    with MockTrio() as mock:
        mock.on("POST", "/check-once").reply({"triggered": True, "explanation": "A van."})
        assert mock.client().check_once("rtsp://gate.example/live", "a van is at the gate").triggered

With pytest, the fixtures `trio_stub`, `trio_sync_client`, `trio_async_client`, `trio_mock` and `trio_waits` need no
import. Everything is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._factories import make
    from ._mock import MockTrio
    from ._recorder import Recorder
    from ._routes import MockRequest, Route
    from ._script import SseScript, sse
    from ._unscripted import UnscriptedCallError
    from ._waits import FrozenRetries, freeze_retries

__all__ = [
    "FrozenRetries",
    "MockRequest",
    "MockTrio",
    "Recorder",
    "Route",
    "SseScript",
    "UnscriptedCallError",
    "freeze_retries",
    "make",
    "sse",
]

_DEFINED_IN: dict[str, str] = {
    "FrozenRetries": "._waits",
    "MockRequest": "._routes",
    "MockTrio": "._mock",
    "Recorder": "._recorder",
    "Route": "._routes",
    "SseScript": "._script",
    "UnscriptedCallError": "._unscripted",
    "freeze_retries": "._waits",
    "make": "._factories",
    "sse": "._script",
}


def __getattr__(name: str) -> object:
    """Import a name on first use (PEP 562)."""
    from importlib import import_module

    if name not in _DEFINED_IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_DEFINED_IN[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
