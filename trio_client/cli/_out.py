"""Where results and messages go: results to standard output, everything else to standard error."""

from __future__ import annotations

import errno
import logging
import os
import sys
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ..errors import JobLeakWarning, ResponseWarning
from ._advice import Advice
from ._exits import ReaderGoneError
from ._text import clean, json_line, masked

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Out"]

_NARROWEST = 8  # columns of a table's flexible one


class Out:
    """Print for people on a terminal and for programs elsewhere.

    Attributes:
        secrets: texts that are masked wherever they appear.
        leaks: the warnings of jobs that could not be stopped.
        advice: what errors advise here.
    """

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.leaks: list[JobLeakWarning] = []
        self.advice = Advice()
        self._live: Console | None = None
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:  # a character that the terminal cannot show must not end a watch
                reconfigure(errors="backslashreplace")

    @property
    def terminal(self) -> bool:
        """Whether a person reads the results."""
        return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"

    def console(self) -> Console:
        """Return rich's console of the standard output."""
        from rich.console import Console

        return Console(file=sys.stdout, highlight=False, emoji=False, markup=False)

    def show_above(self, console: Console | None) -> None:
        """From now on print above what moves on this console; `None`: nothing moves any more."""
        self._live = console

    def clean(self, text: str | None, *, lines: bool = False) -> str:
        """Return a foreign text without secrets and terminal escapes."""
        return clean(text or "", self.secrets, lines=lines)

    def line(self, text: str = "", *, label: str = "", style: str = "") -> None:
        """Print one result; on a terminal with its label in a style."""
        if self.terminal:
            from rich.table import Table
            from rich.text import Text

            row = Table.grid()  # so that what is too long for one line goes on below itself
            row.add_column(no_wrap=True)
            row.add_column(overflow="fold")
            row.add_row(Text(label, style), Text(text))
            with _reader():
                (self._live or self.console()).print(row)
        else:
            self._print(f"{label}{text}")

    def data(self, value: Any) -> None:
        """Print one result as a line of JSON."""
        unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        self._print(json_line(masked(value, self.secrets), unicode=unicode))

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]], *, flexible: int) -> None:
        """Print rows: as a table on a terminal, tab-separated and without a head elsewhere.

        Args:
            headers: the columns' names.
            rows: the cells, cleaned.
            flexible: the column that is cut where the terminal is too narrow.
        """
        if not self.terminal:
            for row in rows:
                self._print("\t".join(row))
            return
        from rich.cells import cell_len
        from rich.table import Table
        from rich.text import Text

        console = self.console()
        widths = [max(cell_len(row[number]) for row in (headers, *rows)) for number in range(len(headers))]
        taken = sum(width + 2 for number, width in enumerate(widths) if number != flexible)
        widths[flexible] = min(widths[flexible], max(_NARROWEST, console.width - taken))
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for header, width in zip(headers, widths, strict=True):
            table.add_column(header, no_wrap=True, overflow="ellipsis", width=width)
        for row in rows:
            table.add_row(*(Text(cell, style=_STATUS_STYLES.get(cell, "")) for cell in row))
        console.print(table)

    def flush(self) -> None:
        """Hand over everything that was printed."""
        with _reader():
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """Say something that is no result."""
        self._say(text, "")

    def warn(self, text: str) -> None:
        """Say what deserves attention."""
        self._say(text, "warning: ")

    def error(self, problem: Exception | str) -> None:
        """Say why the command failed."""
        self._say(str(self.advice.apply(problem)), "error: ")

    def listen(self, level: int) -> None:
        """Show the package's own log and warnings as notes and warnings."""
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
        """Put back, at the end, what `listen` changes for the whole process."""
        logger = logging.getLogger("trio_client")
        before = logger.level, logger.propagate, logger.handlers
        with warnings.catch_warnings():
            try:
                yield
            finally:
                logger.level, logger.propagate, logger.handlers = before

    def _print(self, text: str) -> None:
        with _reader():
            print(text, flush=True)

    def _say(self, text: str, label: str) -> None:
        text = self.clean(text, lines=True)
        with suppress(OSError):  # nobody may be there to hear it, and the exit code tells too
            if sys.stderr.isatty() and self.terminal:
                from rich.console import Console
                from rich.text import Text

                console = self._live or Console(stderr=True, highlight=False)
                console.print(Text.assemble((label, _LABEL_STYLES.get(label, "")), text))
            else:
                print(f"{label}{text}", file=sys.stderr, flush=True)

    def _show_warning(self, message: Warning | str, *_: Any, **__: Any) -> None:
        if isinstance(message, JobLeakWarning):
            self.leaks.append(message)  # the log has said it
        else:
            self.warn(str(message))


@contextmanager
def _reader() -> Generator[None]:
    """Notice that nobody reads any more: a closed pipe, or a terminal that has gone."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EPIPE, errno.EIO):
            raise ReaderGoneError from None
        raise


class _Handler(logging.Handler):
    """The package's log, on the command line."""

    def __init__(self, out: Out) -> None:
        super().__init__()
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        say = self._out.warn if record.levelno >= logging.WARNING else self._out.note
        if isinstance(record.args, tuple):
            record.args = tuple(map(self._out.advice.apply, record.args))
        say(record.getMessage())


_LABEL_STYLES = {"warning: ": "bold magenta", "error: ": "bold red"}
_STATUS_STYLES = {
    "running": "green",
    "processing": "green",
    "failed": "red",
    "partial_failure": "red",
    "pending": "magenta",
    "submitted": "magenta",
}
