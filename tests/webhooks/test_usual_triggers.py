"""The quick way to a trigger's event says what the thorough way says."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trio_client.events import from_payload
from trio_client.events._normalise import _Fields, _triggered, _usual_trigger

KEYS = st.sampled_from(
    ["type", "timestamp", "source_url", "stream_url", "job_id", "jobId", "explanation", "condition", "triggered",
     "frame_b64", "latency_ms", "ts", "details", "stats", "else"]
)  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(""), st.text(max_size=5), st.just("2026-02-01T10:00:00.000001Z")
)
FIELDS = st.dictionaries(KEYS, VALUES, max_size=8)


@given(FIELDS, st.one_of(st.none(), st.just([]), FIELDS), st.booleans())
def test_both_ways_agree(top: dict[str, Any], data: Any, flag: bool) -> None:
    payload = {**top, "data": data} if data is not None else dict(top)
    if flag:
        (data if isinstance(data, dict) else payload)["triggered"] = True
    quick = _usual_trigger(payload, "webhook", "watch_triggered")
    assert quick is None or quick == _triggered(_Fields(payload, "webhook", "watch_triggered"))


def test_the_quick_way_is_taken_for_what_the_api_sends() -> None:
    data = {"condition": "a van", "triggered": True, "explanation": "A van.", "frame_b64": "AAAA"}
    payload = {"type": "watch_triggered", "timestamp": "2026-02-01T10:00:00Z", "source_url": "rtsp://a/1", "data": data}
    assert _usual_trigger(payload, "webhook", "watch_triggered") == from_payload(payload)
    flat = {"job_id": "a1", "timestamp": "2026-02-01T10:00:00Z", **data}
    assert _usual_trigger(flat, "sse", "triggered") is not None
