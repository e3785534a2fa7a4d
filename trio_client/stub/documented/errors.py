"""The API's errors: codes, HTTP statuses and advice."""

from __future__ import annotations

from typing import Any

__all__ = ["ApiError", "envelope", "error_for_status", "osapi_error_for_status"]

_ERRORS: dict[str, tuple[int, str]] = {
    "BAD_REQUEST": (400, "Correct the request and send it again."),
    "NOT_LIVESTREAM": (400, "Use the URL of a stream that is live now, not of a recording."),
    "INVALID_URL": (400, "Use a YouTube Live, Twitch, HLS or RTSP URL."),
    "STREAM_FETCH_FAILED": (400, "Check that the stream is public and reachable, then try again."),
    "STREAM_OFFLINE": (400, "Wait until the stream is live again, then try again."),
    "FRAME_CAPTURE_FAILED": (400, "Try again in a few seconds."),
    "CLIP_CAPTURE_FAILED": (400, "Use a shorter clip, or try again in a few seconds."),
    "UNAUTHORIZED": (401, "Use a valid API key (header 'Authorization: Bearer <key>')."),
    "INSUFFICIENT_CREDITS": (402, "Add credits to your account, then try again."),
    "NOT_FOUND": (404, "Check the path."),
    "JOB_NOT_FOUND": (404, "Check the job id; jobs are removed some time after their end."),
    "FORBIDDEN": (403, "Use a page of the stub server itself, or a program."),
    "METHOD_NOT_ALLOWED": (405, "Use one of the methods that the Allow header names."),
    "CONFLICT": (409, "Get the job to see its status."),
    "PAYLOAD_TOO_LARGE": (413, "Send a smaller body."),
    "VALIDATION_ERROR": (422, "Correct the fields named in 'detail' and send the request again."),
    "RATE_LIMITED": (429, "Wait for the time that Retry-After names, then try again."),
    "MAX_JOBS_REACHED": (429, "List your jobs and cancel one that you no longer need."),
    "INTERNAL_ERROR": (500, "Try again later."),
    "SERVICE_UNAVAILABLE": (503, "Try again later."),
}
_CODE_OF_STATUS = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    402: "INSUFFICIENT_CREDITS",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "PAYLOAD_TOO_LARGE",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    500: "INTERNAL_ERROR",
    503: "SERVICE_UNAVAILABLE",
}


class ApiError(Exception):
    """A refusal, answered with the documented envelope."""

    def __init__(
        self, code: str, message: str, *, detail: list[dict[str, Any]] | None = None, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status: int
        self.remediation: str
        documented, self.remediation = _ERRORS[code]
        self.status = documented if status is None else status
        self.detail = detail

    def body(self) -> dict[str, Any]:
        """The JSON body of the response."""
        body = envelope(self.code, self.message, self.remediation)
        if self.detail is not None:
            body["detail"] = self.detail
        return body


def envelope(code: str, message: str, remediation: str) -> dict[str, Any]:
    """The documented shape of every error."""
    return {"error": {"code": code, "message": message, "remediation": remediation}}


def error_for_status(status: int) -> dict[str, Any]:
    """A plausible error body for any HTTP status, known or not."""
    code = _CODE_OF_STATUS.get(status, f"HTTP_{status}")
    remediation = _ERRORS[code][1] if code in _ERRORS else "Try again later."
    return envelope(code, f"The server responded with status {status}.", remediation)


def osapi_error_for_status(status: int) -> dict[str, str]:
    """A plausible error body of OSAPI for any HTTP status."""
    return {"error": f"the server answered with status {status}"}
