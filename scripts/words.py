"""Find the phrases of `words.txt` in every text file of the repository, and fail if there are any."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = Path(__file__).with_suffix(".txt")
QUOTING = (
    "scripts/words",
    "tests/contract/osapi_exchanges.json",
    "tests/samples/",
    "LICENSE",
)  # other people's words
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
        r"(?!s?(?:[\s_]+(?:it|them|the[\s_]\w+))?[\s_]+(?:up|like|around)(?![A-Za-z]))"
        if phrase.startswith("look")
        else ""
    )
    return re.compile(rf"(?:(?<![A-Za-z]){first}|{first.upper()}){rest}(?![A-Za-z]){allowed}")


def sources() -> Iterator[tuple[Path, str]]:
    """Yield the tracked files that are text, each with its content, but for those that quote."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.split("\0"):
        if name and not name.startswith(QUOTING):
            with suppress(UnicodeDecodeError, FileNotFoundError):
                yield ROOT / name, (ROOT / name).read_text(encoding="utf-8")


def main() -> int:
    patterns = [(pattern(phrase), instead) for phrase, instead in phrases()]
    found = 0
    for path, text in sources():
        for expression, instead in patterns:
            for hit in expression.finditer(text):
                line = text.count("\n", 0, hit.start()) + 1
                print(f"{path.relative_to(ROOT)}:{line}: {hit[0]!r}: {instead}")
                found += 1
    print(f"{found} phrases to replace" if found else "no phrase to replace")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
