"""What `python -m trio_client.stub` and `trio-client stub` have in common."""

from __future__ import annotations

from typing import Any

from ..engine.scene import Scene
from .stub_server import StubServer

__all__ = ["REAL_TIME", "command_server", "first_line", "next_steps"]

REAL_TIME = 1.0
_LARGEST_PORT = 65535
_PACES = {
    REAL_TIME: "real time; --speed 60: an hour a minute",
    60.0: "an hour a minute",
    0.0: "time stands still",
}


def command_server(*, port: int = 0, **options: Any) -> StubServer:
    """Return a server for people to try: what is watched for is there at a job's first check.

    Raises:
        ValueError: an option has no such value.
    """
    if not 0 <= port <= _LARGEST_PORT:
        raise ValueError(f"--port is {port}; it must be from 0 to {_LARGEST_PORT}")
    return StubServer(default_scene=Scene(first=1), port=port, **options)


def first_line(server: StubServer) -> str:
    """Return what is printed first: where the server listens, and how its time passes."""
    speed = server.clock.speed
    return f"trio stub listening on {server.url} ({_PACES.get(speed, f'{speed:g} times real time')})"


def next_steps(server: StubServer, *, has_own_keys: bool) -> list[str]:
    """Return what is printed next: how to reach the server from another terminal, and its page.

    Args:
        server: the server, started.
        has_own_keys: whether it accepts only the keys that it was started with, which are not printed.
    """
    key = "ONE-OF-YOUR-KEYS" if has_own_keys else "any-key"
    return [
        "In another terminal:",
        f"  export TRIO_API_KEY={key} TRIO_BASE_URL={server.base_url}",
        '  trio-client watch rtsp://gate.example/live "a van is at the gate"',
        f"In a browser: {server.url}/",
    ]
