"""Secrets, camera passwords and control characters stay out of every text that people or logs may see."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client._redaction import mask, presentable, preview

MASKED = [
    "rtsp://user:secret@cam/1",
    "rtsp://user:s@cret@cam/1",
    "rtsp://user:se/cret@cam/1",
    "rtsp://user:se:cret@cam/1",
    "rtsp://user:s@c:r@cam/1",
    "rtsp://user:s/c@r/et@cam/1",
    "rtsp://user:se?cr#et@cam/1",
    "rtsp://user:it's'secret@cam/1",
    'rtsp://user:se"cret@cam/1',
    "rtsp://user:se%2Fcret%40@cam/1",
    "rtsp://secret@cam/1",
    "rtsp://:secret@cam/1",
    "rtsp://us-er:123456789/secret@cam/1",
    "RTSPS://user:secret@cam/1",
]
UNTOUCHED = [
    "https://youtube.com/@channel",
    "https://www.youtube.com:443/@channel/live",
    "https://youtube.com/watch?v=a@b",
    "http://127.0.0.1:8080?mail=a@b.c",
    "rtsp://cam:554/stream@2",
    "rtsp://cam/1, ask ops@example.com",
    '{"url":"rtsp://cam","mail":"ops@example.com"}',
    "{'url': 'rtsp://cam:554', 'mail': 'ops@example.com'}",
    "no address at all: a@b",
    "",
]


@pytest.mark.parametrize("url", MASKED)
def test_the_userinfo_of_a_url_is_masked_whatever_the_password_holds(url: str) -> None:
    scheme = url.partition("://")[0]
    assert f"{scheme}://***@cam/1" == mask(url)


@pytest.mark.parametrize("text", UNTOUCHED)
def test_text_without_credentials_is_left_alone(text: str) -> None:
    assert text == mask(text)


def test_every_url_of_a_text_is_masked() -> None:
    text = "from rtsp://a:b@c/1 to [rtsp://d:e@f/2], not https://x.y/@z or 'rtsp://g:h@i/3'"
    assert "from rtsp://***@c/1 to [rtsp://***@f/2], not https://x.y/@z or 'rtsp://***@i/3'" == mask(text)


def test_given_secrets_are_masked_wherever_they_are() -> None:
    assert "Bearer ***, ***!" == mask("Bearer k-123, k-123!", ["k-123", ""])


@pytest.mark.parametrize("unit", ["://a:", "://", "://a@", "://a:b/", "a@", "@://'"])
def test_masking_takes_linear_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit)) + "@"
    began = time.process_time()
    mask(text)
    assert time.process_time() - began < 2


@given(st.text(), st.lists(st.text(min_size=1, max_size=5), max_size=2), st.integers(1, 50))
def test_a_preview_is_printable_and_never_longer_than_its_limit(text: str, secrets: list[str], limit: int) -> None:
    shown = preview(text, secrets, limit=limit)
    assert len(shown) <= limit
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
        ("line\u2028paragraph\u2029", r"line\u2028paragraph\u2029"),
        ("half \ud800", r"half \ud800"),
        ("Grüße, 東京", "Grüße, 東京"),
    ],
)
def test_control_characters_are_escaped_and_letters_are_not(text: str, shown: str) -> None:
    assert shown == preview(text)


def test_a_preview_ends_in_an_ellipsis_where_it_was_cut() -> None:
    assert "abcd…" == preview("abcdefgh", limit=5)


def test_nothing_of_a_password_that_begins_before_the_cut_is_shown() -> None:
    assert "x" * 190 + " rtsp://*…" == preview("x" * 190 + " rtsp://user:secret@cam/1", limit=200)
    assert "secret" not in preview("rtsp://user:" + "secret" * 300 + "@cam/1", limit=40)


def test_presentable_masks_and_cuts_inside_of_objects_and_arrays() -> None:
    value = {"urls": ["rtsp://u:p@cam/1"], "frame": "x" * 1_000_000, "n": 1, "none": None}
    assert {
        "urls": ["rtsp://***@cam/1"],
        "frame": "x" * 40 + "… (1,000,000 characters)",
        "n": 1,
        "none": None,
    } == presentable(value)
