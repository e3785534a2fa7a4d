"""Read out of the evidence how the API behaves. Each function returns `None` where the evidence does not show it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ..._json import as_array, as_count, as_object
from ..._times import has_zone, http_date, parse_time
from .exchange import Evidence, Exchange

__all__ = [
    "after_trigger",
    "answer_kind",
    "cancel_reply",
    "clock_skew",
    "deliveries_repeated",
    "delivery_fields",
    "delivery_names",
    "event_fields",
    "event_names",
    "id_form",
    "list_item_fields",
    "list_lag",
    "list_order",
    "outlives_stream",
    "page_cap",
    "refusal",
    "repeated_key",
    "signature",
    "slots",
    "stream_end",
    "time_form",
]

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ENDED = ("completed", "stopped", "failed")


def answer_kind(label: str) -> Callable[[Evidence], Any]:
    """Return how a request of a certain shape was answered."""

    def observe(seen: Evidence) -> Any:
        found = seen.first(label)
        return None if found is None else found.kind

    return observe


def event_names(label: str) -> Callable[[Evidence], Any]:
    """Return the names of a stream's events."""

    def observe(seen: Evidence) -> Any:
        names = sorted({name for each in seen.all(label) for name, _ in each.events})
        return names or None

    return observe


def event_fields(label: str) -> Callable[[Evidence], Any]:
    """Return the fields of a stream's events, by name."""

    def observe(seen: Evidence) -> Any:
        fields: dict[str, set[str]] = {}
        for each in seen.all(label):
            for name, data in each.events:
                fields.setdefault(name, set()).update(data)
        return {name: sorted(found) for name, found in sorted(fields.items())} or None

    return observe


def stream_end(seen: Evidence) -> Any:
    """Return the name of the event that a stream ended with, after a trigger."""
    for each in seen.all("monitor stream"):
        names = [name for name, _ in each.events]
        if each.complete and any("triggered" in name for name in names):
            return names[-1]
    return None


def after_trigger(seen: Evidence) -> Any:
    """Return the status of a monitor after its trigger: running, completed or stopped."""
    found = seen.all("after trigger")
    return _status(found[-1]) if found else None


def outlives_stream(seen: Evidence) -> Any:
    """Return whether a job goes on when its stream is closed."""
    if seen.first("stream left") is None:
        return None
    found = seen.all("after leaving")
    status = _status(found[-1]) if found else None
    if status is None:
        return None
    if status not in _ENDED:
        return True
    reason = _reason(found[-1])
    if reason in ("condition_triggered", "max_triggers_reached"):
        return None  # it may have ended before
    return reason == "max_duration_reached"


def list_order(seen: Evidence) -> Any:
    """Return the order of the list: newest, oldest, id or other."""
    for page in reversed(seen.all("list")):
        jobs = [as_object(job) for job in as_array(page.json.get("jobs"))]
        times = [parse_time(job.get("created_at")) for job in jobs]
        known = [time for time in times if time is not None]
        if len(known) < 2 or len(known) != len(jobs) or len(set(known)) < 2:
            continue
        ids = [str(job.get("job_id")) for job in jobs]
        orders = {
            "newest": known == sorted(known, reverse=True),
            "oldest": known == sorted(known),
            "id": ids == sorted(ids),
        }
        return next((name for name, fits in orders.items() if fits), "other")
    return None


def list_lag(seen: Evidence) -> Any:
    """Return about how many seconds after its create a job was listed."""
    for created in (*seen.all("plain monitor"), *seen.all("plain digest")):
        for page in seen.all("list"):
            listed = [str(as_object(job).get("job_id")) for job in as_array(page.json.get("jobs"))]
            if created.answered is not None and page.at >= created.answered and created.job_id in listed:
                return round((page.at - created.answered).total_seconds(), 1)
    return None


def page_cap(seen: Evidence) -> Any:
    """Return the largest page, as the reply to a request for a larger one names it."""
    found = seen.first("large page")
    return None if found is None else as_count(found.json.get("limit"))


def list_item_fields(seen: Evidence) -> Any:
    """Return the fields of a listed job."""
    for page in reversed(seen.all("list")):
        jobs = as_array(page.json.get("jobs"))
        if jobs:
            return sorted(as_object(jobs[0]))
    return None


def id_form(seen: Evidence) -> Any:
    """Return the form of job ids."""
    ids = [found for each in seen.exchanges if each.method == "POST" and (found := each.job_id)]
    if not ids:
        return None
    return "uuid" if all(_UUID.fullmatch(each) for each in ids) else "digits" if all(map(str.isdigit, ids)) else "other"


