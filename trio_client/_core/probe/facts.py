"""What is worth knowing, what the documentation says of it, and the verdict on what was seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from ..._json import as_array, as_object
from . import observe
from .exchange import Evidence

__all__ = ["Fact", "Verdict", "facts", "stub_options"]

Verdict: TypeAlias = Literal["as_documented", "differs", "undocumented", "not_seen", "skipped"]
_GENERATIONS = ("G1", "G2", "G3", "G4")
_ITEM = ["created_at", "details", "job_id", "job_type", "status", "stream_url"]


@dataclass(frozen=True)
class Fact:
    """One thing that changes what a client of the API does.

    Attributes:
        name: what it is about.
        documented: what the newest documentation says; `None`: nothing.
        source: where it says so.
        generations: the generations of the documentation that fit what was seen.
        seen: what was seen; `None`: nothing.
        verdict: how the two compare.
    """

    name: str
    documented: Any
    source: str | None
    generations: list[str]
    seen: Any
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """Return the fact as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class _Question:
    name: str
    observe: Callable[[Evidence], Any]
    documented: Mapping[str, Any]
    source: str | None = None
    needs: str | None = None


def _in_all(value: Any) -> dict[str, Any]:
    return dict.fromkeys(_GENERATIONS, value)


_MONITOR_EVENTS = ["started", "progress", "triggered", "stopped", "error"]
_DIGEST_EVENTS = ["started", "progress", "summary", "stopped", "error"]
_OLD_DIGEST_EVENTS = ["job_started", "progress", "summary", "job_stopped", "error"]
_WEBHOOKS = ["job_started", "watch_triggered", "summary_generated", "job_stopped", "error"]
_OLD_WEBHOOKS = ["live_monitor_triggered", "job_status", "live_digest_ready", "error"]
_CANCELLED = {"status": 200, "job_status": "stopped", "fields": ["job_id", "status", "message"]}

_QUESTIONS = (
    _Question(
        "monitor_with_accept_event_stream",
        observe.answer_kind("monitor stream"),
        {"G1": "json", "G2": "refused", "G3": "event-stream", "G4": "event-stream"},
        "API reference, Live Monitor (delivery modes)",
    ),
    _Question(
        "monitor_without_accept",
        observe.answer_kind("plain monitor"),
        {"G1": "json", "G2": "refused", "G3": "json", "G4": "json"},
        "API reference, Live Monitor (delivery modes)",
    ),
    _Question(
        "monitor_with_webhook_and_accept",
        observe.answer_kind("webhook monitor"),
        _in_all("json"),
        "API reference, Live Monitor (delivery modes)",
        "webhook",
    ),
    _Question(
        "digest_with_accept_event_stream",
        observe.answer_kind("digest stream"),
        _in_all("event-stream"),
        "API reference, Live Digest (delivery modes)",
    ),
    _Question(
        "digest_without_accept",
        observe.answer_kind("plain digest"),
        {"G1": "event-stream", "G2": "event-stream", "G3": "json", "G4": "json"},
        "API reference, Live Digest (delivery modes)",
    ),
    _Question(
        "monitor_event_names",
        observe.event_names("monitor stream"),
        {"G3": _MONITOR_EVENTS, "G4": _MONITOR_EVENTS},
        "API reference, Live Monitor (events)",
    ),
    _Question("monitor_event_fields", observe.event_fields("monitor stream"), {}),
    _Question(
        "monitor_stream_ends_with",
        observe.stream_end,
        {"G3": "triggered", "G4": "stopped"},
        "Guide, SSE streaming (terminal events)",
    ),
    _Question(
        "digest_event_names",
        observe.event_names("digest stream"),
        {"G1": _OLD_DIGEST_EVENTS, "G2": _OLD_DIGEST_EVENTS, "G3": _OLD_DIGEST_EVENTS, "G4": _DIGEST_EVENTS},
        "API reference, Live Digest (events)",
    ),
    _Question("digest_event_fields", observe.event_fields("digest stream"), {}),
    _Question(
        "status_after_trigger",
        observe.after_trigger,
        {"G1": "running", "G2": "running", "G3": "completed", "G4": "completed"},
        "API reference, Live Monitor (how a monitor ends)",
    ),
    _Question("job_outlives_stream", observe.outlives_stream, {}),
    _Question("list_order", observe.list_order, {}),
    _Question("list_lag_seconds", observe.list_lag, {}),
    _Question("largest_page", observe.page_cap, {}),
    _Question(
        "list_item_fields",
        observe.list_item_fields,
        {"G1": _ITEM, "G2": ["job_id", "status"], "G3": _ITEM, "G4": _ITEM},
        "API reference, List Jobs (items)",
    ),
    _Question("id_form", observe.id_form, _in_all("uuid"), "API reference, Get Job Details (job_id)"),
    _Question("time_form", observe.time_form, _in_all("iso 8601"), "API reference, Get Job Details (created_at)"),
    _Question("clock_skew_seconds", observe.clock_skew, {}),
    _Question(
        "unknown_job",
        observe.refusal("unknown job"),
        _in_all({"status": 404, "code": "JOB_NOT_FOUND"}),
        "Guide, Poll jobs (expired jobs)",
    ),
    _Question(
        "bad_key",
        observe.refusal("bad key"),
        {"G1": {"status": 200}, "G2": {"status": 401}, "G3": {"status": 401}, "G4": {"status": 401}},
        "Start here, Authentication",
    ),
    _Question("bad_field", observe.refusal("bad field"), _in_all({"status": 422}), "Guide, Agent project setup"),
    _Question("cancel", observe.cancel_reply("cancel"), _in_all(_CANCELLED), "API reference, Cancel Job"),
    _Question("cancel_twice", observe.cancel_reply("cancel again"), {}),
    _Question("repeated_idempotency_key", observe.repeated_key, {}, needs="second job"),
    _Question(
        "full_account",
        observe.slots,
        _in_all({"code": "MAX_JOBS_REACHED"}),
        "Guide, Debugging (concurrent jobs)",
        "fill slots",
    ),
    _Question(
        "webhook_names",
        observe.delivery_names,
        {"G1": _OLD_WEBHOOKS, "G3": _WEBHOOKS, "G4": _WEBHOOKS},
        "Guide, Webhooks (types)",
        "webhook",
    ),
    _Question("webhook_fields", observe.delivery_fields, {}, needs="webhook"),
    _Question("webhook_signature", observe.signature, {}, needs="webhook"),
    _Question("webhook_repeated_after_500", observe.deliveries_repeated, {}, needs="webhook"),
)


