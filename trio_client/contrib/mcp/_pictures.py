"""The pictures that a model may ask about: those of earlier results, and files of one folder."""

from __future__ import annotations

import stat
from collections import OrderedDict
from pathlib import Path
from typing import Final

from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ImageContent

from ...errors import ResponseValidationError
from ...frames import Frame

__all__ = ["Pictures", "shown"]

_KEPT: Final = 20
_SHOWN_BYTES: Final = 500 * 1024
_READ_BYTES: Final = 16 * 2**20


class Pictures:
    """Keeps the latest pictures, and reads those of a folder.

    Args:
        folder: where the user's pictures are; `None`: nowhere.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else folder.resolve()
        self._kept: OrderedDict[str, Frame] = OrderedDict()
        self._count = 0

    def keep(self, frame: Frame) -> str:
        """Keep a picture, and return its id."""
        self._count += 1
        frame_id = f"frame-{self._count}"
        self._kept[frame_id] = frame
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return frame_id

    def named(self, name: str) -> Frame:
        """Return a kept picture by its id, or one of the folder by its path.

        Raises:
            ToolError: there is no such picture. The text does not show what is outside of the folder.
        """
        kept = self._kept.get(name)
        if kept is not None:
            return kept
        found = None if self._folder is None else _picture_below(self._folder, name)
        if found is None:
            places = "a frame_id of an earlier result"
            if self._folder is not None:
                places += " or the path of a picture below the folder that the user named with --pictures"
            raise ToolError(f"There is no such picture. frame must be {places}; the last {_KEPT} frame_ids are kept.")
        return found


def shown(frame: Frame) -> ImageContent | None:
    """Return a picture for the model to see; `None` for one that is too large, or no picture."""
    try:
        data = frame.data
    except ResponseValidationError:
        return None
    if len(data) > _SHOWN_BYTES or not frame.media_type.startswith("image/"):
        return None
    return ImageContent(data=frame.base64, mime_type=frame.media_type)


def _picture_below(folder: Path, name: str) -> Frame | None:
    """Return a picture of a folder; `None` for anything else, and for whatever is outside of the folder."""
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            return None
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _READ_BYTES:
            return None
        frame = Frame(path.read_bytes())
    except (OSError, ValueError, RuntimeError):
        return None
    return frame if frame.media_type.startswith("image/") else None
