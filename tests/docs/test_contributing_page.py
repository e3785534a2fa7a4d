"""The pages for contributors name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "contributing" / "index.md").read_text("utf-8")


def test_every_file_that_is_named_exists() -> None:
    named = re.findall(r"`([\w/]+\.(?:py|txt|toml|md|json))`", PAGE)
    missing = [name for name in named if not (ROOT / name).exists() and not (ROOT / "trio_client" / name).exists()]
    assert len(named) > 30
    assert missing == []


def test_each_life_has_at_most_ten_steps() -> None:
    lives = PAGE.split("## The life of ")[1:]
    assert [life.split("\n")[0] for life in lives] == ["a create", "an event", "a watch"]
    assert all(len(re.findall(r"^\d+\. ", life.split("\n## ")[0], re.MULTILINE)) <= 10 for life in lives)
