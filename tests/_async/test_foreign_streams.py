"""Event streams of other servers are read with `sse` and `events` alone."""

from __future__ import annotations

import httpx
import pytest
from raw_server import CLOSE, RawServer

from trio_client import Failed, UnknownEvent, sse
from trio_client.events import from_sse

pytestmark = pytest.mark.anyio

# A self-hosted sibling of the service: its own names, comments between, and no word of the end.
STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b'\xef\xbb\xbfevent: status\r\ndata: {"status": "connected", "stream": "rtsp://cam/1"}\r\n\r\n'
    b": keep-alive\r\n\r\n"
    b'event: result\ndata: {"answer": "The gate is closed.", "condition_met": false}\n\n'
    b'event: alert\rdata: {"message": "The gate is open.",\rdata:  "frame": "/9j/"}\r\r'
    b'event: heartbeat\ndata: {"at": 1767225600}\n\n'
    b"event: heartbeat\ndata\n\n"
    b'event: error\ndata: {"message": "The camera was lost.", "recoverable": true}\n\n'
    b"event: result\ndata: cut off in the mid"
)


@pytest.mark.parametrize("size", [1, 7, len(STREAM)])
async def test_the_stream_of_a_self_hosted_server_becomes_events(size: int) -> None:
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    with RawServer([*pieces, CLOSE]) as server:
        async with httpx.AsyncClient(trust_env=False) as http:
            async with http.stream("DELETE", server.base_url) as response:
                events = [from_sse(event) async for event in sse.adecode(aiter(response.stream))]
    assert ["status", "result", "alert", "heartbeat", "heartbeat", "error"] == [event.name for event in events]
    assert isinstance(events[1], UnknownEvent)
    assert {"answer": "The gate is closed.", "condition_met": False} == events[1].raw
    assert {"message": "The gate is open.", "frame": "/9j/"} == events[2].raw
    failed = events[5]
    assert isinstance(failed, Failed)
    assert ("The camera was lost.", False) == (failed.message, failed.terminal)
    assert not any(event.terminal for event in events)
