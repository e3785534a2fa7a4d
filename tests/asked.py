"""What reading a reply takes beside the reply: the call that it answers, and the client's settings."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from trio_client._core.call import Call
from trio_client._core.config import TRIO, Service, Settings
from trio_client._core.retry.failure import Effect
from trio_client._core.secret import Secret

__all__ = ["KEY", "asking_for", "client_settings"]

KEY = "trio-0123456789abcdef"


def asking_for(model: type[BaseModel], *, stream_url: str | None = None) -> Call[Any]:
    """Return a call about one job, whose reply is of that model."""
    body = None if stream_url is None else {"stream_url": stream_url}
    return Call("GET", "/jobs/a", model, Effect.SAFE, body=body, job_id="a")


def client_settings(service: Service = TRIO) -> Settings:
    """Return the settings of a client of that service."""
    return Settings("https://api.example", Secret(KEY), service=service)
