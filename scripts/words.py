"""Find the phrases of `words.txt` in the package and its tests, and fail if there are any."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUOTING = ("tests/docs/", "tests/apps/test_cluster.py")  # they quote documentation and examples
LIST = Path(__file__).with_suffix(".txt")
BETWEEN = r"(?:[\s_]|\n[ #]+)+"


def phrases() -> Iterator[tuple[str, str]]:
    """Yield each phrase of the list and what to write instead."""
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            avoided, _, instead = line.partition(" -> ")
            yield from ((phrase, instead) for phrase in avoided.split(", "))


def pattern(phrase: str) -> re.Pattern[str]:
    """Return what finds a phrase as whole words: in prose, in snake_case, and capitalized as in a class name."""
    first, rest = phrase[0], BETWEEN.join(map(re.escape, phrase[1:].split(" ")))
    allowed = (
        r"(?!s?(?:[\s_]+(?:it|them|the[\s_]\w+))?[\s_]+(?:up|like)(?![A-Za-z]))" if phrase.startswith("look") else ""
    )
    return re.compile(rf"(?:(?<![A-Za-z]){first}|{first.upper()}){rest}(?![A-Za-z]){allowed}")


def sources() -> Iterator[Path]:
    """Yield the files that are written by hand."""
    for folder in ("trio_client", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.relative_to(ROOT).as_posix().startswith(QUOTING):
                continue
            if not path.read_text(encoding="utf-8").startswith("# Generated "):
                yield path


def main() -> int:
    patterns = [(pattern(phrase), instead) for phrase, instead in phrases()]
    found = 0
    for path in sources():
        text = path.read_text(encoding="utf-8")
        for expression, instead in patterns:
            for hit in expression.finditer(text):
                line = text.count("\n", 0, hit.start()) + 1
                print(f"{path.relative_to(ROOT)}:{line}: {hit[0]!r}: {instead}")
                found += 1
    print(f"{found} phrases to replace" if found else "no phrase to replace")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
