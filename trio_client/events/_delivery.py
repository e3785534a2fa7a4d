"""How an event arrived."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["Delivery"]

Delivery: TypeAlias = Literal["sse", "webhook", "poll"]
