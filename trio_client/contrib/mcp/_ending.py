"""Serve over standard input and output, and leave nothing running at the end."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, Final, NoReturn

import anyio

from ..._async.client import AsyncTrioClient
from ..._time_source import REAL
from ...errors import JobLeakWarning
from ._server import server_of
from ._tools import Tools

__all__ = ["serve_stdio"]

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_STOP_SECONDS: Final = 1.2
_LONGEST_JOB: Final = 605.0
_JOB_MAY_RUN: Final = 5


class _NoticedInput(io.RawIOBase):
    """Standard input, whose end is noticed at once: the MCP library reports it after all calls have ended."""

    def __init__(self, source: BinaryIO, on_end: Callable[[], object]) -> None:
        self._source = source
        self._on_end = on_end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = os.read(self._source.fileno(), len(buffer))
        if not piece:
            self._on_end()
        buffer[: len(piece)] = piece
        return len(piece)


class _Ending:
    """Why the server ends: the end of its input, or a signal."""

    def __init__(self) -> None:
        self.begun = anyio.Event()
        self.number: int | None = None
        self.leaked_until = 0.0
        self._loop = asyncio.get_running_loop()

    def notice(self) -> None:
        """Notice the end of standard input, signals, and jobs that are left over, whatever the calls do."""
        source = sys.stdin.buffer
        noticed: Any = _NoticedInput(source, lambda: self._loop.call_soon_threadsafe(self.begun.set))
        sys.stdin = io.TextIOWrapper(io.BufferedReader(noticed), encoding="utf-8")
        show = warnings.showwarning

        def note(message: Warning | str, *details: Any, **more: Any) -> None:
            if isinstance(message, JobLeakWarning):
                self.leaked_until = REAL.monotonic() + _LONGEST_JOB
            show(message, *details, **more)

        warnings.simplefilter("always", JobLeakWarning)
        warnings.showwarning = note

        def end(number: int, _: FrameType | None) -> None:
            if self.number is None:
                self.number = number
            self._loop.call_soon_threadsafe(self.begun.set)

        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, end)


def serve_stdio(
    make_client: Callable[[], AsyncTrioClient],
    *,
    max_cost_usd: float = 1.0,
    price_per_minute_usd: float | None = None,
    pictures: Path | None = None,
    report: Callable[[str], None] | None = None,
) -> NoReturn:
    """Serve MCP over standard input and output until the input ends or a signal arrives, and end the process.

    The jobs of calls under way are stopped at once. The process ends within 1.5 s, whether that was confirmed or not: a
    client ends its server by force two seconds after it has closed the input.

    The exit code is 0 at the end of the input, 128 + the number of a signal, and 5 if a job may still be running; it is
    named then.

    Args:
        make_client: makes the client, in the event loop that it is used in.
        max_cost_usd: as for `build_server`.
        price_per_minute_usd: as for `build_server`.
        pictures: as for `build_server`.
        report: prints what could not be confirmed; by default on standard error.
    """

    async def serve() -> None:
        ending = _Ending()
        ending.notice()
        tools = Tools(
            make_client(), max_cost_usd=max_cost_usd, price_per_minute_usd=price_per_minute_usd, pictures=pictures
        )
        server = server_of(tools)

        async def run() -> None:
            try:
                await server.run_stdio_async()
            finally:
                ending.begun.set()

        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await ending.begun.wait()
            group.cancel_scope.cancel()  # a read of standard input cannot be cancelled, so the process ends below
            with anyio.move_on_after(_STOP_SECONDS, shield=True):
                await tools.jobs.closed()
            _exit(tools, ending, report or _print)

    anyio.run(serve)
    raise AssertionError("the process has ended")


def _print(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def _exit(tools: Tools, ending: _Ending, report: Callable[[str], None]) -> NoReturn:
    """End the process: a thread that reads standard input would keep it."""
    code = 0 if ending.number is None else 128 + ending.number
    if REAL.monotonic() < ending.leaked_until:
        code = _JOB_MAY_RUN  # the client has named it
    for job in tools.jobs.may_run():
        code = _JOB_MAY_RUN
        job_id = job.stream.job_id
        advice = f"`trio-client jobs cancel {job_id}`" if job_id else "`trio-client jobs list`"
        report(f"It is not confirmed that {job} has ended; see {advice}.")
    sys.stderr.flush()
    os._exit(code)
