"""Read a recording back."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .._json import as_array, as_object
from .._times import parse_time
from ..errors import ConfigurationError
from ._recorder import RECORDING_VERSION
from ._routes import api_path

__all__ = ["RecordedExchange", "Recording", "Step", "read_recording"]


@dataclass(frozen=True)
class Step:
    """What happened at some time: a head, a piece, an end or a failure."""

    name: str
    at: datetime
    values: dict[str, Any]


@dataclass
class RecordedExchange:
    """One recorded request, and what became of it."""

    number: int
    method: str
    url: str
    body: Any
    at: datetime
    steps: list[Step] = field(default_factory=list[Step])

    @property
    def path(self) -> str:
        """The path below the base URL."""
        return api_path(urlsplit(self.url).path)

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))


@dataclass(frozen=True)
class Recording:
    """A whole recording; `frames`: whether its pictures are the original ones."""

    path: Path
    frames: bool
    exchanges: list[RecordedExchange]


def read_recording(path: str | os.PathLike[str]) -> Recording:
    """Return a recording.

    Raises:
        ConfigurationError: the file cannot be read, or is no recording of this version.
    """
    file = Path(path)
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise ConfigurationError(f"The recording {file} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is no recording: it is not text in UTF-8.") from error
    if lines[-1]:
        raise _bad(file, len(lines), "it is cut in the middle of a line")
    frames, exchanges = True, dict[int, RecordedExchange]()
    for number, text in enumerate(lines[:-1], 1):
        try:
            line = as_object(json.loads(text))
            if number == 1:
                frames = _read_first(file, line)
            else:
                _read_step(exchanges, line)
        except (ValueError, KeyError, TypeError) as error:
            reason = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
            raise _bad(file, number, reason) from None
    if len(lines) < 2:
        raise _bad(file, 1, "it is empty")
    return Recording(file, frames, list(exchanges.values()))


def _read_first(file: Path, line: dict[str, Any]) -> bool:
    if line.get("step") != "recording":
        raise ValueError("it is not the first line of a recording")
    if line["version"] != RECORDING_VERSION:
        raise ConfigurationError(
            f"{file} is a recording of version {line['version']!r}; this package reads version {RECORDING_VERSION}.",
            advice="Record the session again with this version.",
        )
    return line.get("frames") is not False


def _read_step(exchanges: dict[int, RecordedExchange], line: dict[str, Any]) -> None:
    number, name, at = line["exchange"], line["step"], parse_time(line["at"])
    if at is None:
        raise ValueError(f"{line['at']!r} is not a time")
    if name == "request":
        if number in exchanges:
            raise ValueError(f"exchange {number} has a request already")
        exchanges[number] = RecordedExchange(number, _text(line["method"]), _text(line["url"]), line["body"], at)
        return
    if number not in exchanges:
        raise ValueError(f"exchange {number} has no request")
    before = [step.name for step in exchanges[number].steps]
    _check_order(name, before)
    exchanges[number].steps.append(Step(name, at, _checked(name, line)))


def _check_order(name: str, before: list[str]) -> None:
    if "end" in before or "failure" in before:
        raise ValueError(f"a {name} follows the end of its exchange")
    if name == "head" and before:
        raise ValueError("an exchange has a second head")
    if name == "piece" and not before:
        raise ValueError("a piece comes before its head")


def _checked(name: str, line: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a step; raise KeyError or ValueError if one is missing or of another type."""
    if name == "head":
        headers = [(_text(key), _text(value)) for key, value in as_array(line["headers"])]
        if not isinstance(line["status"], int) or not 100 <= line["status"] < 600:
            raise ValueError("the status is not an HTTP status")
        return {"status": line["status"], "headers": headers}
    if name == "piece":
        return {"content": _text(line["text"]).encode("utf-8", "surrogateescape")}
    if name == "end":
        return {"complete": bool(line["complete"])}
    if name == "failure":
        return {"error": _text(line["error"]), "message": _text(line["message"])}
    raise ValueError(f"there is no step {name!r}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value


def _bad(file: Path, line: int, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"{file}, line {line}, is not as a Recorder wrote it: {reason}.", advice="Record the session again."
    )
