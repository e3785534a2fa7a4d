"""What the command line advises where the library's own advice is for Python programs."""

from __future__ import annotations

from typing import Any

from .._redaction import shown
from ..errors import (
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    CreateOutcomeUnknownError,
    JobLeakWarning,
    JobNotFoundError,
    MaxJobsReachedError,
    NotFoundError,
    RequestValidationError,
    ResponseValidationError,
    StreamInterruptedError,
    TrioError,
    WaitTimeoutError,
)

__all__ = ["Advice"]

_BY_FIELD = {
    "allow_plain_http": "Use https://, or add --allow-plain-http.",
    "api_prefix": "Leave it out of the address (OSAPI_URL), or pass --api-prefix ''.",
    "max_body_bytes": "Ask for fewer jobs at once.",
    "price_per_minute_usd": "Pass --price-per-minute.",
    "trust_env": "Correct or unset the variable.",
}
_BY_PHASE = {
    "connect": "Check the network, or raise --timeout.",
    "deadline": "Try again later.",
    "response": "Raise --timeout if it needs longer.",
}
_TRIO: dict[type, str] = {
    APIStatusError: "Check the request, and that --base-url (TRIO_BASE_URL) leads to the API.",
    AuthenticationError: "Check the API key (TRIO_API_KEY).",
    ConflictError: "Check the job's status with `trio-client jobs get JOB_ID`, then decide again.",
    CreateOutcomeUnknownError: "Find it with `trio-client jobs list`, then cancel the job you recognize with "
    "`trio-client jobs cancel JOB_ID`.",
    JobLeakWarning: "Find it with `trio-client jobs list`.",
    JobNotFoundError: "Check the id; `trio-client jobs list` shows the jobs there are.",
    MaxJobsReachedError: "Cancel a job (`trio-client jobs list --status running` names them), or wait for one to end "
    "(--wait-for-slot).",
    NotFoundError: "Check --base-url (TRIO_BASE_URL), and that the server offers this endpoint.",
    ResponseValidationError: "Try again; if that does not help, check --base-url (TRIO_BASE_URL).",
    StreamInterruptedError: "Find it with `trio-client jobs list`.",
    WaitTimeoutError: "Wait again, or cancel it with `trio-client jobs cancel JOB_ID`.",
}
_TRIO_JOB: dict[type, str] = {
    JobLeakWarning: "Cancel it with `trio-client jobs cancel {job_id}`.",
    StreamInterruptedError: "Follow it with `trio-client jobs watch {job_id}`.",
}
_OSAPI_PREFIX = (
    "Check --base-url (OSAPI_URL) and --api-prefix: servers since April 2026 want /api (the default), older ones ''."
)
_OSAPI_BY_FIELD = {
    "max_body_bytes": "Ask for fewer jobs at once: --limit N, or --all --page-size N. A job that is too large by "
    "itself is left out by going on after it: --all --offset N.",
}
_OSAPI: dict[type, str] = {
    APIStatusError: "Check the request, and that --base-url (OSAPI_URL) leads to the server.",
    AuthenticationError: "Check the token (OSAPI_TOKEN), and that it has not expired.",
    ConflictError: "Check the job's status with `trio-client osapi jobs get JOB_ID`, then decide again.",
    CreateOutcomeUnknownError: "Check `trio-client osapi jobs get JOB_ID` before you retry once more: the note "
    "'Job retried as …' names the new job.",
    JobNotFoundError: "Check the id; `trio-client osapi jobs list` shows the jobs there are.",
    NotFoundError: _OSAPI_PREFIX,
    ResponseValidationError: f"Try again; if that does not help: {_OSAPI_PREFIX[0].lower()}{_OSAPI_PREFIX[1:]}",
}
_KEYS = {
    False: ("key", "Check the API key."),
    True: ("token", "Check the token, and that it has not expired."),
}
_METHOD_NOT_ALLOWED = 405
_OPTIONS = {
    "api_prefix": "--api-prefix",
    "base_url": "--base-url",
    "timeout": "--timeout",
    "page_size": "--page-size",
    "stream_url": "STREAM_URL",
    "condition": "CONDITION",
    "job_id": "JOB_ID",
    "id": "JOB_ID",
    "interval_seconds": "--interval",
    "input_mode": "--input-mode",
    "clip_duration_seconds": "--clip-duration",
    "monitor_duration_seconds": "--duration",
    "trigger_cooldown_seconds": "--cooldown",
    "max_triggers": "--max-triggers",
    "window_minutes": "--window",
    "capture_interval_seconds": "--capture-interval",
    "max_windows": "--max-windows",
    "duration": "--total",
    "turn_seconds": "--turn",
    "slots": "--slots",
    "max_cost_usd": "--max-cost",
    "price_per_minute_usd": "--price-per-minute",
    "limit": "--limit",
    "offset": "--offset",
    "target_hostname": "--target",
}


class Advice:
    """Replaces an error's advice for Python programs by commands and options.

    Attributes:
        osapi: whether the errors are those of an OSAPI server.
        key_source: where the key in use came from, if it is known.
    """

    def __init__(self) -> None:
        self.osapi = False
        self.key_source: str | None = None

    def apply(self, value: Any) -> Any:
        """Put the command line's advice on an error or a leak warning, and return it; return anything else as it is."""
        if isinstance(value, (ConfigurationError, RequestValidationError)):
            _name_option(value)
        if isinstance(value, (TrioError, JobLeakWarning)) and value.advice is not None:
            value.advice = self._for(value)
        return value

    def _for(self, error: TrioError | JobLeakWarning) -> str | None:
        if isinstance(error, AuthenticationError) and self.key_source is not None:
            what, check = _KEYS[self.osapi]
            return f"{error.remediation or check} The {what} came from {self.key_source}."
        if isinstance(error, MaxJobsReachedError):  # the server knows nothing of --wait-for-slot
            return (_OSAPI if self.osapi else _TRIO).get(MaxJobsReachedError, error.advice)
        if isinstance(error, APIStatusError) and error.remediation is not None:
            return error.advice
        found: str | None = None
        if isinstance(error, (ConfigurationError, RequestValidationError, ResponseValidationError)):
            by_field = _BY_FIELD | _OSAPI_BY_FIELD if self.osapi else _BY_FIELD
            found = by_field.get(error.field or "")
        elif self.osapi and isinstance(error, APIStatusError) and error.status_code == _METHOD_NOT_ALLOWED:
            found = _OSAPI_PREFIX  # what a wrong prefix gives on a server with a web UI
        elif isinstance(error, APITimeoutError):
            found = _BY_PHASE.get(error.phase)
        elif isinstance(error, (JobLeakWarning, StreamInterruptedError)) and error.job_id:
            found = _TRIO_JOB.get(type(error), "").format(job_id=shown(error.job_id)) or None
        if found is None:
            found = (_OSAPI if self.osapi else _TRIO).get(type(error))
        return found or error.advice


def _name_option(error: ConfigurationError | RequestValidationError) -> None:
    """Call the argument that an error begins with by its name on the command line."""
    name, blank, rest = error.problem.partition(" ")
    if name in _OPTIONS:
        error.problem = f"{_OPTIONS[name]}{blank}{rest}"
