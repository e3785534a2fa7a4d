"""The stub server's page, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from trio_client.stub import Scene, StubServer

pytest.importorskip("playwright", reason="needs Playwright: pip install playwright")
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=15_000)

GATE = "rtsp://gate.example/live"
OPEN = "A van is at the gate"


@pytest.fixture
def page(browser: Browser, stub: StubServer) -> Iterator[Page]:
    """The page of the stub server; an error of the browser, or a request to another host, fails the test."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(15_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: request.url.startswith((stub.url, "data:")) or complaints.append(request.url))
    page.goto(stub.url)
    expect(page.locator("#link")).to_have_text("live")
    yield page
    context.close()
    # A refusal that the page shows is logged by the browser too.
    assert [text for text in complaints if "409 (Conflict)" not in text and "429 (Too Many" not in text] == []


@pytest.fixture
def start(stub: StubServer) -> Iterator[Callable[..., str]]:
    headers = {"authorization": "Bearer test-key"}
    with httpx.Client(base_url=stub.base_url, headers=headers, trust_env=False) as client:

        def create(path: str = "/live-monitor", **fields: Any) -> str:
            condition = {"condition": OPEN} if path == "/live-monitor" else {}
            reply = client.post(path, json={"stream_url": GATE, **condition, **fields})
            assert reply.status_code == 200, reply.text
            return str(reply.json()["job_id"])

        yield create


def test_jobs_and_events_appear_as_they_happen(page: Page, stub: StubServer, start: Callable[..., str]) -> None:
    command = f"trio-client --base-url {stub.base_url} watch rtsp://gate.example/live"
    expect(page.locator("#empty")).to_contain_text(command)
    start()
    card = page.locator(".card")
    expect(card.locator(".pill")).to_have_text("pending")
    expect(card.locator(".what")).to_have_text(OPEN)
    expect(page.locator("#empty")).to_be_hidden()
    stub.clock.advance(11)
    expect(card.locator(".pill")).to_have_text("running")
    expect(page.locator("#events li").first).to_contain_text("check 1: condition not met")
    before = card.locator("img").get_attribute("src")
    page.wait_for_function("document.querySelector('.card img').naturalWidth === 320")
    stub.clock.advance(10)
    expect(page.locator("#events .times")).to_have_text("2 times")
    expect(page.locator("#events li").first).to_contain_text("check 2: condition not met")
    assert card.locator("img").get_attribute("src") != before
    stub.clock.advance(10)
    expect(page.locator("#events .name")).to_have_text(["stopped", "triggered", "progress", "started"])
    expect(card).to_have_count(0)


def test_a_finished_job_is_a_line_that_opens(page: Page, stub: StubServer, start: Callable[..., str]) -> None:
    start()
    stub.clock.advance(31)
    row = page.locator(".row")
    expect(row.locator(".pill")).to_have_text("completed: condition_triggered")
    expect(row.locator(".how")).to_have_text("30 s · 3 checks · 1 trigger")
    expect(page.locator("#ended-total")).to_have_text("1")
    expect(row.locator("img")).to_be_hidden()
    assert row.locator("img").get_attribute("src") is None  # not loaded either
    expect(page.locator("#ended button")).to_have_count(0)
    row.locator("summary").click()
    expect(row.locator("img")).to_be_visible()
    page.wait_for_function("document.querySelector('.row img').naturalWidth === 320")
    stub.add_jobs(1)
    expect(page.locator("#ended-total")).to_have_text("2")
    expect(page.locator(".row[open] .what")).to_have_text(OPEN)


def test_a_job_is_started_from_the_page(page: Page, stub: StubServer) -> None:
    page.get_by_role("button", name="Start a monitor").click()
    expect(page.locator(".card .what")).to_have_text(OPEN)
    page.get_by_label("Stream", exact=True).fill("rtsp://yard.example/live")
    page.get_by_label("Condition").fill("A person is in the yard")
    page.get_by_label("Condition").press("Enter")
    expect(page.locator(".card .what")).to_have_text(["A person is in the yard", OPEN])
    assert [job.stream_url for job in stub.jobs] == [GATE, "rtsp://yard.example/live"]
    stub.max_jobs = 2
    page.get_by_role("button", name="Start a monitor").click()
    expect(page.locator("#notice")).to_have_text(
        "The limit of 2 concurrent jobs is reached. List your jobs and cancel one that you no longer need."
    )
    assert len(stub.jobs) == 2


def test_no_form_is_shown_where_a_monitor_needs_a_webhook(browser: Browser) -> None:
    with StubServer(speed=0, generation="G2") as stub:
        page = browser.new_page()
        page.goto(stub.url)
        expect(page.locator("#empty")).to_contain_text("a monitor needs a webhook")
        expect(page.locator("#webhook")).to_be_visible()
        for hidden in ("#start", "#sample"):
            expect(page.locator(hidden)).to_be_hidden()
        page.close()


def test_on_a_phone_events_come_between_running_and_finished_jobs(
    browser: Browser, stub: StubServer, start: Callable[..., str]
) -> None:
    start()
    stub.clock.advance(40)
    start()
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(stub.url)
    expect(page.locator(".row")).to_be_visible()
    tops = [page.locator(part).bounding_box() for part in (".card", "#events", ".row")]
    assert all(box is not None and box["width"] <= 390 for box in tops)
    edges = [(box["y"], box["y"] + box["height"]) for box in tops if box is not None]
    assert edges[0][1] <= edges[1][0] < edges[1][1] <= edges[2][0]
    page.close()


