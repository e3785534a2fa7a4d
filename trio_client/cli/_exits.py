"""Exit codes, and the errors that lead to them."""

from __future__ import annotations

import errno
from typing import Final

from ..errors import (
    APIConnectionError,
    APIStatusError,
    ConfigurationError,
    CreateOutcomeUnknownError,
    RequestValidationError,
    ResponseValidationError,
    StreamInterruptedError,
    WaitTimeoutError,
    WebhookError,
)

__all__ = [
    "BROKEN_PIPE",
    "JOB_MAY_RUN",
    "NO",
    "REFUSED",
    "USAGE",
    "Interrupted",
    "ReaderGoneError",
    "UsageError",
    "cannot_listen",
    "exit_code",
]

NO: Final = 1
"""The answer is no: the job failed, the stream is not live, the condition did not hold."""
USAGE: Final = 2
"""The command is invalid; nothing was sent."""
REFUSED: Final = 3
"""The server refused the request."""
NO_ANSWER: Final = 4
"""No usable reply arrived."""
JOB_MAY_RUN: Final = 5
"""A job may be running, and billed, without a watcher."""
TIMED_OUT: Final = 6
"""The job had not ended in the time given."""
BROKEN_PIPE: Final = 141
"""The reader of the output is gone."""


class UsageError(Exception):
    """An invalid command. Its text says what to do."""


class ReaderGoneError(Exception):
    """The reader of the output is gone."""


class Interrupted(BaseException):
    """A signal that asks the program to exit.

    Attributes:
        number: the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def cannot_listen(host: str, port: int, error: OSError) -> UsageError:
    """Return the error of an address that cannot be listened on."""
    advice = " Pass --port 0 to take a free port." if error.errno == errno.EADDRINUSE else ""
    return UsageError(f"Cannot listen on {host}:{port}: {error.strerror}.{advice}")


def exit_code(error: BaseException) -> int:
    """Return the exit code for an error."""
    if isinstance(error, Interrupted):
        return 128 + error.number
    if isinstance(error, (UsageError, ConfigurationError, RequestValidationError)):
        return USAGE
    if isinstance(error, WebhookError):
        return NO
    if isinstance(error, APIStatusError):
        return REFUSED
    if isinstance(error, (CreateOutcomeUnknownError, StreamInterruptedError)):
        return JOB_MAY_RUN
    if isinstance(error, WaitTimeoutError):
        return TIMED_OUT
    if isinstance(error, (APIConnectionError, ResponseValidationError)):
        return NO_ANSWER
    return NO
