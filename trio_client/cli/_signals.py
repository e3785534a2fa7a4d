"""Signals that ask the program to end become one exception, so that blocks are left in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from ._exits import Interrupted

__all__ = ["ending_signals"]

_IMPATIENT = 3  # so many signals end even the cleaning up


@contextmanager
def ending_signals() -> Generator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal raise `Interrupted`, once.

    The second signal finds the cleaning up under way, which is bounded, and changes nothing; the third ends that too.
    What was ignored from outside (`nohup`, a shell's background job) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():  # only there can handlers be set
        yield
        return
    received = 0

    def end(number: int, _: FrameType | None) -> None:
        nonlocal received
        received += 1
        if received == 1 or received >= _IMPATIENT:
            raise Interrupted(number)

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {each: signal.getsignal(each) for each in numbers}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
