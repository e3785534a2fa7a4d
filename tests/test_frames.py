"""A frame is a picture that is not decoded until asked."""

from __future__ import annotations

import base64
import copy
import pickle
from pathlib import Path

import pytest

from trio_client import Frame
from trio_client.errors import ResponseValidationError

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(20)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(20)
TEXT = base64.b64encode(JPEG).decode()


@pytest.mark.parametrize(
    "content",
    [
        JPEG,
        TEXT,
        "data:image/jpeg;base64," + TEXT,
        "DATA:image/jpeg;base64," + TEXT,
        "\n".join(TEXT[start : start + 8] for start in range(0, len(TEXT), 8)),
    ],
)
def test_a_frame_gives_the_same_bytes_however_it_came(content: str | bytes) -> None:
    frame = Frame(content)
    assert (JPEG, "image/jpeg") == (frame.data, frame.media_type)


def test_the_base64_text_has_no_data_uri_prefix() -> None:
    assert TEXT == Frame("data:image/jpeg;base64," + TEXT).base64 == Frame(JPEG).base64


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (b"GIF89a", "image/gif"),
        (b"BM6\x00", "image/bmp"),
        (WEBP, "image/webp"),
        (b"%PDF", "application/octet-stream"),
        (b"", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("!", "application/octet-stream"),
        ("ü" * 30, "application/octet-stream"),
    ],
)
def test_the_media_type_follows_from_the_first_bytes_and_never_raises(content: str | bytes, media_type: str) -> None:
    assert media_type == Frame(content).media_type


@pytest.mark.parametrize("content", ["!!!!", "no base64, this", "A", "ü", "/9j/*", TEXT[:-1]])
def test_text_that_is_not_base64_is_one_documented_error(content: str) -> None:
    with pytest.raises(ResponseValidationError, match="not base64"):
        _ = Frame(content).data


@pytest.mark.parametrize(
    ("content", "asked", "written"),
    [(JPEG, "a", "a.jpg"), (PNG, "a", "a.png"), (WEBP, "a", "a.webp"), (b"?", "a", "a.bin"), (JPEG, "a.dat", "a.dat")],
)
def test_saving_adds_the_suffix_where_there_is_none(content: bytes, asked: str, written: str, tmp_path: Path) -> None:
    assert tmp_path / written == Frame(content).save(tmp_path / asked)
    assert content == (tmp_path / written).read_bytes()


@pytest.mark.parametrize("content", [JPEG * 100_000, TEXT * 100_000, "", "data:image/jpeg;base64," + TEXT])
def test_its_repr_is_short_and_shows_no_picture(content: str | bytes) -> None:
    shown = repr(Frame(content))
    assert len(shown) < 100
    assert TEXT not in shown


def test_frames_are_equal_if_their_pictures_are() -> None:
    assert Frame(JPEG) == Frame(TEXT) == Frame("data:image/jpeg;base64," + TEXT)
    assert 1 == len({Frame(JPEG), Frame(TEXT)})
    assert Frame(JPEG) != Frame(PNG)
    assert Frame(JPEG) != JPEG


def test_a_frame_can_be_pickled_and_copied() -> None:
    frame = Frame(TEXT)
    assert frame == pickle.loads(pickle.dumps(frame)) == copy.deepcopy(frame)


def test_a_notebook_gets_the_picture_and_text_where_there_is_none() -> None:
    assert {"image/jpeg": JPEG, "text/plain": repr(Frame(JPEG))} == Frame(JPEG)._repr_mimebundle_()
    for broken in ("!!!!", TEXT + "*"):
        assert {"text/plain": repr(Frame(broken))} == Frame(broken)._repr_mimebundle_(include=None, exclude=None)
