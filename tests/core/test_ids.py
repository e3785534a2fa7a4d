"""An id becomes exactly one path segment, or is refused before anything is sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client._core.validation import path_segment
from trio_client.errors import RequestValidationError


@pytest.mark.parametrize(
    "value",
    [
        *("", ".", "..", "%2e", "%2E%2e", ".%2e", "a/b", "../live-monitor", "a\\b", "a?x", "a#b", "%2F", "a%5cb"),
        *(" ", "a b", "a\nb", "a\r\nHost: x", "\x00", "a\x7f", "a\x85", "\ud800"),
    ],
)
def test_what_would_leave_its_segment_is_refused(value: str) -> None:
    with pytest.raises(RequestValidationError, match=r"^job_id is ") as caught:
        path_segment(value, "job_id")
    assert ("job_id", value) == (caught.value.field, caught.value.value)


@pytest.mark.parametrize("value", [None, 5, b"a", ["a"]])
def test_what_is_no_text_is_refused_with_its_type(value: Any) -> None:
    with pytest.raises(RequestValidationError, match=f"a {type(value).__name__}\\. Pass the id as a str"):
        path_segment(value, "job_id")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3c90c3cc-0d44-4b50-8888-8dd25736052a", "3c90c3cc-0d44-4b50-8888-8dd25736052a"),
        ("abc-123", "abc-123"),
        ("a.b", "a.b"),
        ("...", "..."),
        ("a:b@c", "a%3Ab%40c"),
        ("50%", "50%25"),
        ("Zürich", "Z%C3%BCrich"),
    ],
)
def test_any_other_id_is_percent_encoded(value: str, expected: str) -> None:
    assert expected == path_segment(value, "job_id")


@given(st.text())
def test_it_is_one_segment_that_decodes_to_the_id_or_an_error(value: str) -> None:
    try:
        found = path_segment(value, "job_id")
    except RequestValidationError:
        return
    assert value == unquote(found)
    assert not {*found} & {*"/\\?# \n"}
    assert found not in ("", ".", "..")
