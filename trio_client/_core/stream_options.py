"""How the stream of a job is opened, followed and left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .config import Timeout
from .validation import stream_options

__all__ = ["StreamOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """What the caller of a stream, or its watch, has chosen; validated.

    Attributes:
        on_exit: whether leaving the stream early cancels the job.
        on_drop: whether the job of a dropped stream is followed by polling, or the error raised.
        wait_for_slot: seconds to wait for a free job slot; `None`: not at all.
        timeout: of the create, in seconds or apart for connect, pool and response; `None`: the client's.
        extra_headers: headers of the create.
        reference: what the job is known by in the caller's records; `None`: by an `Idempotency-Key` among the headers,
            or a new one.
    """

    on_exit: Literal["cancel", "leave"]
    on_drop: Literal["poll", "raise"]
    wait_for_slot: float | None = None
    timeout: float | Timeout | None = None
    extra_headers: Mapping[str, str] | None = field(default=None, repr=False)
    reference: str | None = None

    def __post_init__(self) -> None:
        stream_options(self.on_exit, self.on_drop, self.wait_for_slot)
