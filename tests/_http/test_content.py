"""A body is decoded and collected in memory of its own size, whatever its encoding and however it is cut."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client import ResponseValidationError
from trio_client._http.content import BodyCollector

LIMIT = 2 * 2**20


def collect(chunks: list[bytes], encoding: str = "", limit: int = LIMIT) -> bytes:
    body = BodyCollector(encoding=encoding, announced="", limit=limit)
    for chunk in chunks:
        body.feed(chunk)
    return body.finish()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.lists(st.integers(min_value=0), max_size=8))
def test_members_of_gzip_are_read_one_after_the_other_however_they_are_cut(
    members: list[bytes], places: list[int]
) -> None:
    data = b"".join(gzip.compress(member) for member in members)
    assert collect(cut(data, places), "gzip") == b"".join(members)


@given(st.binary(min_size=1, max_size=50).filter(lambda data: not data.startswith(b"\x1f")))
def test_what_follows_a_member_and_is_none_is_an_error(garbage: bytes) -> None:
    with pytest.raises(ResponseValidationError, match="decoded"):
        collect([gzip.compress(b"x"), garbage], "gzip")


@pytest.mark.parametrize("wbits", [15, -15], ids=["zlib", "raw"])
def test_what_follows_deflate_is_an_error(wbits: int) -> None:
    packer = zlib.compressobj(wbits=wbits)
    data = packer.compress(b"x") + packer.flush()
    assert collect([data], "deflate") == b"x"
    with pytest.raises(ResponseValidationError, match="decoded"):
        collect([data, b"more"], "deflate")


def test_a_member_that_is_cut_is_an_error() -> None:
    with pytest.raises(ResponseValidationError, match="too early"):
        collect([gzip.compress(b"x"), gzip.compress(b"y")[:-3]], "gzip")


@pytest.mark.parametrize("encoding", ["", "none", "identity", " Identity , none ", ","])
def test_no_encoding_has_several_names(encoding: str) -> None:
    assert collect([b"a", b"b"], encoding) == b"ab"


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "gzip, br", "x"])
def test_what_was_not_asked_for_is_an_error(encoding: str) -> None:
    with pytest.raises(ResponseValidationError, match="not supported"):
        collect([b"a"], encoding)


def peak_of(chunks: list[bytes], encoding: str = "", limit: int = LIMIT) -> int:
    """Return the most memory that it took until the body was found too large."""
    tracemalloc.start()
    try:
        with pytest.raises(ResponseValidationError, match="max_body_bytes"):
            collect(chunks, encoding, limit)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [2, 1000])
def test_tiny_chunks_take_the_memory_of_their_bytes(size: int) -> None:
    limit = 2**18
    assert peak_of([b"x" * size] * (limit // size + 1), limit=limit) < 2 * limit


@pytest.mark.thorough
def test_a_bomb_takes_the_memory_of_the_limit() -> None:
    assert peak_of([gzip.compress(b"\0" * 64 * LIMIT)], "gzip") < 2 * LIMIT


def test_a_bomb_of_empty_members_takes_linear_time() -> None:
    assert collect([gzip.compress(b"") * 50_000], "gzip") == b""
