"""Settings of the command line: flags, then the environment, then an optional TOML file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from .._json import as_object
from ._exits import UsageError
from ._files import decoded

__all__ = ["Config", "load", "read_toml"]

_SETTINGS: dict[str, tuple[type, ...]] = {
    "api_key": (str,),
    "base_url": (str,),
    "timeout": (int, float),
    "allow_plain_http": (bool,),
}
_OSAPI: dict[str, tuple[type, ...]] = {"token": (str,), "url": (str,), "api_prefix": (str,)}


@dataclass(frozen=True)
class Config:
    """The contents of the settings file.

    Attributes:
        path: the file, whether it exists or not.
        found: whether it exists.
        settings: the top-level settings.
        osapi: the settings of the OSAPI client.
        commands: defaults of options, by command.
        has_secret: whether it holds a key or a token.
    """

    path: Path
    found: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    osapi: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    commands: Mapping[str, Any] = field(default_factory=dict[str, Any])
    has_secret: bool = False


def load(named: Path | None, folder: Path, commands: Mapping[str, Any]) -> Config:
    """Return the settings in a file.

    Args:
        named: the file that the caller chose; it must exist.
        folder: the folder that holds it otherwise.
        commands: the option names of each command, nested as the commands are.

    Raises:
        UsageError: the file cannot be read, or has an unknown setting.
    """
    path = named or folder / "config.toml"
    if named is None and not path.is_file():
        return Config(path)
    values = read_toml(path)
    empty: dict[str, Any] = {}
    osapi = _table(path, values.pop("osapi", empty), "osapi")
    own_osapi = {name: value for name, value in osapi.items() if not isinstance(value, dict)}
    _check(path, own_osapi, _OSAPI, "osapi.")
    settings = {name: value for name, value in values.items() if not isinstance(value, dict)}
    _check(path, settings, _SETTINGS, "")
    tables = {name: value for name, value in values.items() if name not in settings}
    nested = {name: value for name, value in osapi.items() if name not in own_osapi}
    if nested:
        tables["osapi"] = nested
    return Config(
        path,
        found=True,
        settings=settings,
        osapi=own_osapi,
        commands=_defaults(path, tables, commands, ""),
        has_secret="api_key" in settings or "token" in own_osapi,
    )


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file has, or raise UsageError."""
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        values: dict[str, Any] = toml.loads(decoded(path.read_bytes()))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {error}.") from error
    return values


def _table(path: Path, value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return as_object(value)
    raise UsageError(f"{path}: {name} must be a table.")


def _check(path: Path, values: Mapping[str, Any], known: Mapping[str, tuple[type, ...]], prefix: str) -> None:
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"{path}: {prefix}{name} is not a setting; there are {', '.join(known)}.")
        if not isinstance(value, known[name]) or (isinstance(value, bool) and bool not in known[name]):
            wanted = {str: "text", bool: "true or false"}.get(known[name][0], "a number")
            raise UsageError(f"{path}: {prefix}{name} must be {wanted}.")


def _defaults(path: Path, tables: Mapping[str, Any], known: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return defaults by command and option, as the parser names them."""
    found: dict[str, Any] = {}
    for raw, value in tables.items():
        name = raw if raw in known else raw.replace("-", "_")
        if name not in known:
            raise UsageError(f"{path}: {prefix}{raw} is not known; there are {', '.join(sorted(known))}.")
        inner = known[name]
        found[name] = (
            value if inner is None else _defaults(path, _table(path, value, prefix + raw), inner, f"{prefix}{raw}.")
        )
    return found
