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
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ._redaction import presentable

if TYPE_CHECKING:
    from .events import Event
    from .models import Job, JobDetail, OsapiJob

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

    Attributes:
        attempts: how many requests were sent, where the error ends a call; otherwise 0.
        acted_before: whether an attempt before the last may have been carried out by the server.
    """

    attempts: int = 0
    acted_before: bool = False

    def __init__(self, message: str = "") -> None:
        super().__init__(message)

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(cls: type[TrioError], args: tuple[Any, ...], state: dict[str, Any]) -> TrioError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(TrioError):
    """The client cannot work as it is set up: no key, a bad base URL, a client used on another event loop."""


class RequestValidationError(TrioError, ValueError):
    """A value that the documented schema forbids, found before anything was sent.

    Attributes:
        field: the argument's name.
        value: what was passed.
    """

    def __init__(self, message: str, *, field: str | None = None, value: object = None) -> None:
        super().__init__(message)
        self.field = field
        self.value = value


class APIConnectionError(TrioError):
    """No reply was received.

    Attributes:
        request_sent: `False` if the server cannot have seen the request, `True` if it may have acted
            on it, `None` if that is not known.
        permanent: whether trying again cannot help, as with a certificate that does not verify.
    """

    def __init__(self, message: str, *, request_sent: bool | None = None, permanent: bool = False) -> None:
        super().__init__(message)
        self.request_sent = request_sent
        self.permanent = permanent


class APITimeoutError(APIConnectionError, TimeoutError):
    """A reply did not come in time.

    Attributes:
        phase: what took too long: `connect`, `pool` (no free connection), `write`, `response`,
            `idle` (a silent stream) or `deadline` (the whole call with its retries).
    """

    def __init__(self, message: str, *, phase: TimeoutPhase, request_sent: bool | None = None) -> None:
        super().__init__(message, request_sent=request_sent)
        self.phase: TimeoutPhase = phase


class APIStatusError(TrioError):
    """The server answered with an error.

    Attributes:
        status_code: the HTTP status.
        code: the API's own error code, such as `NOT_LIVESTREAM`, where the reply has one.
        message: the server's message, or a short description where it sent none.
        remediation: the server's advice, where it sent one.
        request_id: the server's id of the request, where it sent one.
        body_preview: the start of the reply's body, masked and printable, at most 500 characters.

    Source: the API's "Errors" page (`{"error": {"code", "message", "remediation"}}`).
    """

    # What the message advises where the server advises nothing.
    _advice: ClassVar[str] = "Check the request, and that base_url leads to the API."

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        code: str | None = None,
        remediation: str | None = None,
        request_id: str | None = None,
        body_preview: str = "",
        advice: str | None = None,
    ) -> None:
        head = f"{status_code} {code}" if code else str(status_code)
        trace = f" (request id {request_id})" if request_id else ""
        super().__init__(f"{head}: {_sentence(message)} {remediation or advice or self._advice}{trace}")
        self.status_code = status_code
        self.code = code
        self.message = message
        self.remediation = remediation
        self.request_id = request_id
        self.body_preview = body_preview


class BadRequestError(APIStatusError):
    """400: the request makes no sense to the server."""

    _advice = "Check the arguments."


class StreamUnavailableError(BadRequestError):
    """The stream cannot be watched: it is not live, is offline, or no picture could be taken of it.

    Its codes are NOT_LIVESTREAM, STREAM_OFFLINE, STREAM_FETCH_FAILED, FRAME_CAPTURE_FAILED and
    CLIP_CAPTURE_FAILED.
    """

    _advice = "Check that the stream is live and can be reached, or try again later."

    @property
    def transient(self) -> bool:
        """Whether trying again later may help. Only a stream that has ended (STREAM_OFFLINE) rarely comes back."""
        return (self.code or "").upper() != "STREAM_OFFLINE"


class AuthenticationError(APIStatusError):
    """401: the API key is missing, mistyped or revoked."""

    _advice = "Check the API key (TRIO_API_KEY, or api_key=)."


class InsufficientCreditsError(APIStatusError):
    """402: the account has no credits left."""

    _advice = "Add credits to the account."


class PermissionDeniedError(APIStatusError):
    """403: the key is valid and may not do this."""

    _advice = "Use a key that may do this."


class NotFoundError(APIStatusError):
    """404: there is nothing at this address."""

    _advice = "Check base_url, and that the server offers this endpoint."


class JobNotFoundError(NotFoundError):
    """404: the job is unknown or has expired (the code is JOB_NOT_FOUND, where there is one)."""

    _advice = "Check the id; client.jobs.list() shows the jobs there are."


class ConflictError(APIStatusError):
    """409: the request contradicts the state of the server."""

    _advice = "Look at the job with client.jobs.get(job_id), then decide again."


class UnprocessableEntityError(APIStatusError):
    """422: the server refused a value.

    Attributes:
        fields: the refused fields, by name, with the server's reason for each.
    """

    _advice = "Correct the arguments."

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.fields: dict[str, str] = dict(fields or {})


class RateLimitError(APIStatusError):
    """429: too many requests.

    Attributes:
        retry_after: how many seconds the server asked to wait, where it said so.
    """

    _advice = "Send fewer requests, or wait."

    def __init__(self, message: str, *, retry_after: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class ServerError(APIStatusError):
    """5xx: the server failed.

    Attributes:
        retry_after: how many seconds the server asked to wait, where it said so.
    """

    _advice = "Try again later."

    def __init__(self, message: str, *, retry_after: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class MaxJobsReachedError(APIStatusError):
    """MAX_JOBS_REACHED: the account runs as many jobs as it may. Cancel one, or wait for a slot."""

    _advice = "Cancel a job (client.jobs.list(status='running') names them), or wait for one to end (wait_for_slot=)."


class ResponseValidationError(TrioError):
    """A reply that is not what the schema promises: wrong content type, not JSON, no job id, too large.

    Attributes:
        status_code: the HTTP status, where a reply is behind it.
        body_preview: the start of the body, masked and printable.
        field: the offending field, where one is known.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        body_preview: str = "",
        field: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.body_preview = body_preview
        self.field = field


