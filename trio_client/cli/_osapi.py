"""`osapi`: the jobs of an OSAPI server."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from ._options import Json, given, session_of
from ._out import Out
from ._text import ago, iso

if TYPE_CHECKING:
    from ..osapi import OsapiJob

__all__ = ["app"]

app = typer.Typer(help="Jobs of an OSAPI server.")
jobs = typer.Typer(help="List, show, delete and retry the jobs of an OSAPI server.")
app.add_typer(jobs, name="jobs")
JobId = Annotated[str, typer.Argument(help="The job's id, a UUID.", show_default=False)]


class OsapiStatus(str, Enum):
    """The statuses to filter by."""

    submitted = "submitted"
    processing = "processing"
    completed = "completed"
    failed = "failed"
    partial_failure = "partial_failure"


@jobs.command("list")
def list_jobs(
    context: typer.Context,
    status: Annotated[OsapiStatus | None, typer.Option(help="Only jobs with this status.")] = None,
    limit: Annotated[int, typer.Option(help="Maximum number of jobs, 1 to 100.")] = 20,
    offset: Annotated[int, typer.Option(help="Number of jobs to skip.")] = 0,
    every: Annotated[bool, typer.Option("--all", help="List all jobs, page by page.")] = False,
    json: Json = False,
) -> int:
    r"""List jobs, newest first. Token and address come from OSAPI_TOKEN and OSAPI_URL.

    \b
    Examples:
      trio-client osapi jobs list --status failed
      trio-client osapi jobs list --all --json | jq -r .id
    """
    session = session_of(context)
    out = session.out
    filters = given(status=status)
    with session.osapi() as client:
        if every:
            found = client.jobs.iterate(**filters, offset=offset)
            if json or not out.terminal:
                for job in found:
                    _print_job(out, job, json=json)
                return 0
            rows, note = list(found), ""
        else:
            page = client.jobs.list(**filters, limit=limit, offset=offset)
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
    out.table(("ID", "STATUS", "AGE", "HOST", "OPERATION"), cells, flexible=4)
    if note:
        out.note(note)
    return 0


@jobs.command()
def get(context: typer.Context, job_id: JobId, json: Json = False) -> int:
    r"""Show one job, with the outcome on each agent.

    \b
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
    shown = {
        "job": job.id,
        "status": job.status,
        "operation": job.operation_type,
        "created": job.created,
        "updated": job.updated_at,
        "host": job.hostname,
        "changed": None if job.changed is None else str(job.changed).lower(),
        "error": job.error,
    }
    for name, value in shown.items():
        if value:
            out.line(out.clean(value), label=f"{name:<9}  ", style="bold")
    agents = job.agents()
    if agents:
        out.line()
    for agent in agents:
        took = f"in {agent.duration.total_seconds():g} s" if agent.duration is not None else None
        parts = [agent.hostname, agent.status, took, agent.error]
        out.line("  ".join(out.clean(part) for part in parts if part))
    return 0


@jobs.command()
def delete(
    context: typer.Context,
    job_ids: Annotated[list[str], typer.Argument(help="The jobs' ids.", show_default=False)],
) -> int:
    r"""Delete the records of jobs. This does not stop running work.

    \b
    Example:
      trio-client osapi jobs delete JOB_ID
    """
    session = session_of(context)
    with session.osapi() as client:
        for job_id in job_ids:
            client.jobs.delete(job_id)
            session.out.line(f"{session.out.clean(job_id)}  deleted")
    return 0


@jobs.command()
def retry(
    context: typer.Context,
    job_id: JobId,
    target: Annotated[
        str | None, typer.Option(help="Agents to run it: _any, _all, a host name, or key:value for a label.")
    ] = None,
    json: Json = False,
) -> int:
    r"""Run the work of a job again, as a new job.

    \b
    Example:
      trio-client osapi jobs retry JOB_ID --target _all
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
