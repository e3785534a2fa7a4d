"""Do several things at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ...._time_source import REAL

__all__ = ["do_together"]


def do_together(calls: Sequence[Callable[[], None]], *, seconds: float) -> None:
    """Make calls at once, in threads, and wait at most `seconds` for them; they must raise nothing."""
    until = REAL.monotonic() + seconds
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        REAL.join(thread, until - REAL.monotonic())
