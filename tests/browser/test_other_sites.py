"""What a page of another site can do with the stub and its proxy, tried in a real browser."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from trio_client.stub import FaultProxy, StubServer

pytest.importorskip("playwright", reason="needs Playwright: pip install playwright")
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

MONITOR = {"stream_url": "rtsp://camera.example/yard", "condition": "Is the gate open?"}
# Each tries to read a reply, and falls back to a request whose reply a page cannot read.
TRY = """
async ([url, method, body]) => {
  const options = { method, ...(body && { body, headers: { "content-type": "text/plain" } }) };
  try {
    const reply = await fetch(url, options);
    return reply.status;
  } catch {
    await fetch(url, { ...options, mode: "no-cors" }).catch(() => null);
    return "unreadable";
  }
}
"""


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Another site</title>")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    """The address of a page of another site."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://evil.example:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("rebound", [False, True], ids=["cross-site", "rebound"])
def test_a_page_of_another_site_reads_and_starts_nothing(browser: Browser, site: str, rebound: bool) -> None:
    with StubServer(speed=0, generation="G1") as stub, FaultProxy(stub) as proxy:
        httpx.post(f"{stub.base_url}/live-monitor", json=MONITOR, trust_env=False)
        (job,) = stub.jobs
        roots = [stub.url, proxy.base_url.removesuffix("/api")]
        page = browser.new_page()
        for root in roots:
            target = root.replace("127.0.0.1", "evil.example") if rebound else root
            # A rebound page has the very origin of what it asks for.
            page.goto(target if rebound else site)
            hook = json.dumps({**MONITOR, "webhook_url": "http://127.0.0.1:9/"})
            for path, method, body in (
                ("/_stub/requests", "GET", None),
                ("/_stub/wire", "GET", None),
                ("/api/jobs", "GET", None),
                ("/api/live-monitor", "POST", hook),
                ("/_stub/wire", "POST", json.dumps({"kind": "reset"})),
                ("/_stub/reset", "POST", "{}"),
                ("/_stub/start", "POST", json.dumps(MONITOR)),
                (f"/_stub/jobs/{job.job_id}/cancel", "POST", "{}"),
                (f"/api/jobs/{job.job_id}", "DELETE", None),
            ):
                assert page.evaluate(TRY, [target + path, method, body]) in (403, "unreadable"), (root, path)
        page.close()
        assert [each.status for each in stub.jobs] == ["pending"]
        assert (len(stub.requests), proxy.requests, proxy.faults) == (1, [], [])
