"""Read text files as people save them: with or without a byte order mark."""

from __future__ import annotations

import codecs

__all__ = ["decoded", "without_mark"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(content: bytes) -> str:
    """Return the text of a file in UTF-8, or in what its byte order mark says: Notepad and PowerShell write one.

    Raises:
        UnicodeDecodeError: it is not text.
    """
    return content.decode(next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8"))


def without_mark(content: bytes) -> bytes:
    """Return the bytes of a file in UTF-8, without a byte order mark; what is not text stays as it is."""
    try:
        return decoded(content).encode()
    except ValueError:
        return content
