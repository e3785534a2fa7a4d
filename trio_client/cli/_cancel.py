"""`jobs cancel`: stop jobs by their ids, or all of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from .._redaction import shown
from ..errors import APIStatusError, AuthenticationError, ConfigurationError, RequestValidationError, TrioError
from ._exits import JOB_MAY_RUN, NO, REFUSED, UsageError
from ._options import Json, TypeOfJobs, given, session_of
from ._out import Out
from ._text import plural

if TYPE_CHECKING:
    from .. import TrioClient
    from ..models import CancelledJob, Job

__all__ = ["cancel"]

_SERVER_ERROR = 500


def cancel(
    context: typer.Context,
    job_ids: Annotated[
        list[str] | None, typer.Argument(metavar="JOB_ID", help="The jobs' ids.", show_default=False)
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Cancel all pending and running jobs of the account, after asking.")
    ] = False,
    job_type: TypeOfJobs = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    missing_ok: Annotated[
        bool, typer.Option("--missing-ok", help="Treat an unknown job as already cancelled.")
    ] = False,
    json: Json = False,
) -> int:
    """Cancel jobs. Continues after a failure.

    Examples:
      trio-client jobs cancel JOB_ID
      trio-client jobs cancel --all --yes
    """
    session = session_of(context)
    out = session.out
    if every == bool(job_ids):
        raise UsageError("Name the jobs to cancel, or pass --all.")
    if job_type is not None and not every:
        raise UsageError("--type needs --all.")
    with session.client() as client:
        if not every:
            cancelled, failed = _cancel_each(client, job_ids or (), missing_ok=missing_ok)
        else:
            filters = given(type=job_type)
            wanted = None if yes else client.jobs.cancel_all(**filters, dry_run=True).matched
            if wanted and not _confirmed(out, wanted):
                out.note("Nothing was cancelled.")
                return NO
            ids = {job.job_id for job in wanted or ()}
            if wanted is None or wanted:
                report = client.jobs.cancel_all(**filters, where=lambda job: wanted is None or job.job_id in ids)
                cancelled, failed = list(report.cancelled), dict(report.failed)
            else:
                cancelled, failed = [], {}
    return _print(out, cancelled, failed, json=json)


def _cancel_each(
    client: TrioClient, job_ids: Sequence[str], *, missing_ok: bool
) -> tuple[list[CancelledJob], dict[str, TrioError]]:
    cancelled: list[CancelledJob] = []
    failed: dict[str, TrioError] = {}
    for job_id in job_ids:
        try:
            cancelled.append(client.jobs.cancel(job_id, missing_ok=missing_ok))
        except TrioError as error:
            failed[job_id] = error
    return cancelled, failed


def _confirmed(out: Out, jobs: Sequence[Job]) -> bool:
    """Name the jobs, and return whether the user wants to cancel them.

    Raises:
        UsageError: there is no terminal to ask on.
    """
    names = [
        "  ".join([out.clean(job.job_id), out.clean(job.status), out.clean(job.stream_url, is_url=True)])
        for job in jobs
    ]
    called = "1 job is" if len(jobs) == 1 else f"{plural(len(jobs), 'job')} are"
    out.note("\n".join([f"{called} pending or running:", *(f"  {name}" for name in names)]), always=True)
    if not sys.stdin.isatty():
        raise UsageError("Nothing was cancelled, since there is no terminal to ask on; add --yes.")
    return typer.confirm(f"Cancel {'it' if len(jobs) == 1 else 'them'}?", err=True)


def _print(out: Out, cancelled: Sequence[CancelledJob], failed: Mapping[str, TrioError], *, json: bool) -> int:
    """Print what became of each job, and return the exit code."""
    for job in cancelled:
        if json:
            out.data(job.model_dump(mode="json", exclude_none=True))
        else:
            out.line(f"{out.clean(job.job_id)}  {out.clean(job.status)}")
    for job_id, problem in failed.items():
        out.error(f"{shown(job_id)}: {out.advice.apply(problem)}")
    if not cancelled and not failed:
        out.note("No job was pending or running.")
    if any(map(_may_run_on, failed.values())):
        return JOB_MAY_RUN
    return REFUSED if failed else 0


def _may_run_on(error: TrioError) -> bool:
    """Whether a failed cancel leaves a job that may or may not run on, rather than one that the API has refused."""
    is_refusal = isinstance(error, APIStatusError) and error.code is not None and error.status_code < _SERVER_ERROR
    is_refusal = is_refusal or isinstance(error, AuthenticationError)
    return not is_refusal and not isinstance(error, (RequestValidationError, ConfigurationError))
