"""Replies that are no good: each ends in one error of this package, and the next call is not disturbed."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from raw_server import CLOSE, HOLD, RESET, RawServer, dribble, reply

from trio_client import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncTrioClient,
    AuthenticationError,
    CreateOutcomeUnknownError,
    ResponseValidationError,
    RetryPolicy,
    ServerError,
    Timeout,
    TrioError,
)

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
NO_JOBS = reply({"jobs": []})
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"


async def test_half_a_head_and_then_silence_is_a_timeout(connect: Connect) -> None:
    with RawServer([b"HTTP/1.1 200 OK\r\ncontent-ty", HOLD]) as server:
        client = connect(base_url=server.base_url, timeout=Timeout(response=0.1), retry=None)
        with pytest.raises(APITimeoutError) as caught:
            await client.jobs.list()
    assert ("response", True) == (caught.value.phase, caught.value.request_sent)


async def test_half_a_body_and_then_silence_is_a_timeout(connect: Connect) -> None:
    with RawServer([reply(b"{", content_length="100"), HOLD]) as server:
        client = connect(base_url=server.base_url, timeout=Timeout(response=0.1), retry=None)
        with pytest.raises(APITimeoutError) as caught:
            await client.jobs.list()
    assert ("response", True) == (caught.value.phase, caught.value.request_sent)


@pytest.mark.own_connections
async def test_a_create_that_is_answered_by_dribble_is_sent_once(connect: Connect) -> None:
    with RawServer(dribble(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 500, 0.02), NO_JOBS) as server:
        policy = RetryPolicy(deadline=0.2, reconcile_for=1)
        begun = time.monotonic()
        with pytest.raises(CreateOutcomeUnknownError):
            await connect(base_url=server.base_url, retry=policy).live_monitor.create("rtsp://c/1", "open")
        assert time.monotonic() - begun < 8  # not the ten seconds that it dribbles
        assert 1 == sum(request.startswith(b"POST") for request in server.requests)


@pytest.mark.parametrize(
    "script",
    [
        [b"\x16\x03\x01 not http at all\r\n\r\n", CLOSE],
        [b"HTTP/1.1 two hundred\r\n\r\n", CLOSE],
        [b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}", CLOSE],
        [b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}", CLOSE],
        [b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", CLOSE],
        [b"HTTP/1.1 200 OK\r\n", *[b"x: " + b"y" * 60_000 + b"\r\n"] * 4, CLOSE],
        [b"", CLOSE],
        [b"", RESET],
        [reply(b'{"jobs"', content_length="100"), CLOSE],
        [reply(b'{"jobs"', content_length="100"), RESET],
        [CHUNKED + b'c\r\n{"jobs": []}\r\n', CLOSE],
        [CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n", CLOSE],
        [CHUNKED + b'c\r\n{"jobs": []}xx0\r\n\r\n', CLOSE],
    ],
    ids=[
        "tls",
        "status",
        "length",
        "two lengths",
        "header",
        "huge head",
        "closed",
        "reset",
        "cut",
        "cut by reset",
        "no last chunk",
        "chunk size",
        "chunk end",
    ],
)
async def test_what_is_not_http_is_a_connection_error(connect: Connect, script: Any) -> None:
    with RawServer(script, script, NO_JOBS) as server:
        client = connect(base_url=server.base_url)
        with pytest.raises(APIConnectionError) as caught:
            await client.with_options(retry=None).jobs.list()
        assert (True, server.base_url[7:-4] in str(caught.value)) == (caught.value.request_sent, True)
        await client.with_options(retry=RetryPolicy(max_attempts=2)).jobs.list()
        assert 3 == len(server.requests)


@pytest.mark.own_connections
@pytest.mark.parametrize("surplus", [reply({"jobs": [{"job_id": "planted"}]}), b"x" * 100])
async def test_bytes_after_a_reply_are_never_the_next_reply(connect: Connect, surplus: bytes) -> None:
    with RawServer(NO_JOBS + surplus, NO_JOBS) as server:
        client = connect(base_url=server.base_url)
        for _ in range(3):
            assert 0 == len(await client.jobs.list())


def framed(body: bytes, framing: str) -> bytes:
    """A reply in one of the ways to say where its body ends."""
    head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
    if "gzip" in framing:
        body, head = gzip.compress(body), f"{head}content-encoding: gzip\r\n"
    if "chunked" not in framing:
        return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    chunks = [body[start : start + 5] for start in range(0, len(body), 5)]
    end = b"0\r\nx-trailer: 1\r\n\r\n" if "trailer" in framing else b"0\r\n\r\n"
    return (
        f"{head}transfer-encoding: chunked\r\n\r\n".encode()
        + b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in chunks)
        + end
    )


FRAMINGS = ["length", "chunked", "chunked with a trailer", "length, gzip", "chunked, gzip"]
SURPLUS = [
    reply({"jobs": [{"job_id": "planted"}]}),
    framed(b'{"jobs": [{"job_id": "planted"}]}', "chunked"),
    b"\r\n",
    b"\0",
]


@pytest.mark.own_connections
@pytest.mark.parametrize("surplus", SURPLUS, ids=["a reply", "chunks", "a line", "a byte"])
@pytest.mark.parametrize("framing", FRAMINGS)
async def test_bytes_after_a_reply_in_any_framing_are_never_the_next_reply(
    connect: Connect, framing: str, surplus: bytes
) -> None:
    good = framed(b'{"jobs": []}', framing)
    with RawServer(good + surplus, framed(b'{"jobs": [{"job_id": "mine"}]}', framing)) as server:
        client = connect(base_url=server.base_url, retry=None)
        first, second = [[job.job_id for job in await client.jobs.list()] for _ in range(2)]
    assert (first, second) == ([], ["mine"])


async def test_bytes_after_the_reply_to_a_create_are_never_the_next_reply(connect: Connect) -> None:
    first, planted, second = ({"job_id": name} for name in ("first", "planted", "second"))
    with RawServer(reply(first) + reply(planted), reply(second)) as server:
        client = connect(base_url=server.base_url)
        jobs = [await client.live_monitor.create("rtsp://c/1", "open") for _ in range(2)]
        assert (["first", "second"], 2) == ([job.job_id for job in jobs], server.connections)


@pytest.mark.parametrize("content_type", [None, "text/plain", "", "application/problem+json; charset=x"])
async def test_json_under_another_name_is_json(connect: Connect, content_type: str | None) -> None:
    with RawServer(reply({"jobs": [{"job_id": "a"}]}, content_type=content_type)) as server:
        (job,) = await connect(base_url=server.base_url).jobs.list()
    assert "a" == job.job_id


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Welcome</html>",
        b"[1, 2]",
        b'"text"',
        b"null",
        b"true",
        b"7",
        b"{}",
        b'{"jobs": 7}',
        b'{"jobs": []',
        b'{"jobs": []} {"jobs": []}',
        b"\xff\xfe{\x00}\x00",
        b'{"jobs": [], "x": "\xe4',
        b'{"jobs": [], "x": ' + b"9" * 5000 + b"x}",
        b"[" * 100_000,
        b'{"jobs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"jobs": [], "x": "\\ud800',
    ],
    ids=range(17),
)
async def test_a_body_that_is_no_page_is_one_error_after_one_more_try(connect: Connect, body: bytes) -> None:
    with RawServer(reply(body)) as server:
        with pytest.raises(ResponseValidationError, match="JobPage") as caught:
            await connect(base_url=server.base_url).jobs.list()
        assert (2, 200) == (len(server.requests), caught.value.status_code)
        assert len(str(caught.value)) + len(caught.value.body_preview) < 2000


async def test_an_unusable_body_may_be_usable_the_second_time(connect: Connect) -> None:
    with RawServer(reply(b"<html>hiccup</html>", content_type="text/html"), NO_JOBS) as server:
        assert 0 == len(await connect(base_url=server.base_url).jobs.list())


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress)],
    ids=["gzip", "x-gzip", "upper case", "deflate"],
)
async def test_an_encoding_that_was_not_requested_is_decoded(
    connect: Connect, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    with RawServer(reply(pack(b'{"jobs": [{"job_id": "a"}]}'), content_encoding=encoding)) as server:
        (job,) = await connect(base_url=server.base_url).jobs.list()
    assert "a" == job.job_id


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gzip", gzip.compress(b'{"jobs": []}', mtime=0)[:-4]),
        ("gzip", b'{"jobs": []}'),
        ("gzip, gzip", gzip.compress(gzip.compress(b'{"jobs": []}', mtime=0), mtime=0)),
        ("br", b"\x0b\x05\x80"),
        ("zstd", b"\x28\xb5\x2f\xfd"),
    ],
    ids=["cut", "not gzip", "twice", "br", "zstd"],
)
async def test_an_encoding_that_cannot_be_decoded_is_an_error(connect: Connect, encoding: str, content: bytes) -> None:
    script = reply(content, content_encoding=encoding)
    with RawServer(script) as server, pytest.raises(ResponseValidationError, match="decoded"):
        await connect(base_url=server.base_url).jobs.list()


async def test_a_bomb_is_not_unpacked(connect: Connect) -> None:
    packer = zlib.compressobj(wbits=31)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    megabyte = packer.compress(b"\0" * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    with RawServer([b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", head + megabyte * 512, CLOSE]) as server:
        client = connect(base_url=server.base_url, max_body_bytes=2**20)
        tracemalloc.start()
        try:
            with pytest.raises(ResponseValidationError, match="max_body_bytes"):
                await client.jobs.list()
            assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
        finally:
            tracemalloc.stop()


async def test_a_body_announced_as_huge_is_not_read(connect: Connect) -> None:
    script = [reply(b"", content_length=str(10 * 2**30)), HOLD]
    with RawServer(script) as server, pytest.raises(ResponseValidationError, match="max_body_bytes"):
        await connect(base_url=server.base_url).jobs.list()


async def test_a_body_without_end_is_read_up_to_the_limit(connect: Connect) -> None:
    script = [CHUNKED, *[b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n"] * 100, HOLD]
    with RawServer(script) as server, pytest.raises(ResponseValidationError, match="max_body_bytes"):
        await connect(base_url=server.base_url, max_body_bytes=2**20).jobs.list()


async def test_the_body_of_an_error_that_is_too_large_is_not_read(connect: Connect) -> None:
    script = [reply(b"", "401 Unauthorized", content_length=str(10 * 2**30)), HOLD]
    with RawServer(script) as server, pytest.raises(AuthenticationError) as caught:
        await connect(base_url=server.base_url).jobs.list()
    assert caught.value.body_preview == ""


@pytest.mark.parametrize("status", ["204 No Content", "205 Reset Content", "206 Partial Content", "299 Odd"])
async def test_a_success_without_a_page_is_an_error(connect: Connect, status: str) -> None:
    with RawServer(reply(b"", status)) as server, pytest.raises(ResponseValidationError, match="empty") as caught:
        await connect(base_url=server.base_url).jobs.list()
    assert int(status[:3]) == caught.value.status_code


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308, 399])
@pytest.mark.parametrize("location", ["/api/jobs", "https://elsewhere.example/", "file:///etc/passwd", "http://[", ""])
async def test_a_redirect_is_not_followed(connect: Connect, location: str, status: int) -> None:
    with RawServer(reply(b"", f"{status} Elsewhere", location=location)) as server:
        with pytest.raises(APIStatusError, match="redirect"):
            await connect(base_url=server.base_url).jobs.list()
        assert 1 == len(server.requests)


async def test_an_error_page_is_shown_in_one_printable_line(connect: Connect) -> None:
    page = "<html>\x1b[31mBad\r\nGateway\x00" + "x" * 100_000
    script = reply(page, "502 Bad Gateway", content_type="text/html")
    with RawServer(script) as server, pytest.raises(ServerError, match="HTML") as caught:
        await connect(base_url=server.base_url).jobs.list()
    assert f"{caught.value}{caught.value.body_preview}".isprintable()
    assert len(caught.value.body_preview) <= 500


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": {"code": "X", "message": "broken", "remediation": "Mend it."}}, "400 X: broken. Mend it."),
        ({"error": "broken"}, "broken"),
        ({"detail": "broken"}, "broken"),
        ({"message": "broken"}, "broken"),
        ({"detail": [{"loc": ["body", "x"], "msg": "bad"}]}, "x: bad"),
        ({"error": None}, "gave no reason"),
        ([], "gave no reason"),
        (b"", "gave no reason"),
    ],
)
async def test_every_shape_of_an_error_says_what_it_says(connect: Connect, body: Any, text: str) -> None:
    with RawServer(reply(body, "400 Bad Request")) as server, pytest.raises(APIStatusError) as caught:
        await connect(base_url=server.base_url).jobs.list()
    assert text in str(caught.value)


async def test_provisional_replies_are_passed_over(connect: Connect) -> None:
    with RawServer(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" * 3 + NO_JOBS) as server:
        assert 0 == len(await connect(base_url=server.base_url).jobs.list())


async def test_no_failure_shows_the_key(connect: Connect) -> None:
    scripts: list[Any] = [
        [CLOSE],
        [b"garbage\r\n\r\n", CLOSE],
        reply({"error": {"message": "bad key planted-key-8761"}}, "401 Unauthorized"),
        reply(b"planted-key-8761"),
    ]
    for script in scripts:
        with RawServer(script) as server:
            client = connect(api_key="planted-key-8761", base_url=server.base_url, retry=None)
            with pytest.raises(TrioError) as caught:
                await client.jobs.list()
        error: BaseException | None = caught.value
        while error is not None:
            assert "planted-key-8761" not in f"{error} {error!r} {vars(error)}"
            error = error.__cause__ or error.__context__
