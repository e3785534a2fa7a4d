"""What the package says of itself on a package index: the README, and links to the repository.

The environment variable REPOSITORY_URL is the address of the repository, as the workflow of a release sets it. With it,
the README's links to files become links into the repository. Without it they would lead nowhere, so they are left out.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

try:
    from hatchling.metadata.plugin.interface import MetadataHookInterface
except ImportError:  # outside a build
    MetadataHookInterface = object

_IMAGE = re.compile(r"!\[([^\]]*)\]\((?!https?:)([^)]+)\)")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)]+)\)")
_FENCES = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_EMPTY = re.compile(r"^## [^\n]+\n+(?=## |\Z)", re.MULTILINE)


def for_index(readme: str, repository: str) -> str:
    """Return the README with links that work outside the repository."""
    parts = _FENCES.split(readme)  # every other one is a program
    parts[::2] = [_absolute(part, repository.rstrip("/")) for part in parts[::2]]
    return _EMPTY.sub("", "".join(parts)).rstrip() + "\n"


def _absolute(text: str, repository: str) -> str:
    if repository:
        text = _IMAGE.sub(rf"![\1]({repository}/raw/HEAD/\2)", text)
        return _LINK.sub(rf"[\1]({repository}/blob/HEAD/\2)", text)
    text = re.sub(r"^- \[(?:[^\n]|\n(?=  ))+\n", "", text, flags=re.MULTILINE)  # lists that are there for their links
    text = re.sub(rf"^{_IMAGE.pattern}\n+", "", text, flags=re.MULTILINE)
    return _LINK.sub(r"\1", text)


def urls(repository: str) -> dict[str, str]:
    """Return the links that a package index shows beside the README."""
    found = {"API documentation": "https://docs.machinefi.com"}
    if repository:
        repository = repository.rstrip("/")
        found["Source"] = repository
        found["Changelog"] = f"{repository}/blob/HEAD/CHANGELOG.md"
        found["Issues"] = f"{repository}/issues"
    return found


class PackageMetadata(MetadataHookInterface):  # type: ignore[misc]
    """Asked by hatchling while it builds the package."""

    def update(self, metadata: dict[str, Any]) -> None:
        repository = os.environ.get("REPOSITORY_URL", "")
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": for_index(text, repository)}
        metadata["urls"] = urls(repository)