def facts(seen: Evidence) -> list[Fact]:
    """Return all facts, in a fixed order, with the verdict on each."""
    return [_fact(question, seen) for question in _QUESTIONS]


def _fact(question: _Question, seen: Evidence) -> Fact:
    newest = question.documented.get(_GENERATIONS[-1])
    if question.needs is not None and question.needs not in seen.asked:
        return Fact(question.name, newest, question.source, [], None, "skipped")
    found = question.observe(seen)
    fitting = [name for name in _GENERATIONS if name in question.documented and _fits(question.documented[name], found)]
    verdict: Verdict
    if found is None:
        verdict, fitting = "not_seen", []
    elif newest is None:
        verdict = "undocumented"
    else:
        verdict = "as_documented" if _GENERATIONS[-1] in fitting else "differs"
    return Fact(question.name, newest, question.source, fitting, found, verdict)


def _fits(documented: Any, seen: Any) -> bool:
    """Return whether what was seen agrees: names of events are among those documented, fields at least those."""
    if isinstance(documented, dict):
        found = as_object(seen)
        return all(_fits(value, found.get(name)) for name, value in as_object(documented).items())
    if isinstance(documented, list):
        wanted, have = set(as_array(documented)), set(as_array(seen))
        return bool(have) and (wanted <= have if "job_id" in wanted else have <= wanted)
    return bool(documented == seen)


def stub_options(found: Sequence[Fact]) -> dict[str, Any]:
    """Return the options of the stub server that play what was seen."""
    seen = {fact.name: fact.seen for fact in found if fact.seen is not None}
    options: dict[str, Any] = {}
    if seen.get("list_lag_seconds", 0) >= 1:
        options["list_lag"] = seen["list_lag_seconds"]
    if seen.get("list_order") in ("oldest", "id"):
        options["list_order"] = seen["list_order"]
    status = as_object(seen.get("full_account")).get("status", 429)
    if status != 429:
        options["full_status"] = status
    if seen.get("job_outlives_stream") is False:
        options["jobs_outlive_streams"] = False
    generation = _generation(found)
    return options if generation in (None, _GENERATIONS[-1]) else {"generation": generation, **options}


def _generation(found: Sequence[Fact]) -> str | None:
    """Return the newest generation that fits most of what was seen."""
    counts = {name: sum(name in fact.generations for fact in found) for name in _GENERATIONS}
    best = max(counts.values())
    return next((name for name in reversed(_GENERATIONS) if counts[name] == best), None) if best else None
