"""Save the pictures of events."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

from ..errors import ResponseValidationError
from ..events import Event
from ._events import frame_of
from ._exits import UsageError
from ._out import Out

__all__ = ["FrameFolder"]

_UNSAFE = re.compile(r"[^A-Za-z0-9-]")


class FrameFolder:
    """A folder for the pictures of events. A picture that cannot be saved is a warning.

    Args:
        path: the folder, created if it is missing; `None` saves nothing.
        out: prints warnings.
    """

    def __init__(self, path: Path | None, out: Out) -> None:
        self._path = path
        self._out = out
        if path is not None:
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageError(f"{path} cannot be created: {error.strerror or error}.") from error

    def save(self, event: Event) -> str | None:
        """Save an event's picture, and return the file; `None` without a picture or a folder."""
        frame = frame_of(event)
        if frame is None or self._path is None:
            return None
        moment = (event.occurred_at or datetime.now(timezone.utc)).astimezone(timezone.utc)
        job = _UNSAFE.sub("", event.job_id or "")[:8] or "job"
        stem = f"{moment:%Y%m%dT%H%M%SZ}-{job}"
        number = 1
        while any(self._path.glob(f"{stem}-{number}.*")):
            number += 1
        try:
            return str(frame.save(self._path / f"{stem}-{number}"))
        except (OSError, ResponseValidationError) as error:
            self._out.warn(f"A picture could not be saved: {error}")
            return None
