"""Record a client's session, masked, for replay in tests."""

from __future__ import annotations

import codecs
import json
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from typing_extensions import Self

from .._core.call import EVENT_STREAM
from .._core.reply import media_type
from .._http.content import Inflater, inflater_for
from .._http.errors import name_in_httpx
from .._http.observer import AsyncObservedClient, ObservedClient
from .._http.types import AsyncHTTPClient, HTTPClient, check_async_client, check_client
from .._job_context import logger
from .._json import parse_json
from .._redaction import known_keys
from .._time_source import REAL
from ..errors import APIConnectionError, ConfigurationError, ResponseValidationError, TrioError
from ..sse import DEFAULT_MAX_EVENT_BYTES
from ._recording_mask import RecordingMask, header_secrets, secrets_in

__all__ = ["RECORDING_VERSION", "Recorder"]

RECORDING_VERSION = 1


class Recorder:
    """Record what a client sends and receives into a file that `MockTrio.replay` answers from.

    The file has one JSON object a line: first one that names the version of the format, then one for each step of an
    exchange, written as it happens: `request`, `head` (status and headers), `piece` (of the body; of an event stream
    whole lines, of another reply its body), then `end` or `failure`. Keys, cookies and the credentials of cameras and
    proxies are masked before they are written, also where the server repeats them.

    Pass `http_client()` to a client of this package. It sends through its own connections as always; with a client
    of yours as argument, through that. What is sent after `close()` is not recorded.

    Args:
        path: the file, which is replaced.
        frames: whether pictures are recorded; if not, a tiny picture of the same type takes the place of each.

    Raises:
        ConfigurationError: the file cannot be written.

    Example:
        >>> import tempfile, pathlib
        >>> from trio_client.testing import MockTrio
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "session.jsonl"
        >>> with Recorder(path) as recorder, TrioClient(http_client=recorder.http_client()) as client:
        ...     found = client.jobs.list().total
        >>> with MockTrio.replay(path) as mock, mock.client() as client:
        ...     assert client.jobs.list().total == found
    """

    def __init__(self, path: str | os.PathLike[str], *, frames: bool = True) -> None:
        self._file = RecordingFile(Path(path), frames=frames)

    def http_client(self, inner: HTTPClient | None = None) -> ObservedClient:
        """Return an `http_client=` for a `TrioClient` or `OsapiClient`, whose session is recorded.

        Args:
            inner: an `httpx.Client` of yours to send through; `None`: the client's own connections.

        Raises:
            ConfigurationError: `inner` cannot send.
        """
        if inner is not None:
            check_client(inner)
        return ObservedClient(self._file, inner)

    def async_http_client(self, inner: AsyncHTTPClient | None = None) -> AsyncObservedClient:
        """Return an `http_client=` for an `AsyncTrioClient` or `AsyncOsapiClient`, whose session is recorded.

        Args:
            inner: an `httpx.AsyncClient` of yours to send through; `None`: the client's own connections.

        Raises:
            ConfigurationError: `inner` cannot send.
        """
        if inner is not None:
            check_async_client(inner)
        return AsyncObservedClient(self._file, inner)

    def close(self) -> None:
        """End the recording. The clients go on unrecorded. Calling it again does nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Recorder of {self._file.path.name}, {self._file.exchanges} exchanges>"


class RecordingFile:
    """The file of a recording; the observer of all clients that are recorded into it."""

    def __init__(self, path: Path, *, frames: bool) -> None:
        self.path = path
        self.exchanges = 0
        self._frames = frames
        self._lock = threading.Lock()
        try:
            self._file: TextIO | None = path.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise ConfigurationError(
                f"The recording {path} cannot be written: {error.strerror or error}.",
                advice="Name a file in a folder that exists.",
            ) from error
        self.write(0, "recording", version=RECORDING_VERSION, frames=frames)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        secrets: Sequence[str],
        *,
        limit: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> ExchangeRecorder:
        """Record a request that is about to be sent."""
        body: Any = parse_json(content) if content else None
        known = [*secrets, *known_keys(), *secrets_in(body), *header_secrets(headers)]
        masks = RecordingMask(known, frames=self._frames)
        with self._lock:
            self.exchanges += 1
            number = self.exchanges
        sent = masks.headers({**headers, "authorization": "Bearer"}.items())
        self.write(number, "request", method=method, url=masks.url(url), headers=sent, body=masks.value(body))
        return ExchangeRecorder(self, number, masks, limit)

    def write(self, exchange: int, step: str, **values: Any) -> None:
        """Append a line."""
        now = datetime.fromtimestamp(REAL.wall_clock(), timezone.utc).replace(tzinfo=None)
        data = {"exchange": exchange, "step": step, "at": now.isoformat(timespec="microseconds") + "Z", **values}
        line = json.dumps(data) + "\n"
        with self._lock:
            if self._file is None:
                return
            try:
                self._file.write(line)
                self._file.flush()
            except OSError as error:  # the session is worth more than its recording
                logger.warning("The recording %s ends here: %s", self.path, error.strerror or error)
                self._close_file()

    def close(self) -> None:
        """Close the file; nothing is written any more."""
        with self._lock:
            self._close_file()

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                logger.warning("The recording %s may not be complete: %s", self.path, error.strerror or error)


class ExchangeRecorder:
    """Record what becomes of one request.

    Of an event stream, whole lines are written, so that a secret that two pieces of the body divide is found; any
    other body is written in one piece.
    """

    def __init__(self, file: RecordingFile, number: int, masks: RecordingMask, limit: int) -> None:
        self._file = file
        self._number = number
        self._masks = masks
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._held: list[str] = []
        self._by_line = False
        self._inflater: Inflater | None = None
        self._limit = limit
        self._size = 0  # of what is held
        self._has_head = False
        self._failure: dict[str, str] | None = None
        self._done = False

    def head(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Record the status and the headers of the reply."""
        self._has_head = True
        by_name = {name.lower(): value for name, value in headers}
        self._by_line = media_type(by_name) == EVENT_STREAM
        with suppress(ResponseValidationError):  # an encoding that the client refuses too
            self._inflater = inflater_for(by_name.get("content-encoding", ""))
        self._write("head", status=status, headers=self._masks.headers(headers))

    def piece(self, content: bytes) -> None:
        """Record a piece of the body."""
        self._failure = None  # the read that failed was made again
        text = self._decode(self._inflated(content))
        cut = max(text.rfind("\n"), text.rfind("\r")) + 1 if self._by_line else 0
        if not cut:
            self._held.append(text)
            return
        self._write_text([*self._held, text[:cut]])
        self._held = [text[cut:]]
        self._size = len(self._held[0])

    def _inflated(self, content: bytes) -> bytes:
        """Return what a piece decodes to: in a compressed body, no secret could be found."""
        if self._inflater is None:
            return content
        parts: list[bytes] = []
        with suppress(ResponseValidationError):  # the client ends with the same error
            for part in self._inflater.feed(content):
                self._size += len(part)
                if self._size > self._limit:  # so does it here, and reads none of it
                    self._held = []
                    return b""
                parts.append(part)
        return b"".join(parts)

    def end(self) -> None:
        """Record that the body is complete."""
        self._finish("end", complete=True)

    def left(self) -> None:
        """Record that the client closed the exchange, before its end or after a failure."""
        if self._failure is not None:
            self._finish("failure", **self._failure)
        else:
            self._finish("end", complete=False)

    def failed(self, error: BaseException) -> None:
        """Record a failure; one of a read that is not made again.

        Its name is the one in httpx of which the replay makes the same error, which need not be what was raised: an
        injected client may report a lost reply as a failure to connect, or have exceptions of its own.
        """
        cause = error.__cause__ if isinstance(error, TrioError) and error.__cause__ is not None else error
        name = name_in_httpx(error) if isinstance(error, APIConnectionError) else type(cause).__name__
        self._failure = {"error": name, "message": self._masks.text(str(cause))}
        if not self._has_head:
            self._finish("failure", **self._failure)

    def _finish(self, step: str, **values: Any) -> None:
        if self._done:
            return
        self._write_text([*self._held, self._decode(b"", True)])
        self._held = []
        self._done = True
        self._write(step, **values)

    def _write_text(self, parts: Iterable[str]) -> None:
        text = "".join(parts)
        if text:
            self._write("piece", text=self._masks.text(text))

    def _write(self, step: str, **values: Any) -> None:
        self._file.write(self._number, step, **values)
