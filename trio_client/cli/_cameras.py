"""The file of `watch-many`: which cameras are watched, and for what."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.targets import Target, WatchOptions
from .._json import as_object
from ..errors import ConfigurationError, RequestValidationError
from ._config import read_toml
from ._exits import UsageError

if TYPE_CHECKING:
    from .. import TrioClient

__all__ = ["check_options", "read_cameras"]

_TABLES = ("defaults", "cameras")
_KEYS = ("stream_url", "condition", *WatchOptions.__annotations__)


def read_cameras(path: Path) -> list[Target]:
    """Return the targets that a file names; the name of each is its key.

    Raises:
        UsageError: the file cannot be read, has an unknown key, lacks a required one, or has a camera twice.
    """
    tables = read_toml(path)
    for name in tables:
        if name not in _TABLES:
            raise UsageError(f"{path}: {name} is not known; there are [defaults] and [cameras.NAME].")
    defaults = _table(path, "defaults", tables.get("defaults", {}))
    cameras = _table(path, "cameras", tables.get("cameras", {}), keys=None)
    if not cameras:
        raise UsageError(f"{path} names no cameras; add a table [cameras.NAME] with stream_url and condition.")
    targets: dict[tuple[str, str], Target] = {}
    for name, value in cameras.items():
        target = _target(path, name, {**defaults, **_table(path, f"cameras.{name}", value)})
        other = targets.setdefault((str(target.stream_url), target.condition), target)
        if other is not target:
            raise UsageError(
                f"{path}: cameras.{other.key} and cameras.{name} are the same camera: their stream_url and condition "
                "are equal."
            )
    return list(targets.values())


def check_options(path: Path, client: TrioClient, targets: list[Target]) -> None:
    """Check the values of all cameras before anything is sent, so that errors name the camera.

    Raises:
        UsageError: a value is outside its range.
    """
    for target in targets:
        try:
            client.live_monitor.watch(str(target.stream_url), target.condition, **target.options)
        except (ConfigurationError, RequestValidationError) as error:
            raise UsageError(f"{path}: cameras.{target.key}: {error.problem}") from error


def _target(path: Path, name: str, values: dict[str, Any]) -> Target:
    for required in ("stream_url", "condition"):
        if not isinstance(values.get(required), str):
            problem = "must be text" if required in values else "is missing"
            raise UsageError(f"{path}: cameras.{name}: {required} {problem}.")
    try:
        return Target(values.pop("stream_url"), values.pop("condition"), key=name, **values)
    except RequestValidationError as error:
        raise UsageError(f"{path}: cameras.{name}: {error.problem}") from error


def _table(path: Path, name: str, value: Any, *, keys: tuple[str, ...] | None = _KEYS) -> Mapping[str, Any]:
    """Return a table whose keys are known."""
    if not isinstance(value, dict):
        raise UsageError(f"{path}: {name} must be a table.")
    table = as_object(value)
    for key in table if keys is not None else ():
        if key not in _KEYS:
            close = [each for each in _KEYS if key in each] or get_close_matches(key, _KEYS, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(_KEYS)}."
            raise UsageError(f"{path}: {name}.{key} is not known; {hint}")
    return table
