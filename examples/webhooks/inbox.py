"""Start a job with a webhook and wait for its events; polling adds those that are not delivered.

    TRIO_WEBHOOK_SECRET=… TRIO_API_KEY=… python examples/webhooks/inbox.py 8000 https://your.host/hooks

PUBLIC_URL is an address that forwards to PORT on this machine.
"""

import argparse
import os
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from trio_client import TrioClient, TrioError
from trio_client.webhooks import WebhookInbox
from trio_client.webhooks.wsgi import WebhookApp


class RequestHandler(WSGIRequestHandler):
    timeout = 10  # seconds without data; a silent sender must not occupy the server forever


def main() -> None:
    parser = argparse.ArgumentParser(description="Start a job with a webhook and wait for its events.")
    parser.add_argument("port", type=int, help="the port to listen at")
    parser.add_argument("public_url", help="an address that forwards to it")
    options = parser.parse_args()
    secret = os.environ.get("TRIO_WEBHOOK_SECRET") or sys.exit(
        "Set TRIO_WEBHOOK_SECRET: deliveries are signed with it."
    )
    camera = "rtsp://gate.example/live"
    with TrioClient() as client:
        inbox = WebhookInbox(client)
        app = WebhookApp(inbox, secret=secret)
        with make_server("127.0.0.1", options.port, app, handler_class=RequestHandler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            job = client.live_monitor.create(camera, "a van is at the gate", webhook_url=options.public_url)
            with inbox.events(job) as events:
                for event in events:
                    print(f"{event.kind}, by {event.delivery}", flush=True)
            server.shutdown()


if __name__ == "__main__":
    try:
        main()
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
