"""Send the requests of a probe, one at a time and never twice, and record them."""

from __future__ import annotations

import json
import socket
import threading
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from .._core.config import is_loopback
from .._core.probe.exchange import Exchange
from .._redaction import url_secrets
from ..testing._recorder import ExchangeRecorder, RecordingFile

__all__ = ["Wire"]

_CONNECT_SECONDS = 10.0
_REPLY_SECONDS = 60.0
_MAX_BYTES = 64 * 2**20  # of one reply, a stream of a minute included


class Wire:
    """The connection of a probe to the API.

    Args:
        base_url: where the API is.
        key: the API key.
        record: the file of the recording.
        frames: whether pictures are recorded.
    """

    def __init__(self, base_url: str, key: str, record: Path, *, frames: bool) -> None:
        self.exchanges: list[Exchange] = []
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._record = RecordingFile(record, frames=frames)
        loopback = is_loopback(urlsplit(base_url).hostname or "")  # proxies are for other machines
        timeout = httpx.Timeout(_REPLY_SECONDS, connect=_CONNECT_SECONDS)
        self._client = httpx.Client(trust_env=not loopback, timeout=timeout)

    def send(
        self,
        label: str,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        accept: str = "application/json",
        key: bool = True,
        reference: str | None = None,
        seconds: float = _REPLY_SECONDS,
        until: Callable[[Exchange], bool] | None = None,
    ) -> Exchange:
        """Send a request, and return what became of it.

        Args:
            label: what it is to find out.
            method: the HTTP method.
            path: the path below the base URL.
            body: the body as JSON.
            accept: the `Accept` header.
            key: whether to send the key.
            reference: the `Idempotency-Key`.
            seconds: how long to read the reply.
            until: ends the reading of a stream; asked after each piece.
        """
        headers = {"accept": accept, "accept-encoding": "identity", "x-trio-probe": label.replace(" ", "-")}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["content-type"] = "application/json"
        if method == "POST":
            headers["idempotency-key"] = reference or str(uuid.uuid4())
        url = self._base_url + path
        notes = self._record.request(method, url, headers, content, self._secrets(body))
        self.exchanges.append(Exchange(label, method, path.partition("?")[0], datetime.now(timezone.utc), body))
        sent = {**headers, **({"authorization": f"Bearer {self._key}"} if key else {})}
        self._client.cookies.clear()  # those that replies set are not sent back
        try:
            with self._client.stream(method, url, headers=sent, content=content) as response:
                notes.head(response.status_code, response.headers.multi_items())
                values = {name.lower(): value for name, value in response.headers.items()}
                now = datetime.now(timezone.utc)
                self._note(status=response.status_code, headers=values, answered=now)
                with _closed_after(response, seconds):
                    self._read(response, notes, until)
        except httpx.HTTPError as error:  # also at the end of the time for a stream
            notes.failed(error)
            if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
                self._note(unsent=True)
        finally:
            notes.left()
        return self.exchanges[-1]

    def close(self) -> None:
        """Close the connection and the recording."""
        with suppress(Exception):
            self._client.close()
        self._record.close()

    def _read(
        self, response: httpx.Response, notes: ExchangeRecorder, until: Callable[[Exchange], bool] | None
    ) -> None:
        """Read the body, at most to its limit; what was read until a failure is noted, too."""
        pieces: list[bytes] = []
        size = 0
        try:
            for piece in response.iter_raw():
                notes.piece(piece)
                pieces.append(piece)
                size += len(piece)
                if size > _MAX_BYTES or (until is not None and until(self._note(content=b"".join(pieces)))):
                    return
            self._note(complete=True)
            notes.end()
        finally:
            self._note(content=b"".join(pieces))

    def _note(self, **values: Any) -> Exchange:
        """Note more of the last exchange, and return it."""
        self.exchanges[-1] = replace(self.exchanges[-1], **values)
        return self.exchanges[-1]

    def _secrets(self, body: dict[str, Any] | None) -> tuple[str, ...]:
        urls = [value for value in (body or {}).values() if isinstance(value, str) and "://" in value]
        return (self._key, *(secret for url in urls for secret in url_secrets(url)))


@contextmanager
def _closed_after(response: httpx.Response, seconds: float) -> Generator[None]:
    """Close the connection of a response after this time, so that a silent stream is left too."""

    def close() -> None:
        with suppress(Exception):
            response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, close)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
