"""What public objects show of themselves is short, says what they are, and holds no secret."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trio_client import AsyncTrioClient, Target, TrioClient, models, osapi, sse, testing, webhooks
from trio_client.errors import RequestValidationError
from trio_client.stub import Clock, FaultProxy, StubServer

API = Path(__file__).resolve().parents[1] / "api.txt"
KEY, PASSWORD, TOKEN = "trio_live_0123456789", "hunter2", "eyJhbGciOi.token"
BASE_URL = "https://trio.example/api"
CAMERA = f"rtsp://user:{PASSWORD}@cam/1"
OPTIONAL = {"contrib.mcp": "mcp", "contrib.redis": "redis", "contrib.otel": "opentelemetry"}


def public_classes() -> Iterator[tuple[str, type[Any]]]:
    for path in re.findall(r"(?m)^trio_client\.([\w.]+): class\(", API.read_text("utf-8")):
        module, _, name = path.rpartition(".")
        if module in OPTIONAL and importlib.util.find_spec(OPTIONAL[module]) is None:
            continue
        loaded = importlib.import_module(f"trio_client.{module}" if module else "trio_client")
        yield path, getattr(loaded, name)


def test_no_public_class_has_the_default_repr() -> None:
    classes = dict(public_classes())
    interfaces = {path for path, each in classes.items() if getattr(each, "_is_protocol", False)}
    assert {
        "TrioClient",
        "AsyncTrioClient",
        "EventStream",
        "_async.jobs.AsyncJobs",
        "_sync.jobs.Jobs",
    } <= classes.keys()
    assert {path for path, each in classes.items() if each.__repr__ is object.__repr__} == interfaces


def of_a_client(client: TrioClient | AsyncTrioClient) -> list[object]:
    streams = [
        client.live_monitor.stream(CAMERA, "a van is there", reference="mine"),
        client.live_monitor.watch(CAMERA, "a van is there"),
        client.live_digest.stream(CAMERA),
        client.live_digest.watch(CAMERA),
        client.jobs.events("a1"),
        client.watch_many([Target(CAMERA, "a van is there")]),
    ]
    resources = [client.jobs, client.streams, client.live_monitor, client.live_digest]
    return [client, *resources, client.jobs.iterate(), *streams]


def objects(folder: Path) -> Iterator[object]:
    yield from of_a_client(TrioClient(KEY, base_url=BASE_URL))
    yield from of_a_client(AsyncTrioClient(KEY, base_url=BASE_URL))
    for kind in (osapi.OsapiClient, osapi.AsyncOsapiClient):
        client = kind(TOKEN, base_url="https://osapi.example")
        yield from (client, client.jobs, client.jobs.iterate())
    yield webhooks.WebhookInbox(TrioClient(KEY, base_url=BASE_URL))
    yield from (webhooks.Deduplicator(), webhooks.asgi.WebhookApp(print, secret=KEY))
    yield from (webhooks.wsgi.WebhookApp(print, secret=KEY), sse.Decoder(), Clock())
    yield from (testing.freeze_retries(), testing.MockTrio(), testing.sse())
    stub = StubServer(api_keys=[KEY], webhook_secret=KEY)
    yield from (stub, stub.osapi)
    with testing.Recorder(folder / "session.jsonl") as recorder:
        yield recorder
    with StubServer(api_keys=[KEY]) as stub:
        yield from (stub, FaultProxy(stub))


def test_a_repr_is_short_and_holds_no_secret_and_no_address_in_memory(tmp_path: Path) -> None:
    shown = {type(each).__name__: repr(each) for each in objects(tmp_path)}
    assert {name: text for name, text in shown.items() if len(text) > 120 or "\n" in text} == {}
    assert {name: text for name, text in shown.items() if re.search(r" at 0x[0-9a-f]+>", text)} == {}
    assert [text for text in shown.values() if any(secret in text for secret in (KEY, PASSWORD, TOKEN))] == []


def test_what_belongs_to_a_client_says_what_it_is_and_of_which_server() -> None:
    client = TrioClient(KEY, base_url=BASE_URL)
    assert repr(client.live_monitor) == f"<LiveMonitor of {BASE_URL}>"
    assert repr(AsyncTrioClient(KEY, base_url=BASE_URL).jobs) == f"<AsyncJobs of {BASE_URL}>"
    assert repr(client.jobs.iterate(offset=200)) == "<JobIterator, next page at offset 200>"
    assert repr(client.jobs.iterate(limit=0)) == "<JobIterator, next page at offset 0, ended>"


def page(*jobs: models.Job, total: int | None = None) -> str:
    return models.JobPage(jobs=list(jobs), total=total)._repr_html_()


def test_a_page_of_jobs_is_a_table_in_a_notebook() -> None:
    job = models.Job(job_id="a1", status="running", job_type="live-monitor", stream_url="rtsp://cam/1")
    assert page(job, total=40) == (
        "<table><caption>1 of 40 jobs</caption><thead><tr><th>job_id</th><th>status</th><th>job_type</th>"
        "<th>stream_url</th><th>created_at</th></tr></thead><tbody><tr><td>a1</td><td>running</td>"
        "<td>live-monitor</td><td>rtsp://cam/1</td><td></td></tr></tbody></table>"
    )
    assert "<caption>0 jobs</caption>" in page()
    assert "<caption>1 job</caption>" in page(job)


@pytest.mark.parametrize("name", ["job_id", "status", "job_type", "stream_url", "created_at"])
def test_a_table_of_jobs_escapes_and_masks_what_a_server_wrote(name: str) -> None:
    written = f'<script>alert("x")</script> {CAMERA}'
    shown = page(models.Job.model_validate({"job_id": "a1", name: written}))
    assert "<script>" not in shown
    assert PASSWORD not in shown


def test_a_refused_target_has_a_repr_for_tracebacks() -> None:
    with pytest.raises(RequestValidationError) as caught:
        Target(CAMERA, "a van", key=0)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    half_made = caught.traceback[-1].frame.f_locals["self"]
    assert repr(half_made) == "Target('rtsp://***@cam/1', 'a van', key=0)"
