"""`jobs`: list, show, follow and wait for jobs."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, Any

import typer

from .._redaction import is_url_name, masked
from ._cancel import cancel
from ._create import create
from ._exits import NO
from ._help import App
from ._options import JobStatus, Json, SaveFrames, TypeOfJobs, given, seconds, session_of
from ._out import Out
from ._text import ago, finite, iso

__all__ = ["app"]

app = App("Create, list, show, follow, wait for and cancel jobs.")
app.command()(create)
app.command()(cancel)
JobId = Annotated[
    str, typer.Argument(metavar="JOB_ID", help="The job's id, as `jobs list` shows it.", show_default=False)
]
_PAGE = 20
_UNLIMITED = {"max_triggers", "max_windows"}  # null means no limit
Poll = Annotated[str, typer.Option("--poll", metavar="TIME", help="Time between polls.")]
Status = Annotated[
    JobStatus | None,
    typer.Option(
        "--status", metavar="STATUS", help="Only jobs with this status: pending, running, stopped, completed or failed."
    ),
]


@app.command("list")
def list_jobs(
    context: typer.Context,
    status: Status = None,
    job_type: TypeOfJobs = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="Maximum number of jobs. Default: 20; with --all: no maximum.")
    ] = None,
    offset: Annotated[int, typer.Option(metavar="N", help="Number of jobs to skip.")] = 0,
    every: Annotated[bool, typer.Option("--all", help="List jobs from all pages.")] = False,
    json: Json = False,
) -> int:
    """List jobs, newest first.

    Prints a table on a terminal; elsewhere tab-separated columns without a header row.

    Examples:
      trio-client jobs list --status running
      trio-client jobs list --all --json | jq -r .job_id
      trio-client jobs list --all | cut -f 1
    """
    session = session_of(context)
    out = session.out
    filters = given(status=status, type=job_type)
    with session.client() as client:
        if every and (json or not out.terminal):  # print as they arrive: there may be very many
            for job in client.jobs.iterate(**filters, limit=limit, offset=offset):
                _print_job(out, job, json=json)
            return 0
        if every:
            _print_table(out, list(client.jobs.iterate(**filters, limit=limit, offset=offset)))
            return 0
        page = client.jobs.list(**filters, limit=_PAGE if limit is None else limit, offset=offset)
    if json or not out.terminal:
        for job in page:
            _print_job(out, job, json=json)
    else:
        _print_table(out, page.jobs)
        if page.has_more:
            of = f" of {page.total}" if page.total else ""
            out.note(f"{len(page)}{of} jobs; --all shows the rest.")
    return 0


@app.command()
def get(context: typer.Context, job_id: JobId, json: Json = False) -> int:
    """Show one job with its settings and counters.

    Example:
      trio-client jobs get JOB_ID
    """
    session = session_of(context)
    with session.client() as client:
        job = client.jobs.get(job_id)
    _print_detail(session.out, job, json=json)
    return 0


@app.command()
def wait(
    context: typer.Context,
    job_id: JobId,
    timeout: Annotated[str | None, typer.Option(metavar="TIME", help="Maximum time to wait.")] = None,
    poll: Poll = "3s",
    json: Json = False,
) -> int:
    """Wait until a job ends. Exits with 1 if it failed, with 6 if it did not end in time.

    Example:
      trio-client jobs wait JOB_ID --timeout 10m && echo done
    """
    session = session_of(context)
    interval = seconds(poll, "--poll") or 3.0
    with session.client() as client:
        job = client.jobs.wait(job_id, timeout=seconds(timeout, "--timeout"), poll_interval=interval)
    _print_detail(session.out, job, json=json)
    return NO if job.status == "failed" else 0


@app.command()
def watch(
    context: typer.Context,
    job_id: JobId,
    poll: Poll = "3s",
    save_frames: SaveFrames = None,
    progress: Annotated[bool, typer.Option("--progress", help="Also print every change of the counters.")] = False,
    json: Json = False,
) -> int:
    """Follow a running job by polling. Leaving never cancels it.

    Example:
      trio-client jobs watch JOB_ID
    """
    session = session_of(context)
    from ._follow import SERVER_DEFAULT_SECONDS, Display, follow

    with session.client() as client:
        job = client.jobs.get(job_id)
        config = job.config
        limit = finite(config.monitor_duration_seconds if config is not None else None)
        elapsed = finite(job.counters.elapsed_seconds)
        monitor = job.job_type != "live-digest"
        display = Display(
            kind="live-monitor" if monitor else "live-digest",
            title=(config.condition if config is not None else None) or f"job {job_id}",
            json=json,
            all_events=progress,
            save_frames=save_frames,
            limit=float(limit or SERVER_DEFAULT_SECONDS) if monitor else None,
            input_mode=config.input_mode if config is not None else None,
            on_leaving="not ours",
            elapsed=float(elapsed or 0.0),
        )
        stream = client.jobs.events(job_id, poll_interval=seconds(poll, "--poll") or 3.0)
        return follow(session, stream, display)


def _print_job(out: Out, job: Any, *, json: bool) -> None:
    if json:
        out.data(job.model_dump(mode="json", exclude_none=True))
        return
    cells = (job.job_id, job.job_type, job.status, iso(job.created_time))
    out.line("\t".join([*(out.clean(cell) for cell in cells), out.clean(job.stream_url, is_url=True)]))


def _print_table(out: Out, jobs: list[Any]) -> None:
    if not jobs:
        out.note("There are no such jobs.")
        return
    now = datetime.now(timezone.utc)
    rows = [
        [
            out.clean(job.job_id),
            out.clean(job.job_type).removeprefix("live-"),
            out.clean(job.status),
            ago(job.created_time, now),
            out.clean(job.stream_url, is_url=True),
        ]
        for job in jobs
    ]
    out.table(("ID", "TYPE", "STATUS", "AGE", "STREAM"), rows, flexible=(4,), essential=(0, 2))


def _settings(config: Any) -> dict[str, Any]:
    """Return a job's settings; what is null without a limit is said to be unlimited."""
    if config is None:
        return {}
    found: dict[str, Any] = config.model_dump()
    for name in _UNLIMITED & config.model_fields_set:
        found[name] = "unlimited" if found[name] is None else found[name]
    return found


def _print_detail(out: Out, job: Any, *, json: bool) -> None:
    if json:
        out.data(job.model_dump(mode="json", exclude_none=True))
        return
    shown: dict[str, Any] = {
        "job": job.job_id,
        "type": job.job_type,
        "status": job.status,
        "created": job.created_at,
        "stream": job.stream_url,
        **_settings(job.config),
        **job.counters,
    }
    shown = {name: value for name, value in masked(shown, out.secrets).items() if value is not None}
    width = max(len(out.clean(str(name))) for name in shown)
    for name, value in shown.items():
        is_url = name == "stream" or is_url_name(name)
        out.line(out.clean(str(value), is_url=is_url), label=f"{out.clean(str(name)):<{width}}  ", style="bold")
