"""Prepare the package's docstrings for the reference: their `Example:` is a section of examples."""

from __future__ import annotations

import re
from typing import Any

import griffe


class Examples(griffe.Extension):
    """Read `Example:` as the `Examples:` that the documentation tool knows."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.path == "trio_client.errors":
            obj.docstring = None  # a tree in plain text; the page has one with links
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
