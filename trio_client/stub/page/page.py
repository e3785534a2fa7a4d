"""The page at `/`: the jobs and their events as they happen, for a person with a browser."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files

from ..engine.masking import mask_url
from ..engine.records import JobRecord

__all__ = ["JOBS_SHOWN", "PAGE_HEADERS", "jobs_page", "page_file"]

JOBS_SHOWN = 200
_MEDIA_TYPES = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}

# Only the server's own files are loaded, no inline script runs, and no site can put the page in a frame.
PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def jobs_page(jobs: list[JobRecord]) -> str:
    """The HTML of the page; `jobs`, newest first, are for browsers without scripts."""
    rows = "\n".join(_row(job) for job in jobs)
    return _text("index.html").replace("<!-- jobs -->", rows)


def page_file(name: str) -> tuple[str, str] | None:
    """The text and the media type of a file of the page; None if there is no such file."""
    media_type = _MEDIA_TYPES.get(name)
    return None if media_type is None else (_text(name), media_type)


@cache
def _text(name: str) -> str:
    return (files("trio_client.stub.page") / name).read_text("utf-8")


def _row(job: JobRecord) -> str:
    cells = (job.job_id, job.job_type, job.status, job.reason or "", mask_url(job.stream_url), job.delivery)
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