class CreateOutcomeUnknownError(TrioError):
    """A create failed in a way that leaves open whether a job was made: one may be running and billed.

    It is never sent again by itself. The cause is in `__cause__`.

    Attributes:
        candidates: jobs in the list that may be the one; none was adopted or cancelled by guess.
        reference: the id the request carried as its `Idempotency-Key`.
        request: the body that was sent.
        path: where it was sent, such as `/live-monitor`.
        sent_at: when it was sent (UTC).
        made_before: when a job can have been made at the latest (UTC); `None`: not known.
    """

    def __init__(
        self,
        message: str,
        *,
        candidates: Sequence[Job] = (),
        reference: str | None = None,
        request: Mapping[str, Any] | None = None,
        path: str = "",
        sent_at: datetime | None = None,
        made_before: datetime | None = None,
    ) -> None:
        super().__init__(message)
        self.candidates: tuple[Job, ...] = tuple(candidates)
        self.reference = reference
        self.request: dict[str, Any] = dict(request or {})
        self.path = path
        self.sent_at = sent_at
        self.made_before = made_before

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r}, request={presentable(self.request)!r})"


class StreamInterruptedError(TrioError):
    """A stream broke off before its job had ended. The job may still be running.

    Attributes:
        job_id: the job's id, where it was known.
        last: the last event that arrived.
    """

    def __init__(self, message: str, *, job_id: str | None = None, last: Event | None = None) -> None:
        super().__init__(message)
        self.job_id = job_id
        self.last = last


class WaitTimeoutError(TrioError, TimeoutError):
    """A job did not end in the time given. It is still running: cancel it, or wait again.

    Attributes:
        last: the job as it was last seen.
    """

    def __init__(self, message: str, *, last: JobDetail | OsapiJob | None = None) -> None:
        super().__init__(message)
        self.last = last


class WebhookError(TrioError):
    """A webhook delivery that cannot be trusted or read."""


class WebhookSignatureError(WebhookError):
    """The signature is missing or does not fit the body, or the event is too old. Answer 401, do nothing else."""


class WebhookPayloadError(WebhookError):
    """The body is not a JSON object, or is too large. Answer 400 or 413."""


class ResponseWarning(UserWarning):
    """A reply was usable in part: what could not be read was left out."""


class JobLeakWarning(UserWarning):
    """A job may still be running, and billed, because stopping it could not be confirmed."""


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
