"""Print the lowest versions that pyproject.toml allows, as constraints for pip: `name==version` a line.

It fails if one of them has a vulnerability of `advisories.toml`.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ADVISORIES = Path(__file__).with_name("advisories.toml")
_BOUND = re.compile(r"([\w.-]+)(?:\[.*\])?>=([\w.]+)")


def lowest() -> list[str]:
    """Return the constraints for what the package and its extras ask for."""
    project = _read(ROOT / "pyproject.toml")["project"]
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += extra
    constraints: list[str] = []
    for requirement in wanted:
        bound = _BOUND.match(requirement)
        if bound is None:
            raise SystemExit(f"{requirement!r} has no lower bound")
        constraints.append(f"{bound[1]}=={bound[2]}")
    return sorted(constraints)


def vulnerable(constraints: list[str]) -> list[str]:
    """Return what is known against the versions of constraints."""
    versions = dict(constraint.split("==") for constraint in constraints)
    return [
        f"{each['package']} {versions[each['package']]} has {each['id']}, fixed in {each['fixed']}: {each['source']}"
        for each in _read(ADVISORIES)["advisory"]
        if each["package"] in versions and _parts(versions[each["package"]]) < _parts(each["fixed"])
    ]


def _parts(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def _read(path: Path) -> Any:
    toml: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    return toml.loads(path.read_text("utf-8"))


if __name__ == "__main__":
    found = lowest()
    print("\n".join(found))
    sys.exit("\n".join(vulnerable(found)) or 0)
