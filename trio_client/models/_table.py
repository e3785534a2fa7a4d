"""A page of jobs as a table in HTML, which notebooks show."""

from __future__ import annotations

from html import escape

import trio_client

from .._redaction import legible, presentable

__all__ = ["jobs_table"]

_COLUMNS = ("job_id", "status", "job_type", "stream_url", "created_at")


def jobs_table(page: trio_client.JobPage) -> str:
    """Return the table: what a server wrote is escaped, and masked as in a `repr`."""
    total = len(page.jobs) if page.total is None else page.total
    counted = f"{'' if page.total is None else f'{len(page.jobs)} of '}{total} {'job' if total == 1 else 'jobs'}"
    head = "".join(f"<th>{name}</th>" for name in _COLUMNS)
    rows = "".join(
        f"<tr>{''.join(f'<td>{_cell(getattr(job, name), name)}</td>' for name in _COLUMNS)}</tr>" for job in page.jobs
    )
    return f"<table><caption>{counted}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(value: str | None, name: str) -> str:
    return "" if value is None else escape(legible(str(presentable(value, name))))
