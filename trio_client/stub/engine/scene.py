"""When a condition holds: what the camera behind a stream URL sees, and when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .pictures import FrameName, frame_base64, picture

__all__ = ["Scene"]

# A single check covers as long as a monitor's default interval, so that both see the same rhythm.
CHECK_SECONDS = 10.0
MAX_FRAME_SIZE = 16 * 2**20
_PERSON = re.compile(r"\b(person|people|someone|anyone|man|woman|child|visitor|pedestrian|human)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Scene:
    """The script of one stream: when the condition holds, whether it is live, and what explanations say.

    Args:
        every: the condition holds on every n-th check of a job (default 3: with an interval of 10 s a
            monitor triggers after 30 s). None: it never holds by counting.
        first: the number of the first check it holds on, such as 1; by default `every`.
        at: job times in stub-seconds at which the condition comes true; the first check at or after
            each of them sees it. When given, `every` is not used.
        holds: True or False makes the condition hold always or never, regardless of `every` and `at`.
        live: False makes the stream offline: creating is refused, running jobs fail at their next check.
        offline_at: job time in stub-seconds from which on the stream is offline.
        vod: True makes it a recording: NOT_LIVESTREAM.
        title, channel, viewer_count: what `POST /streams/validate` answers.
        seen: what an explanation describes while the condition holds.
        unseen: what it describes otherwise.
        frame: your own JPEG for every picture of this stream.
        frame_size: pads each picture after its end to this many bytes, up to 16 MiB.
        latency_ms: the `latency_ms` of every reply, in milliseconds.

    Example:
        >>> Scene(at=[25, 95], offline_at=300).holds_at(check=3, at=30.0, since=20.0)
        True
    """

    every: int | None = 3
    first: int | None = None
    at: Sequence[float] = ()
    holds: bool | None = None
    live: bool = True
    offline_at: float | None = None
    vod: bool = False
    title: str = "Yard camera"
    channel: str = "Stub TV"
    viewer_count: int = 42
    seen: str | None = None
    unseen: str = "The yard is empty and the gate is closed"
    frame: bytes | None = None
    frame_size: int = 0
    latency_ms: int = 850

    def __post_init__(self) -> None:
        if self.every is not None and self.every < 1:
            raise ValueError(f"every must be at least 1 or None, not {self.every}")
        if self.first is not None and self.first < 1:
            raise ValueError(f"first must be at least 1 or None, not {self.first}")
        if not 0 <= self.frame_size <= MAX_FRAME_SIZE:
            raise ValueError(f"frame_size must be 0 to {MAX_FRAME_SIZE} bytes, not {self.frame_size}")

    def holds_at(self, *, check: int, at: float, since: float) -> bool:
        """Whether check number `check` (from 1), made at job time `at`, finds the condition met.

        `since` is the job time of the check before.
        """
        if self.holds is not None:
            return self.holds
        if self.at:
            return any(since < moment <= at for moment in self.at)
        if self.every is None:
            return False
        first = self.every if self.first is None else self.first
        return check >= first and (check - first) % self.every == 0

    def holds_now(self, age: float) -> bool:
        """Whether a single check finds the condition met, `age` stub-seconds after the scene was set."""
        if self.holds is None and self.at:
            return any(0 <= age - moment < CHECK_SECONDS for moment in self.at)
        return self.holds_at(check=int(age // CHECK_SECONDS), at=age, since=age - CHECK_SECONDS)

    def offline(self, at: float) -> bool:
        """Whether the stream is offline at this time."""
        return not self.live or (self.offline_at is not None and at >= self.offline_at)

    def explanation(self, condition: str, *, met: bool) -> str:
        """The sentence that says what is seen and whether the condition is met."""
        if not met:
            return f"{self.unseen}. The condition is not met: {condition}"
        seen = self.seen or (
            "A person walks through the open gate"
            if _PERSON.search(condition)
            else "A white van stands at the open gate"
        )
        return f"{seen}. The condition is met: {condition}"

    def picture(self, condition: str, *, met: bool) -> bytes:
        """The picture that goes with the explanation: a JPEG."""
        name: FrameName = "empty"
        if met:
            name = "person" if _PERSON.search(condition) else "van"
        return self.frame if self.frame is not None else picture(name)

    def frame_base64(self, condition: str, *, met: bool) -> str:
        """The picture that goes with the explanation, as base64 text of a JPEG."""
        return frame_base64(self.picture(condition, met=met), self.frame_size)

    def grid_base64(self) -> str:
        """The grid of pictures that goes with a digest's summary."""
        return frame_base64(self.frame if self.frame is not None else picture("grid"), self.frame_size)
