"""Every error this package raises, in one tree.

TrioError
├── ConfigurationError
├── RequestValidationError (ValueError)
├── APIConnectionError
│   └── APITimeoutError (TimeoutError)
├── APIStatusError
│   ├── BadRequestError                  400
│   │   └── StreamUnavailableError
│   ├── AuthenticationError              401
│   ├── InsufficientCreditsError         402
│   ├── PermissionDeniedError            403
│   ├── NotFoundError                    404
│   │   └── JobNotFoundError
│   ├── ConflictError                    409
│   ├── UnprocessableEntityError         422
│   ├── RateLimitError                   429
│   ├── ServerError                      5xx
│   └── MaxJobsReachedError              by code, whatever the status
├── ResponseValidationError
├── CreateOutcomeUnknownError
├── StreamInterruptedError
├── WaitTimeoutError (TimeoutError)
└── WebhookError
    ├── WebhookSignatureError
    └── WebhookPayloadError
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import trio_client

from ._redaction import legible, presentable

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "ConflictError",
    "CreateOutcomeUnknownError",
    "InsufficientCreditsError",
    "JobLeakWarning",
    "JobNotFoundError",
    "MaxJobsReachedError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RequestValidationError",
    "ResponseValidationError",
    "ResponseWarning",
    "ServerError",
    "StreamInterruptedError",
    "StreamUnavailableError",
    "TrioError",
    "UnprocessableEntityError",
    "WaitTimeoutError",
    "WebhookError",
    "WebhookPayloadError",
    "WebhookSignatureError",
]

TimeoutPhase = Literal["connect", "pool", "write", "response", "idle", "deadline"]


class TrioError(Exception):
    """The base of every error raised by this package. Every one can be pickled.

    `str(error)` is the problem, followed by the advice.

    Args:
        message: the problem.
        advice: what to do next, as a sentence.

    Attributes:
        problem: what happened, without the advice.
        advice: what to do next; `None` if the problem says it all. May be replaced, as the command line does.
        attempts: how many requests the failed call sent; 0 for an error outside a call.
        acted_before: whether the server may have acted on an attempt before the last.
    """

    problem: str = ""
    advice: str | None = None
    attempts: int = 0
    acted_before: bool = False

    def __init__(self, message: str = "", *, advice: str | None = None) -> None:
        message = legible(message)
        super().__init__(message)
        self.problem = message
        if advice is not None:  # a class may have advice of its own
            self.advice = legible(advice)

    def __str__(self) -> str:
        return _with_advice(self.problem, self.advice)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(cls: type[TrioError], args: tuple[Any, ...], state: dict[str, Any]) -> TrioError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(TrioError):
    """The client cannot work as it is set up: no key, a bad base URL, a client used on another event loop.

    Attributes:
        field: the argument to change, if the advice names one.
    """

    def __init__(self, message: str = "", *, field: str | None = None, advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.field = field


class RequestValidationError(TrioError, ValueError):
    """A value that the documented schema forbids, found before anything was sent.

    Attributes:
        field: the argument's name.
        value: what was passed.
    """

    def __init__(
        self, message: str, *, field: str | None = None, value: object = None, advice: str | None = None
    ) -> None:
        super().__init__(message, advice=advice)
        self.field = field
        self.value = value


class APIConnectionError(TrioError):
    """No reply was received.

    Attributes:
        request_sent: `False` if the server cannot have seen the request, `True` if it may have acted
            on it, `None` if that is not known.
        permanent: whether trying again cannot help, as with a certificate that does not verify.
    """

    def __init__(
        self,
        message: str,
        *,
        request_sent: bool | None = None,
        permanent: bool = False,
        advice: str | None = None,
    ) -> None:
        super().__init__(message, advice=advice)
        self.request_sent = request_sent
        self.permanent = permanent


class APITimeoutError(APIConnectionError, TimeoutError):
    """A reply did not come in time.

    Attributes:
        phase: what took too long: `connect`, `pool` (no free connection), `write`, `response`,
            `idle` (a silent stream) or `deadline` (the whole call with its retries).
    """

    def __init__(
        self, message: str, *, phase: TimeoutPhase, request_sent: bool | None = None, advice: str | None = None
    ) -> None:
        super().__init__(message, request_sent=request_sent, advice=advice)
        self.phase: TimeoutPhase = phase


class APIStatusError(TrioError):
    """The server answered with an error.

    Attributes:
        status_code: the HTTP status.
        code: the API's own error code, such as `NOT_LIVESTREAM`, if the reply has one.
        message: the server's message, or a short description if it sent none.
        remediation: the server's advice, if it sent any; `advice` is then the same text.
        request_id: the server's id of the request, if it sent one.
        body_preview: the start of the reply's body, masked and printable, at most 500 characters.
        retry_after: how many seconds the server asked to wait (`Retry-After`), if it did.

    Source: the API's "Errors" page (`{"error": {"code", "message", "remediation"}}`).
    """

    advice: str | None = "Check the request, and that base_url leads to the API."

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        code: str | None = None,
        remediation: str | None = None,
        request_id: str | None = None,
        body_preview: str = "",
        retry_after: float | None = None,
        advice: str | None = None,
    ) -> None:
        head = f"{status_code} {code}" if code else str(status_code)
        super().__init__(f"{head}: {_sentence(message)}", advice=remediation or advice)
        self.status_code = status_code
        self.code = code
        self.message = message
        self.remediation = remediation
        self.request_id = request_id
        self.body_preview = body_preview
        self.retry_after = retry_after

    def __str__(self) -> str:
        trace = f" (request id {self.request_id})" if self.request_id else ""
        return f"{super().__str__()}{trace}"


class BadRequestError(APIStatusError):
    """400: the server cannot make sense of the request."""

    advice: str | None = "Check the arguments."


class StreamUnavailableError(BadRequestError):
    """The stream cannot be watched: it is not live, is offline, or a picture of it could not be taken.

    Its codes are NOT_LIVESTREAM, STREAM_OFFLINE, STREAM_FETCH_FAILED, FRAME_CAPTURE_FAILED and
    CLIP_CAPTURE_FAILED.
    """

    advice: str | None = "Check that the stream is live and can be reached, or try again later."

    @property
    def transient(self) -> bool:
        """Whether trying again later may help: not where the address is no live stream (NOT_LIVESTREAM)."""
        return (self.code or "").upper() != "NOT_LIVESTREAM"


class AuthenticationError(APIStatusError):
    """401: the API key is missing, mistyped or revoked."""

    advice: str | None = "Check the API key (TRIO_API_KEY, or api_key=)."


class InsufficientCreditsError(APIStatusError):
    """402: the account has no credits left."""

    advice: str | None = "Add credits to the account."


class PermissionDeniedError(APIStatusError):
    """403: the key is valid but not allowed to do this."""

    advice: str | None = "Use a key that is allowed to do this."


class NotFoundError(APIStatusError):
    """404: nothing is at this address."""

    advice: str | None = "Check base_url, and that the server offers this endpoint."


class JobNotFoundError(NotFoundError):
    """404: the job is unknown or has expired (the code is JOB_NOT_FOUND, where there is one)."""

    advice: str | None = "Check the id; client.jobs.list() shows the jobs there are."


class ConflictError(APIStatusError):
    """409: the request conflicts with the state of the server."""

    advice: str | None = "Check the job's status with client.jobs.get(job_id), then decide again."


class UnprocessableEntityError(APIStatusError):
    """422: the server refused a value.

    Attributes:
        fields: the refused fields, by name, with the server's reason for each.
    """

    advice: str | None = "Correct the arguments."

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.fields: dict[str, str] = dict(fields or {})


class RateLimitError(APIStatusError):
    """429: too many requests."""

    advice: str | None = "Send fewer requests, or wait."


class ServerError(APIStatusError):
    """5xx: the server failed."""

    advice: str | None = "Try again later."


class MaxJobsReachedError(APIStatusError):
    """MAX_JOBS_REACHED: all job slots of the account are taken. Cancel a job, or wait for a free slot."""

    advice: str | None = (
        "Cancel a job (client.jobs.list(status='running') names them), or wait for one to end (wait_for_slot=)."
    )


class ResponseValidationError(TrioError):
    """A reply that does not match the schema: wrong content type, not JSON, no job id, or too large.

    Attributes:
        status_code: the HTTP status, if known.
        body_preview: the start of the body, masked and printable.
        field: the invalid field, if known; `max_body_bytes` if the body is larger than that.
        headers: the headers of the reply, names in lower case; empty if it is not known.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        body_preview: str = "",
        field: str | None = None,
        advice: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, advice=advice)
        self.status_code = status_code
        self.body_preview = body_preview
        self.field = field
        self.headers: dict[str, str] = dict(headers or {})


