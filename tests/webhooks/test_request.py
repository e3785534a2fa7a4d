"""What a handler learns of the request, and what `receive` takes, in every shape that frameworks pass on."""

from __future__ import annotations

import base64
import gzip
import io
import logging
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from trio_client import ConfigurationError, Event
from trio_client.webhooks import Answer, WebhookRequest, asgi, sign, verify, wsgi

from .conftest import BODY, SECRET

SIGNATURE = sign(BODY, SECRET)
Receive = Callable[..., Answer]
BOTH = pytest.mark.parametrize("module", [asgi, wsgi], ids=["asgi", "wsgi"])


class Keeping:
    """A handler that keeps what it was called with."""

    def __init__(self) -> None:
        self.requests: list[WebhookRequest] = []

    def __call__(self, event: Event, request: WebhookRequest) -> None:
        assert event.kind == "started"
        self.requests.append(request)


async def receive(app: Any, *arguments: Any, **options: Any) -> Answer:
    answer = app.receive(*arguments, **options)
    return answer if isinstance(answer, Answer) else await answer


async def serve(app: Any, path: str, *, root_path: str = "", query: bytes = b"", **headers: str) -> int:
    """Send a signed delivery to an ASGI application; return the status."""
    given = [(b"x-trio-signature", SIGNATURE.encode()), *((n.encode(), v.encode()) for n, v in headers.items())]
    scope = {"type": "http", "method": "POST", "path": path, "root_path": root_path, "query_string": query}
    answers: list[Any] = []

    async def body() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: Any) -> None:
        answers.append(message)

    await app({**scope, "headers": given, "http_version": "1.1"}, body, send)
    return int(answers[0]["status"])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "root_path"), [("/hooks/gate 3", ""), ("/hooks/gate 3", "/hooks"), ("/gate 3", "/hooks")]
)
@pytest.mark.parametrize("background", [False, True])
async def test_an_asgi_handler_gets_the_whole_path_the_query_and_the_headers(
    path: str, root_path: str, background: bool
) -> None:
    handler = Keeping()
    app = asgi.WebhookApp(handler, secret=SECRET, with_request=True, background=background)
    assert await serve(app, path, root_path=root_path, query=b"a=%20b", Host="h.example") == 200
    (request,) = handler.requests
    assert (request.path, request.query) == ("/hooks/gate 3", "a=%20b")
    assert request.headers == {"x-trio-signature": SIGNATURE, "host": "h.example"}
    assert SIGNATURE not in repr(request)


@pytest.mark.anyio
async def test_what_it_is_mounted_at_is_part_of_the_path() -> None:
    handler = Keeping()
    hooks = asgi.WebhookApp(handler, secret=SECRET, with_request=True)
    app = Starlette(routes=[Mount("/in", routes=[Route("/trio/{camera}", hooks)]), Mount("/mounted", hooks)])
    assert [await serve(app, path) for path in ("/in/trio/gate", "/mounted/x")] == [200, 200]
    assert [request.path for request in handler.requests] == ["/in/trio/gate", "/mounted/x"]


@pytest.mark.parametrize("background", [False, True])
def test_a_wsgi_handler_gets_them_too(background: bool) -> None:
    handler = Keeping()
    app = wsgi.WebhookApp(handler, secret=SECRET, with_request=True, background=background)
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/hooks",
        "PATH_INFO": "/gate ü".encode().decode("latin-1"),
        "QUERY_STRING": "a=%20b",
        "CONTENT_LENGTH": str(len(BODY)),
        "CONTENT_TYPE": "",
        "HTTP_X_TRIO_SIGNATURE": SIGNATURE,
        "wsgi.input": io.BytesIO(BODY),
    }
    statuses: list[str] = []
    app(environ, lambda status, _: statuses.append(status))
    app.close()
    (request,) = handler.requests
    assert (statuses, request.path, request.query) == (["200 OK"], "/hooks/gate ü", "a=%20b")
    assert request.headers == {"content-length": str(len(BODY)), "x-trio-signature": SIGNATURE}


@pytest.mark.anyio
@BOTH
async def test_a_view_function_passes_on_what_it_knows(module: Any) -> None:
    handler = Keeping()
    app = module.WebhookApp(handler, secret=SECRET, with_request=True)
    headers = {"X-Trio-Signature": SIGNATURE, "Accept": ["a", "b"]}
    assert (await receive(app, "POST", headers, BODY, path="/gate", query="a=1")).status == 200
    assert (await receive(app, "POST", headers, BODY)).status == 200
    first, second = handler.requests
    assert first == WebhookRequest("/gate", "a=1", {"x-trio-signature": SIGNATURE, "accept": "a, b"})
    assert (second.path, second.query) == ("", "")


