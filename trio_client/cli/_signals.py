"""Turn the signals that end a program into an exception, so that `with` blocks clean up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from ._exits import Interrupted

__all__ = ["ending_signals"]

_FORCE_AFTER = 3  # this many signals end even the cleanup


@contextmanager
def ending_signals() -> Generator[None]:
    """Raise `Interrupted` once on Ctrl-C, SIGTERM or a closed terminal.

    A second signal arrives during the cleanup, whose time is bounded, and changes nothing; a third ends that too.
    A signal that the parent process ignored (`nohup`, a shell's background job) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():  # handlers can only be set there
        yield
        return
    received = 0

    def end(number: int, _: FrameType | None) -> None:
        nonlocal received
        received += 1
        if received == 1 or received >= _FORCE_AFTER:
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
