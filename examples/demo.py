"""What the client does for you, in half a minute: run it with `make demo`, or `python examples/demo.py`.

It needs `trio-client[stub]`: a local server takes the place of the API, so there is no key, no network and no cost.
`demo_async.py` does the same with asyncio; `quickstart.py` is shorter.
"""

import logging
import os
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx

from trio_client import (
    CoverageGap,
    Job,
    JobDetail,
    Started,
    Stopped,
    Target,
    Triggered,
    TrioClient,
    Usage,
    pricing,
    webhooks,
)

try:
    from trio_client.stub import Scene, StubServer
except ModuleNotFoundError as error:
    sys.exit(str(error))  # it names the extra

GATE, VAN = "rtsp://gate.example/live", "a van is at the gate"
YARD, PERSON = "rtsp://yard.example/live", "a person is in the yard"
TARGETS = (Target(GATE, VAN, key="gate"), Target(YARD, PERSON, key="yard"))
CREDITS = 1000  # of the server's account
SECRET = "the secret both sides know"
FORGED = {"content": b'{"type": "triggered"}', "headers": {"X-Trio-Signature": "0" * 64}}


def main() -> None:
    with StubServer(speed=60, credits=CREDITS, webhook_secret=SECRET) as stub:
        begin(stub)
        with TrioClient("any-key", base_url=stub.base_url) as client:
            ask_once(client)
            usages = {
                "watch": watch_through_a_cut(client, stub),
                "left early": leave_early(client),
                "two cameras": watch_two_cameras(client),
            }
            show_costs(usages, stub)
            page_through_jobs(client, stub)
            receive_a_webhook(client)
        end(stub)


def ask_once(client: TrioClient) -> None:
    chapter("Ask once", f'client.check_once(gate, "{VAN}")')
    result = client.check_once(GATE, VAN)
    show("yes" if result.triggered else "no", result.explanation)


def watch_through_a_cut(client: TrioClient, stub: StubServer) -> Usage:
    chapter("Watch, and lose the connection", f'client.live_monitor.watch(gate, "{VAN}")')
    jobs: list[str | None] = []
    is_cut = False
    with client.live_monitor.watch(GATE, VAN) as events:
        for event in events:
            match event:
                case Started(job_id=job_id):
                    show_start(job_id, after=client.jobs.get(jobs[-1]) if jobs else None)
                    jobs.append(job_id)
                case CoverageGap(started_at=since, ended_at=until) if since and until:
                    show("gap", f"not watched for {(until - since).total_seconds():.2f} s")
                case Triggered(explanation=why):
                    show("triggered", why or "counted by polling, without an explanation")
                    if len(jobs) == 2:
                        break
                    if not is_cut:
                        is_cut = True
                        show("cut", "this demo cuts the connection")
                        stub.drop_stream(events.job_id)
    explain_cut()
    return events.usage


def leave_early(client: TrioClient) -> Usage:
    chapter("Leave early", "with client.live_monitor.stream(...) as events: events.until(Triggered)")
    with client.live_monitor.stream(GATE, VAN, max_triggers=None) as events:
        seen = events.until(Triggered)
        show("triggered", seen and seen.explanation)
    explain_stop(events.outcome, client.jobs.list(status="running").total)
    return events.usage


def watch_two_cameras(client: TrioClient) -> Usage:
    chapter("Two cameras side by side", "client.watch_many([gate, yard])")
    line(f"       {'gate':<34}yard")
    triggers = dict.fromkeys(TARGETS, 0)
    with client.watch_many(TARGETS) as events:
        for target, event in events:
            if isinstance(event, Triggered):
                triggers[target] += 1
                show_side_by_side(target, event)
            if min(triggers.values()) == 2:
                break
    explain_many()
    return events.usage


def page_through_jobs(client: TrioClient, stub: StubServer) -> None:
    chapter("All jobs, page by page", "client.jobs.iterate(page_size=2)")
    before = len(stub.requests)
    jobs = list(client.jobs.iterate(page_size=2))
    show_jobs(jobs, requests=len(stub.requests) - before)


def receive_a_webhook(client: TrioClient) -> None:
    chapter("Take signed webhooks", "webhooks.unwrap(body, headers, secret)")
    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{receiver.server_port}/trio"
        client.live_monitor.create(GATE, VAN, webhook_url=url)
        job_ended.wait(timeout=30)
        httpx.post(url, **FORGED, trust_env=False)
    finally:
        receiver.shutdown()
        receiver.server_close()
    explain_webhooks()


class Receiver(BaseHTTPRequestHandler):
    """Take deliveries; an application would use its web framework."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(receive(body, self.headers, job_ended.set))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Leave the terminal to the demo."""


job_ended = Event()


# From here on it is about printing; demo_async.py uses it too.

BOLD, DIM, RED, GREEN, YELLOW, BLUE = "1", "2", "31", "32", "33", "34"
COLORS = {"triggered": GREEN, "204": GREEN, "cut": RED, "401": RED}
STARTED_AT = time.monotonic()
NUMBERS = count(1)


