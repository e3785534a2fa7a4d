"""Put the options of a command line where the parser expects them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from typing import Any

from ._exits import UsageError

__all__ = ["arranged"]

_PATHS = ("FILE", "DIR", "@FILE")
_LOCALE_VARIABLES = ("LC_ALL", "LC_CTYPE", "LANG")


class _Level:
    """A command on the command line, and the words that belong to it."""

    def __init__(self, command: Any, name: str | None = None) -> None:
        self.words: list[str] = []
        self.name = name
        self.commands: dict[str, Any] = getattr(command, "commands", {})
        self.options = {
            option: parameter
            for parameter in command.params
            if parameter.param_type_name == "option"
            for option in (*parameter.opts, *parameter.secondary_opts)
        }


def arranged(args: Sequence[str], program: Any) -> list[str]:
    """Return the arguments with each option behind the command that knows it, the innermost first.

    So the options of the program and of a group can also come after a command, and a command's own option of the same
    name wins. A group without a command gets `--help`.

    Args:
        args: the arguments after the program's name.
        program: the outermost group of commands.

    Raises:
        UsageError: an argument is not text.
    """
    levels = [_Level(program)]
    words = deque(args)
    while words:
        word = words.popleft()
        inner = levels[-1]
        if word == "--":
            inner.words += [word, *map(_text, words)]
            break
        if not word.startswith("-") or word == "-":
            if word in inner.commands:
                levels.append(_Level(inner.commands[word], word))
                continue
            inner.words.append(_text(word))
            if inner.commands:  # no such command, which the parser reports
                return [*_joined(levels), *words]
            continue
        level, parameter = _owner(levels, word)
        level.words.append(_value(word, parameter))
        if parameter is not None and _wants_next(word, parameter) and words:
            level.words.append(_value(words.popleft(), parameter))
    _hand_down(levels, "--json")
    if levels[-1].commands:
        levels[-1].words.append("--help")
    return _joined(levels)


def _joined(levels: list[_Level]) -> list[str]:
    return [word for level in levels for word in ([level.name] if level.name else []) + level.words]


def _owner(levels: list[_Level], word: str) -> tuple[_Level, Any]:
    """Return the innermost command that knows an option, and the option; the last command and `None` if none does."""
    name = word.partition("=")[0] if word.startswith("--") else word[:2]
    for level in reversed(levels):
        if name in level.options:
            return level, level.options[name]
    return levels[-1], None


def _wants_next(word: str, parameter: Any) -> bool:
    """Whether an option's value is the next word."""
    if parameter.is_flag or parameter.count:
        return False
    return "=" not in word if word.startswith("--") else len(word) == len("-f")


def _hand_down(levels: list[_Level], option: str) -> None:
    """Move an option of the program to the command, if the command has it too."""
    outer, inner = levels[0], levels[-1]
    if inner is not outer and option in inner.options and option in outer.words:
        outer.words.remove(option)
        inner.words.insert(0, option)


def _value(word: str, parameter: Any) -> str:
    """Return an option's value as text; the bytes of a path stay as they are."""
    return word if parameter is not None and parameter.metavar in _PATHS else _text(word)


def _text(word: str) -> str:
    """Return an argument as text: UTF-8, whatever the locale makes of it."""
    if word.isascii() or not any("\ud800" <= char <= "\udfff" for char in word):
        return word
    try:
        return os.fsencode(word).decode("utf-8")
    except ValueError:
        named = next(
            (f"{name}={os.environ[name]}" for name in _LOCALE_VARIABLES if os.environ.get(name)), "none is set"
        )
        raise UsageError(
            f"An argument is not text in UTF-8, nor in that of the locale ({named}). Set a UTF-8 locale, such as "
            "LC_ALL=C.UTF-8, and type it again."
        ) from None