def test_the_buttons_do_what_they_say(page: Page, stub: StubServer, start: Callable[..., str]) -> None:
    stub.scene(GATE, Scene(holds=False))
    watched = start(max_triggers=2)
    page.locator(f"[data-job='{watched}'] [data-action=trigger]").click()
    expect(page.locator("#events li").first).to_contain_text(f"The condition is met: {OPEN}")
    page.locator(f"[data-job='{watched}'] [data-action=cancel]").click()
    expect(page.locator(f"[data-job='{watched}'] .pill")).to_have_text("stopped: cancelled")
    assert (stub.job(watched).triggers_fired, stub.job(watched).status) == (1, "stopped")
    failed = start("/live-digest")
    expect(page.locator(f"[data-job='{failed}'] [data-action=trigger]")).to_be_hidden()
    expect(page.locator(f"[data-job='{failed}'] [data-action=drop]")).to_be_hidden()
    page.locator(f"[data-job='{failed}'] [data-action=fail]").click()
    expect(page.locator(f"[data-job='{failed}'] .pill")).to_have_text("failed: stream_offline")
    assert stub.job(failed).status == "failed"


def test_a_stream_can_be_dropped(page: Page, stub: StubServer) -> None:
    ended = threading.Event()

    def read() -> None:
        headers = {"authorization": "Bearer test-key", "accept": "text/event-stream"}
        body = {"stream_url": GATE, "condition": OPEN}
        try:
            httpx.post(f"{stub.base_url}/live-monitor", json=body, headers=headers, trust_env=False, timeout=60)
        except httpx.RemoteProtocolError:
            ended.set()

    reader = threading.Thread(target=read)
    reader.start()
    expect(page.locator(".how")).to_contain_text("1 open stream")
    page.locator("[data-action=drop]").click()
    reader.join(15)
    assert ended.is_set()
    assert stub.jobs[0].status == "pending"
    expect(page.locator("[data-action=drop]")).to_be_hidden()


def test_a_refusal_is_shown(page: Page, stub: StubServer, start: Callable[..., str]) -> None:
    job_id = start()
    expect(page.locator(".card")).to_be_visible()
    page.route("**/cancel", lambda route: (stub.fail_job(job_id), route.continue_()))
    page.locator("[data-action=cancel]").click()
    expect(page.locator("#notice")).to_have_text("The job has ended. Get the job to see its status.")


def test_nothing_from_a_request_is_markup(page: Page, stub: StubServer, start: Callable[..., str]) -> None:
    evil = "<script>window.ran = 1; alert(1)</script><img src=x onerror='window.ran = 1'>"
    start(condition=evil, stream_url="rtsp://user:hunter2@camera.example/<b>?token=hunter3")
    stub.clock.advance(60)
    expect(page.locator(".what")).to_have_text(evil)
    expect(page.locator("#events li").nth(1)).to_contain_text(evil)
    expect(page.locator(".where")).to_have_text("rtsp://***@camera.example/<b>?token=***")
    page.reload()
    expect(page.locator(".what")).to_have_text(evil)
    assert page.evaluate("window.ran") is None
    assert page.locator("main script, main b, .text img").count() == 0
    assert "hunter" not in page.content()


def test_the_policy_blocks_everything_foreign(browser: Browser, stub: StubServer) -> None:
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(stub.url)
    expect(page.locator("#link")).to_have_text("live")
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = 1";
            const picture = document.createElement("img");
            picture.src = "http://127.0.0.1:9/picture";
            document.body.append(script, picture);
        }"""
    )
    page.wait_for_function("document.querySelector('body > img').complete")
    assert page.evaluate("window.ran") is None
    assert len([text for text in refused if "Content Security Policy" in text]) == 2
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_and_follows_light_and_dark(
    browser: Browser, stub: StubServer, start: Callable[..., str], width: int
) -> None:
    start(condition="long" * 200, stream_url="rtsp://camera.example/" + "x" * 400)
    stub.clock.advance(40)
    grounds: list[str] = []
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.goto(stub.url)
        expect(page.locator("#events li")).to_have_count(4)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.close()
    assert len(set(grounds)) == 2


def test_it_is_bounded_and_works_without_scripts(browser: Browser, page: Page, stub: StubServer) -> None:
    ids = stub.add_jobs(300, status="running")
    expect(page.locator("#total")).to_have_text("300, 50 shown")
    expect(page.locator(".card")).to_have_count(50)
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(stub.url)
    expect(plain.locator("tbody tr")).to_have_count(200)
    expect(plain.locator("tbody tr").first).to_contain_text(ids[-1])
    plain.context.close()
    stub.reset()
    expect(page.locator(".card")).to_have_count(0)
    expect(page.locator("#empty")).to_be_visible()


def test_the_page_reconnects_when_the_server_is_back(browser: Browser) -> None:
    server = StubServer(speed=0).start()
    page = browser.new_page()
    page.goto(server.url)
    expect(page.locator("#link")).to_have_text("live")
    server.stop()
    expect(page.locator("#link")).to_contain_text("connection lost")
    with server:
        expect(page.locator("#link")).to_have_text("live", timeout=30_000)
        page.close()
