"""A URL that is put together from parts that are parsed already is the one that httpx would make of it."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client._http._sync.sender import _url


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8000/api/jobs",
        "http://127.0.0.1:8000/api/jobs?",
        "http://127.0.0.1:8000/api/jobs?limit=100&offset=300",
        "https://[::1]/jobs?status=running",
        "https://api.example:443/a%20b?name=caf%C3%A9+au+lait",
        "https://api.example/jobs?a=b#c",
        "https://api.example/jobs?a?b",
        "https://bücher.example/jobs?limit=1",
    ],
)
def test_it_is_the_same(text: str) -> None:
    assert (httpx.URL(text), httpx.URL(text).raw_path) == (_url(text), _url(text).raw_path)
    assert str(httpx.URL(text)) == str(_url(text))


@given(st.text())
def test_any_query_is_the_same(query: str) -> None:
    text = f"https://api.example/jobs?{query}"
    try:
        wanted = httpx.URL(text)
    except httpx.InvalidURL:
        with pytest.raises(httpx.InvalidURL):
            _url(text)
    else:
        assert (str(wanted), wanted.raw_path) == (str(_url(text)), _url(text).raw_path)
