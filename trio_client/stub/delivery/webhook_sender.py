"""Sends webhooks: in order for each job, in parallel for different jobs, again if they are not accepted."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable

from ..engine.job import Job
from ..engine.job_events import JobEvent
from ..engine.records import BoundedLog, WebhookDelivery
from .http_post import PostError, post
from .webhook_script import RETRY_DELAYS, WebhookScript, is_delivered
from .webhook_shapes import webhook_payload

__all__ = ["WebhookSender"]

# Events of one job that wait for a slow receiver; beyond this the oldest are dropped.
WAITING_PER_JOB = 1_000


class WebhookSender:
    """Delivers the events of webhook jobs. Lives on one event loop."""

    def __init__(
        self,
        log: BoundedLog[WebhookDelivery],
        *,
        script: WebhookScript,
        secret: str | None,
        timeout: float,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._log = log
        self._script = script
        self._secret = secret
        self._timeout = timeout
        self._pause = pause
        self._waiting: dict[str, deque[bytes]] = {}
        self._held: dict[str, deque[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def enqueue(self, job: Job, events: list[JobEvent]) -> None:
        """Send these events of a job, after those that are already waiting."""
        url = str(job.request["webhook_url"])
        for event in events:
            payload = webhook_payload(event, job.stream_url, self._script.shape)
            if payload is None:
                continue
            held = self._held.setdefault(job.job_id, deque(maxlen=WAITING_PER_JOB))
            held.appendleft(json.dumps(payload, ensure_ascii=False).encode())
            if event.terminal or not self._script.reverse:
                for body in self._held.pop(job.job_id):
                    self._add(job.job_id, url, body)

    async def aclose(self) -> None:
        """Stop sending."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._waiting.clear()
        self._held.clear()

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
        script = self._script
        if script.delay:
            await self._pause(script.delay)
        body, headers = script.sent(body, self._secret)
        for attempt in range(1, len(RETRY_DELAYS) + 2):
            if is_delivered(await self._attempt(job_id, url, body, headers, attempt)):
                for _ in range(script.copies):
                    await self._attempt(job_id, url, body, headers, attempt)
                return
            if attempt > len(RETRY_DELAYS) or self._closed:
                return
            await self._pause(RETRY_DELAYS[attempt - 1])
            if self._closed:
                return

    async def _attempt(self, job_id: str, url: str, body: bytes, headers: dict[str, str], attempt: int) -> int | None:
        status, problem = None, None
        try:
            status = await post(url, body, headers, timeout=self._timeout)
        except PostError as error:
            problem = str(error)
        self._log.add(WebhookDelivery(url, body, headers, status, problem, attempt, job_id, time.time()))
        return status
