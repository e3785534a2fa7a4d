"""Two URLs that mean one stream are recognized, and no two that do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client._core.stream_url import same_stream

VIDEO = "dQw4w9WgXcQ"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rtsp://Camera.Example/1", "RTSP://camera.example:554/1"),
        ("rtsp://camera.example/1", " rtsp://camera.example/1\n"),
        ("rtsp://camera.example", "rtsp://camera.example/"),
        ("https://v.example/a?b=c", "https://V.EXAMPLE.:443/a?b=c"),
        ("rtsp://camera.example/1", "rtsp://user:secret@camera.example/1"),
        ("rtsp://user:secret@camera.example/1", "rtsp://***@camera.example/1"),
        ("rtsp://user:secret@camera.example/1", "rtsp://user:****@camera.example/1"),
        ("rtsp://user:secret@camera.example/1", "rtsp://***:***@camera.example/1"),
        ("rtsp://user:p%40ss@camera.example/1", "rtsp://user@camera.example/1"),
        (f"https://youtu.be/{VIDEO}", f"https://www.youtube.com/watch?v={VIDEO}"),
        (f"https://youtu.be/{VIDEO}?t=5", f"https://www.youtube.com/live/{VIDEO}?feature=share"),
        (f"http://m.youtube.com/watch?app=m&v={VIDEO}&t=9s", f"https://youtube.com/embed/{VIDEO}"),
    ],
)
def test_forms_of_one_url_mean_the_same_stream(one: str, other: str) -> None:
    assert same_stream(one, other)
    assert same_stream(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rtsp://camera.example/1", "rtsp://camera.example/2"),
        ("rtsp://camera.example/1", "rtsp://camera.example/1/"),
        ("rtsp://camera.example/A", "rtsp://camera.example/a"),
        ("rtsp://camera.example/1", "rtsp://camera.example:8554/1"),
        ("rtsp://camera.example/1", "http://camera.example/1"),
        ("rtsp://channel1:secret@recorder.example/live", "rtsp://channel2:secret@recorder.example/live"),
        ("rtsp://channel1:****@recorder.example/live", "rtsp://channel2:****@recorder.example/live"),
        ("rtsp://user:one@camera.example/1", "rtsp://user:two@camera.example/1"),
        ("https://v.example/a?b=1", "https://v.example/a?b=2"),
        (f"https://youtu.be/{VIDEO}", "https://youtu.be/another"),
        (f"https://youtu.be/{VIDEO}", f"https://video.example/watch?v={VIDEO}"),
        ("https://www.youtube.com/@channel/live", "https://www.youtube.com/@other/live"),
        ("rtsp://[::1", "rtsp://[::2"),
        (None, None),
        (None, "rtsp://camera.example/1"),
    ],
)
def test_urls_that_differ_in_what_counts_mean_two(one: str | None, other: str | None) -> None:
    assert not same_stream(one, other)
    assert not same_stream(other, one)


@given(st.text(), st.text())
def test_any_text_equals_itself_and_nothing_makes_it_raise(one: str, other: str) -> None:
    assert same_stream(one, one)
    assert same_stream(one, other) is same_stream(other, one)
