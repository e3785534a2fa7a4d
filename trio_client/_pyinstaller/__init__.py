"""What PyInstaller asks for when it packs a program that uses this package."""

from __future__ import annotations

from pathlib import Path

__all__ = ["get_hook_dirs"]


def get_hook_dirs() -> list[str]:
    """Return the folder with the hook, which PyInstaller finds through an entry point."""
    return [str(Path(__file__).parent)]
