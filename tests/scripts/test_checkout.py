"""A checkout has the same bytes where git is set to write Windows's line ends."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="needs a repository")
def test_no_line_end_is_changed(tmp_path: Path) -> None:
    attributes = ROOT / ".gitattributes"
    names = ["api.txt", "openapi/trio.yaml", "docs/index.md", "trio_client/_sync/client.py", "scripts/words.txt"]
    run = ["git", "-c", "core.autocrlf=true", "-c", "core.eol=crlf", "-c", "init.defaultBranch=main"]
    subprocess.run([*run, "init", "--quiet", str(tmp_path)], check=True)
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copy(attributes, tmp_path)
    subprocess.run([*run, "add", "."], cwd=tmp_path, check=True)
    for name in names:
        (tmp_path / name).unlink()
    subprocess.run([*run, "checkout-index", "--all", "--force"], cwd=tmp_path, check=True)
    assert [name for name in names if (tmp_path / name).read_bytes() != (ROOT / name).read_bytes()] == []
