"""The page at `/`: the jobs, for a person with a browser."""

from __future__ import annotations

from html import escape

from ._records import JobRecord

__all__ = ["jobs_page"]

_SHOWN = 200
_COLUMNS = (
    "job",
    "type",
    "status",
    "reason",
    "stream",
    "delivery",
    "checks",
    "triggers",
    "summaries",
    "elapsed",
)


def jobs_page(jobs: list[JobRecord], total: int) -> str:
    """The HTML of the page; `jobs` is newest first."""
    head = "".join(f"<th>{name}</th>" for name in _COLUMNS)
    rows = "\n".join(_row(job) for job in jobs[:_SHOWN])
    if not rows:
        rows = f'<tr><td colspan="{len(_COLUMNS)}">No jobs yet.</td></tr>'
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Trio stub server</title>
<style>
body {{ font: 15px system-ui, sans-serif; margin: 2rem }}
table {{ border-collapse: collapse }}
th, td {{ text-align: left; padding: .3rem .8rem; border-bottom: 1px solid #ccc }}
</style></head>
<body>
<h1>Trio stub server</h1>
<p>{total} job(s). The API is at <code>/api</code>, described by
<a href="/openapi.json">/openapi.json</a>.</p>
<table><thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody></table>
</body></html>
"""


def _row(job: JobRecord) -> str:
    cells = (
        job.job_id,
        job.job_type,
        job.status,
        job.reason or "",
        _without_credentials(job.stream_url),
        job.delivery,
        job.checks_performed,
        job.triggers_fired,
        job.summaries_generated,
        f"{job.elapsed_seconds} s",
    )
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"


def _without_credentials(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"
