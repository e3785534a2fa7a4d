"""What calls that do many things say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import isawaitable, iscoroutine

from .._redaction import preview
from ..errors import RequestValidationError, TrioError
from ..models import CancelledJob, Job
from .validation import is_async

__all__ = ["CancelReport", "job_filter"]


@dataclass(frozen=True, slots=True)
class CancelReport:
    """What became of a `cancel_all`.

    Attributes:
        matched: the jobs to stop, as the list had them.
        cancelled: the jobs that were cancelled.
        failed: the errors of those that could not be, by job id.
    """

    matched: tuple[Job, ...]
    cancelled: tuple[CancelledJob, ...]
    failed: Mapping[str, TrioError]


def job_filter(where: Callable[[Job], object] | None) -> Callable[[Job], bool]:
    """Return the caller's function as one that says whether a job is meant; refuse an async one, always true."""
    if where is not None and (not callable(where) or is_async(where)):
        raise _no_filter(where)

    def matches(job: Job) -> bool:
        answer = True if where is None else where(job)
        if isawaitable(answer):
            if iscoroutine(answer):
                answer.close()
            raise _no_filter(where)
        return bool(answer)

    return matches


def _no_filter(where: object) -> RequestValidationError:
    return RequestValidationError(
        f"where is {preview(repr(where))}; it must be a plain function that takes a job and returns true or false.",
        field="where",
        value=where,
    )
