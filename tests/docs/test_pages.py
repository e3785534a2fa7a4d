"""Every program in the README and in the pages of docs/ runs against the stub server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from trio_client.stub import StubServer

from .runner import run_program

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
FRAMEWORK = re.compile(r"^(?:from|import) (?:celery|fastapi)\b", re.MULTILINE)
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def programs() -> list[Any]:
    found: list[Any] = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for block in FENCE.finditer(text):
            line = text[: block.start()].count("\n") + 1
            marks = [pytest.mark.apps] if FRAMEWORK.search(block[1]) else []
            found.append(pytest.param(block[1], line, id=f"{page.relative_to(ROOT).as_posix()}:{line}", marks=marks))
    return found


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
