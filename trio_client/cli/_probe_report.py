"""The report of a probe, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from .._core.probe.facts import Fact, stub_options

__all__ = ["report", "write_report"]

_HEADINGS = {
    "differs": "Differs from the documentation",
    "undocumented": "Undocumented",
    "as_documented": "As documented",
    "not_seen": "Not seen",
    "skipped": "Skipped",
}


def write_report(folder: Path, found: Sequence[Fact], jobs: int) -> None:
    """Write facts.jsonl and report.md into a folder."""
    lines = [json.dumps(fact.to_dict()) + "\n" for fact in found]
    (folder / "facts.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "report.md").write_text(report(found, jobs), encoding="utf-8")


def report(found: Sequence[Fact], jobs: int) -> str:
    """Return the report as Markdown.

    Args:
        found: the facts.
        jobs: how many jobs were started.
    """
    parts = ["# How the API behaves for this account", "", f"{jobs} jobs were started.", ""]
    for verdict, heading in _HEADINGS.items():
        facts = [fact for fact in found if fact.verdict == verdict]
        if not facts:
            continue
        parts += [f"## {heading}", ""]
        if verdict in ("not_seen", "skipped"):
            parts += [*(f"- {fact.name}" for fact in facts), ""]
            continue
        parts += ["| fact | seen | documented | generations that fit |", "|---|---|---|---|"]
        parts += [f"| {fact.name} | {_cell(fact.seen)} | {_documented(fact)} | {_fitting(fact)} |" for fact in facts]
        parts += [""]
    options = ", ".join(f"{name}={value!r}" for name, value in stub_options(found).items())
    parts += ["## Test against this behavior", "", f"- `StubServer({options})` behaves as what was seen here."]
    parts += ["- `session.jsonl` is the recording of all requests and replies, with secrets masked."]
    return "\n".join(parts) + "\n"


def _documented(fact: Fact) -> str:
    return "nothing" if fact.documented is None else f"{_cell(fact.documented)} ({fact.source})"


def _fitting(fact: Fact) -> str:
    return ", ".join(fact.generations) or "none"


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("|", "\\|").replace("\n", " ")
