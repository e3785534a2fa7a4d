"""Sends webhooks: in order for each job, side by side for different jobs, again when not accepted."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable

from ._delivery import RETRY_DELAYS, is_delivered, sign, webhook_payload
from ._http_post import PostError, post
from ._job import Job, JobEvent
from ._records import BoundedLog, WebhookDelivery

__all__ = ["WebhookSender"]

# Events of one job that wait behind a slow receiver; the oldest give way to newer ones.
WAITING_PER_JOB = 1_000


class WebhookSender:
    """Delivers the events of webhook jobs. Lives on one event loop."""

    def __init__(
        self,
        log: BoundedLog[WebhookDelivery],
        *,
        secret: str | None,
        timeout: float,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._log = log
        self._secret = secret
        self._timeout = timeout
        self._pause = pause
        self._waiting: dict[str, deque[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def enqueue(self, job: Job, events: list[JobEvent]) -> None:
        """Send these events of a job, after those that wait already."""
        url = str(job.request["webhook_url"])
        for event in events:
            payload = webhook_payload(event, job.stream_url)
            if payload is not None:
                self._add(job.job_id, url, json.dumps(payload, ensure_ascii=False).encode())

    async def aclose(self) -> None:
        """Stop sending."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._waiting.clear()

    def _add(self, job_id: str, url: str, body: bytes) -> None:
        queue = self._waiting.get(job_id)
        if queue is not None:
            queue.append(body)
            return
        self._waiting[job_id] = deque([body], maxlen=WAITING_PER_JOB)
        task = asyncio.get_running_loop().create_task(self._send_all(job_id, url))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_all(self, job_id: str, url: str) -> None:
        queue = self._waiting[job_id]
        try:
            while queue and not self._closed:
                await self._send(job_id, url, queue.popleft())
        finally:
            self._waiting.pop(job_id, None)

    async def _send(self, job_id: str, url: str, body: bytes) -> None:
        headers = {"content-type": "application/json", "user-agent": "trio-stub"}
        if self._secret is not None:
            headers["x-trio-signature"] = sign(body, self._secret)
        for attempt in range(1, len(RETRY_DELAYS) + 2):
            status, problem = None, None
            try:
                status = await post(url, body, headers, timeout=self._timeout)
            except PostError as error:
                problem = str(error)
            self._log.add(WebhookDelivery(url, body, headers, status, problem, attempt, job_id, time.time()))
            if is_delivered(status) or attempt > len(RETRY_DELAYS) or self._closed:
                return
            await self._pause(RETRY_DELAYS[attempt - 1])
            if self._closed:
                return
