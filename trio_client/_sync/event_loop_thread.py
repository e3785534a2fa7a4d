# sync-only: file
"""An event loop in a thread, for what is watched side by side on behalf of a program without one."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import Any, Generic, TypeVar

from .._exit_cleanup import register_loop, unregister_loop
from .._http.concurrency.sync.wakeup import Wakeup
from .._time_source import REAL
from ..errors import ConfigurationError

__all__ = ["EventLoopThread", "LoopEndedError"]

_T = TypeVar("_T")
_A_WHILE = 3600.0
_HALT_SECONDS = 0.5
_NAME = "trio-watch-many"


class LoopEndedError(Exception):
    """The event loop runs no more, or not in this process."""


class EventLoopThread:
    """Run an event loop in a daemon thread, and let other threads wait for what runs on it.

    Args:
        clean_up: runs on the event loop at its end.
    """

    def __init__(self, clean_up: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._clean_up = clean_up
        self._process = os.getpid()
        self._loop = _new_loop()
        self._over = asyncio.Event()
        self._done = threading.Event()
        self._halted = False
        self._waiting: set[Wakeup] = set()
        self._error: BaseException | None = None
        # In a context of its own: the caller's may say that another event loop runs here.
        self._thread = threading.Thread(target=Context().run, args=(self._run,), name=_NAME, daemon=True)

    def start(self) -> None:
        """Start the thread.

        Raises:
            ConfigurationError: it cannot be started, as at the end of the program.
        """
        try:
            self._thread.start()
        except RuntimeError as error:
            self._done.set()
            self._loop.close()
            raise ConfigurationError(
                f"The thread that watches could not be started: {error}.",
                advice="Start it before the main thread ends, and check the limit of threads.",
            ) from None
        register_loop(self)

    @property
    def is_of_this_process(self) -> bool:
        """Whether it was made by this process: a fork copies no threads."""
        return self._process == os.getpid()

    @property
    def is_usable(self) -> bool:
        """Whether the event loop runs, in this process."""
        return self.is_of_this_process and not self._done.is_set() and not self._halted

    @property
    def is_current(self) -> bool:
        """Whether the caller runs in this very thread, as hooks do."""
        return threading.current_thread() is self._thread

    def check_caller(self) -> None:
        """Raise ConfigurationError in the event loop's own thread, which cannot wait for itself."""
        if self.is_current:
            raise ConfigurationError(
                "A hook cannot wait for the stream of targets that has called it.",
                advice="Let another thread do it: pass what it needs through a queue.",
            )

    def call(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Return the result of work on the event loop. An exception that ends the wait, such as Ctrl-C, cancels it.

        Raises:
            LoopEndedError: the event loop ended first.
            ConfigurationError: this is the event loop's own thread, which cannot wait for itself.
        """
        self.check_caller()
        call = _Call(work, self._loop)
        self._soon(call.start)
        try:
            self._wait(call.wakeup, lambda: call.task is not None and call.task.done())
        except BaseException:
            with suppress(LoopEndedError):
                self._soon(call.cancel)
            raise
        return call.result()

    def stop(self) -> None:
        """Have the event loop clean up and end, without waiting for it."""
        with suppress(LoopEndedError):
            self._soon(self._over.set)

    def join(self) -> None:
        """Wait until the event loop has cleaned up and ended.

        Raises:
            BaseException: what else than `stop` has ended it, such as a SystemExit of a hook.
        """
        with suppress(LoopEndedError):
            self._wait(Wakeup(), self._done.is_set)
        error, self._error = self._error, None
        if error is not None:
            raise error

    def halt(self, seconds: float) -> None:
        """Wait at most `seconds` for the end of the event loop, then let it do nothing more."""
        if self._done.wait(seconds):
            return
        reached = threading.Event()

        def stand_still() -> None:
            reached.set()
            threading.Event().wait()  # the thread is a daemon

        with suppress(LoopEndedError):
            self._soon(stand_still)
            self._halted = True
            reached.wait(_HALT_SECONDS)

    def _soon(self, function: Callable[[], object]) -> None:
        if not self.is_usable:
            raise LoopEndedError
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:  # it was closed meanwhile
            raise LoopEndedError from None

    def _wait(self, wakeup: Wakeup, is_over: Callable[[], bool]) -> None:
        self._waiting.add(wakeup)
        try:
            while not is_over():
                if not self.is_usable:
                    raise LoopEndedError
                wakeup.wait(_A_WHILE)
        finally:
            self._waiting.discard(wakeup)

    def _run(self) -> None:
        loop = self._loop
        try:
            for step in (self._over.wait, self._clean_up, _cancel_the_rest, loop.shutdown_asyncgens):
                try:
                    loop.run_until_complete(step())
                except BaseException as error:  # noqa: BLE001 - `join` raises it
                    self._error = self._error or error
        finally:
            unregister_loop(self)
            self._done.set()
            loop.close()
            for wakeup in list(self._waiting):
                wakeup.set()


class _Call(Generic[_T]):
    """Work on an event loop that another thread waits for."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, _T]], loop: asyncio.AbstractEventLoop) -> None:
        self.wakeup = Wakeup()
        self.task: asyncio.Task[_T] | None = None
        self._work = work
        self._loop = loop
        self._is_cancelled = False

    def start(self) -> None:
        if not self._is_cancelled:
            self.task = self._loop.create_task(self._work())
            self.task.add_done_callback(lambda _: self.wakeup.set())

    def cancel(self) -> None:
        self._is_cancelled = True
        if self.task is not None:
            self.task.cancel()

    def result(self) -> _T:
        """Return or raise what the work did; its error is not kept, since its traceback leads back here."""
        task, self.task = self.task, None
        assert task is not None
        if task.cancelled():
            raise LoopEndedError
        try:
            return task.result()
        finally:
            del task


def _new_loop() -> asyncio.AbstractEventLoop:
    family = socket.AF_UNIX if os.name == "posix" else socket.AF_INET
    try:
        socket.socket(family).close()  # an event loop is woken through a pair of them
    except Exception as error:
        raise ConfigurationError(
            f"watch_many needs an event loop, which cannot open its pair of sockets: {type(error).__name__}.",
            advice="In tests without sockets, run pytest with --allow-unix-socket.",
        ) from error
    loop = asyncio.new_event_loop()
    loop.set_debug(False)  # with -X dev it would report each import as a slow callback
    vars(loop)["time"] = REAL.monotonic  # its timers fire under freezegun too
    in_executor = loop.run_in_executor

    def run_in_executor(executor: Any, function: Callable[..., Any], *args: Any) -> Any:
        try:
            return in_executor(executor, function, *args)
        except RuntimeError:  # the main thread has ended, and no more threads are started: host names are resolved here
            result = loop.create_future()
            try:
                result.set_result(function(*args))
            except Exception as error:  # noqa: BLE001 - it is raised where the future is awaited
                result.set_exception(error)
            return result

    vars(loop)["run_in_executor"] = run_in_executor
    return loop


async def _cancel_the_rest() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
