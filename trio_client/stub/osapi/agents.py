"""The agents of the OSAPI side: which of them a target means, and how their work shows in a job. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Literal, TypeAlias, get_args

__all__ = ["DEFAULT_AGENTS", "Agents", "Outcome", "agents_of", "check_outcomes", "note", "steps", "timestamp"]

Agents: TypeAlias = Mapping[str, Mapping[str, Any]]
Outcome = Literal["completed", "failed", "mended", "skipped", "absent", "too_large"]
"""What an agent makes of a job: `mended` fails at its first delivery and completes at the second, `absent` never takes
it, `too_large` does the work and cannot store its output."""

DEFAULT_AGENTS: Agents = {
    "db-01.lab.example": {"machine_id": "0d1e2f3a4b5c46d7a8e9f0a1b2c3d4e5", "labels": {"group": "db"}},
    "web-01": {"machine_id": "1a2b3c4d5e6f40718293a4b5c6d7e8f9", "labels": {"group": "web.dev"}},
    "web-02": {"machine_id": "2b3c4d5e6f70418293a4b5c6d7e8f90a", "labels": {"group": "web.prod"}},
}
STARTED_AFTER = 1.0
DONE_AFTER = 2.0
MENDED_AFTER = 4.0
_FAILED = "command execution failed: exit status unknown"
_SKIPPED = "operation not supported on this OS family"
_MESSAGES = {
    "acknowledged": "Job acknowledged by agent {}",
    "started": "Job processing started on {}",
    "completed": "Job completed successfully on {}",
    "failed": "Job failed on {}",
    "skipped": "Job skipped on {} (unsupported OS family)",
}


def agents_of(target: str | None, agents: Agents) -> list[str]:
    """The agents that do a retry for this target; raises `ValueError` if the server knows no such target.

    A host name is known and yet reaches no agent: agents listen under their machine ids.
    """
    if target in (None, "_any", "_all"):
        return sorted(agents)
    key, _, value = str(target).partition(":")
    found = [name for name in sorted(agents) if agents[name].get("machine_id") == target]
    if ":" in str(target):
        found = [name for name in sorted(agents) if _matches(agents[name].get("labels", {}).get(key), value)]
    if not found and target not in agents:
        raise ValueError(f'target agent "{target}" not found')
    return found


def check_outcomes(outcomes: Mapping[str, str], agents: Agents) -> None:
    """Refuse outcomes that are unknown, or of agents that are."""
    for name, outcome in outcomes.items():
        if name not in agents:
            raise ValueError(f"there is no agent {name!r}")
        if outcome not in get_args(Outcome):
            raise ValueError(f"an outcome must be one of {', '.join(get_args(Outcome))}, not {outcome!r}")


def steps(
    operation: Mapping[str, Any], outcomes: Mapping[str, str], timeline: list[dict[str, Any]]
) -> dict[float, dict[str, Any]]:
    """The fields that change while agents work, by stub-seconds from the start of the job."""
    at_work = {name: outcome for name, outcome in outcomes.items() if outcome != "absent"}
    if not at_work:
        return {}
    # A later moment overwrites the whole of a field, so each has the history up to then.
    events = list(timeline)
    for event in ("acknowledged", "started"):
        events += [note(event, name) for name in at_work]
    changes = {STARTED_AFTER: _moment(operation, dict.fromkeys(at_work, "started"), events)}
    first = {name: {"mended": "failed", "too_large": "started"}.get(each, each) for name, each in at_work.items()}
    events = events + [note(status, name) for name, status in first.items() if status != "started"]
    changes[DONE_AFTER] = _moment(operation, first, events)
    mended = [name for name, outcome in at_work.items() if outcome == "mended"]
    if mended:
        for event in ("acknowledged", "started", "completed"):
            events = events + [note(event, name) for name in mended]
        changes[MENDED_AFTER] = _moment(
            operation, {**first, **dict.fromkeys(mended, "completed")}, events, frozenset(mended)
        )
    return changes


def note(event: str, name: str, message: str | None = None) -> dict[str, Any]:
    """One entry of a timeline."""
    entry = {
        "timestamp": timestamp(),
        "event": event,
        "hostname": name,
        "message": message or _MESSAGES[event].format(name),
    }
    error = {"failed": _FAILED, "skipped": _SKIPPED}.get(event)
    return entry if error is None else {**entry, "error": error}


def timestamp(*, nanoseconds: bool = False) -> str:
    """The time as the server writes it: RFC 3339, in whole seconds or with up to nine digits."""
    now = datetime.now(timezone.utc)
    if nanoseconds:
        return f"{now:%Y-%m-%dT%H:%M:%S.%f}123Z"
    return f"{now:%Y-%m-%dT%H:%M:%SZ}"


def _matches(label: str | None, wanted: str) -> bool:
    """Whether a label is the wanted one, or a part of it: `web.dev` belongs to `web`."""
    return label is not None and f"{label}.".startswith(f"{wanted}.") and wanted != ""


def _moment(
    operation: Mapping[str, Any],
    statuses: Mapping[str, str],
    timeline: list[dict[str, Any]],
    mended: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The fields of a job whose agents are in these states."""
    ended = {name: status for name, status in statuses.items() if status != "started"}
    responses = {name.replace(".", "_"): _response(operation, name, status) for name, status in ended.items()}
    worked = [name for name, status in ended.items() if status != "skipped"]
    fields: dict[str, Any] = {
        "status": _status(list(statuses.values())),
        "updated_at": timestamp(nanoseconds=True),
        "agent_states": {name: _state(status, mended=name in mended) for name, status in statuses.items()},
        "timeline": timeline,
        "changed": any(response["changed"] for response in responses.values()) or None,
        "error": None,
    }
    if responses:
        fields["responses"] = responses
    if worked:
        fields["hostname"] = worked[0]
    if len(ended) == 1 and fields["status"] == "completed":
        fields["result"] = next(iter(responses.values()))["data"]
    if fields["status"] in ("failed", "skipped"):
        # The last text that the server reads, which can be that of an agent that skipped the job.
        fields["error"] = list(responses.values())[-1]["error"]
    return fields


def _status(statuses: list[str]) -> str:
    if "started" in statuses:
        return "processing"
    failed, completed = "failed" in statuses, "completed" in statuses
    if failed:
        return "partial_failure" if completed else "failed"
    return "completed" if completed else "skipped"


def _state(status: str, *, mended: bool) -> dict[str, Any]:
    if status == "started":
        return {"status": status}
    if status == "skipped":
        return {"status": status, "error": _SKIPPED}
    if mended:  # the error of the first try stays, and the wait between the deliveries counts
        return {"status": status, "error": _FAILED, "duration": "2.006196929s"}
    return {"status": status, **({"error": _FAILED} if status == "failed" else {}), "duration": "17.133509ms"}


def _response(operation: Mapping[str, Any], name: str, status: str) -> dict[str, Any]:
    if status != "completed":
        error = _SKIPPED if status == "skipped" else _FAILED
        return {"status": status, "changed": None, "error": error, "hostname": name}
    data, changed = _data(operation, name)
    return {"status": status, "data": data, "changed": changed, "hostname": name}


def _data(operation: Mapping[str, Any], name: str) -> tuple[dict[str, Any], bool | None]:
    """What an agent answers to an operation, and what the server makes of its `changed`: only commands change."""
    kind = str(operation.get("type", ""))
    if kind.startswith("command."):
        return {"changed": True, "duration_ms": 1, "exit_code": 0, "stderr": "", "stdout": f"done on {name}\n"}, True
    if kind == "node.hostname.get":
        return {"changed": False, "hostname": name}, None
    return {"changed": False}, None