class CreateOutcomeUnknownError(TrioError):
    """A create failed, and whether it made a job is unknown: one may be running and billed.

    The client never resends it. The cause is in `__cause__`.

    Attributes:
        candidates: jobs in the list that it may have made; none was adopted or cancelled by guess.
        reference: the id the request carried as its `Idempotency-Key`.
        request: the body that was sent.
        path: where it was sent, such as `/live-monitor`.
        sent_at: when it was sent (UTC).
        made_before: the latest time at which the job can have been made (UTC); `None`: not known.
    """

    def __init__(
        self,
        message: str,
        *,
        candidates: Sequence[trio_client.Job] = (),
        reference: str | None = None,
        request: Mapping[str, Any] | None = None,
        path: str = "",
        sent_at: datetime | None = None,
        made_before: datetime | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message, advice=advice)
        self.candidates: tuple[trio_client.Job, ...] = tuple(candidates)
        self.reference = reference
        self.request: dict[str, Any] = dict(request or {})
        self.path = path
        self.sent_at = sent_at
        self.made_before = made_before

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r}, request={presentable(self.request)!r})"


class StreamInterruptedError(TrioError):
    """A stream was dropped before its job ended. The job may still be running.

    Attributes:
        job_id: the job's id, if known.
        last: the last event that arrived.
    """

    def __init__(
        self,
        message: str,
        *,
        job_id: str | None = None,
        last: trio_client.Event | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message, advice=advice)
        self.job_id = job_id
        self.last = last


