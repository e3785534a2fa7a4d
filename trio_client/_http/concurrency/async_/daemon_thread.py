"""Call a blocking function in a thread that keeps neither its caller nor the program."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

import anyio

from .wakeup import from_any_thread

__all__ = ["in_daemon_thread"]

_MOMENT = 2.0  # seconds that a cancelled caller waits for what it has to undo

T = TypeVar("T")


async def in_daemon_thread(function: Callable[[], T], *, name: str, undo: Callable[[T], object] | None = None) -> T:
    """Return what a function returns. A caller that is cancelled leaves it behind, and so does the end of the program.

    anyio's own threads are waited for at the end of an asyncio program, and take one of the trio library's few places
    for threads as long as they run.

    Args:
        function: what to call.
        name: the thread's name.
        undo: what to do, in a thread too, with a result that comes too late. A cancelled caller waits a moment for it.
    """
    result: Future[T] = Future()
    done = anyio.Event()
    wake = from_any_thread(done.set)
    cancelled = anyio.get_cancelled_exc_class()

    def run() -> None:
        try:
            value = function()
        except BaseException as error:  # noqa: BLE001 - it is the caller's
            with suppress(InvalidStateError):  # the caller was cancelled
                result.set_exception(error)
        else:
            try:
                result.set_result(value)
            except InvalidStateError:
                if undo is not None:
                    undo(value)
        with suppress(RuntimeError):  # its event loop has ended
            wake()

    Thread(target=copy_context().run, args=(run,), name=name, daemon=True).start()
    try:
        await done.wait()
    except BaseException as error:
        is_late = result.cancel()
        if undo is not None and isinstance(error, cancelled):
            with anyio.move_on_after(_MOMENT, shield=True):
                if is_late:
                    await done.wait()
                elif result.exception() is None:
                    await in_daemon_thread(lambda: undo(result.result()), name=name)
        raise
    return result.result()
