"""What can be asked about a stream before watching it."""

from __future__ import annotations

from typing import Any

import pytest

from trio_client import AsyncTrioClient, BadRequestError, RequestValidationError, StreamUnavailableError
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.anyio

YARD = "rtsp://camera.example/yard"


async def test_a_live_stream_is_described(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.scene(YARD, Scene(title="Gate", channel="North", viewer_count=7))
    found = await client.streams.validate(YARD)
    assert (True, "rtsp", "Gate", "North", 7) == (
        found.is_live,
        found.platform,
        found.title,
        found.channel,
        found.viewer_count,
    )
    (request,) = stub.requests
    assert ("/api/streams/validate", {"stream_url": YARD}) == (request.path, request.json)


@pytest.mark.parametrize("scene", [Scene(live=False), Scene(vod=True)])
async def test_a_stream_that_is_not_live_is_an_answer_and_no_error(
    stub: StubServer, client: AsyncTrioClient, scene: Scene
) -> None:
    stub.scene(YARD, scene)
    found = await client.streams.validate(YARD)
    assert found.is_live is False
    assert found.error_hint


async def test_a_stream_is_prepared_by_its_url_in_the_query(stub: StubServer, client: AsyncTrioClient) -> None:
    url = "https://www.youtube.com/watch?v=abc&t=1#x%20ä"
    prepared = await client.streams.prepare(url)
    assert (True, "iframe") == (prepared.success, prepared.embed_type)
    (request,) = stub.requests
    assert ("POST", "/api/prepare-stream", {"url": url}, b"") == (
        request.method,
        request.path,
        request.query,
        request.body,
    )


async def test_a_stream_that_cannot_be_prepared(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.scene(YARD, Scene(live=False))
    with pytest.raises(StreamUnavailableError) as caught:
        await client.streams.prepare(YARD)
    assert "STREAM_OFFLINE" == caught.value.code


@pytest.mark.parametrize("url", ["", "x" * 501, "rtsp://a\r\nb", None, 7])
@pytest.mark.parametrize("method", ["validate", "prepare"])
async def test_what_the_schema_forbids_is_never_sent(
    stub: StubServer, client: AsyncTrioClient, method: str, url: Any
) -> None:
    with pytest.raises(RequestValidationError):
        await getattr(client.streams, method)(url)
    assert [] == stub.requests


@pytest.mark.parametrize("method", ["validate", "prepare"])
async def test_validation_has_no_side_effects_so_failures_are_retried(
    stub: StubServer, client: AsyncTrioClient, method: str
) -> None:
    stub.fail_next(status=500)
    stub.fail_next(close="reset", processed=True)
    await getattr(client.streams, method)(YARD)
    assert 3 == len(stub.requests)


@pytest.mark.parametrize("method", ["validate", "prepare"])
async def test_the_password_of_a_camera_is_in_no_error(stub: StubServer, client: AsyncTrioClient, method: str) -> None:
    url = "rtsp://user:pass-word@camera.example/yard"
    stub.fail_next(status=400, body={"error": {"code": "X", "message": f"cannot reach {url} (pass-word)"}})
    with pytest.raises(BadRequestError) as caught:
        await getattr(client.streams, method)(url)
    assert "pass-word" not in f"{caught.value!r} {vars(caught.value)}"
