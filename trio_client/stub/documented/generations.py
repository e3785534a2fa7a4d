"""The generations of the documentation, as far as replies and events differ. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

__all__ = ["GENERATIONS", "NEWEST", "PUBLISHED", "Generation", "Traits", "WebhookShape", "traits_of"]

Generation = Literal["G1", "G2", "G3", "G4"]
"""`G1`: early February 2026, without a prefix and without keys; `G2`: the minimal pages under "monitoring"; `G3`: the
first full schemas, with three ways of delivery; `G4`: the present documentation."""

WebhookShape = Literal["envelope", "status", "mixed", "flat", "keyed", "minimal"]
"""`envelope`: fields in `data`, no job id with triggers; `status`: the oldest guide's, `job_status` with `details`;
`mixed`: counters at the top, the alert in `data`; `flat`: all at the top, unix time in `ts`; `keyed`: flat, the type in
`event`; `minimal`: triggers only, without any details."""

NEWEST: Generation = "G4"
PUBLISHED: Mapping[Generation, str] = {
    "G1": "early February 2026",
    "G2": "February 2026",
    "G3": "February to March 2026",
    "G4": "March 2026, the newest",
}
"""When each generation was published, in words."""
_LATE = frozenset({"monitor_duration_seconds", "trigger_cooldown_seconds", "max_triggers"})
_CLIPS = frozenset({"input_mode", "clip_duration_seconds"})
_DIGEST = frozenset({"webhook_url", "max_windows", "include_frames"})
_OLD_NAMES = {"started": "job_started", "stopped": "job_stopped"}
_OLD_DATA: dict[str, tuple[str, ...]] = {
    "started": ("job_id", "stream_url"),
    "progress": ("frames_captured", "frames_needed"),
    "stopped": ("job_id", "reason", "summaries_generated"),
}


@dataclass(frozen=True)
class Traits:
    """How a generation differs from the newest.

    Args:
        unknown: request fields, by schema, that it does not know yet and ignores.
        open_ended: a monitor keeps running after a trigger, until its time is up.
        streams_monitors: whether a monitor can be followed by SSE.
        trigger_ends_stream: a stream ends with `triggered`, without `stopped`.
        digest_streams: a digest is always answered by SSE, whatever the request asks for.
        digest_names: the names of a digest's SSE events, where they differ.
        digest_data: the only fields of a digest's SSE events, where they are fewer.
        webhook_required: a monitor needs a webhook.
        webhook_shape: how webhooks are laid out.
        needs_key: whether a request needs a key when no keys are named.
        short_replies: the reply to a create has only `job_id` and `status`, and list items have no counters.
        details: settings and counters of a job are one object, `details`.
        model: a check has `model` instead of `latency_ms`.
        valid: a validation has `valid` beside `is_live`, and no `parsed_url`; GET /validate-url exists too.
        analyzes_frames: whether there is an /analyze-frame.
    """

    unknown: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    open_ended: bool = False
    streams_monitors: bool = True
    trigger_ends_stream: bool = False
    digest_streams: bool = False
    digest_names: Mapping[str, str] = field(default_factory=dict[str, str])
    digest_data: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    webhook_required: bool = False
    webhook_shape: WebhookShape = "envelope"
    needs_key: bool = True
    short_replies: bool = False
    details: bool = False
    model: bool = False
    valid: bool = False
    analyzes_frames: bool = True

    def known(self, schema: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a request that this generation knows."""
        unknown = self.unknown.get(schema, frozenset())
        return {name: value for name, value in body.items() if name not in unknown}

    def event(self, job_type: str, name: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """An SSE event under the name and with the fields that it had."""
        if job_type != "live-digest":
            return name, data
        fields = self.digest_data.get(name)
        kept = data if fields is None else {key: data[key] for key in fields if key in data}
        return self.digest_names.get(name, name), kept


GENERATIONS: dict[Generation, Traits] = {
    "G1": Traits(
        unknown={"LiveMonitorRequest": _LATE | _CLIPS, "LiveDigestRequest": _DIGEST, "CheckOnceRequest": _CLIPS},
        open_ended=True,
        streams_monitors=False,
        digest_streams=True,
        digest_names=_OLD_NAMES,
        digest_data=_OLD_DATA,
        webhook_shape="status",
        needs_key=False,
        details=True,
        model=True,
        valid=True,
        analyzes_frames=False,
    ),
    "G2": Traits(
        unknown={
            "LiveMonitorRequest": _LATE | _CLIPS | {"interval_seconds"},
            "LiveDigestRequest": _DIGEST,
            "CheckOnceRequest": _CLIPS | {"include_frame"},
        },
        open_ended=True,
        streams_monitors=False,
        digest_streams=True,
        digest_names=_OLD_NAMES,
        digest_data=_OLD_DATA,
        webhook_required=True,
        short_replies=True,
        analyzes_frames=False,
    ),
    "G3": Traits(
        unknown={"LiveMonitorRequest": _LATE},
        trigger_ends_stream=True,
        digest_names=_OLD_NAMES,
        analyzes_frames=False,
    ),
    "G4": Traits(),
}


def traits_of(generation: object) -> Traits:
    """The traits of a generation; one that is not known is refused."""
    for name in get_args(Generation):
        if name == generation:
            return GENERATIONS[name]
    raise ValueError(f"generation must be one of {', '.join(GENERATIONS)}, not {generation!r}")
