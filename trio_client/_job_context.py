"""What a line of the log, a warning or an error is about: a camera, its target and its job."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from ._redaction import legible, mask, shown

__all__ = ["ContextLog", "JobContext", "LogLine", "logger"]

_FIELDS = ("trio_job_id", "trio_stream_url", "trio_target")


class _Fields(logging.Filter):
    """Give every record what formatters may name, `None` where it is not known."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name in _FIELDS:
            if not hasattr(record, name):
                setattr(record, name, None)
        return True


class _Legible(logging.Filter):
    """Make the texts of a record printable, and cut them: a server may have written them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(legible(value) if isinstance(value, str) else value for value in record.args)
        return True


logger = logging.getLogger("trio_client")
logger.addFilter(_Fields())
logger.addFilter(_Legible())


@dataclass(slots=True)
class JobContext:
    """What the calls of a transport are about, as far as it is known.

    Attributes:
        stream_url: the address of the stream, masked.
        target: the `key` of the `Target`, if it has one.
        job_id: the id of the job.
        price_per_minute_usd: what a minute of a job costs, where a watch knows it.
    """

    stream_url: str | None = None
    target: str | None = None
    job_id: str | None = None
    price_per_minute_usd: float | None = None

    @classmethod
    def of(cls, stream_url: object, job_id: str | None = None) -> JobContext:
        """Return the context of a job on a stream."""
        context = cls(job_id=job_id)
        context.watches(stream_url)
        return context

    def watches(self, stream_url: object) -> None:
        """Note the address of the stream."""
        self.stream_url = mask(stream_url, is_url=True) if isinstance(stream_url, str) else None

    def begin(self, stream_url: object) -> None:
        """Note that the next job, whose id is not known yet, is on this stream."""
        self.watches(stream_url)
        self.job_id = None

    def with_job(self, job_id: str | None) -> JobContext:
        """Return the same with another job."""
        return self if job_id in (None, self.job_id) else replace(self, job_id=job_id)

    def named_in(self, text: str) -> str:
        """Return a text with what it is about behind it, unless the text says so itself."""
        parts = [
            f"{name} {each}"
            for name, value in (("job", self.job_id), ("stream", self.stream_url), ("target", self.target))
            if value is not None and (each := shown(value)) not in text
        ]
        if not parts:
            return text
        end = "." if text.endswith(".") else ""
        return f"{text.removesuffix('.')} ({', '.join(parts)}){end}"

    @property
    def fields(self) -> dict[str, str | None]:
        """What a record of the log has besides its text; a server wrote the id, and a format may print it."""
        job_id = None if self.job_id is None else shown(self.job_id)
        return dict(zip(_FIELDS, (job_id, self.stream_url, self.target), strict=True))

    @property
    def log(self) -> ContextLog:
        """The logger, whose lines name the context."""
        return ContextLog(self)


class ContextLog:
    """Write lines of the log that name what they are about, in their text and in their fields."""

    __slots__ = ("_context",)

    def __init__(self, context: JobContext) -> None:
        self._context = context

    def info(self, text: str, *values: Any) -> None:
        """Log something that may be of interest."""
        self._log(logging.INFO, text, values)

    def warning(self, text: str, *values: Any) -> None:
        """Log something that went wrong and is dealt with."""
        self._log(logging.WARNING, text, values)

    def error(self, text: str, *values: Any) -> None:
        """Log something that the reader has to deal with."""
        self._log(logging.ERROR, text, values)

    def _log(self, level: int, text: str, values: tuple[Any, ...]) -> None:
        if logger.isEnabledFor(level):
            line = LogLine(text, values, replace(self._context))
            logger.log(level, "%s", line, extra=self._context.fields, stacklevel=3)


@dataclass(frozen=True, slots=True)
class LogLine:
    """The text of a record, made when it is written: a handler may replace the advice of an error among its values."""

    text: str
    values: tuple[Any, ...]
    context: JobContext

    def __str__(self) -> str:
        return legible(self.context.named_in(self.text % self.values if self.values else self.text))
