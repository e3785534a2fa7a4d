"""Run work that cancellation must not cut off once it has sent something.

A create that is cancelled halfway may have made a job that no one knows of. So it runs in a task of its own: if the
caller is cancelled before the first byte went out, nothing is sent; afterwards the work gets a grace period to finish,
and its result goes to the cleanup, which stops the job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar, copy_context
from typing import Any, Generic, TypeVar

import anyio
import anyio.lowlevel

__all__ = ["about_to_send", "run_to_completion", "spawn"]

_T = TypeVar("_T")
_CONNECTING_SECONDS = 0.5  # a connection cut off while it is being made may leave a socket behind


def spawn(work: Callable[[], Coroutine[Any, Any, None]], *, when_done: Callable[[], object]) -> object:
    """Run something beside everything else on the event loop; keep what is returned for as long as it runs.

    It is cancelled when the event loop ends, and must raise nothing else. `when_done` is called at its end, even if
    it is cancelled before it begins.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        import trio

        async def whole() -> None:
            try:
                await work()
            finally:
                when_done()

        return trio.lowlevel.spawn_system_task(whole, context=copy_context())
    task = loop.create_task(work())
    task.add_done_callback(lambda _: when_done())
    return task


class _Run(Generic[_T]):
    """Work that runs to completion: whether it has sent anything, and whether it still may."""

    __slots__ = ("_scope", "_when_sent", "_work", "done", "errors", "forbidden", "results", "sent")

    def __init__(self, work: Callable[[], Awaitable[_T]], when_sent: Callable[[], object]) -> None:
        self._work = work
        self._when_sent = when_sent
        self._scope = anyio.CancelScope()
        self.sent = False
        self.forbidden = False
        self.done = anyio.Event()
        self.results: list[_T] = []
        self.errors: list[Exception] = []

    async def run(self) -> None:
        _current.set(self)
        with self._scope:
            try:
                self.results.append(await self._work())
            except Exception as error:  # noqa: BLE001  # raised again by run_to_completion
                self.errors.append(error)

    def finish(self) -> None:
        """Note that the work has ended, in whatever way."""
        self._when_sent()
        self.done.set()

    async def send(self) -> None:
        """Note that something goes out, unless nothing is to be sent any more: then cancel the work."""
        if self.forbidden:
            self._scope.cancel()
            await anyio.lowlevel.checkpoint()
        self.sent = True
        self._when_sent()

    async def end(self, grace: float) -> None:
        """Wait for the work, at most `grace` seconds; if nothing was sent yet, forbid sending at all."""
        self.forbidden = True
        seconds = grace if self.sent else _CONNECTING_SECONDS
        self._scope.deadline = min(self._scope.deadline, anyio.current_time() + seconds)
        with anyio.CancelScope(shield=True):
            while not self.done.is_set():
                with suppress(anyio.get_cancelled_exc_class()):  # asyncio's own cancellation ignores the shield
                    await self.done.wait()


_current: ContextVar[_Run[Any] | None] = ContextVar("_current", default=None)


async def about_to_send() -> None:
    """Report to `run_to_completion` that a request goes out now; it may cancel the work instead."""
    run = _current.get()
    if run is not None:
        await run.send()


async def run_to_completion(
    work: Callable[[], Awaitable[_T]],
    *,
    grace: float,
    on_cancel: Callable[[_T | None, Exception | None], Awaitable[None]],
    when_sent: Callable[[], object],
) -> _T:
    """Run work that must not be cut off halfway, and return its result.

    If the task is cancelled before anything was sent, nothing will be. Later the work gets `grace` seconds
    to finish; `on_cancel` is then given its result or its error, as far as they are known, before the cancellation
    is raised. `when_sent` is called when something goes out, and again at the end.
    """
    run = _Run(work, when_sent)
    task = spawn(run.run, when_done=run.finish)
    try:
        await run.done.wait()
    except BaseException:
        await run.end(grace)
        if run.sent:
            await on_cancel(run.results[0] if run.results else None, run.errors[0] if run.errors else None)
        raise
    del task
    if run.errors:
        raise run.errors.pop()
    return run.results.pop()
