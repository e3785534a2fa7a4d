"""Receive webhooks in a Flask application.

    TRIO_WEBHOOK_SECRET=… PYTHONPATH=examples/webhooks waitress-serve flask_app:app

It needs `flask` and a WSGI server, such as `waitress`.
"""

import os
import sys

from trio_client import Event
from trio_client.webhooks import Deduplicator
from trio_client.webhooks.wsgi import WebhookApp

try:
    from flask import Flask
    from werkzeug.middleware.dispatcher import DispatcherMiddleware
except ModuleNotFoundError as error:
    sys.exit(f"This example needs {error.name}; install it with: pip install flask waitress")

SECRET = os.environ.get("TRIO_WEBHOOK_SECRET") or sys.exit("Set TRIO_WEBHOOK_SECRET: deliveries are signed with it.")


def handle(event: Event) -> None:
    print(f"{event.kind}: job {event.job_id}", flush=True)


app = Flask(__name__)
hooks = WebhookApp(handle, secret=SECRET, deduplicator=Deduplicator())
app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/hooks/trio": hooks})  # type: ignore[method-assign]


@app.get("/")
def home() -> str:
    return "up"
