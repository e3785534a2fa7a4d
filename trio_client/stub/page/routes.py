"""The paths of the page: itself, its files, its live feed and its pictures."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..api.state import ApiState
from ..documented.errors import ApiError
from ..engine.records import JobRecord
from .live import LiveFeed, current_frame
from .page import JOBS_SHOWN, PAGE_HEADERS, jobs_page, page_file

__all__ = ["PageRoutes"]


class PageRoutes:
    """What a browser loads for the page."""

    def __init__(self, state: ApiState) -> None:
        self._state = state

    async def page(self, _: Request) -> Response:
        """GET /: the page."""
        with self._state.jobs.lock:
            jobs, _total = self._state.jobs.page(status=None, job_type=None, limit=JOBS_SHOWN, offset=0)
            now = self._state.clock.now()
            shown = jobs_page([JobRecord.of(job, now) for job in jobs])
        return HTMLResponse(shown, headers=PAGE_HEADERS)

    async def file(self, request: Request) -> Response:
        """GET /_stub/page/{name}: a file of the page."""
        found = page_file(request.path_params["name"])
        if found is None:
            raise ApiError("NOT_FOUND", "There is no such file.")
        text, media_type = found
        return Response(text, headers={**PAGE_HEADERS, "content-type": media_type})

    async def live(self, _: Request) -> Response:
        """GET /_stub/live: what the page shows, as it happens."""
        return LiveFeed(self._state)

    async def frame(self, request: Request) -> Response:
        """GET /_stub/jobs/{job_id}/frame: the picture that the job checked last."""
        data = current_frame(self._state, self._state.jobs.get(str(request.path_params["job_id"])))
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(data, media_type="image/jpeg", headers=headers)
