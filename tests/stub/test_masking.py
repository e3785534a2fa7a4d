"""No secret of a stream URL is shown on the page, and hosts and paths stay readable."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client.stub import Scene, StubServer, WebhookDelivery, WireRequest
from trio_client.stub.engine.masking import mask_text, mask_url

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://u:hunter2@cam.example/live", "rtsp://***@cam.example/live"),
        ("rtsp://hunter2@cam.example/live", "rtsp://***@cam.example/live"),
        ("rtsp://u:12/hunter2@cam.example/live", "rtsp://***@cam.example/live"),
        ("rtsp://u:554/hunter2@cam.example", "rtsp://***@cam.example"),
        ("rtsp://u:99?hunter2@cam.example", "rtsp://***@cam.example"),
        ("rtsp://u:1#hunter2@cam.example", "rtsp://***@cam.example"),
        ("rtsp://u:p hunter2@cam.example", "rtsp://***@cam.example"),
        ("rtsp://u:<hunter2>@cam.example", "rtsp://***@cam.example"),
        ("rtsp://u:hunter2',@cam.example", "rtsp://***@cam.example"),
        ("rtsp://u:p@hunter2@cam.example", "rtsp://***@cam.example"),
        (r"rtsp:\/\/u:hunter2@cam.example\/live", r"rtsp:\/\/***@cam.example\/live"),
        ("rtsp:/u:hunter2@cam.example", "rtsp:/***@cam.example"),
        ("//u:hunter2@cam.example/live", "//***@cam.example/live"),
        ("u:hunter2@cam.example/live", "***@cam.example/live"),
        ("http://h.example/?src=rtsp://u:hunter2@cam.example/x", "http://h.example/?src=rtsp://***@cam.example/x"),
        ("http://h.example/?src=u:hunter2@cam.example&x=1", "http://h.example/?src=***@cam.example&x=1"),
        ("http://h.example/?src=rtsp%3A%2F%2Fu%3Ahunter2%40cam", "http://h.example/?src=rtsp://***@cam"),
        ("http://h.example/?src=rtsp%253A%252F%252Fu%253Ahunter2%2540cam", "http://h.example/?src=rtsp://***@cam"),
        ("http://cam.example/user=admin&password=hunter2", "http://cam.example/user=admin&password=***"),
        ("http://cam.example/x?a=1&user_password=a%26hunter2&b=2", "http://cam.example/x?a=1&user_password=***&b=2"),
        ("http://cam.example/x#access.token=hunter2", "http://cam.example/x#access.token=***"),
        ("https://h.example/?X-Amz-Signature=hunter2&a=1", "https://h.example/?X-Amz-Signature=***&a=1"),
        ("https://h.example/?apiKey=hunter2", "https://h.example/?apiKey=***"),
        ("https://h.example/?APItoken=hunter2", "https://h.example/?APItoken=***"),
        ("rtsp://u:p@h/x?a=1&user_password=hunter2&token=x;key=3#f", "rtsp://***@h/x?a=1&user_password=***&token=***"),
        ("https://h.example/?p%61ss=hunter2", "https://h.example/?pass=***"),
    ],
)
def test_secrets_are_masked(url: str, shown: str) -> None:
    assert mask_url(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "https://youtube.com/@channel/live?v=dQw4w9WgXcQ&t=10:35",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://twitch.tv/author?monkey=1&keyframe=2",
        "rtsp://cam.example:554/live/ch0",
        "rtsp://cam.example/stream@2x.m3u8",
        "rtsp://[::1]:554/live",
        "http://h.example/a%20b?q=50%25",
        "no url",
        "",
    ],
)
def test_what_is_not_secret_stays_readable(url: str) -> None:
    assert mask_url(url) == url


@given(
    user=st.text("abc123_-.", min_size=1),
    before=st.text(),
    after=st.text(),
    scheme=st.sampled_from(["rtsp://", "http://", "rtsp:/", r"rtsp:\/\/", "//", ""]),
    levels=st.integers(0, 4),
)
def test_no_password_is_shown_however_it_is_written(
    user: str, before: str, after: str, scheme: str, levels: int
) -> None:
    url = f"{scheme}{user}:{before}{SECRET}{after}@cam.example/live"
    for _ in range(levels):
        url = f"http://h.example/?src={quote(url, safe='')}"
    assert SECRET not in mask_url(url)
    assert "cam.example/live" in mask_url(url) or mask_url(url) == "***"


@given(
    name=st.sampled_from(["token", "api_key", "X-Amz-Credential", "authToken", "PASSWORD", "a.sig", "passphrase"]),
    before=st.sampled_from(["?", "?a=1&", "#", ";", "/", "/user=admin&"]),
    value=st.text().filter(lambda text: "&" not in text),
)
def test_no_parameter_that_is_a_secret_is_shown(name: str, before: str, value: str) -> None:
    shown = mask_url(f"http://cam.example/live{before}{name}={SECRET}{value}&channel=1")
    assert SECRET not in shown
    assert shown.startswith("http://cam.example/live")


def test_in_text_a_blank_ends_a_url_and_times_stay_readable() -> None:
    text = f"At 10:35 a@b saw (rtsp://u:{SECRET}@cam.example/x) and http://h.example/?token={SECRET}, twice"
    assert mask_text(text) == "At 10:35 a@b saw (rtsp://***@cam.example/x) and http://h.example/?token=*** twice"


@pytest.mark.parametrize(
    "piece", ["a:b/", "a://b:c/", "%25", "=", "&password=", "@", "://", r"\/", "%3A%2F", "?", " a:/b", "a"]
)
def test_masking_takes_linear_time(piece: str) -> None:
    def seconds(repeats: int) -> float:
        text = piece * repeats
        begun = time.process_time()
        mask_url(text)
        mask_text(text)
        return time.process_time() - begun

    seconds(100)
    assert seconds(40_000) < 10 * max(seconds(10_000), 0.02)


def test_the_page_shows_no_secret(stub: StubServer, client: httpx.Client) -> None:
    url = f"rtsp://admin:12/{SECRET}@cam.example/live"
    stub.scene(url, Scene(seen=f"A person holds up {url}"))
    client.post("/live-monitor", json={"stream_url": url, "condition": f"Is {url} online?"})
    stub.clock.advance(40)
    page = client.get(f"{stub.url}/").text
    with client.stream("GET", f"{stub.url}/_stub/live") as reply:
        state = next(line for line in reply.iter_lines() if line.startswith("data: "))
    for shown in (page, state):
        assert SECRET not in shown
        assert "rtsp://***@cam.example/live" in shown
    assert json.loads(state.removeprefix("data: "))["jobs"][0]["condition"] == "Is rtsp://***@cam.example/live online?"


def test_records_show_no_secret_in_their_repr(stub: StubServer, client: httpx.Client) -> None:
    url = f"rtsp://admin:{SECRET}@cam.example/live"
    client.post("/prepare-stream", params={"url": url})
    client.post("/live-monitor", json={"stream_url": url, "condition": "x"})
    delivery = WebhookDelivery(f"http://u:{SECRET}@h.example/?token={SECRET}", b"", {}, None, "refused", 1, "job", 0.0)
    wired = WireRequest("GET", f"/live?token={SECRET}&url={quote(url)}", {"x": SECRET}, b"", 1, None, False, 0.0)
    for record in (*stub.requests, *stub.jobs, delivery, wired):
        assert SECRET not in repr(record)
    assert "rtsp://***@cam.example/live" in repr(stub.requests[0])
    assert repr(stub.jobs[0]).endswith("'live-monitor', 'rtsp://***@cam.example/live', 'pending')")
    assert stub.requests[0].query == {"url": url}
