"""Every link of the built documentation leads somewhere, and nothing is loaded from another host."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from build_docs import broken_links
from docs_anchors import short, shorten


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<a href="b.html#there">', None),
        ('<a href="b.html#here">', "a.html links to b.html#here, which has no such anchor"),
        ('<a href="#here">', "a.html links to #here, which has no such anchor"),
        ('<a href="#here"><p id="here">', None),
        ('<a href="c.html">', "a.html links to c.html, which is not there"),
        ('<img src="c.png">', "a.html links to c.png, which is not there"),
        ('<a href="https://elsewhere.example/">', None),
        ('<script src="//cdn.example/x.js"></script>', "a.html loads //cdn.example/x.js from another host"),
        (
            '<link rel="stylesheet" href="https://cdn.example/x.css">',
            "a.html loads https://cdn.example/x.css from another host",
        ),
    ],
)
def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, html: str, problem: str | None) -> None:
    (tmp_path / "a.html").write_text(html)
    (tmp_path / "b.html").write_text('<h1 id="there">')
    assert broken_links(tmp_path) == ([] if problem is None else [problem])


@pytest.mark.parametrize("name", ["a.svg", "a.css"])
def test_a_picture_or_style_that_loads_from_another_host_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(
        '@font-face { src: url("https://cdn.example/font.woff") } xmlns="http://www.w3.org/2000/svg"'
    )
    assert broken_links(tmp_path) == [f'{name} loads url("https://cdn.example/font.woff']


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("trio_client._sync.jobs.Jobs.cancel", "jobs.cancel"),
        ("trio_client._async.live_monitor.AsyncLiveMonitor.watch", "live_monitor.watch"),
        ("trio_client._sync.osapi_jobs.OsapiJobs.retry", "jobs.retry"),
        ("trio_client._sync.streams.Streams", "streams"),
        ("trio_client.TrioClient", "TrioClient"),
        ("trio_client.TrioClient.check_once", "check_once"),
        ("trio_client.EventStream.until", "EventStream.until"),
        ("trio_client.errors.RateLimitError.retry_after", "RateLimitError.retry_after"),
        ("trio_client.events._types._BaseEvent.job_id", "Event.job_id"),
        ("trio_client.webhooks.verify", "webhooks.verify"),
        ("trio_client.webhooks.asgi.WebhookApp", "asgi.WebhookApp"),
        ("trio_client.response_info", "response_info"),
    ],
)
def test_an_anchor_is_what_a_user_types(name: str, typed: str) -> None:
    assert short(name) == typed


def test_a_page_its_links_and_the_search_use_the_short_anchors(tmp_path: Path) -> None:
    name = '<span title="{0}"></span><span class="doc doc-object-name doc-function-name">{1}</span>'
    page = '<h2 id="jobs">Jobs</h2><a href="jobs.html#{0}"><h4 id="{0}" class="doc doc-heading">' + name + "</h4>"
    long = "trio_client._sync.jobs.Jobs.cancel"
    (tmp_path / "jobs.html").write_text(page.format(long, "cancel"))
    (tmp_path / "search").mkdir()
    index = tmp_path / "search" / "search_index.json"
    index.write_text(
        json.dumps({"docs": [{"location": f"jobs.html#{long}", "title": "cancel", "text": "Cancel a job."}]})
    )
    shorten(tmp_path)
    assert (tmp_path / "jobs.html").read_text() == page.format("jobs.cancel", "jobs.cancel")
    (entry,) = json.loads(index.read_text())["docs"]
    assert entry == {"location": "jobs.html#jobs.cancel", "title": "jobs.cancel", "text": "Cancel a job.", "boost": 1.5}
