"""Run what `make test` leaves out: every fault, other Pythons, lowest dependencies, the built package, frameworks.

What is not found is named loudly and skipped. Where one or two tests of a run failed, they are run once more, by
themselves. What passes then is named loudly: it is a defect, of the test or of the package.

It takes about half an hour on two cores. The environments of the other Pythons are made while the first tests run, and
where tests wait in real time, a third process uses the cores meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

from lowest import lowest as lowest_versions
from lowest import vulnerable

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
OLDEST, *_, NEWEST = VERSIONS
VENVS = ROOT / ".venvs"
FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
FEW = 2  # as many failed tests are run once more
COMPUTING = ("-n", "2")  # what keeps two cores busy
WAITING = ("-n", "3")  # what waits in real time for as long as it computes
ALONE = ("-n", "1")  # one at a time, in a process whose end by a test that hangs is no end of the others
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIRE = ("tests/_async", "tests/_sync")
EVERY_WAY = [f"--ignore={folder}/test_wire.py" for folder in WIRE]  # which takes each way by itself
BETWEEN = [f"--ignore=tests/{folder}" for folder in ("_sync", "contract", "docs", "stub")]  # two Pythons that run all
FAULTS = [f"{folder}/test_{name}.py" for folder in WIRE for name in ("faults", "guarantees", "event_stream")]


def main() -> int:
    failed: list[str] = []
    skipped: list[str] = []
    unstable: list[str] = []
    minutes: list[tuple[str, float]] = []
    own = f"{sys.version_info.major}.{sys.version_info.minor}"

    def test(what: str, python: Path, *options: str, **variables: str) -> None:
        def passes(*also: str) -> bool:
            command = [str(python), "-m", "pytest", "-q", *options, *also]
            return subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, check=False).returncode == 0

        print(f"== {what}", flush=True)
        begun = time.monotonic()
        if not passes("--cache-clear"):
            tests: list[str] = list(json.loads(FAILED.read_text("utf-8"))) if FAILED.exists() else []
            if 0 < len(tests) <= FEW and passes("--last-failed", *ALONE):
                unstable.extend(f"{each} ({what})" for each in tests)
            else:
                failed.append(what)
        minutes.append((what, (time.monotonic() - begun) / 60))

    here = Path(sys.executable)
    failed += vulnerable(lowest_versions())
    with ThreadPoolExecutor(1) as installer:
        pythons = environments(installer, own, skipped)
        test(f"every fault, and web frameworks, Python {own}", here, *WAITING, "-m", "thorough or apps")
        ways = (("httpx", WIRE, ""), ("httpx2", WIRE, ""), ("httpx-aiohttp", WIRE[:1], " and not counts_reads"))
        for way, folders, also in ways:
            through = (*COMPUTING, "-m", f"not own_connections and not thorough{also}", *EVERY_WAY, *folders)
            test(f"the wire tests through {way}, Python {own}", here, *through, TRIO_TEST_HTTP_CLIENT=way)
        through = (*WAITING, "-m", "not own_connections and thorough and not counts_reads", EVERY_WAY[0], WIRE[0])
        test(f"every fault through httpx-aiohttp, Python {own}", here, *through, TRIO_TEST_HTTP_CLIENT="httpx-aiohttp")
        between = (*WAITING, "-m", "thorough or not thorough", *FAULTS)
        test("every fault with a Recorder in between", here, *between, TRIO_TEST_HTTP_CLIENT="recorder")
        test("the built package", here, *ALONE, "-m", "packaging", "tests/packaging")
        what = "the stub's page and the documentation in a browser"
        if any(shutil.which(name) for name in BROWSERS):
            by_file = ("--dist", "loadfile")  # one of them builds the documentation
            test(what, here, *COMPUTING, *by_file, "-m", "browser", "tests/browser")
        else:
            skipped.append(f"{what}: no chromium on PATH (Debian: apt-get install chromium)")
        if shutil.which("redis-server") is None:
            skipped.append("what Redis shares: no redis-server on PATH (Debian: apt-get install redis-server)")
        for version, made in pythons.items():
            try:
                python = made.result()
            except subprocess.CalledProcessError:
                failed.append(f"the environment of Python {version}")
                continue
            whole = version in (OLDEST, NEWEST)
            what = f"{'the core' if whole else 'most of the core'}, Python {version}"
            what += ", the lowest versions of the dependencies" if version == OLDEST else ""
            test(what, python, *COMPUTING, *(() if whole else BETWEEN))
            test(f"many threads, Python {version}", python, "-m", "thorough", "tests/lifecycle/test_threads.py")
    for what, took in minutes:
        print(f"== {took:5.1f} min  {what}")
    for what in skipped:
        print(f"!! SKIPPED {what}")
    for each in unstable:
        print(f"!! UNSTABLE {each}: failed, and passed by itself")
    for what in failed:
        print(f"!! FAILED {what}")
    return 1 if failed else 0


def environments(installer: Executor, own: str, skipped: list[str]) -> dict[str, Future[Path]]:
    """Begin to make an environment for each of the other Pythons; one that is not found is skipped."""
    pythons: dict[str, Future[Path]] = {}
    for version in VERSIONS:
        if version == own and version != OLDEST:
            continue  # `make test` runs it
        interpreter = sys.executable if version == own else find(version)
        if interpreter is None:
            skipped.append(f"Python {version}: no python{version} on PATH and none of pyenv's")
            continue
        pythons[version] = installer.submit(environment, version, interpreter, lowest=version == OLDEST)
    return pythons


def find(version: str) -> str | None:
    """Return the interpreter of a version, from PATH or from pyenv."""
    found = shutil.which(f"python{version}")
    if found is not None and works(found):
        return found
    installed = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*"))
    return next(
        (str(home / "bin" / "python") for home in reversed(installed) if works(str(home / "bin" / "python"))), None
    )


def works(interpreter: str) -> bool:
    """Return whether an interpreter starts; pyenv puts names on PATH for versions that are not active."""
    try:
        return subprocess.run([interpreter, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def environment(version: str, interpreter: str, *, lowest: bool = False) -> Path:
    """Return the Python of a virtual environment with the package and its test dependencies."""
    home = VENVS / version
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([interpreter, "-m", "venv", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1"], check=True)
    extras = "aiohttp,cli,otel,redis,stub" if lowest else "aiohttp,cli,mcp,otel,redis,stub"  # mcp asks for newer ones
    install = [python, "-m", "pip", "install", "--quiet", "--editable", f".[{extras}]", "--group", "test"]
    if lowest:
        constraints = home / "lowest.txt"
        constraints.write_text("\n".join(lowest_versions()), "utf-8")
        install += ["--constraint", str(constraints)]
    subprocess.run(install, cwd=ROOT, check=True)
    return python


if __name__ == "__main__":
    sys.exit(main())