def begin(stub: StubServer) -> None:
    if os.name == "nt" and in_color():
        os.system("")  # older consoles show colors only after this
    logging.getLogger("trio_client").setLevel(logging.ERROR)  # the demo itself says that a stream was dropped
    stub.scene(GATE, Scene(seen="A white van stops at the gate", unseen="The gate is closed, and the road is empty"))
    stub.scene(YARD, Scene(seen="A person crosses the yard", every=4))
    print(f"{paint('trio-client', BOLD)} with a local stub of the API: no key, no network, no cost.")
    print("Video runs sixty times as fast: a minute of it takes a second.")


def receive(body: bytes, headers: Any, ended: Callable[[], object]) -> int:
    """Handle a delivery, and return the HTTP status to answer with."""
    try:
        event = webhooks.unwrap(body, headers, SECRET)
    except webhooks.WebhookSignatureError:
        show("401", "the signature is wrong: this demo forged it")
        return 401
    show("204", event.kind)
    if event.terminal:
        ended()
    return 204


def show_start(job_id: str | None, *, after: JobDetail | None = None) -> None:
    before = f"; the server says that job {short(after.job_id)} is {after.status}" if after else ""
    show("started", f"job {short(job_id)}{before}")


def explain_cut() -> None:
    result("The watch goes on with pictures and explanations, one job at a time.")
    lease = pricing.estimate_usd("live-monitor", minutes=10)
    otherwise(f"the loop ends; the job may run on unwatched: 10 minutes, ${lease:.2f}.")


def explain_stop(outcome: object, running: int) -> None:
    if isinstance(outcome, Stopped):
        show("stopped", f"job {short(outcome.job_id)}: {outcome.reason}; jobs still running: {running}")
    result("Leaving the block stopped the job, and the server confirmed it.")
    otherwise("the job may outlive its connection, and is billed by the minute.")


def explain_many() -> None:
    result("One loop for all cameras, in turns if the account has fewer job slots.")
    otherwise("a thread or task for each, and your own code for the job limit.")


def explain_webhooks() -> None:
    result("Webhooks, streams and polling give the same typed events.")
    otherwise("anyone who knows the address can report a van.")


def show_costs(usages: dict[str, Usage], stub: StubServer) -> None:
    chapter("What it would have cost", "events.usage, at the published prices")
    total = pricing.estimate_usd("check-once", checks=1)
    line(f"{'one check':<14}${total:.2f}")
    for name, usage in usages.items():
        cost = usage.cost_usd or 0.0
        total += cost
        line(f"{name:<14}${cost:.2f}  jobs: {usage.jobs}, minutes billed: {usage.minutes_billed}")
    line(f"{'together':<14}${total:.2f}  the server took {CREDITS - (stub.credits or 0):g} credits of 1 cent")
    result("watch(..., max_cost_usd=5) ends before it would cost more.")


def show_jobs(jobs: list[Job], *, requests: int) -> None:
    line(", ".join(f"{short(job.job_id)} {job.status}" for job in jobs[:3]) + ", ...")
    result(f"{len(jobs)} jobs in {requests} requests, and each of them once.")
    otherwise("a job that starts meanwhile shifts the pages: one is read twice.")


def show_side_by_side(target: Target, event: Triggered) -> None:
    indent = 0 if target.key == "gate" else 34
    line(f"{elapsed()}  {' ' * indent}{sentence(event.explanation)}")


def end(stub: StubServer) -> None:
    python, here = Path(sys.executable), Path.cwd()
    command = python.relative_to(here) if python.is_relative_to(here) else "python"
    seconds = time.monotonic() - STARTED_AT
    print(f"\n{paint('Next', BOLD)} (this took {seconds:.0f} s, and left {stub.running_jobs} jobs running)")
    line("the same, shorter  examples/quickstart.py")
    line(f"the stub's page    {command} -m trio_client.stub --port 8123")
    line("your cameras       a key from console.machinefi.com, in TRIO_API_KEY")
    line("in a terminal      pip install '.[cli]'; trio-client --help")


def chapter(title: str, code: str) -> None:
    print(f"\n{paint(f'{next(NUMBERS)}. {title}', BOLD)}\n   {paint(code, DIM)}", flush=True)


def show(word: str, text: str | None) -> None:
    line(f"{elapsed()}  {paint(f'{word:<10}', COLORS.get(word, BLUE))}{sentence(text)}")


def result(text: str) -> None:
    line(f"{paint('=>', GREEN)} {text}")


def otherwise(text: str) -> None:
    line(f"{paint('Otherwise:', YELLOW)} {text}")


def line(text: str) -> None:
    print(f"   {text}", flush=True)


def elapsed() -> str:
    return paint(f"{time.monotonic() - STARTED_AT:.1f} s", DIM)


def sentence(text: str | None) -> str:
    return (text or "").partition(". ")[0]


def short(job_id: str | None) -> str:
    return (job_id or "")[:8]


def paint(text: str, code: str) -> str:
    return f"\033[{code}m{text}\033[0m" if in_color() else text


def in_color() -> bool:
    """Whether to print colors: on a terminal, unless NO_COLOR is set; elsewhere only if FORCE_COLOR is."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


if __name__ == "__main__":
    main()
