"""Functions of the caller that a client calls along the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import trio_client

from .._job_context import JobContext
from .._redaction import preview, shown
from ..errors import ConfigurationError
from .log import logger
from .validation import is_async

__all__ = ["CallInfo", "Hooks", "notify", "notify_job"]


@dataclass(frozen=True, slots=True)
class CallInfo:
    """What a hook receives about one request.

    Attributes:
        method: the HTTP method.
        url: where it goes, credentials masked.
        attempt: 1 for the first request of a call, 2 for its first repetition, and so on.
        status_code: the reply's status, once there is one.
        elapsed: seconds since the call began.
        wait: seconds until the next attempt, for `on_retry`.
        error: what went wrong, for `on_retry` and `on_failure`.
        reference: the id a create carries as its `Idempotency-Key`.
        operation: the method of the client behind the request, such as `jobs.get`, `live_monitor.watch` or `request`:
            of few values, so that it suits a metric's label. Polls are `jobs.get`, stops `jobs.cancel`, and the search
            for the job of a lost create `jobs.list`.
        stream_url: the stream it is about, credentials masked.
    """

    method: str
    url: str
    attempt: int = 1
    status_code: int | None = None
    elapsed: float | None = None
    wait: float | None = None
    error: Exception | None = None
    reference: str | None = None
    operation: str = ""
    stream_url: str | None = None


@dataclass(frozen=True, slots=True)
class Hooks:
    """Functions a client calls on its way; each gets one `CallInfo` (`on_job`: a `JobInfo`) and must return quickly.

    An exception in a hook is logged and does not disturb the call.

    Attributes:
        on_request: before each request.
        on_response: after each reply, also an error.
        on_retry: before the wait for another attempt.
        on_intent: before the first request of a create, with its reference: a trace of what may become a job.
        on_failure: after a call that ended without a reply to its last request, with the error: what `on_response`
            does not see.
        on_job: when a job of this client's streams and watches started or ended, and when `create` made one: to keep a
            table of the jobs that run.

    Example:
        >>> calls = []
        >>> hooks = Hooks(on_response=lambda info: calls.append((info.method, info.status_code)))
    """

    on_request: Callable[[CallInfo], object] | None = None
    on_response: Callable[[CallInfo], object] | None = None
    on_retry: Callable[[CallInfo], object] | None = None
    on_intent: Callable[[CallInfo], object] | None = None
    on_failure: Callable[[CallInfo], object] | None = None
    on_job: Callable[[trio_client.JobInfo], object] | None = None

    @classmethod
    def of(cls, value: Hooks | None) -> Hooks:
        """Return hooks as they are, and `None` as none."""
        if value is not None and not isinstance(value, Hooks):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                f"hooks is {preview(repr(value))}; it must be Hooks, such as Hooks(on_response=print)."
            )
        for each in fields(cls):
            if is_async(getattr(value, each.name, None)):
                raise ConfigurationError(
                    f"hooks.{each.name} is an async function, which a hook is never awaited as.",
                    field="hooks",
                    advice="Pass a plain function; it may start a task.",
                )
        return value or cls()


def notify_job(hook: Callable[[trio_client.JobInfo], object] | None, info: trio_client.JobInfo | None) -> None:
    """Call the hook of jobs, if there is one and something to report; its exceptions go no further."""
    if hook is None or info is None:
        return
    try:
        hook(info)
    except Exception as error:  # noqa: BLE001 - a hook must not lose a paid job
        JobContext(info.stream_url, job_id=info.job_id).log.error(
            "A hook failed on job %s, which has %s: %s", shown(info.job_id), info.event, preview(repr(error))
        )


def notify(hook: Callable[[CallInfo], object] | None, info: CallInfo) -> None:
    """Call a hook, if there is one; its exceptions are logged and go no further."""
    if hook is None:
        return
    try:
        hook(info)
    except Exception as error:  # noqa: BLE001 - a hook must not lose a paid job
        logger.error("A hook failed on %s %s: %s", info.method, info.url, preview(repr(error)))
