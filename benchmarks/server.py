"""A server that is not the bottleneck: it parses next to nothing, and its replies are made beforehand.

It prints its port, and ends with its standard input.

- `GET /api/jobs/{id}`, `POST /api/check-once`: one small reply.
- `GET /api/jobs?limit=…&offset=…`: a page of a list of 100,000 jobs.
- `POST /api/live-monitor`: a job; or an event stream, where the condition says `times=… shape=… together=…`. After its
  start, a stream waits until that many are open, and then sends the bytes of the shape as often as asked.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from functools import lru_cache

from .payloads import payload

JOBS = 100_000
CREATED = "2026-03-26T10:30:00Z"
JOB = {
    "job_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
    "status": "running",
    "job_type": "live-monitor",
    "created_at": CREATED,
    "stream_url": "rtsp://camera.example/yard",
}
LISTED = {**JOB, "details": {"checks_performed": 45, "triggers_fired": 3, "frames_skipped": 112}}
DETAIL = {
    **JOB,
    "config": {"condition": "the gate is open", "interval_seconds": 10, "input_mode": "clip", "max_triggers": 1},
    "stats": {"checks_performed": 24, "triggers_fired": 0, "frames_skipped": 2, "elapsed_seconds": 240},
}
CHECK = {"triggered": False, "explanation": "The yard is empty and the gate is closed.", "latency_ms": 850}
PIECE = 64 * 1024


def reply(value: object) -> bytes:
    body = json.dumps(value).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body


@lru_cache(maxsize=2000)
def page(limit: int, offset: int) -> bytes:
    items = [{**LISTED, "job_id": f"job-{number}"} for number in range(offset, min(JOBS, offset + limit))]
    return reply({"jobs": items, "total": JOBS, "limit": limit, "offset": offset})


def event(name: str, data: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps(data).encode())


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Gate:
    """Holds streams until a number of them is open."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    async def wait(self, together: int) -> None:
        self._waiting.append(asyncio.get_running_loop().create_future())
        if len(self._waiting) < together:
            await self._waiting[-1]
        else:
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)


gate = Gate()


async def stream(writer: asyncio.StreamWriter, count: int, shape: str, together: int) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    writer.write(chunk(event("started", {"job_id": JOB["job_id"], "status": "running"})))
    await gate.wait(together)
    body = payload(shape)
    per_write = max(1, PIECE // len(body))
    whole = chunk(body * per_write)  # as web servers do, which make a chunk of what they are given at once
    for _ in range(count // per_write):
        writer.write(whole)
        await writer.drain()
    if rest := count % per_write:
        writer.write(chunk(body * rest))
    writer.write(chunk(event("stopped", {"job_id": JOB["job_id"], "status": "stopped", "reason": "cancelled"})))
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    detail, check, created = reply(DETAIL), reply(CHECK), reply(JOB)
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1])) if length else b""
            asked = re.search(rb"times=(\d+) shape=(\w+) together=(\d+)", body)
            if asked is not None:
                await stream(writer, int(asked[1]), asked[2].decode(), int(asked[3]))
            elif head.startswith(b"POST /api/live-monitor"):
                writer.write(created)
            elif head.startswith(b"POST"):
                writer.write(check)
            elif head.startswith(b"GET /api/jobs?"):
                limit, offset = (int(found) for found in re.findall(rb"(?:limit|offset)=(\d+)", head.split(b"\r\n")[0]))
                writer.write(page(limit, offset))
            else:
                writer.write(detail)
            if re.search(rb"connection: close", head, re.IGNORECASE):
                writer.close()
                return
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
