"""The pages of the reference show what the package has: the tree of errors, and a link for each method and type."""

from __future__ import annotations

import re
from pathlib import Path

from trio_client import TrioError, errors

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_tree_of_errors_is_that_of_the_classes() -> None:
    page = (DOCS / "reference" / "errors.md").read_text("utf-8")
    above: list[str] = []
    shown: dict[str, str | None] = {}
    for indent, name in re.findall(r"^( *)- \[`(\w+)`\]\(#\2\)", page, re.MULTILINE):
        del above[len(indent) // 4 :]
        shown[name] = above[-1] if above else None
        above.append(name)
    classes = {name: getattr(errors, name) for name in errors.__all__}
    bases = {
        name: kind.__bases__[0].__name__ if issubclass(kind, TrioError) and kind is not TrioError else None
        for name, kind in classes.items()
    }
    assert shown == bases


def test_every_entry_of_the_table_of_methods_is_a_link() -> None:
    entries = [
        line.split(" | ")[0]
        for line in (DOCS / "api.md").read_text("utf-8").splitlines()
        if line.startswith(("| `", "| ["))
    ]
    assert len(entries) > 40
    assert [entry for entry in entries if re.sub(r"\[[^\]]*\]\([^)]*\)", "", entry).count("`")] == []
