"""One HTTP POST over a fresh connection, on asyncio, with one time limit."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import quote, urlsplit

__all__ = ["PostError", "post"]

_ANSWER_LIMIT = 64 * 1024
_DRAIN_SECONDS = 1.0


class PostError(Exception):
    """There was no usable response."""


async def post(url: str, body: bytes, headers: dict[str, str], *, timeout: float) -> int:
    """Send `body` and return the status of the response; redirects are not followed. `timeout` in seconds."""
    try:
        return await asyncio.wait_for(_exchange(url, body, headers), timeout)
    except asyncio.TimeoutError:
        raise PostError(f"no response within {timeout:g} s") from None
    except (OSError, EOFError, ValueError, RuntimeError) as error:  # the last: sockets are forbidden here
        raise PostError(str(error) or type(error).__name__) from None


async def _exchange(url: str, body: bytes, headers: dict[str, str]) -> int:
    parts = urlsplit(url)
    secure = parts.scheme.lower() == "https"
    host = parts.hostname or ""
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(host, port, ssl=secure or None, limit=_ANSWER_LIMIT)
    try:
        writer.write(_head(parts.path, parts.query, f"{host}:{port}", body, headers) + body)
        await writer.drain()
        status = _status(await reader.readline())
        # The receiver may still be writing; closing at once would be an error on its side.
        with contextlib.suppress(asyncio.TimeoutError, OSError):
            await asyncio.wait_for(reader.read(_ANSWER_LIMIT), _DRAIN_SECONDS)
        return status
    finally:
        writer.close()


def _head(path: str, query: str, host: str, body: bytes, headers: dict[str, str]) -> bytes:
    target = quote(path or "/", safe="/%:@!$&'()*+,;=~") + (
        f"?{quote(query, safe='/%:@!$&()*+,;=~?')}" if query else ""
    )
    lines = [f"POST {target} HTTP/1.1", f"host: {host}", "connection: close", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _status(line: bytes) -> int:
    pieces = line.split(b" ", 2)
    if len(pieces) < 2 or not pieces[0].startswith(b"HTTP/1.") or not pieces[1][:3].isdigit():
        raise ValueError("the response is not HTTP")
    return int(pieces[1][:3])