@pytest.mark.anyio
@BOTH
@pytest.mark.parametrize(
    "headers",
    [
        {"x-trio-signature": [SIGNATURE], "accept": ["a", "b"]},
        {"X-Trio-Signature": (SIGNATURE,)},
        [("X-Trio-Signature", SIGNATURE)],
        [(b"x-trio-signature", SIGNATURE.encode())],
        lambda: iter([("x-trio-signature", SIGNATURE)]),
    ],
    ids=["lists", "tuple", "pairs", "pairs of bytes", "iterator"],
)
async def test_headers_come_in_any_shape(module: Any, headers: Any) -> None:
    app = module.WebhookApp(lambda event: None, secret=SECRET)
    given = headers() if callable(headers) else headers
    assert (await receive(app, "POST", given, BODY.decode())).status == 200


@pytest.mark.anyio
@BOTH
@pytest.mark.parametrize(
    ("headers", "body", "signed", "unsigned"),
    [
        (None, BODY, 401, 200),
        ({}, BODY.decode(), 401, 200),
        ({"X-Trio-Signature": [SIGNATURE, SIGNATURE]}, BODY, 401, 200),
        ({"X-Trio-Signature": []}, BODY, 401, 200),
        ({"X-Trio-Signature": None}, BODY, 401, 200),
        ({"X-Trio-Signature": SIGNATURE}, None, 401, 400),
        ({"X-Trio-Signature": SIGNATURE}, "", 401, 400),
        ({"X-Trio-Signature": SIGNATURE}, "not JSON", 401, 400),
        ({"X-Trio-Signature": sign(b"not JSON", SECRET)}, "not JSON", 400, 400),
        ({"X-Trio-Signature": sign(b"", SECRET)}, None, 400, 400),
    ],
)
async def test_400_is_only_for_what_was_verified_or_need_not_be(
    module: Any, headers: Any, body: Any, signed: int, unsigned: int
) -> None:
    for options, expected in (({"secret": SECRET}, signed), ({"unsigned": True}, unsigned)):
        app = module.WebhookApp(lambda event: None, **options)
        assert (await receive(app, "POST", headers, body)).status == expected


@pytest.mark.anyio
@BOTH
@pytest.mark.parametrize(
    ("body", "headers", "cause"),
    [
        (base64.b64encode(BODY), {}, "base64"),
        (base64.b64encode(BODY).decode(), {}, "base64"),
        (gzip.compress(BODY), {}, "compressed (gzip)"),
        (b"\x8b\x02\x80", {"Content-Encoding": "br"}, "compressed (br)"),
        (b"", {}, "empty"),
    ],
    ids=["base64", "base64 text", "gzip", "named coding", "empty"],
)
async def test_the_log_names_the_cause_and_the_answer_does_not(
    module: Any, body: Any, headers: dict[str, str], cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    for options, expected in (({"secret": SECRET}, 401), ({"unsigned": True}, 400)):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "trio_client"):
            app = module.WebhookApp(lambda event: None, **options)
            answer = await receive(app, "POST", {"X-Trio-Signature": SIGNATURE, **headers}, body)
        assert (answer.status, cause in caplog.text) == (expected, True)
        assert cause not in answer.text


@pytest.mark.anyio
@BOTH
async def test_a_body_that_was_parsed_is_an_error_of_the_program(module: Any) -> None:
    with pytest.raises(TypeError, match="raw bytes"):
        await receive(module.WebhookApp(print, secret=SECRET), "POST", {"X-Trio-Signature": SIGNATURE}, {"a": 1})


@BOTH
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_secret_with_a_line_end_is_refused_when_the_receiver_is_made(module: Any, end: str) -> None:
    for secret in (f"{SECRET}{end}", ["other", f"{SECRET}{end}"]):
        with pytest.raises(ConfigurationError, match="line end") as caught:
            module.WebhookApp(print, secret=secret)
        assert SECRET not in str(caught.value)
    with pytest.raises(ConfigurationError, match="line end"):
        verify(BODY, {}, f"{SECRET}{end}")


@pytest.mark.anyio
@BOTH
async def test_the_limit_of_a_body_counts_the_bytes_of_text(module: Any) -> None:
    app = module.WebhookApp(print, unsigned=True, max_body_bytes=100)
    assert (await receive(app, "POST", {}, "é" * 60)).status == 413
