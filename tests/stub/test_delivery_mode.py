from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from trio_client.stub import StubServer

BODIES = {
    "/live-monitor": {"stream_url": "rtsp://camera.example/yard", "condition": "Is the gate open?"},
    "/live-digest": {"stream_url": "rtsp://camera.example/yard"},
}


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("accept", "webhook", "mode"),
    [
        ("application/json", None, "polling"),
        ("*/*", None, "polling"),
        ("text/event-stream", None, "sse"),
        ("application/json, Text/Event-Stream;q=0.9", None, "sse"),
        ("text/event-streamish", None, "polling"),
        ("application/json", "http://127.0.0.1:9/hook", "webhook"),
        ("text/event-stream", "http://127.0.0.1:9/hook", "webhook"),
        ("text/event-stream", "null", "sse"),
    ],
)
def test_a_webhook_takes_precedence_over_sse_and_polling_is_the_default(
    stub: StubServer, client: httpx.Client, path: str, accept: str, webhook: str | None, mode: str
) -> None:
    body = dict(BODIES[path])
    if webhook is not None:
        body["webhook_url"] = None if webhook == "null" else webhook  # type: ignore[assignment]
    with client.stream("POST", path, json=body, headers={"accept": accept}) as reply:
        expected = "text/event-stream; charset=utf-8" if mode == "sse" else "application/json"
        assert (reply.status_code, reply.headers["content-type"]) == (200, expected)
        assert stub.jobs[0].delivery == mode


def test_the_reply_to_a_create_is_a_job(stub: StubServer, client: httpx.Client) -> None:
    reply = client.post("/live-digest", json=BODIES["/live-digest"]).json()
    (job,) = stub.jobs
    message = f"Job created. Use GET /jobs/{job.job_id} to follow it."
    assert reply == {
        "job_id": job.job_id,
        "status": "pending",
        "job_type": "live-digest",
        "created_at": job.created_at,
        "stream_url": "rtsp://camera.example/yard",
        "details": {},
        "message": message,
    }


def test_the_paths_without_api_work_too(stub: StubServer, connect: Callable[..., httpx.Client]) -> None:
    client = connect(stub)
    created = client.post(f"{stub.url}/live-monitor", json=BODIES["/live-monitor"]).json()
    assert client.get(f"{stub.url}/jobs/{created['job_id']}").json()["job_id"] == created["job_id"]
