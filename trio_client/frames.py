"""Pictures, kept as the text in which they arrived until they are used."""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._later import Later
from .errors import ResponseValidationError

if TYPE_CHECKING:
    import pydantic.json_schema
    import pydantic_core
else:
    pydantic, pydantic_core = Later("pydantic"), Later("pydantic_core")

__all__ = ["Frame"]

_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)
_SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/webp": ".webp",
}


class Frame:
    """A picture, decoded only on use.

    Args:
        content: the picture as base64 text, with or without a data-URI prefix, or its bytes.

    Example:
        >>> frame = Frame("data:image/jpeg;base64,/9j/4AAQ")
        >>> frame.media_type, len(frame.data)
        ('image/jpeg', 6)

    Source: API reference, "Check Once" and "Analyze Frame" (`frame_b64`, a JPEG).
    """

    __slots__ = ("_content",)

    def __init__(self, content: str | bytes) -> None:
        self._content = content

    @property
    def data(self) -> bytes:
        """The picture's bytes.

        Raises:
            ResponseValidationError: the text is not base64.
        """
        if isinstance(self._content, bytes):
            return self._content
        try:
            return base64.b64decode("".join(self._payload().split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise ResponseValidationError(
                "The picture is not base64, so it cannot be decoded; the text is in `.base64`."
            ) from error

    @property
    def base64(self) -> str:
        """The picture as base64 text without a data-URI prefix."""
        if isinstance(self._content, bytes):
            return base64.b64encode(self._content).decode("ascii")
        return self._payload()

    @property
    def media_type(self) -> str:
        """The picture's media type, by its first bytes; `application/octet-stream` if unknown."""
        head = self._head()
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return "image/webp"
        for signature, media_type in _SIGNATURES:
            if head.startswith(signature):
                return media_type
        return "application/octet-stream"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file and return its path.

        Args:
            path: where to write; a path without a suffix gets that of the media type (`.jpg`).
        """
        target = Path(path)
        if not target.suffix:
            target = target.with_suffix(_SUFFIXES.get(self.media_type, ".bin"))
        target.write_bytes(self.data)
        return target

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: pydantic.GetCoreSchemaHandler
    ) -> pydantic_core.CoreSchema:
        """In a pydantic model, a picture is validated from base64 text or bytes, and serialized as base64 text."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls._validated,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda frame: frame.base64, return_schema=core_schema.str_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: pydantic_core.CoreSchema, handler: pydantic.GetJsonSchemaHandler
    ) -> pydantic.json_schema.JsonSchemaValue:
        return {**handler(schema), "contentEncoding": "base64"}

    @classmethod
    def _validated(cls, value: Any) -> Frame:
        if isinstance(value, Frame):
            return value
        if not isinstance(value, (str, bytes)):
            raise ValueError("a picture is expected: a Frame, base64 text or bytes")
        frame = cls(value)
        try:
            _ = frame.data
        except ResponseValidationError:
            raise ValueError("the text of the picture is not base64") from None
        return frame

    def _payload(self) -> str:
        assert isinstance(self._content, str)
        if self._content[:5].lower() == "data:":
            return self._content.partition(",")[2]
        return self._content

    def _head(self) -> bytes:
        if isinstance(self._content, bytes):
            return self._content[:16]
        try:
            return base64.b64decode("".join(self._payload()[:64].split())[:24])
        except (binascii.Error, ValueError):
            return b""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frame):
            return NotImplemented
        return self._content == other._content or self.base64 == other.base64

    def __hash__(self) -> int:
        return hash(self.base64)

    def __repr__(self) -> str:
        size = len(self._content)
        amount = f"{size:,} bytes" if isinstance(self._content, bytes) else f"about {size * 3 // 4:,} bytes"
        return f"<Frame {self.media_type}, {amount}>"

    def _repr_html_(self) -> str:
        # Encoded again: the received text could contain markup.
        if self.media_type in _SUFFIXES:
            with contextlib.suppress(ResponseValidationError):
                picture = base64.b64encode(self.data).decode("ascii")
                source = f"data:{self.media_type};base64,{picture}"
                return f'<img src="{source}" alt="{self.media_type}" style="max-width:100%;border-radius:4px">'
        return f"<code>{html.escape(repr(self))}</code>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        shown: dict[str, object] = {"text/plain": repr(self)}
        if self.media_type in _SUFFIXES:
            with contextlib.suppress(ResponseValidationError):  # a notebook then shows the text alone
                shown[self.media_type] = self.data
        return shown


def is_picture_name(name: str) -> bool:
    """Return whether a field of this name holds a picture, as base64."""
    return name.lower().endswith(("_b64", "base64"))
