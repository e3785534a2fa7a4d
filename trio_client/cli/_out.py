"""Print results to standard output, and everything else to standard error."""

from __future__ import annotations

import errno
import logging
import os
import sys
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from .._job_context import LogLine
from .._redaction import masked, shown
from ..errors import JobLeakWarning, ResponseWarning
from ._advice import Advice
from ._exits import JOB_MAY_RUN, ReaderGoneError
from ._text import clean, json_line

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Out", "closed_output"]

_SHOW_CURSOR = b"\x1b[?25h\n"  # a live view hides it
_NARROWEST = 8  # the smallest width of a column that is cut


class Out:
    """Output for people on a terminal, and for programs elsewhere.

    Attributes:
        secrets: texts to mask wherever they appear.
        leaks: the warnings about jobs that may still be running.
        running: names the jobs that end with this program and run now; `""` is one whose id is not known.
        advice: turns advice for Python programs into commands and options.
        quiet: whether to print no notes.
    """

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.leaks: list[JobLeakWarning] = []
        self.running: Callable[[], list[str]] = list
        self.advice = Advice()
        self.quiet = False
        self._live: Console | None = None
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:  # a character the terminal cannot show must not end a watch
                reconfigure(errors="backslashreplace")

    @property
    def terminal(self) -> bool:
        """Whether results go to a terminal."""
        return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"

    def console(self) -> Console:
        """Return a rich console on standard output."""
        from rich.console import Console

        return Console(file=sys.stdout, highlight=False, emoji=False, markup=False)

    def show_above(self, console: Console | None) -> None:
        """Print above the live view on this console from now on; `None` if there is none any more."""
        self._live = console

    def clean(self, text: str | None, *, lines: bool = False, is_url: bool = False) -> str:
        """Return untrusted text without secrets and terminal escapes."""
        return clean(text or "", self.secrets, lines=lines, is_url=is_url)

    def line(self, text: str = "", *, label: str = "", style: str = "") -> None:
        """Print one line of results; on a terminal with a styled label."""
        if self.terminal:
            from rich.table import Table
            from rich.text import Text

            row = Table.grid()  # so that a long line wraps below its own start
            row.add_column(no_wrap=True)
            row.add_column(overflow="fold")
            row.add_row(Text(label, style), Text(text))
            with _detect_closed_output():
                (self._live or self.console()).print(row)
        else:
            self._print(f"{label}{text}")

    def data(self, value: Any) -> None:
        """Print one result as a line of JSON."""
        unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        self._print(json_line(masked(value, self.secrets), unicode=unicode))

    def table(
        self,
        headers: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        flexible: Sequence[int],
        essential: Sequence[int],
    ) -> None:
        """Print rows: a table on a terminal, tab-separated without a header row elsewhere.

        Args:
            headers: the column names.
            rows: the cells, cleaned.
            flexible: the columns to cut if the terminal is too narrow.
            essential: the columns to keep if it is narrower still; the first is wrapped rather than cut.
        """
        if not self.terminal:
            for row in rows:
                self._print("\t".join(row))
            return
        from rich.cells import cell_len
        from rich.table import Table
        from rich.text import Text

        console = self.console()
        widths = {number: max(cell_len(row[number]) for row in (headers, *rows)) for number in range(len(headers))}
        while sum(widths.values()) + 2 * (len(widths) - 1) > console.width:
            cut = [number for number in flexible if widths.get(number, 0) > _NARROWEST]
            if cut:
                widths[max(cut, key=lambda number: widths[number])] -= 1
            elif set(widths) - set(essential):
                del widths[max(set(widths) - set(essential))]
            elif widths[essential[0]] > _NARROWEST:
                widths[essential[0]] -= 1
            else:
                break
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for number, width in widths.items():
            is_id = number == essential[0]
            table.add_column(headers[number], no_wrap=not is_id, overflow="fold" if is_id else "ellipsis", width=width)
        for row in rows:
            table.add_row(*(Text(row[number], style=_STATUS_STYLES.get(row[number], "")) for number in widths))
        console.print(table)

    def flush(self) -> None:
        """Flush standard output."""
        with _detect_closed_output():
            sys.stdout.flush()

    def note(self, text: str, *, always: bool = False) -> None:
        """Print a message that is not a result, unless the run is quiet.

        Args:
            text: the message.
            always: whether to print it in a quiet run too.
        """
        if always or not self.quiet:
            self._message(text, "")

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._message(text, "warning: ")

    def error(self, problem: Exception | str) -> None:
        """Print why the command failed."""
        self._message(str(self.advice.apply(problem)), "error: ")

    def exit_now(self, number: int) -> int:
        """Say what a second signal leaves behind, and return the exit code.

        The main thread may be anywhere, even within `print`, so this writes to the terminal directly.
        """
        with suppress(OSError):
            if sys.stdout.isatty():
                os.write(1, _SHOW_CURSOR)
        left = list(dict.fromkeys([*(leak.job_id or "" for leak in self.leaks), *self.running()]))
        if not left:
            return 128 + number
        with suppress(OSError):
            os.write(2, self.clean(_left_running(left)).encode(errors="backslashreplace") + b"\n")
        return JOB_MAY_RUN

    def show_logs(self, level: int) -> None:
        """Print the package's own log and warnings."""
        logger = logging.getLogger("trio_client")
        logger.setLevel(level)
        logger.propagate = False
        logger.handlers = [_Handler(self)]
        warnings.simplefilter("always", ResponseWarning)
        warnings.simplefilter("always", JobLeakWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.showwarning = self._show_warning

    @contextmanager
    def restoring(self) -> Generator[None]:
        """Undo at the end what `show_logs` and `no_color` change for the whole process."""
        logger = logging.getLogger("trio_client")
        before = logger.level, logger.propagate, logger.handlers
        no_color = os.environ.get("NO_COLOR")
        with warnings.catch_warnings():
            try:
                yield
            finally:
                logger.level, logger.propagate, logger.handlers = before
                if no_color is None:
                    os.environ.pop("NO_COLOR", None)

    @staticmethod
    def no_color() -> None:
        """Print without colors from now on, as with NO_COLOR in the environment."""
        os.environ["NO_COLOR"] = "1"

    def _print(self, text: str) -> None:
        with _detect_closed_output():
            print(text, flush=True)

    def _message(self, text: str, label: str) -> None:
        text = self.clean(text, lines=True)
        with suppress(OSError):  # standard error may be closed, and the exit code says it too
            if sys.stderr.isatty() and self.terminal:
                from rich.console import Console
                from rich.text import Text

                console = self._live or Console(stderr=True, highlight=False)
                console.print(Text.assemble((label, _LABEL_STYLES.get(label, "")), text))
            else:
                print(f"{label}{text}", file=sys.stderr, flush=True)

    def _show_warning(self, message: Warning | str, *_: Any, **__: Any) -> None:
        if isinstance(message, JobLeakWarning):
            self.leaks.append(message)  # already logged
        else:
            self.warn(str(message))


@contextmanager
def _detect_closed_output() -> Generator[None]:
    """Raise `ReaderGoneError` if the pipe is closed or the terminal gone."""
    try:
        yield
    except OSError as error:
        if error.errno in _GONE:
            raise ReaderGoneError from None
        raise


class _Handler(logging.Handler):
    """Print the package's log records as messages."""

    def __init__(self, out: Out) -> None:
        super().__init__()
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        show = self._out.warn if record.levelno >= logging.WARNING else self._out.note
        for each in record.args if isinstance(record.args, tuple) else ():
            for value in each.values if isinstance(each, LogLine) else (each,):
                self._out.advice.apply(value)  # which the record's text is made with
        show(record.getMessage())


def _left_running(job_ids: Sequence[str]) -> str:
    """Say which jobs a second signal leaves; `""` among them is one whose id is not known."""
    names = [shown(job_id) for job_id in job_ids if job_id]
    if not names:
        return "Interrupted again; a job may still be running. Find it with `trio-client jobs list`."
    jobs, them = (f"job {names[0]}", "it") if len(names) == 1 else (f"jobs {', '.join(names)}", "them")
    others = "" if len(names) == len(job_ids) else "; `trio-client jobs list` shows the others"
    command = f"trio-client jobs cancel {' '.join(names)}"
    return f"Interrupted again; {jobs} may still be running. Cancel {them} with `{command}`{others}."


def closed_output(system: str) -> set[int]:
    """Return what writing to a closed pipe, or to a terminal that is gone, fails with."""
    return {errno.EPIPE, errno.EIO} | ({errno.EINVAL} if system == "nt" else set())


_GONE = closed_output(os.name)
_LABEL_STYLES = {"warning: ": "bold magenta", "error: ": "bold red"}
_STATUS_STYLES = {
    "running": "green",
    "processing": "green",
    "failed": "red",
    "partial_failure": "red",
    "pending": "magenta",
    "submitted": "magenta",
}
