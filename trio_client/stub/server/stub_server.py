"""The stub server on a real socket, in a thread of its own."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Literal

from typing_extensions import Self

from ..api.control import add_jobs
from ..delivery.stream_script import Dialect, LineEnd
from ..delivery.webhook_script import WebhookScript
from ..documented.errors import ApiError
from ..documented.generations import NEWEST, Generation
from ..documented.paths import OSAPI_ROOT
from ..engine.clock import Clock
from ..engine.job import Job, JobStatus, JobType
from ..engine.listing import ListOrder
from ..engine.records import JobRecord, RecordedRequest, WebhookDelivery
from ..engine.scene import Scene
from ..faults.fault import Fault
from ..osapi.jobs import Osapi
from .app import build_app
from .settings import Settings
from .state import StubState
from .uvicorn_server import REQUEST_SECONDS, ThreadedServer, listen

__all__ = ["StubServer"]

_START_SECONDS = 10.0
_STOP_SECONDS = 10.0


class StubServer:
    """A local server that behaves as the Trio API is documented, for tests and experiments.

    Args:
        host: a loopback address, unless `allow_remote`.
        port: 0 takes any free port.
        speed: stub-seconds for each real second; 0 stops time between calls of `clock.advance`.
        max_jobs: how many jobs may be pending or running at once.
        api_keys: the keys that are accepted; None: any that is not empty.
        webhook_secret: signs webhooks with `X-Trio-Signature`; None: they are not signed.
        start_delay: stub-seconds that a new job is pending.
        keep_alive: real seconds without an event after which a stream sends a comment.
        webhook_timeout: real seconds that a webhook receiver has to respond.
        request_timeout: real seconds that a client has to send one request.
        max_body_bytes: the largest request body that is read.
        generation: which of the documentation's generations it follows: "G1" to "G4", the newest.
        credits: what the account has: a check costs one, a begun minute of a job two; None: without limit.
        allow_remote: allows an address that other machines can reach.
        allow_hosts: host names that are answered beside the loopback names, on any port; others get 403.
        list_lag: stub-seconds until a new job appears in the list of jobs; it can be got by its id at once.
        list_order: how jobs are listed: "newest" first, "oldest" first, or by "id".
        full_status: the HTTP status of MAX_JOBS_REACHED.
        jobs_outlive_streams: whether a job goes on when the reader of its event stream disconnects.
        default_scene: what streams show that have no scene of their own; None: `Scene()`.

    Example:
        >>> with StubServer() as stub:
        ...     stub.scene("rtsp://camera.example/yard", Scene(at=[25]))
        ...     stub.base_url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 60.0,
        max_jobs: int = 10,
        api_keys: Iterable[str] | None = None,
        webhook_secret: str | None = None,
        start_delay: float = 1.0,
        keep_alive: float = 15.0,
        webhook_timeout: float = 5.0,
        request_timeout: float = REQUEST_SECONDS,
        max_body_bytes: int = 32 * 2**20,
        generation: Generation = NEWEST,
        credits: float | None = None,
        allow_remote: bool = False,
        allow_hosts: Iterable[str] = (),
        list_lag: float = 0.0,
        list_order: ListOrder = "newest",
        full_status: int = 429,
        jobs_outlive_streams: bool = True,
        default_scene: Scene | None = None,
    ) -> None:
        if not allow_remote and not _is_loopback(host):
            raise ValueError(f"{host!r} is not a loopback address; allow_remote=True allows it")
        self._host = host
        self._port = port
        self._state = StubState(
            Settings.with_keys(
                api_keys,
                speed=speed,
                max_jobs=max_jobs,
                webhook_secret=webhook_secret,
                start_delay=start_delay,
                keep_alive=keep_alive,
                webhook_timeout=webhook_timeout,
                request_timeout=request_timeout,
                max_body_bytes=max_body_bytes,
                generation=generation,
                credits=credits,
                allow_hosts=[allow_hosts] if isinstance(allow_hosts, str) else tuple(allow_hosts),
                list_lag=list_lag,
                list_order=list_order,
                full_status=full_status,
                jobs_outlive_streams=jobs_outlive_streams,
                default_scene=default_scene,
            )
        )
        self._server: ThreadedServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Serve until `stop()`; returns when requests are answered."""
        if self._thread is not None:
            raise RuntimeError("the stub server is already running")
        server = ThreadedServer(
            build_app(self._state, on_socket=True), request_timeout=self._state.settings.request_timeout
        )
        sock = listen(self._host, self._port)
        self._port = sock.getsockname()[1]
        self._server = server
        self._thread = threading.Thread(target=server.run, args=([sock],), name="trio-stub", daemon=True)
        self._thread.start()
        if not server.wait_ready(_START_SECONDS):
            self.stop()
            raise RuntimeError(server.problem or "the stub server did not start")
        return self

    def stop(self) -> None:
        """End all connections and the server; has no effect if it is not running."""
        if self._server is None or self._thread is None:
            return
        self._server.end()
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError("the stub server did not stop")
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<StubServer {f'at {self.url}' if self._server is not None else 'not running'}>"

    @property
    def url(self) -> str:
        """The root of the server, without a slash at its end."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL: the root and `/api`."""
        return f"{self.url}/api"

    @property
    def osapi_url(self) -> str:
        """What a client of OSAPI takes as its base URL; the job API is below `/api`, and without it as well."""
        return self.url + OSAPI_ROOT

    @property
    def osapi(self) -> Osapi:
        """The OSAPI side: its jobs, and how it behaves."""
        return self._state.osapi

    @property
    def generation(self) -> Generation:
        """Which of the documentation's generations it follows. May be set while the server runs."""
        return self._state.generation

    @generation.setter
    def generation(self, generation: Generation) -> None:
        self._state.follow(generation)

    @property
    def credits(self) -> float | None:
        """The credits that are left, below zero if a job kept running; None: without limit. May be set."""
        return self._state.account.left

    @credits.setter  # noqa: A003
    def credits(self, credits: float | None) -> None:
        self._state.change(credits=credits)

    @property
    def max_jobs(self) -> int:
        """How many jobs may be pending or running at once. May be set."""
        return self._state.jobs.max_jobs

    @max_jobs.setter
    def max_jobs(self, max_jobs: int) -> None:
        self._state.change(max_jobs=max_jobs)

    @property
    def clock(self) -> Clock:
        """The scaled clock; `advance` it instead of sleeping."""
        return self._state.clock

    @property
    def jobs(self) -> list[JobRecord]:
        """All jobs as they stand now, oldest first."""
        with self._state.jobs.lock:
            jobs, now = self._state.jobs.all(), self._state.clock.now()
            return [JobRecord.of(job, now) for job in jobs]

    @property
    def running_jobs(self) -> int:
        """How many jobs are pending or running."""
        return self._state.jobs.running()

    @property
    def requests(self) -> list[RecordedRequest]:
        """The latest requests to the API, oldest first."""
        return self._state.requests.all()

    @property
    def deliveries(self) -> list[WebhookDelivery]:
        """The latest attempts to deliver webhooks, oldest first."""
        return self._state.deliveries.all()

    @property
    def webhooks(self) -> WebhookScript:
        """How webhooks are sent: set its attributes to duplicate, reorder, delay or forge them."""
        return self._state.webhooks

    @property
    def faults(self) -> list[Fault]:
        """Scripted faults that have not been applied as often as they were scripted."""
        return self._state.faults.pending()

    def job(self, job_id: str) -> JobRecord:
        """One job as it stands now; raises `KeyError` if no job has this id."""
        with self._state.jobs.lock:
            try:
                return JobRecord.of(self._state.jobs.get(job_id), self._state.clock.now())
            except ApiError:
                raise KeyError(job_id) from None

    def scene(self, stream_url: str, scene: Scene) -> None:
        """Show `scene` at `stream_url` from now on; running jobs see it at their next check."""
        self._state.scenes.set(stream_url, scene)

    def add_jobs(
        self,
        count: int,
        *,
        status: JobStatus = "completed",
        job_type: JobType = "live-monitor",
        stream_url: str = "rtsp://camera.example/yard",
    ) -> list[str]:
        """Add jobs that never change, beyond `max_jobs` too. Returns their ids, oldest first."""
        return add_jobs(self._state, count, status=status, job_type=job_type, stream_url=stream_url)

    def trigger(self, job_id: str) -> None:
        """Make the condition of a monitor hold now, between two checks.

        Raises:
            KeyError: no job has this id.
            ValueError: it is a digest, or it has ended.
        """
        self._change(self._state.jobs.trigger, job_id, "is not a running monitor")

    def fail_job(self, job_id: str) -> None:
        """End a job as if its stream had gone offline.

        Raises:
            KeyError: no job has this id.
            ValueError: it has ended.
        """
        self._change(self._state.jobs.fail, job_id, "has ended")

    def drop_stream(self, job_id: str) -> None:
        """Disconnect the event streams of a job, which keeps running. Raises `KeyError` if no job has this id."""
        job, _ = self._change(lambda job_id: (self._state.jobs.get(job_id), True), job_id)
        self._state.engine.drop(job)

    def fail_next(
        self,
        *,
        method: str | None = None,
        path: str = "",
        times: int = 1,
        status: int | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
        delay: float = 0.0,
        close: bool | Literal["fin", "reset"] = False,
        processed: bool = False,
        drop_after_bytes: int | None = None,
        drop_after_events: int | None = None,
        silent_after_events: int | None = None,
        omit_terminal: bool = False,
        dialect: Dialect | None = None,
        line_end: LineEnd | None = None,
        bom: bool = False,
        split_at: int | None = None,
    ) -> Fault:
        """Script a fault for the next matching request; the arguments are those of `Fault`.

        Example:
            >>> with StubServer() as stub:
            ...     fault = stub.fail_next(path="/jobs", status=503, headers={"Retry-After": "1"})
            ...     stub.faults == [fault]
            True
        """
        fault = Fault(
            method=method,
            path=path,
            times=times,
            status=status,
            body=body,
            headers=headers,
            delay=delay,
            close=close,
            processed=processed,
            drop_after_bytes=drop_after_bytes,
            drop_after_events=drop_after_events,
            silent_after_events=silent_after_events,
            omit_terminal=omit_terminal,
            dialect=dialect,
            line_end=line_end,
            bom=bom,
            split_at=split_at,
        )
        self._state.faults.add(fault)
        return fault

    def reset(self) -> None:
        """Remove jobs, requests, deliveries, faults and scenes; open streams end. The clock keeps running."""
        self._state.reset()

    def _change(self, change: Callable[[str], tuple[Job, bool]], job_id: str, problem: str = "") -> tuple[Job, bool]:
        try:
            job, changed = change(job_id)
        except ApiError:
            raise KeyError(job_id) from None
        if not changed:
            raise ValueError(f"job {job_id} {problem}")
        return job, changed


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
