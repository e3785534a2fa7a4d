"""Carry out calls: prepare, send, retry, parse."""

from __future__ import annotations

import sys  # async-only
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from importlib import import_module  # async-only
from typing import TypeVar

from pydantic import BaseModel

from .._core.call import Call, Prepared, prepare
from .._core.config import Settings, Timeout
from .._core.error_reply import error_from
from .._core.hooks import CallInfo, notify
from .._core.reply import Reply, check_strictly, is_success, other_job, parse
from .._core.retry.backoff import Attempts
from .._core.retry.failure import Effect
from .._core.state import ClientState
from .._http._async.reply import AsyncOpenReply
from .._http._async.sender import AsyncSender
from .._http.concurrency.async_.preparation import in_thread  # async-only
from .._http.concurrency.async_.shield import limit_is_over
from .._job_context import ContextLog, JobContext
from .._redaction import preview, shown
from .._response_info import ResponseInfo, remember
from ..errors import APIStatusError, TrioError

__all__ = ["AsyncTransport"]

_M = TypeVar("_M", bound=BaseModel)
_T = TypeVar("_T")


class AsyncTransport:
    """Carry out the calls of one client."""

    def __init__(
        self,
        settings: Settings,
        sender: AsyncSender,
        state: ClientState | None = None,
        context: JobContext | None = None,
    ) -> None:
        self.settings = settings
        self.sender = sender
        self.state: ClientState = state or ClientState()
        self.context: JobContext = context or JobContext()

    def clock(self) -> float:
        """Return monotonic seconds by the client's time source."""
        return self.state.time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait by the client's time source."""
        await self.state.time.async_sleep(seconds)

    def with_settings(self, settings: Settings) -> AsyncTransport:
        """Return a transport with other settings over the same connections and the same state."""
        return AsyncTransport(settings, self.sender, self.state, self.context)

    def about(self, context: JobContext) -> AsyncTransport:
        """Return a transport whose calls, log lines and warnings are about a camera and its job."""
        return AsyncTransport(self.settings, self.sender, self.state, context)

    @property
    def log(self) -> ContextLog:
        """The logger, whose lines name the camera and the job that the calls are about."""
        return self.context.log

    async def call(
        self,
        call: Call[_M],
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> _M:
        """Return the model of the reply, after as many attempts as the policy and the failures allow."""
        await self.sender.prepare()  # async-only
        request, waits, attempts = self._begin(call, timeout, extra_headers)
        attempt = partial(self._send, call, request, waits, attempts)
        spans = self.state.spans
        if spans is None:
            return await self._persist(attempt, request, attempts)
        span = spans.start(call, self.settings)
        with span.current():
            model = await self._persist(attempt, request, attempts)
        span.end(model)
        return model

    async def open(
        self,
        call: Call[_M],
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncOpenReply:
        """Return a successful reply whose body is still coming."""
        await self.sender.prepare()  # async-only
        request, waits, attempts = self._begin(call, timeout, extra_headers)
        attempt = partial(self._send_and_open, call, request, waits, attempts)
        spans = self.state.spans
        if spans is None:
            return await self._persist(attempt, request, attempts)
        span = spans.start(call, self.settings)
        with span.current():
            reply = await self._persist(attempt, request, attempts)
        reply.span = span
        return reply

    async def aclose(self) -> None:
        """Close the connections that are not in use."""
        await self.sender.aclose()

    def _begin(
        self, call: Call[_M], timeout: float | Timeout | None, extra_headers: Mapping[str, str] | None
    ) -> tuple[Prepared, Timeout, Attempts]:
        """Return what the attempts of a call share."""
        self.state.check_open()
        settings = self.settings
        waits = settings.timeout if timeout is None else Timeout.of(timeout)
        request = prepare(call, settings, extra_headers)
        attempts = Attempts(settings.retry, call.effect, self.state.quota, clock=self.clock, divisible=call.divisible)
        return request, waits, attempts

    async def _send(self, call: Call[_M], request: Prepared, waits: Timeout, attempts: Attempts) -> _M:
        attempts.made += 1
        if not self.state.cleaning:
            self.settings.key.refresh()
        self._note_request(request, attempts)
        sent = self.state.ledger.clock()
        reply = await self.sender.send(request, waits, attempts.time_left)
        self._note_reply(request, attempts, reply, sent)
        return self._accept(call, reply, attempts)

    async def _send_and_open(
        self, call: Call[_M], request: Prepared, waits: Timeout, attempts: Attempts
    ) -> AsyncOpenReply:
        attempts.made += 1
        if not self.state.cleaning:
            self.settings.key.refresh()
        self._note_request(request, attempts)
        sent = self.state.ledger.clock()
        reply = await self.sender.open(request, waits, attempts.time_left)
        self._note_reply(request, attempts, reply, sent)
        if is_success(reply.status):
            attempts.succeeded()
            return reply
        try:
            whole = await reply.read()
        finally:
            await reply.aclose()
        raise error_from(whole, call, self.settings, wall_clock=self.state.time.wall_clock())

    def _accept(self, call: Call[_M], reply: Reply, attempts: Attempts) -> _M:
        """Return the model of a reply, or raise the error it stands for."""
        settings = self.settings
        if not is_success(reply.status):
            raise error_from(reply, call, settings, wall_clock=self.state.time.wall_clock())
        if settings.strict:
            check_strictly(reply, call, settings)
        model = parse(reply, call, settings)
        attempts.succeeded()
        if call.job_id is not None and call.effect is Effect.SAFE:
            self._note_other_job(call.job_id, other_job(model, call.job_id))
        request_id = preview(reply.request_id, settings.secrets(call.arguments)) if reply.request_id else None
        info = ResponseInfo(reply.status, reply.headers, request_id, attempts.made, attempts.elapsed)
        remember(model, info)
        return model

    async def _persist(self, attempt: Callable[[], Awaitable[_T]], request: Prepared, attempts: Attempts) -> _T:
        """Make the first attempt, and leave the rest to tenacity if it failed and is worth another."""
        try:
            return await attempt()
        except TrioError as error:
            if limit_is_over() or not attempts.should_retry(error):
                self._note_failure(request, attempts, error)
                raise
            first = [error]  # a list, to be emptied: an error that its own traceback's frames hold is a cycle
        return await self._repeat(first, attempt, request, attempts)

    async def _repeat(
        self, first: list[TrioError], attempt: Callable[[], Awaitable[_T]], request: Prepared, attempts: Attempts
    ) -> _T:
        # async-only: begin
        if "tenacity" not in sys.modules:
            await in_thread(partial(import_module, "tenacity"))
        # async-only: end
        try:
            from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
        except OSError:  # too many open files; what failed first is what is to be known
            self._note_failure(request, attempts, first[0])
            raise first.pop() from None

        decided = [True]  # to retry after the first failure

        async def again() -> _T:
            if first:
                raise first.pop()
            return await attempt()

        def should_retry(error: BaseException) -> bool:
            return decided.pop() if decided else not limit_is_over() and attempts.should_retry(error)

        def announce(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            self._note_retry(request, attempts, error)

        retrying = AsyncRetrying(
            retry=retry_if_exception(should_retry),
            wait=lambda _: attempts.wait,
            before_sleep=announce,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return await retrying(again)
        except TrioError as error:
            self._note_failure(request, attempts, error)
            raise

    def _note_request(self, request: Prepared, attempts: Attempts) -> None:
        hook = self.settings.hooks.on_request
        if hook is not None:
            notify(hook, self._info(request, attempts))

    def _note_reply(self, request: Prepared, attempts: Attempts, reply: Reply | AsyncOpenReply, sent: float) -> None:
        attempts.replied = attempts.made
        self.state.server_clock.note(reply.headers, sent=sent, received=self.state.ledger.clock())
        hook, spans = self.settings.hooks.on_response, self.state.spans
        if hook is None and spans is None:
            return
        info = self._info(request, attempts, status_code=reply.status)
        if spans is not None:
            spans.note_reply(info)
        notify(hook, info)

    def _note_other_job(self, asked: str, replied: str | None) -> None:
        if replied is not None and self.state.is_first_mistake(asked):
            self.context.with_job(asked).log.warning(
                "The reply about job %s is about job %s. Something between the client and the API may mix up replies.",
                shown(asked),
                shown(replied),
            )

    def _note_failure(self, request: Prepared, attempts: Attempts, error: TrioError) -> None:
        """Report the end of a call, unless a reply was its end."""
        hook = self.settings.hooks.on_failure
        if hook is not None and attempts.replied != attempts.made:
            notify(hook, self._info(request, attempts, error=error))

    def _info(
        self,
        request: Prepared,
        attempts: Attempts,
        *,
        status_code: int | None = None,
        wait: float | None = None,
        error: TrioError | None = None,
    ) -> CallInfo:
        call = request.call
        return CallInfo(
            request.method,
            request.shown_url,
            attempts.made,
            status_code,
            attempts.elapsed,
            wait,
            error,
            request.headers.get("idempotency-key"),
            call.operation,
            call.shown_stream_url or self.context.stream_url,
        )

    def _note_retry(self, request: Prepared, attempts: Attempts, error: BaseException | None) -> None:
        call = request.call
        context = self.context if self.context.stream_url is not None else JobContext(call.shown_stream_url)
        context.with_job(call.job_id).log.info(
            "%s %s: attempt %d failed (%s), trying again in %.2f s",
            request.method,
            request.shown_url,
            attempts.made,
            error,
            attempts.wait,
        )
        info = self._info(
            request,
            attempts,
            status_code=error.status_code if isinstance(error, APIStatusError) else None,
            wait=attempts.wait,
            error=error if isinstance(error, TrioError) else None,
        )
        if self.state.spans is not None:
            self.state.spans.note_retry(info)
        notify(self.settings.hooks.on_retry, info)
