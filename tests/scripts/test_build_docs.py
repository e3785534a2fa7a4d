"""Every link of the built documentation leads somewhere, and nothing is loaded from another host."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from build_docs import broken_links


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<a href="b.html#there">', None),
        ('<a href="b.html#here">', "a.html links to b.html#here, which has no such anchor"),
        ('<a href="#here">', "a.html links to #here, which has no such anchor"),
        ('<a href="#here"><p id="here">', None),
        ('<a href="c.html">', "a.html links to c.html, which is not there"),
        ('<img src="c.png">', "a.html links to c.png, which is not there"),
        ('<a href="https://elsewhere.example/">', None),
        ('<script src="//cdn.example/x.js"></script>', "a.html loads //cdn.example/x.js from another host"),
        (
            '<link rel="stylesheet" href="https://cdn.example/x.css">',
            "a.html loads https://cdn.example/x.css from another host",
        ),
    ],
)
def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, html: str, problem: str | None) -> None:
    (tmp_path / "a.html").write_text(html)
    (tmp_path / "b.html").write_text('<h1 id="there">')
    assert broken_links(tmp_path) == ([] if problem is None else [problem])
