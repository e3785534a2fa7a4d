from __future__ import annotations

import base64

import httpx
import pytest

from trio_client.stub import Scene, StubServer
from trio_client.stub.engine.pictures import picture

YARD = "rtsp://camera.example/yard"
CHECK = {"stream_url": YARD, "condition": "Is a person at the gate?"}


def test_a_check_sees_the_scene_of_the_moment(stub: StubServer, client: httpx.Client) -> None:
    stub.scene(YARD, Scene(at=[20], seen="A postman rings", latency_ms=7))
    before = client.post("/check-once", json=CHECK).json()
    assert before == {
        "triggered": False,
        "explanation": "The yard is empty and the gate is closed. The condition is not met: Is a person at the gate?",
        "latency_ms": 7,
    }
    stub.clock.advance(25)
    after = client.post("/check-once", json={**CHECK, "include_frame": True}).json()
    assert (after["triggered"], after["explanation"]) == (
        True,
        "A postman rings. The condition is met: Is a person at the gate?",
    )
    assert base64.b64decode(after["frame_b64"]) == picture("person")


def test_the_default_scene_has_the_rhythm_of_a_monitor(stub: StubServer, client: httpx.Client) -> None:
    seen: list[bool] = []
    for _ in range(7):
        seen.append(client.post("/check-once", json=CHECK).json()["triggered"])
        stub.clock.advance(10)
    assert seen == [False, False, False, True, False, False, True]


def test_a_check_takes_no_job_slot(stub: StubServer, client: httpx.Client) -> None:
    client.post("/check-once", json=CHECK)
    assert stub.jobs == []


@pytest.mark.parametrize(
    ("frame", "question", "triggered"),
    [
        ("empty", "Is the gate open?", False),
        ("van", "Is the gate open?", True),
        ("van", "How many vans are there?", None),
        ("empty", "What is there?", None),
    ],
)
def test_a_question_about_a_picture(client: httpx.Client, frame: str, question: str, triggered: bool | None) -> None:
    data = base64.b64encode(picture(frame)).decode()  # type: ignore[arg-type]
    reply = client.post("/analyze-frame", json={"frame_b64": data, "question": question}).json()
    assert (reply["triggered"], reply["frame_b64"], reply["latency_ms"]) == (triggered, None, 850)
    assert reply["answer"]
    shown = client.post("/analyze-frame", json={"frame_b64": data, "question": question, "include_frame": True}).json()
    assert shown["frame_b64"] == data


@pytest.mark.parametrize(
    ("url", "platform", "stream_id", "parsed_url"),
    [
        (
            "https://www.youtube.com/watch?v=abc123",
            "youtube",
            "abc123",
            "https://www.youtube.com/embed/abc123",
        ),
        ("https://youtu.be/abc123", "youtube", "abc123", "https://www.youtube.com/embed/abc123"),
        ("https://www.twitch.tv/someone", "twitch", "someone", "https://player.twitch.tv/?channel=someone"),
        ("rtsp://user:pw@camera.example/yard", "rtsp", "yard", "rtsp://user:pw@camera.example/yard"),
        ("RTSPS://camera.example/yard", "rtsp", "yard", "RTSPS://camera.example/yard"),
        ("http://camera.example/live.m3u8", "hls", "live.m3u8", "http://camera.example/live.m3u8"),
        ("https://notyoutube.com/x", None, "x", "https://notyoutube.com/x"),
    ],
)
def test_a_live_stream_is_described(
    client: httpx.Client, url: str, platform: str | None, stream_id: str, parsed_url: str
) -> None:
    reply = client.post("/streams/validate", json={"stream_url": url}).json()
    assert reply == {
        "is_live": True,
        "platform": platform,
        "stream_id": stream_id,
        "title": "Yard camera",
        "channel": "Stub TV",
        "thumbnail_url": None,
        "viewer_count": 42,
        "parsed_url": parsed_url,
        "error_hint": None,
    }


@pytest.mark.parametrize(("scene", "hint"), [(Scene(live=False), "offline"), (Scene(vod=True), "recording")])
def test_a_stream_that_is_not_live_is_not_an_error(
    stub: StubServer, client: httpx.Client, scene: Scene, hint: str
) -> None:
    stub.scene(YARD, scene)
    reply = client.post("/streams/validate", json={"stream_url": YARD})
    assert (reply.status_code, reply.json()["is_live"]) == (200, False)
    assert hint in reply.json()["error_hint"]


def test_a_stream_can_be_prepared(client: httpx.Client) -> None:
    reply = client.post("/prepare-stream", params={"url": "https://youtu.be/abc"}).json()
    assert (reply["success"], reply["cached"], reply["embed_type"]) == (True, False, "iframe")
    assert client.post("/prepare-stream", params={"url": YARD}).json()["embed_type"] == "video"


def test_a_scene_can_show_a_picture_of_its_own(stub: StubServer, client: httpx.Client) -> None:
    stub.scene(YARD, Scene(holds=True, frame=b"\xff\xd8\xffmine"))
    reply = client.post("/check-once", json={**CHECK, "include_frame": True}).json()
    assert base64.b64decode(reply["frame_b64"]) == b"\xff\xd8\xffmine"
