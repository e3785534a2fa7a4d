"""Turn the signals that end a program into an exception, so that `with` blocks clean up."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from .._exit_on_signal import RepeatFilter
from ._exits import Interrupted

__all__ = ["ending_signals"]


@contextmanager
def ending_signals(exit_now: Callable[[int], int]) -> Generator[None]:
    """Raise `Interrupted` once on Ctrl-C, SIGTERM, Ctrl-Break (which Windows has in its place) or a closed terminal.

    A second signal, if it is no repeat of the first, exits at once, during the cleanup and after it: the handlers stay,
    so that a program that was interrupted ends with one of its own exit codes. A signal that the parent process ignored
    (`nohup`, a shell's background job) stays ignored.

    Args:
        exit_now: called with the number of the second signal; returns the exit code.
    """
    if threading.current_thread() is not threading.main_thread():  # handlers can only be set there
        yield
        return
    is_first, repeats = True, RepeatFilter()

    def end(number: int, _: FrameType | None) -> None:
        nonlocal is_first
        if not is_first:
            os._exit(exit_now(number))
        if not repeats.is_repeat(number):
            is_first = False
            raise Interrupted(number)

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    before = {each: signal.getsignal(each) for each in numbers}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        if is_first:
            for number, handler in before.items():
                signal.signal(number, handler)
