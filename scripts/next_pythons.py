"""Run the core tests on Pythons that are newer than those of the gate, from Debian's unstable suite.

They live in a folder of the cache (XDG_CACHE_HOME), which debootstrap makes anew once it is 30 days old, and which is
used in a mount namespace of its own: what is mounted ends with the process. Needs root and debootstrap; what cannot be
had is named loudly and skipped.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.14", "3.15")
FREE_THREADED = ("3.14t", "3.15t")
SUITE = "unstable"
MAX_AGE_SECONDS = 30 * 86_400
CHECKOUT = "/srv/trio-client"
VENVS = "/srv/venvs"
INSIDE = "--inside"
THREADS = ("-m", "thorough", "tests/lifecycle/test_threads.py")
STALE_IS_FINE = "-oAcquire::Check-Valid-Until=false"  # a mirror may keep a Release file for longer than it lasts


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job of the background has it ignored, and its children
    if arguments[:1] == [INSIDE]:
        return _inside(Path(arguments[1]))
    failed = _free_threaded()
    reason = _missing()
    if reason is not None:
        print(f"!! SKIPPED Python {' and '.join(VERSIONS)}: {reason}", flush=True)
        return int(failed)
    root = _system()
    inside = [sys.executable, __file__, INSIDE, str(root)]
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", *inside], check=False)
    return int(failed or done.returncode != 0)


def _missing() -> str | None:
    """Return why there can be no system of its own; `None` if there can be."""
    if os.name == "nt" or os.geteuid() != 0:
        return "needs root"
    for command in ("debootstrap", "unshare", "chroot"):
        if shutil.which(command) is None:
            return f"no {command} on PATH"
    return None


def _system() -> Path:
    """Return the folder of a system with the Pythons, made anew if it is old."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trio-client" / f"debian-{SUITE}"
    made = root / "made"
    if made.exists() and time.time() - made.stat().st_mtime < MAX_AGE_SECONDS:
        return root
    print(f"== making {root}", flush=True)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, str(root)], check=True)
    packages = [f"python{version}-venv" for version in VERSIONS]
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["chroot", str(root), "apt-get", "-qq", STALE_IS_FINE, *command], check=True, env=quiet)
    made.touch()
    return root


def _inside(root: Path) -> int:
    """Run the tests in a system; what is mounted here ends with this process."""
    _mount("--types", "proc", "proc", root / "proc")
    for folder in ("tmp", "dev/shm", CHECKOUT):
        _mount("--types", "tmpfs", "tmpfs", root / folder.lstrip("/"))
    # Of its own devices it lacks terminals, which some tests are run in.
    _mount("--types", "devpts", "--options", "newinstance,ptmxmode=0666", "devpts", root / "dev/pts")
    for path in ("/etc/ssl/certs", "/etc/resolv.conf", *_folders_of_pip()):
        _mount("--bind", path, root / path.lstrip("/"), is_file=Path(path).is_file())
    _copy_checkout(root / CHECKOUT.lstrip("/"))
    failed: list[str] = []
    for version in VERSIONS:
        python = f"{VENVS}/{version}/bin/python"
        install = [python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1"]
        extras = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--editable",
            ".[aiohttp,cli,mcp,otel,redis,stub]",
            "--group",
            "test",
        ]
        steps = [
            ("an environment", [f"python{version}", "-m", "venv", f"{VENVS}/{version}"]),
            ("an environment", install),
            ("an environment", extras),
            ("the core", [python, "-m", "pytest", "-n", "2", "-q"]),
            ("threads", [python, "-m", "pytest", "-q", *THREADS]),
        ]
        for name, command in steps:
            print(f"== {name}, Python {version}: {' '.join(command[1:4])}", flush=True)
            where = ["chroot", str(root), "env", "--chdir", CHECKOUT, *command]
            if subprocess.run(where, check=False).returncode:
                failed.append(f"{name}, Python {version}")
                if name == "an environment":
                    break
    for what in failed:
        print(f"!! FAILED {what}")
    return len(failed)


def _mount(*options: str | Path, is_file: bool = False) -> None:
    target = Path(options[-1])
    if is_file:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    else:
        target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", *map(str, options)], check=True)


def _folders_of_pip() -> list[str]:
    """Return the files and folders of this machine that pip's settings are in, and name."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "debug"], capture_output=True, text=True, check=True
    ).stdout
    settings = [line.split(",")[0].strip() for line in listed.splitlines() if line.strip().endswith("exists: True")]
    named = [word.strip("'\",").removeprefix("file://") for word in listed.split()]
    paths = [word.removesuffix("/simple") for word in named if word.startswith("/") and Path(word).exists()]
    return sorted(path for path in {*settings, *paths} if not path.startswith("/etc/ssl/certs"))


def _copy_checkout(target: Path) -> None:
    """Copy the files of the checkout as they are, committed or not, and nothing that is ignored."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def _free_threaded() -> bool:
    """Run the threads' tests on the Pythons without a global lock that are on PATH; return whether any failed."""
    failed = False
    for version in FREE_THREADED:
        interpreter = shutil.which(f"python{version}")
        if interpreter is None:
            print(f"!! SKIPPED threads, Python {version}: no python{version} on PATH", flush=True)
            continue
        print(f"== threads, Python {version}", flush=True)
        venv = ROOT / ".venvs" / version
        python = str(venv / "bin" / "python")
        for command in (
            [interpreter, "-m", "venv", str(venv)],
            [python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1"],
            [python, "-m", "pip", "install", "--quiet", "--editable", ".[stub]", "--group", "test"],
            [python, "-m", "pytest", "-q", *THREADS],
        ):
            if subprocess.run(command, cwd=ROOT, check=False).returncode:
                print(f"!! FAILED threads, Python {version}")
                failed = True
                break
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
