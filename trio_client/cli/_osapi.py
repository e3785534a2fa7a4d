"""`osapi`: the jobs of an OSAPI server."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._json import as_object
from .._redaction import masked
from .._times import show_duration
from ._exits import UsageError
from ._help import App
from ._options import Json, given, session_of
from ._out import Out
from ._text import ago, iso, json_line

if TYPE_CHECKING:
    from ..osapi import OsapiJob

__all__ = ["app"]

app = App("Jobs of an OSAPI server.")
jobs = App("List, show, delete and retry the jobs of an OSAPI server.")
app.add_typer(jobs, name="jobs")
_LARGEST_PAGE = 100
_PAGE = 20
JobId = Annotated[str, typer.Argument(metavar="JOB_ID", help="The job's id, a UUID.", show_default=False)]


class OsapiStatus(str, Enum):
    """The statuses to filter by."""

    submitted = "submitted"
    processing = "processing"
    completed = "completed"
    failed = "failed"
    partial_failure = "partial_failure"


@app.callback()
def settings(
    context: typer.Context,
    api_prefix: Annotated[
        str | None,
        typer.Option(
            metavar="PREFIX", help="Path before the endpoints; '' for servers before April 2026. Default: /api."
        ),
    ] = None,
) -> None:
    """Jobs of an OSAPI server. Token and address come from OSAPI_TOKEN and OSAPI_URL."""
    session_of(context).api_prefix = api_prefix


@jobs.command("list")
def list_jobs(
    context: typer.Context,
    status: Annotated[
        OsapiStatus | None,
        typer.Option(
            metavar="STATUS",
            help="Only jobs with this status: submitted, processing, completed, failed or partial_failure.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", help="Maximum number of jobs, 1 to 100. Default: 20; with --all: no maximum."),
    ] = None,
    offset: Annotated[int, typer.Option(metavar="N", help="Number of jobs to skip.")] = 0,
    every: Annotated[bool, typer.Option("--all", help="List jobs from all pages.")] = False,
    page_size: Annotated[
        int | None, typer.Option(metavar="N", help="With --all: jobs per page, 1 to 100; fewer if results are large.")
    ] = None,
    json: Json = False,
) -> int:
    """List jobs in the order of their ids, which is not by time.

    Token and address come from OSAPI_TOKEN and OSAPI_URL.

    Examples:
      trio-client osapi jobs list --status failed
      trio-client osapi jobs list --all --page-size 10 --json | jq -r .id
    """
    session = session_of(context)
    out = session.out
    if page_size is not None and not every:
        raise UsageError("--page-size needs --all.")
    filters = given(status=status)
    with session.osapi() as client:
        if every:
            found = client.jobs.iterate(**filters, limit=limit, offset=offset, page_size=page_size or _LARGEST_PAGE)
            if json or not out.terminal:
                for job in found:
                    _print_job(out, job, json=json)
                return 0
            rows, note = list(found), ""
        else:
            page = client.jobs.list(**filters, limit=_PAGE if limit is None else limit, offset=offset)
            rows, total = list(page.items), page.total_items or 0
            note = f"{len(rows)} of {total} jobs; --all shows the rest." if offset + len(rows) < total else ""
    if json or not out.terminal:
        for job in rows:
            _print_job(out, job, json=json)
        return 0
    if not rows:
        out.note("There are no such jobs.")
        return 0
    now = datetime.now(timezone.utc)
    cells = [
        [
            out.clean(job.id),
            out.clean(job.status),
            ago(job.created_time, now),
            out.clean(job.hostname),
            out.clean(job.operation_type),
        ]
        for job in rows
    ]
    out.table(("ID", "STATUS", "AGE", "HOST", "OPERATION"), cells, flexible=(3, 4), essential=(0, 1))
    if note:
        out.note(note)
    return 0


@jobs.command()
def get(context: typer.Context, job_id: JobId, json: Json = False) -> int:
    """Show one job, with the outcome on each agent.

    Example:
      trio-client osapi jobs get JOB_ID
    """
    session = session_of(context)
    out = session.out
    with session.osapi() as client:
        job = client.jobs.get(job_id)
    if json:
        out.data(job.model_dump(mode="json", exclude_none=True))
        return 0
    shown: dict[str, str | None] = {
        "job": job.id,
        "status": job.status,
        "operation": job.operation_type,
        "created": job.created,
        "updated": job.updated_at,
        "host": job.hostname,
        "changed": None if job.changed is None else str(job.changed).lower(),
        "error": job.error,
        "retried": ", ".join(event.message or "" for event in job.timeline or () if event.event == "retried"),
        **_result(job.result),
    }
    for name, value in shown.items():
        if value:
            first, *others = out.clean(value, lines=True).splitlines() or [""]
            out.line(first, label=f"{name:<9}  ", style="bold")
            for other in others:
                out.line(" " * 11 + other)
    agents = job.agents()
    if agents:
        out.line()
    for agent in agents:
        code = _exit_code(agent.data)
        ended = f"exit code {code}" if code is not None else None
        took = f"in {show_duration(agent.duration.total_seconds())}" if agent.duration is not None else None
        parts = [agent.hostname, agent.status, ended, took, agent.error]
        out.line("  ".join(out.clean(part) for part in parts if part))
    return 0


def _result(result: Any) -> dict[str, str | None]:
    """Return the lines to print of a result: exit code and output of a command, JSON of anything else."""
    code = _exit_code(result)
    if code is None:
        return {"result": None if result is None else json_line(masked(result, ()), unicode=True)}
    texts = {name: value for name in ("stdout", "stderr") if isinstance(value := result.get(name), str)}
    return {"exit code": str(code), **texts}


def _exit_code(result: Any) -> int | None:
    """Return the exit code of a command; a job is completed whatever it is."""
    code = as_object(result).get("exit_code")
    return code if isinstance(code, int) else None


@jobs.command()
def delete(
    context: typer.Context,
    job_ids: Annotated[list[str], typer.Argument(metavar="JOB_ID", help="The jobs' ids.", show_default=False)],
    json: Json = False,
) -> int:
    """Delete the records of jobs. This does not stop running work.

    Example:
      trio-client osapi jobs delete JOB_ID
    """
    session = session_of(context)
    with session.osapi() as client:
        for job_id in job_ids:
            client.jobs.delete(job_id)
            if json:
                session.out.data({"id": job_id, "deleted": True})
            else:
                session.out.line(f"{session.out.clean(job_id)}  deleted")
    return 0


@jobs.command()
def retry(
    context: typer.Context,
    job_id: JobId,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="AGENTS",
            help="Agents to run it: _any or _all for every agent, a machine id, or key:value for a label. "
            "With a host name the job stays submitted: no agent takes it.",
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Run the work of a job again, as a new job; without --target, on every agent.

    Example:
      trio-client osapi jobs retry JOB_ID --target group:web
    """
    session = session_of(context)
    out = session.out
    with session.osapi() as client:
        made = client.jobs.retry(job_id, target)
    if json:
        out.data(made.model_dump(mode="json", exclude_none=True))
    else:
        out.line(f"{out.clean(made.job_id)}  {out.clean(made.status)}")
    return 0


def _print_job(out: Out, job: OsapiJob, *, json: bool) -> None:
    if json:
        out.data(job.model_dump(mode="json", exclude_none=True))
        return
    cells = (job.id, job.status, iso(job.created_time), job.hostname, job.operation_type)
    out.line("\t".join(out.clean(cell) for cell in cells))