def time_form(seen: Evidence) -> Any:
    """Return the form of a job's `created_at`."""
    for each in (*seen.all("job"), *seen.all("plain monitor")):
        value = each.json.get("created_at")
        if value is not None:
            iso = isinstance(value, str) and "T" in value and parse_time(value) is not None
            return ("iso 8601" if has_zone(value) else "iso 8601 without zone") if iso else "other"
    return None


def clock_skew(seen: Evidence) -> Any:
    """Return by how many seconds the server's clock is ahead of this machine's; a Date has whole seconds."""
    for each in seen.exchanges:
        date = http_date(each.headers.get("date", ""))
        if date is not None and each.answered is not None:
            skew = date - each.answered.timestamp()
            return 0 if -2 < skew < 1 else round(skew)
    return None


def refusal(label: str) -> Callable[[Evidence], Any]:
    """Return the status and the code of a refusal."""

    def observe(seen: Evidence) -> Any:
        found = seen.first(label)
        return None if found is None else {"status": found.status, "code": found.code}

    return observe


def cancel_reply(label: str) -> Callable[[Evidence], Any]:
    """Return what a DELETE of a job answers."""

    def observe(seen: Evidence) -> Any:
        found = seen.first(label)
        if found is None or (label == "cancel" and _had_ended(found)):
            return None
        fields = sorted(found.json) if found.kind == "json" else []
        return {"status": found.status, "job_status": _status(found), "fields": fields}

    return observe


def repeated_key(seen: Evidence) -> Any:
    """Return what a repeated Idempotency-Key makes: one job, two jobs, or a refusal."""
    found = seen.all("repeated key")
    if len(found) < 2:
        return None
    if found[1].kind == "refused":
        return f"refused with {found[1].status}"
    if found[0].job_id is None or found[1].job_id is None:
        return None
    return "one job" if found[0].job_id == found[1].job_id else "two jobs"


def slots(seen: Evidence) -> Any:
    """Return the number of job slots, and how a create is refused when all are taken."""
    found = seen.all("fill slots")
    if not found or found[-1].kind != "refused":
        return None
    return {"slots": len(found) - 1, "status": found[-1].status, "code": found[-1].code}


def delivery_names(seen: Evidence) -> Any:
    """Return the types of the webhooks."""
    return sorted({_name(each.json) for each in seen.deliveries}) or None


def delivery_fields(seen: Evidence) -> Any:
    """Return the fields of the webhooks, by type; those of `data` and `details` as `data.x`."""
    fields: dict[str, set[str]] = {}
    for each in seen.deliveries:
        body = each.json
        nested = {f"{name}.{key}" for name in ("data", "details", "stats") for key in as_object(body.get(name))}
        fields.setdefault(_name(body), set()).update(body, nested)
    return {name: sorted(found) for name, found in sorted(fields.items())} or None


def signature(seen: Evidence) -> Any:
    """Return the header that a webhook is signed with, and the form of the signature; `none` where there is none."""
    if not seen.deliveries:
        return None
    for name, value in seen.deliveries[0].headers.items():
        if "signature" in name.lower():
            scheme, _, digest = value.rpartition("=") if value.startswith("sha256=") else ("", "", value)
            form = "hex, 64 digits" if re.fullmatch(r"[0-9a-f]{64}", digest) else "other"
            return {"header": name.lower(), "form": f"{scheme}= and {form}" if scheme else form}
    return {"header": "none", "form": "none"}


def deliveries_repeated(seen: Evidence) -> Any:
    """Return whether a webhook that was answered with 500 comes again."""
    refused = [each for each in seen.deliveries if each.answered >= 500]
    if not refused:
        return None
    later: Sequence[bytes] = [each.content for each in seen.deliveries if each.answered < 500]
    return refused[0].content in later or sum(each.content == refused[0].content for each in refused) > 1


def _name(body: dict[str, Any]) -> str:
    return str(body.get("type") or body.get("event") or "without a type")


def _reason(exchange: Exchange) -> Any:
    places = (as_object(exchange.json.get(name)) for name in ("stats", "details"))
    return next((place["reason"] for place in places if place.get("reason")), None)


def _had_ended(cancelled: Exchange) -> bool:
    """Whether a job had ended by itself before it was cancelled."""
    reason = as_object(cancelled.json.get("final_stats")).get("reason")
    return _status(cancelled) == "completed" or reason in ("max_triggers_reached", "max_duration_reached")


def _status(exchange: Exchange) -> str | None:
    status = exchange.json.get("status")
    return status if isinstance(status, str) else None
