"""The command line's help screens, the same with every version of typer."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["App", "Command", "Group", "show_help"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_WIDEST = 100
_WIDEST_LABEL = 26
_NARROWEST_TEXT = 20


class Command(TyperCommand):
    """A command that writes its own help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of this command."""
        formatter.write(_page(self, ctx))


class Group(TyperGroup):
    """A group of commands that writes its own help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of this group."""
        formatter.write(_page(self, ctx))


class App(typer.Typer):
    """A group of commands whose help this module writes."""

    def __init__(self, help: str | None = None, **options: Any) -> None:
        if help is not None:
            options["help"] = help
        super().__init__(
            cls=Group,
            context_settings={"help_option_names": ["--help", "-h"]},
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
            **options,
        )

    def command(self, name: str | None = None, **options: Any) -> Callable[[_Function], _Function]:
        """Register a function as a command."""
        return super().command(name, cls=Command, **options)


def show_help(context: typer.Context, names: Sequence[str]) -> None:
    """Print the help of a command, given the words that call it."""
    outer: Any = context.find_root()
    command: Any = outer.command
    for name in names:
        inner = getattr(command, "commands", {}).get(name)
        if inner is None:
            outer.fail(f"There is no command {' '.join(names)!r}.")
        outer = type(outer)(inner, info_name=name, parent=outer)
        command = inner
    print(command.get_help(outer))


def _page(command: Any, context: Any) -> str:
    """Return a help screen, as wide as the terminal."""
    width = max(40, min(_WIDEST, shutil.get_terminal_size().columns))
    about, examples = _split(command.help or "")
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    help_option = command.get_help_option(context)
    if help_option is not None and help_option not in options:
        options.append(help_option)
    commands = getattr(command, "commands", {})
    usage = [context.command_path, "[OPTIONS]", *(_argument(each, brackets=True) for each in arguments)]
    if commands:
        usage.append("COMMAND")
    parts = [
        *(_filled(each, width) for each in about),
        _filled(f"Usage: {' '.join(usage)}", width, indent=7).replace("Usage:", _bold("Usage:"), 1),
        _section("Arguments", ((_argument(each), each.help or "") for each in arguments), width),
        _section("Commands", ((name, _first_sentences(each)) for name, each in commands.items()), width),
        _section("Options", ((_option(each), _about_option(each, context)) for each in options), width),
        *("\n".join(_lines(each)) for each in examples),
    ]
    if context.parent is not None and not commands:
        parts.append(_filled(_for_all(context.find_root().command), width))
    return "\n\n".join(each for each in parts if each) + "\n"


def _for_all(program: Any) -> str:
    """Return what a command's help says of the options of the program."""
    options = [
        each for each in program.params if each.param_type_name == "option" and each.expose_value and not each.is_eager
    ]
    names = ", ".join(sorted(max(each.opts, key=len) for each in options))
    return f"Options for all commands, before or after the command: {names}. `trio-client --help` explains them."


def _split(text: str) -> tuple[list[str], list[str]]:
    """Return the paragraphs of a docstring, each on one line, and the examples as they are."""
    paragraphs = [each.strip("\b\n ") for each in text.split("\n\n")]
    examples = [each for each in paragraphs if each.startswith("Example")]
    return [" ".join(each.split()) for each in paragraphs if each and each not in examples], examples


def _lines(example: str) -> list[str]:
    head, *lines = example.splitlines()
    return [_bold(head), *lines]


def _first_sentences(command: Any) -> str:
    """Return what a command does, from the first paragraph of its docstring."""
    about, _ = _split(command.help or "")
    return about[0] if about else ""


def _section(title: str, rows: Iterable[tuple[str, str]], width: int) -> str:
    """Return two columns below a title; "" without rows."""
    table = list(rows)
    if not table:
        return ""
    indent = 4 + min(_WIDEST_LABEL, width - _NARROWEST_TEXT - 4, max(len(label) for label, _ in table))
    lines = [_bold(f"{title}:")]
    for label, text in table:
        first = f"  {label}".ljust(indent)
        if len(first) > indent or first[-2:].strip():
            lines.append(first.rstrip())
            first = " " * indent
        filled = _filled(text, width, first, indent)
        lines.append(filled or first.rstrip())
    return "\n".join(lines)


def _argument(parameter: Any, *, brackets: bool = False) -> str:
    name = parameter.metavar or parameter.name.upper()
    if parameter.nargs == -1:
        name += " ..."
    return name if parameter.required or not brackets else f"[{name}]"


def _option(parameter: Any) -> str:
    names = sorted((*parameter.opts, *parameter.secondary_opts), key=lambda name: (name.startswith("--"), len(name)))
    label = ", ".join(names) if not parameter.secondary_opts else " / ".join(names)
    if not any(not name.startswith("--") for name in names):
        label = f"    {label}"
    if parameter.is_flag or parameter.count:
        return label
    return f"{label} {parameter.metavar or names[-1].rpartition('-')[2].upper()}"


def _about_option(parameter: Any, context: Any) -> str:
    """Return an option's help, with the environment variable and the default."""
    parts = [parameter.help or ""]
    if parameter.envvar and parameter.show_envvar:
        parts.append(f"Environment: {parameter.envvar}.")
    default = parameter.get_default(context, call=False)
    if parameter.required:
        parts.append("Required.")
    elif parameter.show_default and not parameter.is_flag and default not in (None, "", (), []):
        parts.append(f"Default: {format(default, 'g') if isinstance(default, float) else default}.")
    return " ".join(parts)


def _filled(text: str, width: int, first: str = "", indent: int = 0) -> str:
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _bold(text: str) -> str:
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    return text if is_plain else f"\x1b[1m{text}\x1b[0m"
