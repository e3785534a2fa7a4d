"""Exit codes, and what stands behind them."""

from __future__ import annotations

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
    "exit_code",
]

NO: Final = 1
"""The answer is no: the job failed, the stream is not live, the condition did not hold."""
USAGE: Final = 2
"""The command cannot work as it was given; nothing was sent."""
REFUSED: Final = 3
"""The server refused."""
NO_ANSWER: Final = 4
"""No usable answer came."""
JOB_MAY_RUN: Final = 5
"""A job may be running and billed that nobody follows."""
TIMED_OUT: Final = 6
"""The job had not ended in the time given."""
BROKEN_PIPE: Final = 141
"""Whoever read the output has gone."""


class UsageError(Exception):
    """A command that cannot work as it was given. Its text says what to do."""


class ReaderGoneError(Exception):
    """Whoever read the output has gone."""


class Interrupted(BaseException):
    """A signal that asks the program to end.

    Attributes:
        number: the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def exit_code(error: BaseException) -> int:
    """Return the exit code that an error stands for."""
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
