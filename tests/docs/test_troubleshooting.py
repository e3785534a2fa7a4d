"""The page about troubleshooting has every error, and quotes what the client really says."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest

from trio_client import MaxJobsReachedError, RetryPolicy, TrioClient, TrioError, errors, webhooks
from trio_client.stub import Scene, StubServer

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "troubleshooting.md").read_text("utf-8")
OFF = "rtsp://off.example/live"
GATE = "rtsp://gate.example/live"
OPEN = "the gate is open"


def sections() -> dict[str, list[str]]:
    """Return the quotes under each heading."""
    parts = re.split(r"^## (\w+)$", PAGE, flags=re.MULTILINE)
    return {
        name: re.findall(r"^### (.+)$", text, re.MULTILINE) for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_there_is_a_heading_for_every_error() -> None:
    assert set(errors.__all__) == set(sections())


@pytest.fixture(scope="module")
def said() -> dict[str, list[str]]:
    """What common mistakes and failures say, by the name of the error."""
    found: dict[str, list[str]] = {}

    def note(call: Any) -> None:
        with pytest.raises(TrioError) as caught:
            call()
        found.setdefault(type(caught.value).__name__, []).append(str(caught.value))

    with pytest.MonkeyPatch.context() as patch, StubServer(speed=0, start_delay=0, max_jobs=1) as stub:
        patch.delenv("TRIO_API_KEY", raising=False)
        client = TrioClient("a-key", base_url=stub.base_url, retry=RetryPolicy(max_attempts=1, reconcile_for=0))
        note(TrioClient)
        note(lambda: TrioClient("a-key", base_url="http://trio.example/api"))
        note(lambda: TrioClient("Bearer a-key"))
        note(lambda: client.live_monitor.create(GATE, OPEN, interval_seconds=1))
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
            note(TrioClient("a-key", base_url=address, retry=None, timeout=0.05).jobs.list)
        note(TrioClient("a-key", base_url=address, retry=None).jobs.list)
        stub.scene(OFF, Scene(live=False))
        note(lambda: client.check_once(OFF, OPEN))
        note(lambda: client.check_once("nonsense", OPEN))
        for status in (400, 401, 402, 500):
            stub.fail_next(path="/jobs", status=status)
            note(client.jobs.list)
        note(lambda: client.jobs.get("no-such-job"))
        stub.fail_next(path="/live-monitor", status=500)
        note(lambda: client.live_monitor.create(GATE, OPEN))
        job = client.live_monitor.create(GATE, OPEN)
        note(lambda: client.live_monitor.create(GATE, OPEN))
        note(lambda: client.jobs.wait(job.job_id, timeout=0.01))
        note(lambda: webhooks.unwrap(b"{}", {"X-Trio-Signature": "0" * 64}, "the secret"))
        note(lambda: webhooks.unwrap(b"{}", {}, "the secret"))
        note(lambda: webhooks.parse(b"hello"))
        client.close()
    return found


def test_what_is_common_is_quoted(said: dict[str, list[str]]) -> None:
    quoted = {name: [pattern(quote) for quote in quotes] for name, quotes in sections().items()}
    assert [] == [
        text for name, texts in said.items() for text in texts if not any(each.match(text) for each in quoted[name])
    ]
    assert MaxJobsReachedError.__name__ in said


def pattern(quote: str) -> re.Pattern[str]:
    """Return what a text begins with that is quoted: an ellipsis stands for anything."""
    return re.compile(".*".join(re.escape(part.strip()) + r"\s*" for part in quote.split("…")))
