"""Receive webhooks in a Flask application.

Start it with `TRIO_WEBHOOK_SECRET=… PYTHONPATH=examples/webhooks waitress-serve flask_app:app`.
"""

import os

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from trio_client import Event
from trio_client.webhooks import Deduplicator
from trio_client.webhooks.wsgi import WebhookApp


def handle(event: Event) -> None:
    print(f"{event.kind}: job {event.job_id}", flush=True)


app = Flask(__name__)
hooks = WebhookApp(handle, secret=os.environ["TRIO_WEBHOOK_SECRET"], deduplicator=Deduplicator())
app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/hooks/trio": hooks})  # type: ignore[method-assign]


@app.get("/")
def home() -> str:
    return "up"
