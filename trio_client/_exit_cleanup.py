"""Stop at the end of the program what must not outlive it.

What is registered is called once, in a thread of its own, with the seconds that are left; it returns whether it has
certainly stopped what it names (`str` of it). Event loops that run in threads end before: they know best what they have
begun, and would go on to start jobs in place of those that are stopped.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from typing import Protocol, TypeAlias

from ._time_source import REAL

__all__ = ["Loop", "Stop", "register", "register_loop", "stop_all", "unregister", "unregister_loop"]

_SECONDS = 3.0
_LEFT_SECONDS = 1.0  # for what event loops have not stopped in their time
Stop: TypeAlias = Callable[[float], bool]


class Loop(Protocol):
    """An event loop in a thread."""

    def stop(self) -> None:
        """Have it clean up and end, without waiting for it."""
        ...

    def halt(self, seconds: float) -> None:
        """Wait at most `seconds` for its end, then let it do nothing more."""
        ...


_registered: set[Stop] = set()
_loops: set[Loop] = set()
_lock = threading.Lock()


def register(stop: Stop) -> None:
    """Have something stopped at the end of the program."""
    with _lock:
        _registered.add(stop)


def unregister(stop: Stop) -> None:
    """Note that it has ended, was stopped, or is to be left running."""
    with _lock:
        _registered.discard(stop)


def register_loop(loop: Loop) -> None:
    """Have an event loop end at the end of the program, before anything is stopped."""
    with _lock:
        _loops.add(loop)


def unregister_loop(loop: Loop) -> None:
    """Note that an event loop has ended."""
    with _lock:
        _loops.discard(loop)


def _forget() -> None:
    """Forget everything in a child process: it must never stop its parent's jobs."""
    if _lock.locked():  # by a thread that does not exist in the child
        _lock.release()
    _registered.clear()
    _loops.clear()


def stop_all() -> None:
    """Stop what is registered, within three seconds, and name what could not be stopped."""
    until = REAL.monotonic() + _SECONDS
    _end_loops(until - _LEFT_SECONDS)
    with _lock:
        stops = list(_registered)
        _registered.clear()
    stopped: set[Stop] = set()

    def run(stop: Stop) -> None:
        if stop(until - REAL.monotonic()):
            stopped.add(stop)

    threads: list[threading.Thread] = []
    for stop in stops:
        thread = threading.Thread(target=run, args=(stop,), daemon=True)
        try:
            thread.start()
        except RuntimeError:  # an interpreter that is shutting down starts no threads
            if REAL.monotonic() < until:
                run(stop)
        else:
            threads.append(thread)
    for thread in threads:
        REAL.join(thread, until - REAL.monotonic())
    running = ", ".join(str(stop) for stop in stops if stop not in stopped)
    if running:
        sys.stderr.write(f"trio_client: could not confirm that these jobs were stopped: {running}\n")


def _end_loops(until: float) -> None:
    with _lock:
        loops = list(_loops)
        _loops.clear()
    for loop in loops:
        loop.stop()
    for loop in loops:
        loop.halt(max(0.0, until - REAL.monotonic()))


atexit.register(stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
