"""Bridges to other packages, each with an extra of its own. Nothing here is imported unless you do."""

from __future__ import annotations

__all__: list[str] = []
