"""One check of a stream, and one question about a picture."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trio_client import (
    AsyncTrioClient,
    AuthenticationError,
    BadRequestError,
    Frame,
    RequestValidationError,
    StreamUnavailableError,
)
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.anyio

YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"


@pytest.mark.parametrize("holds", [True, False])
async def test_the_answer_is_the_servers(stub: StubServer, client: AsyncTrioClient, holds: bool) -> None:
    stub.scene(YARD, Scene(holds=holds, latency_ms=12))
    result = await client.check_once(YARD, OPEN)
    assert (holds, 12) == (result.triggered, result.latency_ms)
    assert result.explanation is not None
    assert OPEN in result.explanation


async def test_what_is_not_given_is_not_sent(stub: StubServer, client: AsyncTrioClient) -> None:
    await client.check_once(YARD, OPEN)
    (request,) = stub.requests
    assert ("POST", "/api/check-once") == (request.method, request.path)
    assert b'{"stream_url":"rtsp://camera.example/yard","condition":"the gate is open"}' == request.body


async def test_every_option_is_sent(stub: StubServer, client: AsyncTrioClient) -> None:
    await client.check_once(YARD, OPEN, input_mode="hybrid", clip_duration_seconds=10, include_frame=True)
    assert {
        "stream_url": YARD,
        "condition": OPEN,
        "input_mode": "hybrid",
        "clip_duration_seconds": 10,
        "include_frame": True,
    } == stub.requests[0].json


async def test_text_of_any_script_arrives_unchanged(stub: StubServer, client: AsyncTrioClient) -> None:
    condition = 'das „Tor" ist offen 🚪 \u2028 "\\'
    await client.check_once(YARD, condition)
    assert condition == stub.requests[0].json["condition"]


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_picture_comes_along_only_if_asked_for(client: AsyncTrioClient, wanted: bool) -> None:
    result = await client.check_once(YARD, OPEN, include_frame=wanted)
    assert wanted is (result.frame_b64 is not None)
    if result.frame_b64 is not None:
        assert "image/jpeg" == Frame(result.frame_b64).media_type


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"stream_url": ""}, "stream_url"),
        ({"stream_url": "x" * 501}, "stream_url"),
        ({"stream_url": "rtsp://camera\n/yard"}, "stream_url"),
        ({"stream_url": None}, "stream_url"),
        ({"condition": ""}, "condition"),
        ({"condition": "x" * 1001}, "condition"),
        ({"input_mode": "video"}, "input_mode"),
        ({"clip_duration_seconds": 0}, "clip_duration_seconds"),
        ({"clip_duration_seconds": 11}, "clip_duration_seconds"),
        ({"clip_duration_seconds": True}, "clip_duration_seconds"),
        ({"include_frame": "yes"}, "include_frame"),
    ],
)
async def test_what_the_schema_forbids_is_never_sent(
    stub: StubServer, client: AsyncTrioClient, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(RequestValidationError, match=field) as caught:
        await client.check_once(**{"stream_url": YARD, "condition": OPEN, **arguments})
    assert field == caught.value.field
    assert [] == stub.requests


@pytest.mark.parametrize(
    ("scene", "code", "transient"),
    [(Scene(live=False), "STREAM_OFFLINE", True), (Scene(vod=True), "NOT_LIVESTREAM", False)],
)
async def test_a_stream_that_cannot_be_read(
    stub: StubServer, client: AsyncTrioClient, scene: Scene, code: str, transient: bool
) -> None:
    stub.scene(YARD, scene)
    with pytest.raises(StreamUnavailableError) as caught:
        await client.check_once(YARD, OPEN)
    assert (400, code, transient) == (caught.value.status_code, caught.value.code, caught.value.transient)
    assert caught.value.remediation is not None
    assert caught.value.remediation in str(caught.value)
    assert 1 == len(stub.requests)


async def test_a_wrong_key_is_reported_without_showing_it(connect: Callable[..., AsyncTrioClient]) -> None:
    with StubServer(speed=0, api_keys=["right"]) as stub:
        client = connect(api_key="wrong-key-123", base_url=stub.base_url)
        with pytest.raises(AuthenticationError, match=r"valid API key") as caught:
            await client.check_once(YARD, OPEN)
        assert "wrong-key-123" not in f"{caught.value} {caught.value!r} {vars(caught.value)}"
        assert 1 == len(stub.requests)


@pytest.mark.parametrize("kind", ["bytes", "path", "frame"])
async def test_a_picture_is_sent_as_base64(
    stub: StubServer, client: AsyncTrioClient, tmp_path: Path, kind: str
) -> None:
    picture = b"\xff\xd8\xff\xe0 picture"
    (tmp_path / "p.jpg").write_bytes(picture)
    frame = {"bytes": picture, "path": tmp_path / "p.jpg", "frame": Frame(picture)}[kind]
    await client.analyze_frame(frame, "What is in the picture?")
    assert {
        "frame_b64": base64.b64encode(picture).decode(),
        "question": "What is in the picture?",
    } == stub.requests[0].json


@pytest.mark.parametrize(("question", "triggered"), [("Is the gate open?", True), ("What is there?", None)])
async def test_only_a_yes_no_question_is_answered_by_yes_or_no(
    stub: StubServer, client: AsyncTrioClient, question: str, triggered: bool | None
) -> None:
    stub.scene(YARD, Scene(holds=True))
    seen = await client.check_once(YARD, OPEN, include_frame=True)
    assert seen.frame_b64 is not None
    answer = await client.analyze_frame(Frame(seen.frame_b64), question)
    assert triggered is answer.triggered
    assert answer.answer


@pytest.mark.parametrize(("frame", "question"), [(b"", "What?"), (b"x", ""), (b"x", "?" * 1001), ("x.jpg", "What?")])
async def test_a_question_the_schema_forbids_is_never_sent(
    stub: StubServer, client: AsyncTrioClient, frame: Any, question: str
) -> None:
    with pytest.raises(RequestValidationError):
        await client.analyze_frame(frame, question)
    assert [] == stub.requests


async def test_a_picture_the_server_cannot_read(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(path="/analyze-frame", status=400)
    with pytest.raises(BadRequestError):
        await client.analyze_frame(b"x", "What?")
    assert 1 == len(stub.requests)
