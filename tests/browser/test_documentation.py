"""Readers find what they search for, and every page of the documentation fits a phone and loads nothing foreign."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("playwright", reason="needs Playwright: pip install playwright")
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "site"

SEARCHES = {
    "dropped stream": "following.html#a-dropped-stream",
    "reconnect": "following.html#a-dropped-stream",
    "several cameras": "following.html#several-cameras",
    "two cameras": "following.html#several-cameras",
    "multiple streams": "following.html#multiple-streams-with-asyncio",
    "idempotency key": "errors.html#without-an-idempotency-key",
    "stop after 20 seconds": "following.html#stop-after-20-seconds",
    "verify a webhook in Django": "webhooks.html#verify-webhooks-in-django",
    "test without a key": "testing.html",
    "what a leaked job costs": "cover.html#what-a-leaked-job-costs",
    "get a key": "get-a-key.html",
    "add a camera while running": "following.html#add-a-camera-while-it-runs",
    "restart without orphans": "production.html#restart-without-orphans",
    "No API key.": "troubleshooting.html#no-api-key",
    "Could not connect to": "troubleshooting.html#could-not-connect-to-connection-refused",
    "400 STREAM_OFFLINE: The stream is offline.": "troubleshooting.html#400-stream_offline-the-stream-is-offline",
    "401 UNAUTHORIZED": "troubleshooting.html#401-unauthorized",
    "429 MAX_JOBS_REACHED": "troubleshooting.html#429-max_jobs_reached",
    "failed after it may have been sent": "troubleshooting.html#post-live-monitor-failed-after-it-may-have-been-sent",
    "jobs.cancel": "reference/jobs.html#jobs.cancel",
    "live_monitor.watch": "reference/jobs.html#live_monitor.watch",
    "RateLimitError": "troubleshooting.html#ratelimiterror",
    "price": "cover.html#prices",
    "proxy": "production.html#proxy-and-certificates",
    "install": "install.html",
    "extras": "install.html#extras",
    "retry": "errors.html#retry-more-or-less-often",
    "max_triggers": "following.html#how-many-triggers-max_triggers",
    "analyze_frame": "reference/clients.html#analyze_frame",
    "pagination": "paging.html",
    "exit codes": "cli.html#exit-codes",
    "environment variables": "get-a-key.html#use-the-key",
    "SIGTERM": "production.html#end-on-sigterm",
    "what is retried": "errors.html#what-is-retried",
    "cancel a job": "following.html#stop-or-cancel-a-job",
    "stop a job": "following.html#stop-or-cancel-a-job",
    "how to stop a job": "following.html#stop-or-cancel-a-job",
    "wait for a job to finish": "following.html#wait-for-a-job-to-finish",
    "leave a job running": "following.html#leave-a-job-running",
    "Ctrl-C": "following.html#ctrl-c",
    "KeyboardInterrupt": "following.html#ctrl-c",
    "save a picture": "following.html#save-a-picture-frame-image",
    "save picture": "following.html#save-a-picture-frame-image",
    "frame": "following.html#save-a-picture-frame-image",
    "image": "following.html#save-a-picture-frame-image",
    "live digest": "following.html#summaries-a-live-digest",
    "watch_many": "reference/clients.html#watch_many",
    "max_cost_usd": "cover.html#job-after-job-within-a-budget-max_cost_usd",
    "interval": "following.html#how-often-it-checks-interval_seconds",
    "duration": "following.html#stop-after-20-seconds",
    "docker": "stub.html#in-docker-or-under-a-server-of-your-own",
    "rtsp": "quickstart.html#which-addresses-work-rtsp-hls-youtube-twitch",
    "invalid url": "troubleshooting.html#400-invalid_url",
    "wait_for_stream": "following.html#wait-for-a-camera-or-a-job-slot",
    "dedup_key": "webhooks.html#duplicates-dedup_key",
    "tutorial": "quickstart.html",
    "websocket": "following.html",
    "async": "quickstart.html#use-it-with-asyncio",
    "pyinstaller": "where-it-runs.html#pyinstaller",
    "powershell": "get-a-key.html#use-the-key",
    "maxjobsreachederror": "troubleshooting.html#maxjobsreachederror",
    "streamunavailableerror": "troubleshooting.html#streamunavailableerror",
    "coveragegap": "reference/events.html#CoverageGap",
    "OpenTelemetry": "observability.html#traces",
    "sqlite": "examples/index.html",
}


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of the documentation, built anew."""
    if find_spec("mkdocs") is None or find_spec("mkdocstrings") is None:
        pytest.skip("no documentation: pip install --group docs")
    command = [sys.executable, str(ROOT / "scripts" / "build_docs.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(SITE))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def search(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.locator(".md-search__input").click()
    yield page
    page.close()


@pytest.mark.parametrize("query", SEARCHES)
def test_a_search_finds_its_section_among_the_first_three_results(search: Page, address: str, query: str) -> None:
    results = search.locator(".md-search-result__item")
    box = search.locator(".md-search__input")
    box.fill(query)
    box.press("End")  # the search listens for keys; typed one by one, each would search, and the results change
    expect(search.locator(".md-search-result__meta")).to_contain_text("matching document")
    expect(results.first).to_be_visible()
    # What a result shows at once: not its sections behind "more on this page".
    shown = results.evaluate_all(
        """items => items.slice(0, 3).map(item => [...item.querySelectorAll("a.md-search-result__link")]
             .filter(link => !link.closest("details")).map(link => link.href))"""
    )
    places = [[place(link, address) for link in item] for item in shown]
    assert any(SEARCHES[query] in item for item in places), places


def place(link: str, address: str) -> str:
    """Return the page and anchor of a result, without the query that marks what was searched for."""
    parts = urlsplit(link.removeprefix(address))
    return parts.path + (f"#{parts.fragment}" if parts.fragment else "")


def test_every_page_fits_a_phone_and_loads_nothing_from_another_host(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    foreign: list[str] = []
    page.on("request", lambda request: request.url.startswith((address, "data:")) or foreign.append(request.url))
    wide: list[str] = []
    names = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html") if path.name != "404.html")
    for name in names:
        page.goto(address + name)
        if not page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"):
            wide.append(name)
    page.close()
    assert len(names) > 30
    assert (wide, foreign) == ([], [])


def test_the_copy_button_stands_above_the_code(browser: Browser, address: str) -> None:
    for width in (390, 1280):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(address + "quickstart.html")
        block = page.locator(".highlight:has(.md-code__button)").first
        button, code = block.locator(".md-code__button").bounding_box(), block.locator("code span").first.bounding_box()
        page.close()
        assert button is not None
        assert code is not None
        assert button["y"] + button["height"] <= code["y"] + 1


def test_a_signature_is_whole_on_a_phone(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(address + "reference/jobs.html")
    are_cut = page.locator(".doc-signature code").evaluate_all(
        "blocks => blocks.map(block => block.scrollWidth > block.clientWidth + 1)"
    )
    page.close()
    assert are_cut
    assert not any(are_cut)
