"""Run every check that is not a test; say which failed, and fail if one did."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS = (
    ("lint", "ruff check ."),
    ("format", "ruff format --check ."),
    ("sync side generated", "python scripts/unasync.py --check"),
    ("models generated", "python scripts/models.py --check"),
    ("types (mypy)", "mypy"),
    ("types of intended uses (mypy)", "mypy tests/typing"),
    ("types of examples (mypy)", "mypy examples/webhooks/fastapi_app.py examples/webhooks/sql_app.py"),
    ("types (pyright)", "pyright"),
    ("types of examples (pyright)", "pyright examples/webhooks/fastapi_app.py examples/webhooks/sql_app.py"),
    ("type completeness", "pyright --verifytypes trio_client --ignoreexternal"),
    ("import directions", "lint-imports"),
    ("picture of the architecture", "python scripts/architecture.py --check"),
    ("words", "python scripts/words.py"),
    ("workflows (zizmor)", "zizmor --offline --quiet .github"),
    ("workflows (schema)", "check-jsonschema --builtin-schema vendor.github-workflows {workflows}"),
    ("workflows (actionlint)", "actionlint {workflows}"),
    ("dependabot (schema)", "check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml"),
    ("bug form (schema)", "check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml"),
    ("JSON Schema of events", "python scripts/event_schema.py --check"),
    ("public names", "python scripts/api.py --check"),
    ("page of measurements", "python -m benchmarks.page --check"),
    ("OpenAPI files", "python -m pytest -q tests/contract"),
    ("counts", "python -m benchmarks.ratchet"),
    ("documentation", "python scripts/build_docs.py"),
)
OPTIONAL = ("actionlint",)


def main() -> int:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    workflows = " ".join(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob(".github/workflows/*.yml")))
    failed: list[str] = []
    skipped: list[str] = []
    for name, template in CHECKS:
        command = template.format(workflows=workflows)
        if shutil.which(command.split()[0], path=path) is None and command.split()[0] in OPTIONAL:
            skipped.append(f"{name}: no {command.split()[0]} on PATH")
            continue
        print(f"== {name}: {command}", flush=True)
        done = subprocess.run(command.split(), cwd=ROOT, env=environment, check=False)
        if done.returncode:
            failed.append(name)
    for name in skipped:
        print(f"!! SKIPPED {name}")
    for name in failed:
        print(f"!! FAILED {name}")
    print(f"{len(CHECKS) - len(failed) - len(skipped)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
