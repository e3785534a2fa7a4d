"""One view of each agent that worked on an OSAPI job."""

from __future__ import annotations

import trio_client

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

__all__ = ["OsapiAgent", "joined"]


@dataclass(frozen=True, slots=True)
class OsapiAgent:
    """The part of one agent in a job: its response, its state, or both.

    Attributes:
        hostname: the agent's own name.
        response: its response, if it sent one.
        state: its progress, if known.
    """

    hostname: str
    response: trio_client.models.OsapiAgentResponse | None = None
    state: trio_client.models.OsapiAgentState | None = None

    @property
    def status(self) -> str | None:
        """The status the agent reported, or else its progress: `started`, `completed`, `failed`, `skipped` and so on."""
        return (self.response and self.response.status) or (self.state and self.state.status) or None

    @property
    def error(self) -> str | None:
        """The error, if there was one. What an earlier delivery left in the state of a completed agent is none."""
        state = self.state if self.state is not None and self.state.status != "completed" else None
        return (self.response and self.response.error) or (state and state.error) or None

    @property
    def data(self) -> Any:
        """What the agent returned: any JSON, or `None`."""
        return self.response.data if self.response is not None else None

    @property
    def changed(self) -> bool | None:
        """Whether the agent changed its system; `None` where it did not say."""
        return self.response.changed if self.response is not None else None

    @property
    def duration(self) -> timedelta | None:
        """First start to last end; `None` while it is under way, or where it is not known."""
        return self.state.duration if self.state is not None else None


def joined(
    responses: Mapping[str, trio_client.models.OsapiAgentResponse], states: Mapping[str, trio_client.models.OsapiAgentState]
) -> list[OsapiAgent]:
    """Join the two maps of a job: agents that responded first, then those with a state only.

    In the keys of the responses, every character but letters, digits, `_` and `-` has become `_`; in those of the
    states none has. So the host name inside a response decides, and where there is none, the only state whose key
    would be spelt like the response's.
    """
    left = dict(states)
    agents: list[OsapiAgent] = []
    for key, response in responses.items():
        hostname = response.hostname or _original(key, states)
        agents.append(OsapiAgent(hostname, response, states.get(hostname)))
        left.pop(hostname, None)
    return agents + [OsapiAgent(hostname, None, state) for hostname, state in left.items()]


def _original(key: str, states: Mapping[str, trio_client.models.OsapiAgentState]) -> str:
    if key in states:
        return key
    alike = [hostname for hostname in states if re.sub(r"[^A-Za-z0-9_-]", "_", hostname) == key]
    return alike[0] if len(alike) == 1 else key
