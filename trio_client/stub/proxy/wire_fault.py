"""Faults below HTTP, as they are scripted, and the ones that wait for their requests."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from ..documented.paths import api_path
from ..faults.fault_queue import MAX_FAULTS

__all__ = ["WireFault", "WireScript"]

AtByte = Literal["reset", "close", "half-close", "hang", "delay", "dribble"]
Spoiled = Literal[
    "answer",
    "garbage",
    "truncated",
    "truncated-chunked",
    "bad-chunk",
    "both-lengths",
    "surplus",
    "huge-headers",
    "huge-length",
    "endless-1xx",
    "gzip-bomb",
]
Place = Literal["connect", "request", "reply", "body"]
Work = Literal["done", "skipped", "late"]
_BEFORE_WORK = ("reset", "close", "hang", "delay")


@dataclass(frozen=True)
class WireFault:
    """One fault below HTTP.

    These kinds apply at one byte, chosen by `at` and `after`: `reset` and `close` end the connection,
    `half-close` ends it for sending only, `hang` stops sending, `delay` pauses for `seconds`, and
    `dribble` sends the rest in pieces of `size` bytes, one every `every` seconds.

    These send their own reply, `content`: `answer`, which should be complete, and `garbage`, after
    which the connection is closed.

    These corrupt the server's reply: `truncated`, `truncated-chunked` and `bad-chunk` end it after `after` bytes of
    its body, although more is announced; `both-lengths` gives it Content-Length and chunks; `surplus` adds
    `content`, by default another reply; `huge-headers` adds a field of `size` bytes; `huge-length` announces
    10 GB and hangs after its body; `gzip-bomb` has a body that inflates to `size` bytes. `endless-1xx` sends
    interim replies, one every `every` seconds.

    Args:
        kind: what happens; see above.
        at: what `after` counts from: the `reply`, its `body`, the body of the `request`, or `connect`,
            which applies before a byte is read.
        after: bytes that are sent before the fault; it applies at the end of anything shorter.
        work: what happens to the request: `done`: the server answers it before the fault shows; `skipped`: the
            server never gets it; `late`: it gets it `seconds` after the client has disconnected or been answered.
            A connection that ends at `connect` or in the `request` always skips it.
        content: the bytes of a reply, or of what is corrupted if the server is not asked.
        size: bytes; by default 1 to dribble, 1 MiB of headers, a bomb of 64 MiB.
        every: seconds between two pieces.
        seconds: the length of a delay; how late the work is.

    Example:
        >>> WireFault("close", at="body", after=10).work
        'done'
    """

    kind: AtByte | Spoiled
    at: Place = "reply"
    after: int = 0
    work: Work = "done"
    content: bytes | None = None
    size: int | None = None
    every: float = 0.02
    seconds: float = 0.0

    def __post_init__(self) -> None:
        for name, allowed in (("kind", _KINDS), ("at", get_args(Place)), ("work", get_args(Work))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}")
        if self.before_work and (self.kind not in _BEFORE_WORK or self.work == "late"):
            raise ValueError(f"at={self.at!r} is for {', '.join(_BEFORE_WORK)}, and never for work='late'")
        if self.kind == "answer" and not self.content:
            raise ValueError("content must be the reply that is sent")
        if self.after < 0 or (self.size is not None and self.size < 1):
            raise ValueError("after must be at least 0, and size at least 1")
        for name in ("every", "seconds"):
            if not math.isfinite(getattr(self, name)) or getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0 seconds, not {getattr(self, name)}")

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> WireFault:
        """A fault from a JSON object; its `content` is text, one byte per character."""
        unknown = value.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        if value.get("content") is not None:
            value = {**value, "content": str(value["content"]).encode("latin-1")}
        return cls(**value)

    @property
    def at_byte(self) -> bool:
        """Whether it applies at a byte of what is sent."""
        return self.kind in get_args(AtByte)

    @property
    def before_work(self) -> bool:
        """Whether it applies before the server is asked."""
        return self.at in ("connect", "request")


_KINDS = (*get_args(AtByte), *get_args(Spoiled))


@dataclass(eq=False)
class _Scripted:
    fault: WireFault
    method: str | None
    path: str
    left: int


class WireScript:
    """Faults in the order in which they were added; each waits for its request. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Scripted] = deque()

    def add(self, fault: WireFault, *, method: str | None, path: str, times: int) -> None:
        """Apply a fault to the next `times` matching requests."""
        if times < 1:
            raise ValueError(f"times must be at least 1, not {times}")
        if fault.at == "connect" and (method or path):
            raise ValueError("at='connect' applies to any connection: its request is never read")
        with self._lock:
            if len(self._waiting) >= MAX_FAULTS:
                raise ValueError(f"no more than {MAX_FAULTS} faults can wait")
            self._waiting.append(_Scripted(fault, method, path, times))

    def take_at_connect(self) -> WireFault | None:
        """The fault for a new connection."""
        return self._take(lambda each: each.fault.at == "connect")

    def take(self, method: str, path: str) -> WireFault | None:
        """The fault for a request."""
        return self._take(
            lambda each: (
                each.fault.at != "connect"
                and (each.method or method).upper() == method
                and api_path(path).startswith(api_path(each.path))
            )
        )

    def pending(self) -> list[WireFault]:
        """Faults that have not been applied as often as they were scripted."""
        with self._lock:
            return [each.fault for each in self._waiting]

    def _take(self, wanted: Callable[[_Scripted], bool]) -> WireFault | None:
        with self._lock:
            for each in self._waiting:
                if wanted(each):
                    each.left -= 1
                    if not each.left:
                        self._waiting.remove(each)
                    return each.fault
            return None