class WaitTimeoutError(TrioError, TimeoutError):
    """A job did not end in time. It is still running: cancel it, or wait again.

    Attributes:
        last: the job as last polled.
    """

    def __init__(
        self,
        message: str,
        *,
        last: trio_client.JobDetail | trio_client.models.OsapiJob | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message, advice=advice)
        self.last = last


class WebhookError(TrioError):
    """A webhook delivery that cannot be trusted or read."""


class WebhookSignatureError(WebhookError):
    """The signature is missing or does not match the body, or the event is too old. Answer 401, and do nothing else."""


class WebhookPayloadError(WebhookError):
    """The body is not a JSON object, or is too large. Answer 400 or 413."""


class ResponseWarning(UserWarning):
    """A reply was usable in part: unreadable parts were left out."""


class JobLeakWarning(UserWarning):
    """A job may still be running, and billed, because stopping it could not be confirmed.

    Attributes:
        problem: what happened, without the advice.
        advice: what to do next. May be replaced.
        job_id: the job's id, if known.
    """

    def __init__(self, message: str = "", *, job_id: str | None = None, advice: str | None = None) -> None:
        message = legible(message)
        super().__init__(message)
        self.problem = message
        self.advice: str | None = None if advice is None else legible(advice)
        self.job_id = job_id

    def __str__(self) -> str:
        return _with_advice(self.problem, self.advice)


def _with_advice(problem: str, advice: str | None) -> str:
    return f"{_sentence(problem)} {advice}" if advice else problem


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
