"""Every program in the README and in the pages of docs/ runs against the stub server; tests in them pass."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from trio_client.stub import StubServer

from .runner import run_program

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
FRAMEWORK = re.compile(r"^(?:from|import) (?:celery|fastapi)\b", re.MULTILINE)
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\w+\.py)\n")  # the first line of a program that other programs of its page import


def programs() -> list[Any]:
    found: list[Any] = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for block in FENCE.finditer(text):
            if FILE.match(block[1]):
                continue
            line = text[: block.start()].count("\n") + 1
            marks = [pytest.mark.apps] if FRAMEWORK.search(block[1]) else []
            if "contrib.mcp" in block[1]:
                marks.append(pytest.mark.skipif(find_spec("mcp") is None, reason="mcp is not installed"))
            found.append(pytest.param(block[1], line, id=f"{page.relative_to(ROOT).as_posix()}:{line}", marks=marks))
    return found


def files(page: Path) -> dict[str, str]:
    """Return the programs of a page that name their file."""
    blocks = [block[1] for block in FENCE.finditer(page.read_text("utf-8"))]
    return {match[1]: block for block in blocks if (match := FILE.match(block))}


PROGRAMS = programs()


def test_the_readme_has_programs() -> None:
    assert any(str(program.id).startswith("README.md") for program in PROGRAMS)


@pytest.mark.parametrize(("source", "line"), PROGRAMS)
def test_program(
    source: str,
    line: int,
    stub_environment: StubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    run_program("\n" * line + source, "page", {"__name__": "__main__"})


@pytest.mark.parametrize("page", [page for page in PAGES if files(page)], ids=lambda page: page.name)
@pytest.mark.thorough
def test_tests_of_a_page_pass(page: Path, tmp_path: Path) -> None:
    sources = files(page)
    for name, source in sources.items():
        (tmp_path / name).write_text(source, "utf-8")
    tests = sum(len(re.findall(r"^ *(?:async )?def test_", source, re.MULTILINE)) for source in sources.values())
    shown = run_in(tmp_path, "pytest", "-p", "no:cacheprovider", "--strict-markers", "-v")
    assert tests > 0
    assert tests == len(set(re.findall(r"^(\S+::\w+)\S* PASSED", shown, re.MULTILINE)))
    assert "skipped" not in shown


@pytest.mark.thorough
def test_tests_with_unittest_pass_under_unittest_too(tmp_path: Path) -> None:
    sources = files(ROOT / "docs" / "testing.md")
    for name in ("gate.py", "test_with_unittest.py"):
        (tmp_path / name).write_text(sources[name], "utf-8")
    run_in(tmp_path, "unittest", "test_with_unittest")


def run_in(folder: Path, module: str, *options: str) -> str:
    """Run a module of Python in a folder, with warnings as errors, and return what it printed."""
    command = [sys.executable, "-W", "error", "-X", "dev", "-m", module, *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
