"""Have a live stream summarized."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from .._core.address import Address, AsyncStreamUrl
from .._core.call import Call
from .._core.config import Timeout
from .._core.endpoints import create_live_digest
from .._core.stream_options import StreamOptions
from .._core.validation import NOT_GIVEN, NotGiven
from .._core.watch_coverage import Subject
from .._core.watch_limits import watch_limits
from .._core.watch_restart import RestartRule
from ..models import Job
from .base_client import AsyncResource
from .create import create_job
from .event_stream import AsyncEventStream, AsyncWatchStream
from .owned_stream import AsyncOwnedStream
from .watch import AsyncWatch

__all__ = ["AsyncLiveDigest"]


class AsyncLiveDigest(AsyncResource):
    """Digests: jobs that summarize a live stream in words, window by window. Reached as `client.live_digest`.

    - `create` starts a digest that runs by itself, and returns its job; read its events by webhook or by polling.
    - `stream` starts a digest and returns its events as they happen; leaving the block stops it.
    - `watch` does so without end, digest after digest, and goes on after dropped streams and failures.

    Example:
        >>> from trio_client.events import Summary
        >>> async with AsyncTrioClient() as client:
        ...     async with client.live_digest.stream("rtsp://cam/1", window_minutes=1) as events:
        ...         summary = await events.until(Summary)
        >>> summary.summary is not None
        True
    """

    async def create(
        self,
        stream_url: str,
        *,
        window_minutes: int | None = None,
        capture_interval_seconds: int | None = None,
        webhook_url: str | None = None,
        max_windows: int | NotGiven | None = NOT_GIVEN,
        include_frames: bool | None = None,
        wait_for_slot: float | None = None,
        reference: str | None = None,
        tag_webhook_url: bool = False,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Job:
        """Start a digest and return its job at once. The job runs on by itself, and is billed by the minute.

        With `webhook_url` the events are delivered there; otherwise poll the job with `client.jobs`.
        Arguments that are not given are not sent: the server's defaults apply.

        A create that failed after it may have been sent is never sent again. The job list is searched for the
        job instead; if exactly one fits, it is returned, and `response_info(job).recovered` is true.

        Args:
            stream_url: YouTube Live URL or RTSP stream to summarize, 1 to 500 characters. Twitch, RTSPS and HLS
                (`.m3u8`) work, too.
            window_minutes: length of one window in minutes, 1 to 60 (server's default: 10).
            capture_interval_seconds: seconds between two captured frames, 10 to 300 (server's default: 60).
            webhook_url: webhook URL for notifications, 1 to 2,083 characters: a public http(s) address, to which each
                event is delivered.
            max_windows: how many windows to summarize, 1 or more. `None` means until the maximum duration (server's
                default: `None`).
            include_frames: whether summary events carry a grid of the frames (server's default: no).
            wait_for_slot: seconds to wait for another job to end if the account's limit of jobs is reached, before
                MaxJobsReachedError; `None`: not at all.
            reference: what the job is known by in your own records, 1 to 255 printable ASCII characters: the
                `Idempotency-Key` of the request, and `client_ref` with a tag. By default, a new one.
            tag_webhook_url: add `client_ref=<reference>` to the webhook URL's query, so that the job can be found with
                certainty if the answer to this call is lost.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            The job, with its id and first status.

        Raises:
            RequestValidationError: an argument is outside its range; nothing was sent.
            StreamUnavailableError: the stream cannot be watched.
            MaxJobsReachedError: the account runs as many jobs as it may.
            CreateOutcomeUnknownError: a job may have been made; the error says what is known.
            APIStatusError: the server refused otherwise; no job was made.
            APIConnectionError: the server was not reached; no job was made.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     job = await client.live_digest.create("rtsp://cam/1", window_minutes=5, max_windows=1)
            ...     _ = await client.jobs.cancel(job.job_id)
            >>> job.job_type
            'live-digest'

        Source: API reference, "Live Digest".
        """
        call = create_live_digest(locals())
        return await create_job(
            self._transport,
            call,
            wait_for_slot=wait_for_slot,
            reference=reference,
            tag_webhook_url=tag_webhook_url,
            timeout=timeout,
            extra_headers=extra_headers,
        )

    def stream(
        self,
        stream_url: str,
        *,
        window_minutes: int | None = None,
        capture_interval_seconds: int | None = None,
        max_windows: int | NotGiven | None = NOT_GIVEN,
        include_frames: bool | None = None,
        on_exit: Literal["cancel", "leave"] = "cancel",
        on_drop: Literal["poll", "raise"] = "poll",
        wait_for_slot: float | None = None,
        reference: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncEventStream:
        """Return a stream of events that starts a digest when it is entered, and owns it.

        Leaving the `with` block before the digest's end cancels the job. A dropped connection does not
        end the stream: the same job is followed by polling, and never started again.

        Args:
            stream_url: YouTube Live URL or RTSP stream to summarize, 1 to 500 characters. Twitch, RTSPS and HLS
                (`.m3u8`) work, too.
            window_minutes: length of one window in minutes, 1 to 60 (server's default: 10).
            capture_interval_seconds: seconds between two captured frames, 10 to 300 (server's default: 60). It also
                decides how long the stream may be silent.
            max_windows: how many windows to summarize, 1 or more. `None` means until the maximum duration (server's
                default: `None`).
            include_frames: whether summary events carry a grid of the frames (server's default: no).
            on_exit: `cancel` stops the job when the stream is left early; `leave` lets it run.
            on_drop: `poll` follows the job by polling after a dropped stream; `raise` raises.
            wait_for_slot: seconds to wait for another job to end if the account's limit of jobs is reached, before
                MaxJobsReachedError; `None`: not at all.
            reference: what the job is known by in your own records, 1 to 255 printable ASCII characters: the
                `Idempotency-Key` of the request, and `client_ref` with a tag. By default, a new one.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with the request that starts the job.

        Returns:
            The stream. Nothing is sent before it is entered or iterated over.

        Raises:
            RequestValidationError: an argument is outside its range; nothing was sent.
            StreamUnavailableError: on entering: the stream cannot be watched.
            MaxJobsReachedError: on entering: the account runs as many jobs as it may.
            CreateOutcomeUnknownError: on entering: a job may have been made; the error says what is known.
            APIStatusError: on entering: the server refused otherwise; no job was made.
            APIConnectionError: on entering: the server was not reached; no job was made.
            StreamInterruptedError: while iterating, if the stream dropped and could not be followed.

        Example:
            >>> from trio_client.events import Summary
            >>> async with AsyncTrioClient() as client:
            ...     async with client.live_digest.stream("rtsp://cam/1", window_minutes=1, max_windows=1) as events:
            ...         summary = await events.until(Summary)
            >>> summary.window_minutes
            1

        Source: API reference, "Live Digest" (SSE mode), and the API's "SSE streaming" guide.
        """
        call = create_live_digest(locals(), "stream")
        options = StreamOptions(
            on_exit=on_exit,
            on_drop=on_drop,
            wait_for_slot=wait_for_slot,
            timeout=timeout,
            extra_headers=extra_headers,
            reference=reference,
        )
        source = AsyncOwnedStream(self._transport, call, options)
        return AsyncEventStream(source, self._transport.state.open_streams)

    def watch(
        self,
        stream_url: AsyncStreamUrl,
        *,
        window_minutes: int | None = None,
        capture_interval_seconds: int | None = None,
        max_windows: int | NotGiven | None = NOT_GIVEN,
        include_frames: bool | None = None,
        duration: float | None = None,
        max_cost_usd: float | None = None,
        price_per_minute_usd: float | None = None,
        on_exit: Literal["cancel", "leave"] = "cancel",
        on_drop: Literal["restart", "poll", "raise"] = "restart",
        wait_for_slot: float | None = None,
        wait_for_stream: float = 0.0,
        reference: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncWatchStream:
        """Return a stream of events that summarizes without end, one digest after another.

        When a digest ends because its windows or its time are up, the next begins at once; its end is reported
        as a `StatusChanged`, the time without a digest as a `CoverageGap`. Stream and network failures are retried
        with increasing delays, and a free job slot is waited for. There is never more than one job.

        The watch ends with a `Stopped` event, which is also its `.outcome`, when someone cancels the job, after
        `duration` (reason `duration_reached`), or before `max_cost_usd` would be exceeded (reason
        `max_cost_reached`). A digest has no time limit of its own to ask for, so the client stops it then.

        Args:
            stream_url: YouTube Live URL or RTSP stream to summarize, 1 to 500 characters. Twitch, RTSPS and HLS
                (`.m3u8`) work, too. A function that returns the URL is asked before each job: for addresses that
                expire. One that raises counts as an unavailable stream; what it raises at the first attempt is raised
                as it is, unless `wait_for_stream` is given. Async clients take async ones too, and run plain ones in a
                thread.
            window_minutes: length of one window in minutes, 1 to 60 (server's default: 10).
            capture_interval_seconds: seconds between two captured frames, 10 to 300 (server's default: 60).
            max_windows: how many windows to summarize, 1 or more, in each digest; the next one begins at once. `None`
                means until the maximum duration (server's default: `None`).
            include_frames: whether summary events carry a grid of the frames (server's default: no).
            duration: seconds to watch in all, 5 or more; `None`: until the stream is left.
            max_cost_usd: US dollars that the watch may cost, each begun minute of a job counted; `None`: no limit.
            price_per_minute_usd: what a minute costs; by default the published price.
            on_exit: `cancel` stops the running job when the watch is left; `leave` lets it run.
            on_drop: after a dropped stream `restart` stops the job at the end of its window and starts the next, so
                that summaries go on; `poll` follows the job by polling; `raise` ends the watch with the error.
            wait_for_slot: seconds to wait for a free job slot before MaxJobsReachedError; `None`: as long as it takes.
            wait_for_stream: seconds to wait, before the first job, for a stream that is unavailable; then the last
                StreamUnavailableError is raised. 0: one attempt; `math.inf` for a service. A stream that worked once is
                always waited for.
            reference: what its jobs are known by in your own records, 1 to 240 printable ASCII characters: the
                `Idempotency-Key` of the first create, then `reference-2`, `reference-3` and so on, for each create
                after one that may have made a job. By default, new ones.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with each request that starts a job.

        Returns:
            The stream. Nothing is sent before it is entered or iterated over.

        Raises:
            RequestValidationError: an argument is outside its range; nothing was sent.
            StreamUnavailableError: the stream never worked; one that has worked is waited for.
            MaxJobsReachedError: no job slot became free within `wait_for_slot`.
            AuthenticationError: the key was refused.
            APIStatusError: the server refused otherwise, in a way that waiting does not change.

        Example:
            >>> from trio_client.events import Summary
            >>> async with AsyncTrioClient() as client:
            ...     async with client.live_digest.watch("rtsp://cam/1", window_minutes=1, max_windows=1) as events:
            ...         first, second = await events.until(Summary), await events.until(Summary)
            >>> first.job_id == second.job_id
            False

        Source: API reference, "Live Digest" (limits); `trio_client.pricing` for prices.
        """
        arguments = locals()
        address = Address(
            stream_url,
            may_be_async=True,  # async-only
        )

        def make_call(_: float | None) -> Call[Job]:
            return create_live_digest({**arguments, "stream_url": address.url}, "watch")

        make_call(None)  # finds bad arguments before anything is sent
        limits = watch_limits("live-digest", duration, max_cost_usd, price_per_minute_usd)
        source = AsyncWatch(
            self._transport,
            make_call,
            limits,
            options=StreamOptions(
                on_exit=on_exit,
                on_drop="raise",  # the policy of the watch decides
                timeout=timeout,
                extra_headers=extra_headers,
                reference=reference,
            ),
            on_drop=on_drop,
            restart_rule=RestartRule(window=60.0 * (window_minutes or 10)),
            wait_for_slot=wait_for_slot,
            wait_for_stream=wait_for_stream,
            address=address,
            subject=Subject(address.known),
        )
        return AsyncWatchStream(source, self._transport.state.open_streams)
