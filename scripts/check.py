"""Run every check that is not a test; say which failed, and fail if one did."""

from __future__ import annotations

import os
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
    ("JSON Schema of events", "python scripts/event_schema.py --check"),
    ("public names", "python scripts/api.py --check"),
    ("page of measurements", "python -m benchmarks.page --check"),
    ("OpenAPI files", "python -m pytest -q tests/contract"),
    ("counts", "python -m benchmarks.ratchet"),
    ("documentation", "mkdocs build --strict --quiet"),
)


def main() -> int:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1", "NO_MKDOCS_2_WARNING": "1"}
    failed: list[str] = []
    for name, command in CHECKS:
        print(f"== {name}: {command}", flush=True)
        done = subprocess.run(command.split(), cwd=ROOT, env=environment, check=False)
        if done.returncode:
            failed.append(name)
    for name in failed:
        print(f"!! FAILED {name}")
    print(f"{len(CHECKS) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
