"""Whatever a sender does, only the documented errors and answers come of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client import webhooks
from trio_client.webhooks import Deduplicator, WebhookError, WebhookPayloadError, WebhookSignatureError
from trio_client.webhooks.wsgi import WebhookApp

SECRET = "s3cret"
VALUES = st.one_of(
    st.text(max_size=80),
    st.text("0123456789abcdefABCDEF", min_size=60, max_size=70),
    st.binary(max_size=80),
    st.just("sha256="),
    st.just("\x00" * 64),
    st.just("é" * 64),
    st.just("a" * 100_000),
)
NAMES = st.sampled_from(["X-Trio-Signature", "x-trio-signature", "HTTP_X_TRIO_SIGNATURE", "Host", "", "\x00"])
MAPPINGS = st.dictionaries(st.one_of(NAMES, st.text(max_size=20)), VALUES, max_size=5)
PAIRS = st.lists(
    st.tuples(st.one_of(st.just(b"x-trio-signature"), st.binary(max_size=20)), st.binary(max_size=80)), max_size=5
)
KEYS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["type", "event", "data", "details", "stats", "timestamp", "ts", "job_id", "source_url", "stream_url", "status",
         "triggered", "explanation", "frame_b64", "error", "reason", "recoverable", "summary", "condition",
         "latency_ms"]
    ),
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
KINDS = st.sampled_from(["watch_triggered", "job_stopped", "error", "job_status", "summary_generated", "job_started"])


@st.composite
def bodies(draw: st.DrawFn) -> bytes | str:
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(st.binary(max_size=200))
    if kind == 1:
        return draw(st.text(max_size=200))
    value: Any = draw(st.dictionaries(KEYS, JSON, max_size=6))
    if kind == 2 and draw(st.booleans()):
        value["type"] = draw(KINDS)
    return json.dumps(value)


@given(bodies(), st.one_of(MAPPINGS, PAIRS))
def test_an_unsigned_delivery_is_refused_with_the_documented_error(body: bytes | str, headers: Any) -> None:
    with pytest.raises(WebhookSignatureError) as caught:
        webhooks.unwrap(body, headers, SECRET)
    assert webhooks.sign(body, SECRET) not in str(caught.value)
    assert SECRET not in str(caught.value)


@given(bodies())
def test_a_signed_delivery_is_an_event_or_the_documented_error(body: bytes | str) -> None:
    headers = {"x-trio-signature": webhooks.sign(body, SECRET)}
    try:
        event = webhooks.unwrap(body, headers, SECRET)
    except WebhookPayloadError:
        return
    assert event.delivery == "webhook"
    assert isinstance(repr(event), str)
    assert event.dedup_key is None or len(event.dedup_key) == 64


@given(bodies(), st.one_of(MAPPINGS, PAIRS), st.sampled_from(["POST", "GET", "DELETE", "post"]), st.booleans())
def test_a_receiver_answers_with_the_documented_statuses(
    body: bytes | str, headers: Any, method: str, signed: bool
) -> None:
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    if signed:
        headers = {"x-trio-signature": webhooks.sign(raw, SECRET)}
    app = WebhookApp(lambda _: None, secret=SECRET, deduplicator=Deduplicator(), max_body_bytes=150)
    answer = app.receive(method, headers, raw)
    assert answer.status in ({200, 400, 413} if signed and method == "POST" else {401, 405, 413})
    assert answer.status != 405 or method != "POST"
    assert SECRET not in answer.text


@given(st.binary(max_size=100), st.integers(0, 99), st.integers(1, 255))
def test_one_changed_byte_is_found(body: bytes, place: int, change: int) -> None:
    headers = {"x-trio-signature": webhooks.sign(body, SECRET)}
    changed = bytearray(body or b"x")
    changed[place % len(changed)] ^= change
    with pytest.raises(WebhookError):
        webhooks.verify(bytes(changed), headers, SECRET)
