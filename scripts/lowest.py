"""Print the lowest versions that pyproject.toml allows, as constraints for pip: `name==version` a line."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_BOUND = re.compile(r"([\w.-]+)(?:\[.*\])?>=([\w.]+)")


def lowest() -> list[str]:
    """Return the constraints for what the package and its extras ask for."""
    toml: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    project = toml.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
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


if __name__ == "__main__":
    print("\n".join(lowest()))
