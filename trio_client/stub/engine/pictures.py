"""The pictures that the stub's cameras see, shipped with the package."""

from __future__ import annotations

import base64
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

__all__ = ["FrameName", "frame_base64", "picture"]

FrameName = Literal["empty", "open_gate", "van", "person", "grid"]


@cache
def picture(name: FrameName) -> bytes:
    """The JPEG bytes of one of the shipped pictures."""
    return (files("trio_client.stub.engine") / "frames" / f"{name}.jpg").read_bytes()


@lru_cache(maxsize=16)
def frame_base64(data: bytes, size: int = 0) -> str:
    """The base64 text of a picture, padded to `size` bytes; encoded once for all events."""
    return base64.b64encode(data.ljust(size, b"\0")).decode("ascii")
