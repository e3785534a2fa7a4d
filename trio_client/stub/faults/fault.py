"""Scripted faults: what goes wrong with the next matching request."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from ..delivery.stream_script import Dialect, LineEnd
from ..documented.errors import error_for_status, osapi_error_for_status
from ..documented.paths import OSAPI_ROOT, api_path

__all__ = ["Fault"]

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")


@dataclass(frozen=True)
class Fault:
    """One scripted fault.

    Args:
        method: only requests with this HTTP method; None: any.
        path: only paths that start with this, with or without `/api`; "" is any path, `/osapi` only OSAPI's.
        times: how many matching requests it applies to.
        status: respond with this status instead.
        body: body of that response: text, bytes or a JSON value; None: the documented error envelope.
        headers: headers of that response, or additional ones of the usual response.
        delay: real seconds to wait before the response (before the work unless `processed`).
        close: end the connection without a response: True or "fin" closes it, "reset" resets it.
        processed: True does the work first (a job is really created) and then fails.
        drop_after_bytes: end the connection after this many bytes of the body.
        drop_after_events: end the connection after this many events of a stream.
        silent_after_events: send this many events and then no more, with the connection held open.
        omit_terminal: end the stream as usual, but without its `stopped` or `error` event.
        dialect: "A" names events on an `event:` line (documented), "B" by `type` in the JSON, "C" not at all; in "D"
            the data is plain text instead of JSON.
        line_end: how the lines of a stream end: "lf" (what the stub does), "cr" or "crlf".
        bom: True puts a byte order mark before the first byte of a stream.
        split_at: send each event of a stream in two pieces, the first of this many bytes.

    Example:
        >>> Fault(method="POST", path="/live-monitor", status=503, headers={"Retry-After": "1"}).matches(
        ...     "POST", "/api/live-monitor", stream=False)
        True
    """

    method: str | None = None
    path: str = ""
    times: int = 1
    status: int | None = None
    body: Any = None
    headers: dict[str, str] | None = None
    delay: float = 0.0
    close: bool | Literal["fin", "reset"] = False
    processed: bool = False
    drop_after_bytes: int | None = None
    drop_after_events: int | None = None
    silent_after_events: int | None = None
    omit_terminal: bool = False
    dialect: Dialect | None = None
    line_end: LineEnd | None = None
    bom: bool = False
    split_at: int | None = None

    def __post_init__(self) -> None:
        if self.times < 1:
            raise ValueError(f"times must be at least 1, not {self.times}")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError(f"status must be 200 to 599, not {self.status}")
        if not math.isfinite(self.delay) or self.delay < 0:
            raise ValueError(f"delay must be at least 0 seconds, not {self.delay}")
        for name in ("drop_after_bytes", "drop_after_events", "silent_after_events", "split_at"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} must be at least 0, not {getattr(self, name)}")
        if self.dialect not in (None, *get_args(Dialect)):
            raise ValueError(f"dialect must be 'A', 'B', 'C' or 'D', not {self.dialect!r}")
        if self.line_end not in (None, *get_args(LineEnd)):
            raise ValueError(f"line_end must be 'lf', 'cr' or 'crlf', not {self.line_end!r}")
        if self.close not in (True, False, "fin", "reset"):
            raise ValueError(f"close must be True, False, 'fin' or 'reset', not {self.close!r}")

        for name, value in (self.headers or {}).items():
            if _HEADER_NAME.fullmatch(name) is None or _HEADER_VALUE.fullmatch(value) is None:
                raise ValueError(f"not a header that HTTP allows: {name!r}: {value!r}")

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Fault:
        """A fault from the JSON object of `POST /_stub/fail`."""
        unknown = value.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        return cls(**value)

    @property
    def replaces_answer(self) -> bool:
        """Whether the usual response is replaced."""
        return bool(self.close) or self.status is not None

    @property
    def only_streams(self) -> bool:
        """Whether the fault can only apply to an event stream."""
        given = (self.drop_after_events, self.silent_after_events, self.split_at, self.dialect, self.line_end)
        return self.omit_terminal or self.bom or any(value is not None for value in given)

    def matches(self, method: str, path: str, *, stream: bool) -> bool:
        """Whether the fault applies to this request."""
        if self.method is not None and self.method.upper() != method:
            return False
        if self.only_streams and not (stream and method == "POST"):
            return False
        return api_path(path).startswith(api_path(self.path))

    def answer(self, path: str = "") -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of the scripted response to a request for this path."""
        status = self.status or 500
        content, media_type = self.body, "application/json"
        if content is None:
            content = osapi_error_for_status(status) if path.startswith(OSAPI_ROOT) else error_for_status(status)
        if isinstance(content, str):
            content, media_type = content.encode(), "text/html; charset=utf-8"
        elif not isinstance(content, bytes):
            content = json.dumps(content).encode()
        given = {name.lower(): value for name, value in (self.headers or {}).items()}
        return status, content, {"content-type": media_type, **given}
