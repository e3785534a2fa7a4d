"""Save the pictures of events."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

from ..errors import ResponseValidationError
from ..events import Event
from ._events import frame_of
from ._exits import UsageError
from ._out import Out
from ._text import iso

__all__ = ["FrameFolder"]

_UNSAFE = re.compile(r"[^A-Za-z0-9-]")
_UNSAFE_IN_NAMES = re.compile(r"[^\w-]+")
_LONGEST_NAME = 40


class FrameFolder:
    """A folder for the pictures of events. A picture that cannot be saved is a warning.

    Args:
        path: the folder, created if it is missing; `None` saves nothing.
        out: prints warnings.
    """

    def __init__(self, path: Path | None, out: Out) -> None:
        self._path = path
        self._out = out
        self._earlier: set[str] = set()  # the names in the folder, read once: it may hold very many
        self._numbers: Counter[str] = Counter()
        if path is not None:
            try:
                path.mkdir(parents=True, exist_ok=True)
                self._earlier = {each.stem for each in path.iterdir()}
            except OSError as error:
                raise UsageError(f"{path} cannot be created: {error.strerror or error}.") from error

    def save(self, event: Event, *, camera: str = "") -> str | None:
        """Save an event's picture, named by time, camera and job; return the file, `None` without picture or folder."""
        frame = frame_of(event)
        if frame is None or self._path is None:
            return None
        moment = _UNSAFE.sub("", iso(event.occurred_at or datetime.now(timezone.utc))).replace("-", "")
        job = _UNSAFE.sub("", event.job_id or "")[:8] or "job"
        name = _UNSAFE_IN_NAMES.sub("-", self._out.clean(camera)).strip("-")[:_LONGEST_NAME]
        try:
            return str(frame.save(self._path / self._next_name("-".join(filter(None, (moment, name, job))))))
        except (OSError, ResponseValidationError) as error:
            self._out.warn(f"A picture could not be saved: {error}")
            return None

    def _next_name(self, stem: str) -> str:
        while True:
            self._numbers[stem] += 1
            name = f"{stem}-{self._numbers[stem]}"
            if name not in self._earlier:
                return name
