"""An event's own time bounds how long a recorded delivery can be sent again."""

from __future__ import annotations

from typing import Any

import pytest

from trio_client import ConfigurationError, webhooks
from trio_client.webhooks import WebhookSignatureError

NOW = 1_769_940_000.0  # 2026-02-01T10:00:00Z
BODY = b'{"type": "job_started", "timestamp": "2026-02-01T10:00:00Z", "data": {"job_id": "a1"}}'
HEADERS = {"x-trio-signature": webhooks.sign(BODY, "s3cret")}


@pytest.mark.parametrize("offset", [-300, -1, 0, 1, 300])
def test_within_the_age_allowed_it_passes(offset: float) -> None:
    event = webhooks.unwrap(BODY, HEADERS, "s3cret", max_age=300, clock=lambda: NOW + offset)
    assert event.job_id == "a1"


@pytest.mark.parametrize(("offset", "said"), [(301, "301 s old"), (-301, "301 s in the future")])
def test_beyond_it_is_refused_on_both_sides(offset: float, said: str) -> None:
    with pytest.raises(WebhookSignatureError, match=said):
        webhooks.unwrap(BODY, HEADERS, "s3cret", max_age=300, clock=lambda: NOW + offset)


def test_an_event_without_a_time_is_refused_where_an_age_is_asked_for() -> None:
    body = b'{"type": "job_status", "job_id": "a1", "status": "running"}'
    headers = {"x-trio-signature": webhooks.sign(body, "s3cret")}
    assert webhooks.unwrap(body, headers, "s3cret").kind == "status"
    with pytest.raises(WebhookSignatureError, match="does not say when"):
        webhooks.unwrap(body, headers, "s3cret", max_age=300)


def test_the_signature_is_checked_first() -> None:
    with pytest.raises(WebhookSignatureError, match="does not match"):
        webhooks.unwrap(BODY, HEADERS, "another", max_age=300, clock=lambda: NOW + 9999)


@pytest.mark.parametrize("max_age", ["300", True, 0, -1, float("nan"), float("inf")])
def test_an_age_that_is_no_number_of_seconds_is_refused(max_age: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_age is"):
        webhooks.unwrap(BODY, HEADERS, "s3cret", max_age=max_age, clock=lambda: NOW)
