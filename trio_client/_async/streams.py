"""Check streams before watching them."""

from __future__ import annotations

from collections.abc import Mapping

from .._core.config import Timeout
from .._core.endpoints import prepare_stream, validate_stream
from ..models import PreparedStream, StreamValidation
from .base_client import AsyncResource

__all__ = ["AsyncStreams"]


class AsyncStreams(AsyncResource):
    """Streams, before they are watched. Reached as `client.streams`.

    - `validate` returns whether a stream is live, and what is known about it.
    - `prepare` has a stream resolved ahead of time, so that the first check on it is faster.

    Example:
        >>> async with AsyncTrioClient() as client:
        ...     (await client.streams.validate("rtsp://cam/1")).is_live
        True
    """

    async def validate(
        self,
        stream_url: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> StreamValidation:
        """Return whether a stream is live, and what is known about it.

        Args:
            stream_url: a YouTube or Twitch live URL, RTSP(S) or HLS (`.m3u8`); 1 to 500 characters.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            `.is_live`, and where known platform, title, channel and more; `.error_hint` says why it is not live.

        Raises:
            RequestValidationError: the URL is empty or too long; nothing was sent.
            StreamUnavailableError: the server refuses the stream outright.
            APIStatusError: the server refused otherwise.
            APIConnectionError: no reply came.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     (await client.streams.validate("rtsp://cam/1")).is_live
            True

        Source: API reference, "Validate Stream".
        """
        return await self._transport.call(validate_stream(stream_url), timeout=timeout, extra_headers=extra_headers)

    async def prepare(
        self,
        url: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> PreparedStream:
        """Have a stream resolved ahead of time, so that the first check on it is faster. Optional.

        Args:
            url: URL of the stream, 1 to 500 characters.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            Whether it worked, and how the stream can be embedded in a page.

        Raises:
            RequestValidationError: the URL is empty or too long; nothing was sent.
            APIStatusError: the server refused.
            APIConnectionError: no reply came.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     (await client.streams.prepare("rtsp://cam/1")).success
            True

        Source: API reference, "Prepare Stream".
        """
        return await self._transport.call(prepare_stream(url), timeout=timeout, extra_headers=extra_headers)
