"""Write the public names and signatures of the package into api.txt; with --check only compare.

A line that is gone or differs is a change that can break a user's program: it needs a line in the changelog, and before
version 1 a new minor version, afterwards a new major one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "api.txt"
HEADER = "# Written by `make api`: the public names of the package. Do not edit.\n"
MODULES = (
    "",
    "cli",
    "contrib.mcp",
    "contrib.otel",
    "contrib.redis",
    "errors",
    "events",
    "frames",
    "models",
    "osapi",
    "pricing",
    "sse",
    "stub",
    "testing",
    "webhooks",
    "webhooks.asgi",
    "webhooks.wsgi",
)
# Reached through attributes of the clients, and so public without being exported.
RESOURCES = (
    "_sync.jobs.Jobs",
    "_sync.live_digest.LiveDigest",
    "_sync.live_monitor.LiveMonitor",
    "_sync.streams.Streams",
    "_sync.osapi_jobs.OsapiJobs",
    "_async.jobs.AsyncJobs",
    "_async.live_digest.AsyncLiveDigest",
    "_async.live_monitor.AsyncLiveMonitor",
    "_async.streams.AsyncStreams",
    "_async.osapi_jobs.AsyncOsapiJobs",
)


def surface() -> list[str]:
    """Return a line for each public name; what has several names is described under the first."""
    package = griffe.load("trio_client", search_paths=[ROOT])
    lines: list[str] = []
    names: dict[str, str] = {}

    def describe(obj: griffe.Object | griffe.Alias, path: str) -> None:
        if obj.is_alias and not obj.target_path.startswith("trio_client"):
            lines.append(path)
            return
        target = obj.final_target if obj.is_alias else obj
        first = names.setdefault(target.path, path)
        lines.extend(described(target, path) if first == path else [f"{path} is {first}"])

    for module in MODULES:
        try:
            found = package[module] if module else package
        except KeyError:
            continue  # it is not there yet
        for name in sorted(str(each) for each in found.exports or ()):
            describe(found[name], f"{found.path}.{name}")
    for path in RESOURCES:
        describe(package[path], f"trio_client.{path}")
    return sorted(lines)


def described(target: griffe.Object, path: str) -> Iterator[str]:
    """Yield the lines of one object and of its public members."""
    if target.is_class:
        yield f"{path}: class({', '.join(str(base) for base in target.bases)})"
        for name, member in sorted(target.all_members.items()):
            ours = member.path.startswith("trio_client") and name != "model_config"
            if ours and (not name.startswith("_") or name == "__init__"):
                yield from described(member.final_target if member.is_alias else member, f"{path}.{name}")
    elif target.is_function:
        yield f"{path}{signature(target)}"
    elif target.is_attribute:
        kind = "property " if "property" in target.labels else ""
        yield f"{path}: {kind}{target.annotation or '…'}"


def signature(function: griffe.Function) -> str:
    """Return a function's parameters and what it returns."""
    shown: list[str] = []
    keyword_only = griffe.ParameterKind.keyword_only
    for each in function.parameters:
        if each.kind is keyword_only and "*" not in shown and not any(part.startswith("*") for part in shown):
            shown.append("*")
        stars = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}.get(each.kind, "")
        annotation = f": {each.annotation}" if each.annotation is not None else ""
        default = f" = {each.default}" if each.default is not None and not stars else ""
        shown.append(f"{stars}{each.name}{annotation}{default}")
    prefix = "async " if "async" in function.labels else ""
    return f"({', '.join(shown)}) -> {prefix}{function.returns}"


def main() -> int:
    lines = surface()
    text = HEADER + "\n".join(lines) + "\n"
    if "--check" not in sys.argv:
        FILE.write_text(text, "utf-8")
        return 0
    before = set(FILE.read_text("utf-8").splitlines()) - {HEADER.strip()}
    gone, new = sorted(before - set(lines)), sorted(set(lines) - before)
    for line in gone:
        print(f"gone or changed: {line}")
    for line in new:
        print(f"new: {line}")
    if gone or new:
        print("The public names are not those of api.txt. If that is meant: make api, and a line in the changelog.")
    return 1 if gone or new else 0


if __name__ == "__main__":
    sys.exit(main())
