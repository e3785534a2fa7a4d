"""Pictures, saved as they come."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

from ..errors import ResponseValidationError
from ..events import Event
from ._exits import UsageError
from ._out import Out
from ._story import frame_of

__all__ = ["FrameFolder"]

_FOREIGN = re.compile(r"[^A-Za-z0-9-]")


class FrameFolder:
    """Save the pictures of events in a folder; a picture that cannot be saved is a warning.

    Args:
        path: the folder, made if it is missing; `None`: nothing is saved.
        out: where warnings go.
    """

    def __init__(self, path: Path | None, out: Out) -> None:
        self._path = path
        self._out = out
        if path is not None:
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageError(f"{path} cannot be made: {error.strerror or error}.") from error

    def save(self, event: Event) -> str | None:
        """Return where an event's picture was saved, if it has one and there is a folder."""
        frame = frame_of(event)
        if frame is None or self._path is None:
            return None
        moment = (event.occurred_at or datetime.now(timezone.utc)).astimezone(timezone.utc)
        job = _FOREIGN.sub("", event.job_id or "")[:8] or "job"
        stem = f"{moment:%Y%m%dT%H%M%SZ}-{job}"
        number = 1
        while any(self._path.glob(f"{stem}-{number}.*")):
            number += 1
        try:
            return str(frame.save(self._path / f"{stem}-{number}"))
        except (OSError, ResponseValidationError) as error:
            self._out.warn(f"A picture could not be saved: {error}")
            return None
