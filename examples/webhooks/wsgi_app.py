"""Receive webhooks with the standard library's server, without a framework.

TRIO_WEBHOOK_SECRET=… python examples/webhooks/wsgi_app.py 8000
"""

import os
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from trio_client import Event
from trio_client.webhooks import Deduplicator
from trio_client.webhooks.wsgi import WebhookApp

SECRET = os.environ.get("TRIO_WEBHOOK_SECRET") or sys.exit("Set TRIO_WEBHOOK_SECRET: deliveries are signed with it.")


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class RequestHandler(WSGIRequestHandler):
    timeout = 10  # seconds without data; a silent sender must not occupy a thread forever


def handle(event: Event) -> None:
    print(f"{event.kind}: job {event.job_id}", flush=True)


app = WebhookApp(handle, secret=SECRET, deduplicator=Deduplicator())

if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    with make_server("127.0.0.1", port, app, server_class=Server, handler_class=RequestHandler) as server:
        server.serve_forever()
