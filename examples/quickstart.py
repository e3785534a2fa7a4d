"""Each kind of call once, against a local stub server: no key, no network, no cost.

    python examples/quickstart.py

It needs `trio-client[stub]`. With a real key, leave out the stub and its `base_url`: `TrioClient()` reads the key from
TRIO_API_KEY. `demo.py` shows more of what can go wrong.
"""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

from trio_client import Stopped, Triggered, TrioClient, webhooks

try:
    from trio_client.stub import StubServer
except ModuleNotFoundError as error:
    sys.exit(str(error))  # it names the extra

CAMERA = "rtsp://gate.example/live"
CONDITION = "a van is at the gate"
SECRET = "the secret both sides know"
job_ended = Event()  # set by the delivery that reports the job's end


def main() -> None:
    with StubServer(speed=60, webhook_secret=SECRET) as stub, TrioClient("any-key", base_url=stub.base_url) as client:
        check_once(client)
        watch(client)
        page(client)
        receive_webhook(client)


def check_once(client: TrioClient) -> None:
    validation = client.streams.validate(CAMERA)
    print(f"{CAMERA} is {'live' if validation.is_live else 'not live'}: {validation.title}")
    result = client.check_once(CAMERA, CONDITION)
    print(f"check once: {'yes' if result.triggered else 'no'}: {result.explanation}")


def watch(client: TrioClient) -> None:
    print(f"\nwatching for {CONDITION!r}:")
    with client.live_monitor.stream(CAMERA, CONDITION, interval_seconds=5, max_triggers=2) as events:
        for event in events:
            match event:
                case Triggered(explanation=why, frame=frame):
                    print(f"  triggered: {why} {frame}")
                case Stopped(reason=reason, stats=stats):
                    print(f"  stopped: {reason}, after {stats.checks_performed if stats else '?'} checks")
                case _:
                    print(f"  {event.kind}")


def page(client: TrioClient) -> None:
    print("\nall jobs, newest first:")
    for job in client.jobs.iterate():
        print(f"  {job.job_id}  {job.job_type}  {job.status}")


def receive_webhook(client: TrioClient) -> None:
    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{receiver.server_port}/trio"
        print("\nwebhooks:")
        job = client.live_monitor.create(CAMERA, CONDITION, interval_seconds=5, webhook_url=url)
        job_ended.wait(timeout=30)
        print(f"the job ended: {client.jobs.get(job.job_id).status}")
    finally:
        receiver.shutdown()
        receiver.server_close()


class Receiver(BaseHTTPRequestHandler):
    """Take deliveries; an application would use its web framework."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            event = webhooks.unwrap(body, self.headers, SECRET)
        except webhooks.WebhookSignatureError:
            self.send_response(401)
        else:
            print(f"  {event.kind}: {event.name}")
            self.send_response(204)
            if event.terminal:
                job_ended.set()
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Leave the terminal to the events."""


if __name__ == "__main__":
    main()
