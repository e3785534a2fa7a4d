"""Stop at the end of the program what must not outlive it.

What is registered is called once, in a thread of its own, with the seconds that are left; it returns whether it has
certainly stopped what it names (`str` of it).
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from typing import TypeAlias

from ._time_source import REAL

__all__ = ["Stop", "register", "stop_all", "unregister"]

_SECONDS = 3.0
Stop: TypeAlias = Callable[[float], bool]

_registered: set[Stop] = set()
_lock = threading.Lock()


def register(stop: Stop) -> None:
    """Have something stopped at the end of the program."""
    with _lock:
        _registered.add(stop)


def unregister(stop: Stop) -> None:
    """Note that it has ended, was stopped, or is to be left running."""
    with _lock:
        _registered.discard(stop)


def _forget() -> None:
    """Forget everything in a child process: it must never stop its parent's jobs."""
    if _lock.locked():  # by a thread that does not exist in the child
        _lock.release()
    _registered.clear()


def stop_all() -> None:
    """Stop what is registered, within three seconds, and name what could not be stopped."""
    with _lock:
        stops = list(_registered)
        _registered.clear()
    until = REAL.monotonic() + _SECONDS
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


atexit.register(stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
