"""Receive webhooks in a Django view.

    TRIO_WEBHOOK_SECRET=… PYTHONPATH=examples/webhooks waitress-serve django_app:app

It needs `django` and a WSGI server, such as `waitress`.
"""

import os
import sys

from trio_client import Event
from trio_client.webhooks import Deduplicator
from trio_client.webhooks.wsgi import WebhookApp

try:
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpRequest, HttpResponse
    from django.urls import path
    from django.views.decorators.csrf import csrf_exempt
except ModuleNotFoundError as error:
    sys.exit(f"This example needs {error.name}; install it with: pip install django waitress")

SECRET = os.environ.get("TRIO_WEBHOOK_SECRET") or sys.exit("Set TRIO_WEBHOOK_SECRET: deliveries are signed with it.")


def handle(event: Event) -> None:
    print(f"{event.kind}: job {event.job_id}", flush=True)


hooks = WebhookApp(handle, secret=SECRET, deduplicator=Deduplicator())


@csrf_exempt
def trio_hook(request: HttpRequest) -> HttpResponse:
    query = request.META["QUERY_STRING"]
    answer = hooks.receive(request.method or "", request.headers, request.body, path=request.path, query=query)
    return HttpResponse(answer.body, status=answer.status, headers=answer.headers)


urlpatterns = [path("hooks/trio", trio_hook)]

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only-for-this-example",
    DATA_UPLOAD_MAX_MEMORY_SIZE=16 * 2**20,  # for pictures; Django's default is 2.5 MB
)
django.setup()
app = get_wsgi_application()
