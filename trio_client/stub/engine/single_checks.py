"""The answers about single pictures: deterministic, and made without a model."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from ..documented.errors import ApiError
from .pictures import picture
from .scene import Scene

__all__ = ["analyze_frame", "check_once"]

MAX_FRAME_BYTES = 10 * 2**20
_YES_NO = re.compile(r"\s*(is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|any)\b", re.IGNORECASE)


def check_once(scene: Scene, age: float, request: dict[str, Any]) -> dict[str, Any]:
    """The result of one check of a stream, `age` stub-seconds after its scene was set."""
    condition = request["condition"]
    met = scene.holds_now(age)
    result: dict[str, Any] = {
        "triggered": met,
        "explanation": scene.explanation(condition, met=met),
        "latency_ms": scene.latency_ms,
    }
    if request.get("include_frame"):
        result["frame_b64"] = scene.frame_base64(condition, met=met)
    return result


def analyze_frame(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to a question about one picture: no for the empty yard, yes for any other.

    A question that cannot be answered by yes or no has no `triggered`.
    """
    frame = _decode(request["frame_b64"])
    question = request["question"]
    empty = frame == picture("empty")
    if _YES_NO.match(question):
        met: bool | None = not empty
        answer = f"{'No' if empty else 'Yes'}, judging by what the picture shows. ({question})"
    else:
        met = None
        seen = "an empty yard with a closed gate" if empty else "a yard with an open gate"
        answer = f"The picture shows {seen}."
    shown = request["frame_b64"] if request.get("include_frame") else None
    return {"answer": answer, "triggered": met, "latency_ms": Scene().latency_ms, "frame_b64": shown}


def _decode(text: str) -> bytes:
    try:
        frame = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError("BAD_REQUEST", "frame_b64 is not valid base64.") from None
    if not frame or len(frame) > MAX_FRAME_BYTES:
        raise ApiError("BAD_REQUEST", f"The frame must have 1 to {MAX_FRAME_BYTES} bytes, not {len(frame)}.")
    return frame
