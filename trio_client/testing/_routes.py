"""Which call gets which reply."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import httpx
from pydantic import BaseModel
from pydantic_core import to_json
from typing_extensions import Self

from ..errors import TrioError
from ._factories import as_sent
from ._script import SseScript
from ._unscripted import UnscriptedCallError

__all__ = ["Answer", "MockRequest", "Route", "api_path", "fits"]


@dataclass(frozen=True)
class MockRequest:
    """A request as `MockTrio` got it. `path` is below the base URL's `/api`; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        """The body as JSON, `None` if it is empty or not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @classmethod
    def of(cls, request: httpx.Request, body: bytes) -> MockRequest:
        """Return the record of an httpx request."""
        return cls(request.method, api_path(request.url.path), dict(request.url.params), dict(request.headers), body)


_T = TypeVar("_T")
Body: TypeAlias = (
    BaseModel | SseScript | httpx.Response | Exception | Mapping[str, Any] | list[Any] | str | bytes | None
)


@dataclass
class Answer:
    """One reply of a route, and for how many requests it is left."""

    body: Body | Callable[[MockRequest], Body]
    status: int
    headers: Mapping[str, str]
    delay: float
    left: int | None

    def resolve(self, request: MockRequest) -> SseScript | httpx.Response:
        """Return the reply to a request, or raise what was scripted."""
        body = self.body
        if not isinstance(body, (BaseModel, SseScript, httpx.Response, Exception)) and callable(body):
            body = _ask(body, request)
        if isinstance(body, Exception):
            raise body
        if isinstance(body, (SseScript, httpx.Response)):
            return body
        headers = {"content-type": "application/json", **{name.lower(): value for name, value in self.headers.items()}}
        content = body.encode() if isinstance(body, str) else body
        if not isinstance(content, bytes):
            content = b"" if content is None else to_json(as_sent(content))
        return httpx.Response(self.status, headers=headers, content=content)


class Route:
    """One kind of call and its replies; made by `MockTrio.on`."""

    def __init__(self, method: str, path: str, where: Callable[[MockRequest], object] | None) -> None:
        self.method: str = method.upper()
        self.path: str = path
        self.requests: list[MockRequest] = []
        self._where = where
        self._answers: deque[Answer] = deque()

    def reply(
        self,
        body: Body | Callable[[MockRequest], Body] = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        times: int | None = None,
        delay: float = 0.0,
    ) -> Self:
        """Add a reply; the next one added follows once this one has been used up.

        Args:
            body: a model, JSON, text or bytes; an `sse()` script; a whole `httpx.Response`; an exception, to raise;
                or a function that returns one of these for a `MockRequest`.
            status: the HTTP status.
            headers: headers of the reply.
            times: for how many requests; `None`: for all.
            delay: seconds until it arrives. They take no real time; if they exceed the client's timeout, it times out.

        Returns:
            The route, for the next answer.
        """
        if times is not None and times < 1:
            raise ValueError(f"times must be at least 1, not {times!r}")
        self._answers.append(Answer(body, status, headers or {}, delay, times))
        return self

    def fail(
        self,
        status: int,
        code: str = "SCRIPTED_FAILURE",
        message: str = "The test wants it so.",
        *,
        headers: Mapping[str, str] | None = None,
        times: int | None = None,
    ) -> Self:
        """Add an error reply in the format of the API.

        Args:
            status: the HTTP status.
            code: the API's error code, such as `JOB_NOT_FOUND`.
            message: what went wrong.
            headers: headers of the reply, such as `{"retry-after": "2"}`.
            times: for how many requests; `None`: for all.

        Returns:
            The route, for the next answer.
        """
        return self.reply({"error": {"code": code, "message": message}}, status=status, headers=headers, times=times)

    @property
    def never_called(self) -> bool:
        """Whether there are replies, and no request that wanted one."""
        return bool(self._answers) and not self.requests

    def take(self, request: MockRequest) -> Answer | None:
        """Return the next answer if this route matches the request and has one left."""
        if self.method != request.method or not fits(self.path, request.path) or not self._answers:
            return None
        if self._where is not None and not _ask(self._where, request):
            return None
        answer = self._answers[0]
        if answer.left is not None:
            answer.left -= 1
            if not answer.left:
                self._answers.popleft()
        self.requests.append(request)
        return answer

    def __repr__(self) -> str:
        state = "" if self._answers else " (used up)" if self.requests else " (without a reply)"
        return f"{self.method} {self.path}{state}"


def _ask(function: Callable[[MockRequest], _T], request: MockRequest) -> _T:
    """Call a function of the test; the client must not mistake its failure for a network failure."""
    try:
        return function(request)
    except (TrioError, httpx.HTTPError):
        raise
    except Exception as error:
        message = f"The script for {request.method} {request.path} failed: {type(error).__name__}: {error}"
        raise UnscriptedCallError(message, method=request.method, path=request.path) from error


def api_path(path: str) -> str:
    """Return the part of a URL's path that is below the base URL."""
    inner = path.removeprefix("/osapi")
    if inner == "/api" or inner.startswith("/api/"):
        inner = inner[4:]
    return inner or "/"


def fits(pattern: str, path: str) -> bool:
    """Return whether a path matches a pattern, in which a part in braces matches anything."""
    wanted, given = pattern.strip("/").split("/"), path.strip("/").split("/")
    return len(wanted) == len(given) and all(
        want == have or (want.startswith("{") and want.endswith("}") and have)
        for want, have in zip(wanted, given, strict=True)
    )
