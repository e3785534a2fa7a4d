"""Run the tests on every supported Python that is found, and the tests of the built package.

What is not found is named loudly and skipped.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
VENVS = ROOT / ".venvs"


def main() -> int:
    failed: list[str] = []
    skipped: list[str] = []
    for version in VERSIONS:
        if version == f"{sys.version_info.major}.{sys.version_info.minor}":
            python = Path(sys.executable)
        else:
            interpreter = find(version)
            if interpreter is None:
                skipped.append(f"Python {version}: no python{version} on PATH and none of pyenv's")
                continue
            python = environment(version, interpreter)
        print(f"== tests on Python {version}", flush=True)
        if subprocess.run([python, "-m", "pytest", "-n", "2", "-q"], cwd=ROOT, check=False).returncode:
            failed.append(f"tests on Python {version}")
    print("== the built package", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-m", "packaging", "tests/packaging"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        failed.append("the built package")
    print("== webhook receivers in web frameworks", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-m", "apps", "tests/apps"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        failed.append("webhook receivers in web frameworks")
    if shutil.which("redis-server") is None:
        skipped.append("the Redis example: no redis-server on PATH (Debian: apt-get install redis-server)")
    for what in skipped:
        print(f"!! SKIPPED {what}")
    for what in failed:
        print(f"!! FAILED {what}")
    return 1 if failed else 0


def find(version: str) -> str | None:
    """Return the interpreter of a version, from PATH or from pyenv."""
    found = shutil.which(f"python{version}")
    if found is not None and works(found):
        return found
    homes = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*"))
    return next((str(home / "bin" / "python") for home in reversed(homes) if works(str(home / "bin" / "python"))), None)


def works(interpreter: str) -> bool:
    """Return whether an interpreter starts; pyenv puts names on PATH for versions that are not active."""
    try:
        return subprocess.run([interpreter, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def environment(version: str, interpreter: str) -> Path:
    """Return the Python of a virtual environment with the package and its test dependencies."""
    home = VENVS / version
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([interpreter, "-m", "venv", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1"], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--editable", ".[stub]", "--group", "test"]
    subprocess.run(install, cwd=ROOT, check=True)
    return python


if __name__ == "__main__":
    sys.exit(main())
