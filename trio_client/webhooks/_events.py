"""From the bytes of a webhook to its event, and how old that event may be."""

from __future__ import annotations

import math
from typing import Any

from .._json import parse_json
from .._numbers import is_number
from .._redaction import kind_of
from .._times import show_duration
from ..errors import ConfigurationError, WebhookPayloadError, WebhookSignatureError
from ..events import Event
from ..events._normalise import build_event

__all__ = ["check_age", "check_seconds", "event_of"]


def event_of(content: bytes) -> Event:
    """Return the event of a body's bytes."""
    try:
        payload: Any = parse_json(content)
    except ValueError as error:
        raise WebhookPayloadError(f"The body is not JSON ({error}).", advice="Answer 400.") from None
    if not isinstance(payload, dict):
        raise WebhookPayloadError(f"The body is JSON but {kind_of(payload)}, not an object.", advice="Answer 400.")
    return build_event(payload, "webhook", "")


def check_seconds(name: str, value: Any) -> None:
    """Refuse a time that is not a finite number of seconds, more than 0."""
    if not (is_number(value) and math.isfinite(value) and value > 0):
        raise ConfigurationError(f"{name} is {value!r}; it must be a number of seconds, more than 0.")


def check_age(event: Event, max_age: float, now: float) -> None:
    """Refuse an event whose own time is more than `max_age` seconds from now, in either direction.

    The signature covers the time, so a recorded delivery cannot be replayed later.
    """
    if event.occurred_at is None:
        raise WebhookSignatureError("The event does not say when it happened, so max_age cannot be held.")
    age = now - event.occurred_at.timestamp()
    if abs(age) > max_age:
        when = f"{show_duration(age)} old" if age > 0 else f"{show_duration(-age)} in the future"
        raise WebhookSignatureError(f"The event is {when}; max_age allows {show_duration(max_age)}.")
