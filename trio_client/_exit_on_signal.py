"""Let the signals that end a program end it as Ctrl-C does, so that its blocks are left and its jobs stopped."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

from ._time_source import REAL
from .errors import ConfigurationError

__all__ = ["RepeatFilter", "exit_on_sigterm"]

_NAMES = ("SIGTERM", "SIGHUP", "SIGBREAK")
_EVENT_LOOPS = ("trio.", "asyncio.", "anyio.")
_REPEAT_SECONDS = 0.02


class _Terminated(SystemExit, KeyboardInterrupt):
    """What Ctrl-C raises, with an exit code: event loops know it, and an interpreter that it reaches says nothing."""


def exit_on_sigterm() -> None:
    """Let SIGTERM end the program as Ctrl-C does, so that the jobs of its streams are stopped.

    Docker, systemd and Kubernetes end programs with SIGTERM. Without this function that ends a program at once: its
    `with` blocks are not left, and the jobs run on until their own time is up.

    It works in a script, with asyncio and with the trio library. `asyncio.run` and `anyio.run` have their main task
    cancelled, as by Ctrl-C (from Python 3.11 on; before, and with `loop.run_until_complete`, the signal ends whichever
    task runs). The exit code is 128 plus the number of the signal, as shells have it. SIGHUP and, under Windows,
    SIGBREAK do the same. The second signal ends the program at once; one that follows the first within 20 milliseconds
    is the same, sent twice, as `timeout` does. A signal that has a handler already, or is ignored, keeps that.

    Call it at the start of a program of your own. Web servers, Celery and Jupyter have handlers of theirs.

    Raises:
        ConfigurationError: it was not called in the main thread, where alone Python allows it.

    Example:
        >>> from trio_client import exit_on_sigterm
        >>> exit_on_sigterm()
    """
    if threading.current_thread() is not threading.main_thread():
        raise ConfigurationError(
            "exit_on_sigterm() was called outside the main thread.", advice="Call it at the start of the program."
        )
    for number in _numbers():
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


class RepeatFilter:
    """Recognize a signal that was sent twice.

    `timeout` sends a signal to a program and then to its group, and a wrapper passes on what the terminal has sent to
    both. The repeat would end the program before its jobs are stopped.
    """

    def __init__(self) -> None:
        self._is_holding = False

    def is_repeat(self, number: int) -> bool:
        """Return whether a signal repeats another; after one that does not, hold repeats up for a moment.

        Args:
            number: that of the signal, whose handler calls this.
        """
        if self._is_holding:
            return True
        self._is_holding = True
        try:
            REAL.sleep(_REPEAT_SECONDS)  # in which handlers are called
            # Not that of another signal which arrived together with this one: Python calls it after this handler, or
            # now, together with that of the next signal.
            signal.raise_signal(number)
        finally:
            self._is_holding = False
        return False


_repeats = RepeatFilter()


def _numbers() -> list[signal.Signals]:
    return [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


def _end(number: int, _: FrameType | None) -> None:
    if _repeats.is_repeat(number):
        return
    for each in _numbers():
        if signal.getsignal(each) is _end:
            signal.signal(each, signal.SIG_DFL)
    interrupt: Any = signal.getsignal(signal.SIGINT)
    owner: str = getattr(getattr(interrupt, "func", interrupt), "__module__", None) or ""
    if not owner.startswith(_EVENT_LOOPS):
        raise _Terminated(128 + number)
    # An exception raised here would end whichever task runs at this moment, such as that of a create under way. The
    # handlers that event loops have for Ctrl-C interrupt the main task where it waits. That of trio raises at once in
    # a frame that is not protected, and takes none for protected.
    _exit_with(128 + number)
    interrupt(signal.SIGINT, None)


def _exit_with(code: int) -> None:
    """Let a KeyboardInterrupt that nothing catches end the program with an exit code, and without a traceback."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if _is_interrupt(error):
            raise SystemExit(code)
        before(kind, error, traceback)

    sys.excepthook = hook


def _is_interrupt(error: BaseException) -> bool:
    """Whether an exception, or a group of them, says no more than that the program was interrupted."""
    if isinstance(error, KeyboardInterrupt):
        return True
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return bool(inner) and all(map(_is_interrupt, inner))
