"""Which scene each stream URL shows."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .scene import Scene

__all__ = ["SceneBook"]

MAX_SCENES = 10_000


class SceneBook:
    """The scene of each stream URL; a URL without one shows the default scene."""

    def __init__(self, now: Callable[[], float], default: Scene | None = None) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._default = default or Scene()
        self._started = now()
        self._scenes: dict[str, tuple[Scene, float]] = {}

    def set(self, stream_url: str, scene: Scene) -> None:
        """Show `scene` at `stream_url` from now on; running jobs see it at their next check."""
        with self._lock:
            if stream_url not in self._scenes and len(self._scenes) >= MAX_SCENES:
                raise ValueError(f"no more than {MAX_SCENES} scenes; reset() removes them")
            self._scenes[stream_url] = (scene, self._now())

    def scene_at(self, stream_url: str) -> Scene:
        """The scene shown at `stream_url`."""
        return self._entry(stream_url)[0]

    def age(self, stream_url: str) -> float:
        """Stub-seconds since this scene was set, or since the server was made."""
        return self._now() - self._entry(stream_url)[1]

    def clear(self) -> None:
        """Remove all scripted scenes."""
        with self._lock:
            self._scenes.clear()

    def _entry(self, stream_url: str) -> tuple[Scene, float]:
        with self._lock:
            return self._scenes.get(stream_url, (self._default, self._started))
