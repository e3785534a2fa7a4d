"""Start a job with a webhook and await its events here; what is not delivered is found by polling.

Start it with `TRIO_WEBHOOK_SECRET=… TRIO_API_KEY=… python examples/webhooks/inbox.py PORT PUBLIC_URL`.
"""

import os
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from trio_client import TrioClient
from trio_client.webhooks import WebhookInbox
from trio_client.webhooks.wsgi import WebhookApp


class RequestHandler(WSGIRequestHandler):
    timeout = 10  # a sender that falls silent must not hold the server for ever


port, public_url = int(sys.argv[1]), sys.argv[2]

with TrioClient() as client:
    inbox = WebhookInbox(client)
    app = WebhookApp(inbox, secret=os.environ["TRIO_WEBHOOK_SECRET"])
    with make_server("127.0.0.1", port, app, handler_class=RequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        job = client.live_monitor.create("rtsp://gate.example/live", "a van is at the gate", webhook_url=public_url)
        with inbox.events(job) as events:
            for event in events:
                print(f"{event.kind}, by {event.delivery}", flush=True)
        server.shutdown()
