"""The program: its commands, its global options, and how a run ends."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from traceback import format_exception
from typing import Annotated, Any

import typer

from .._version import __version__
from ..errors import TrioError
from . import _jobs, _osapi, _streams, _webhooks
from ._api import api
from ._arguments import arranged
from ._ask import ask
from ._config import load
from ._doctor import doctor
from ._exits import BROKEN_PIPE, JOB_MAY_RUN, NO, USAGE, Interrupted, ReaderGoneError, UsageError, exit_code
from ._help import App, show_help
from ._login import login
from ._mcp import mcp
from ._out import Out
from ._probe import probe
from ._session import Session, warn_if_readable_by_others
from ._signals import ending_signals
from ._stub import stub
from ._summaries import restore_summaries
from ._watch_many import watch_many
from ._watching import check, digest, watch

__all__ = ["app", "run"]

PROGRAM = "trio-client"
_BUG = "This is a bug in trio-client; --debug shows where."
_PARSER_WORDS = (  # pydantic's, in which some versions of typer speak
    (re.compile(r"Value error, "), ""),
    (re.compile(r"Input should be a valid integer.*"), "it must be a whole number"),
    (re.compile(r"Input should be a valid number.*"), "it must be a number"),
    (re.compile(r"Input should be "), "it must be "),
)

app = App(name=PROGRAM)
app.command()(check)
app.command()(watch)
app.command(name="watch-many")(watch_many)
app.command()(digest)
app.command()(ask)
app.add_typer(_jobs.app, name="jobs")
app.add_typer(_streams.app, name="streams")
app.add_typer(_webhooks.app, name="webhooks")
app.add_typer(_osapi.app, name="osapi")
app.command()(api)
app.command()(login)
app.command()(mcp)
app.command()(doctor)
app.command()(probe)
app.command()(stub)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def settings(
    context: typer.Context,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of the API. Default: TRIO_BASE_URL, else the public API.")
    ] = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File with the API key; `-` is standard input. Default: TRIO_API_KEY, else the key saved by `login`.",
        ),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Time limit for connecting and for each reply.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", envvar="TRIO_CONFIG", help="TOML file with settings.")
    ] = None,
    allow_plain_http: Annotated[
        bool, typer.Option("--allow-plain-http", help="Allow sending the key unencrypted to another machine.")
    ] = False,
    json: Annotated[  # noqa: ARG001 - handed down to the command, see arranged()
        bool, typer.Option("--json", help="Print results as JSON, one object per line.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print no notes: only results, warnings and errors.")
    ] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Print without colors.")] = False,  # noqa: ARG001 - see run()
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every retry.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,  # noqa: ARG001 - see run()
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Ask questions about live video with the Trio API, once or for hours.

    The key comes from TRIO_API_KEY, or from `trio-client login`. To try everything without a key, start
    `trio-client stub` in another terminal. `trio-client help COMMAND` explains a command.

    Examples:
      trio-client check rtsp://gate.example/live "a van is at the gate"
      trio-client watch rtsp://gate.example/live "a van is at the gate"
      trio-client jobs list --status running
    """
    out: Out = context.obj
    out.quiet = quiet
    if "_TRIO_CLIENT_COMPLETE" in os.environ:
        return
    out.show_logs(logging.INFO if verbose else logging.WARNING)
    found = load(config, Path(typer.get_app_dir(PROGRAM)), _option_names(context.command))
    if found.has_secret:
        warn_if_readable_by_others(found.path, found.path.stat(), out)
    context.default_map = dict(found.commands)
    context.obj = Session(
        out,
        found,
        base_url=base_url,
        key_file=api_key_file,
        timeout=timeout,
        allow_plain_http=allow_plain_http,
    )


@app.command("help")
def help_(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="The command.", show_default=False)
    ] = None,
) -> None:
    """Explain a command.

    Examples:
      trio-client help watch
      trio-client help jobs list
    """
    show_help(context, names or [])


def run(args: Sequence[str]) -> int:
    """Run one command. Every error becomes one message and an exit code."""
    out = Out()
    with ending_signals(out.exit_now), out.restoring():
        code = _outcome(list(args), out)
    return JOB_MAY_RUN if out.leaks else code


def _outcome(args: list[str], out: Out) -> int:
    """Run one command, and return its exit code whatever it raises."""
    debug = "--debug" in args
    try:
        program = typer.main.get_command(app)
        restore_summaries(program)
        if "--install-completion" in args:
            _check_home()
        args = arranged(args, program)
        if "--no-color" in args:
            out.no_color()
        code = program.main(args=args, prog_name=PROGRAM, standalone_mode=False, obj=out)
        out.flush()
    except SystemExit as error:  # how shell completion ends
        return error.code if isinstance(error.code, int) else NO
    except ReaderGoneError:
        return _exit_quietly()
    except Interrupted as error:
        return exit_code(error)
    except Exception as error:  # noqa: BLE001 - a message instead of a traceback
        if debug:
            out.note("".join(format_exception(error)).rstrip(), always=True)
        return _report(error, out)
    return code if isinstance(code, int) else 0


def _check_home() -> None:
    """Raise UsageError where there is no folder to install shell completion in."""
    home = os.path.expanduser("~")
    if os.environ.get("HOME") == "" or not os.path.isdir(home):
        raise UsageError(
            "Shell completion is installed in the home directory, and there is none. Set HOME, or print the completion "
            "with --show-completion."
        )


def _report(error: Exception, out: Out) -> int:
    """Report an error, and return its exit code: of a call, of the parser, or of a bug."""
    if isinstance(error, (TrioError, UsageError)):
        out.error(error)
        return exit_code(error)
    explain = getattr(error, "format_message", None)
    if explain is not None:  # the parser's own errors
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else PROGRAM
        text = explain()
        for words, plain in _PARSER_WORDS:
            text = words.sub(plain, text)
        ended = text if text.endswith(("?", "!")) else f"{text.rstrip('.')}."
        out.error(f"{ended} Try `{path} --help`.")
        return USAGE
    if type(error).__name__ == "Abort":
        return NO
    reason = error.strerror if isinstance(error, OSError) else None
    out.error(f"{type(error).__name__}: {reason or error}. " + ("" if reason else _BUG))
    return NO


def _exit_quietly() -> int:
    """Return the exit code after the reader of the output is gone."""
    with suppress(OSError), open(os.devnull, "w", encoding="utf-8") as nowhere:  # for what Python flushes at exit
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    return BROKEN_PIPE


def _option_names(group: Any) -> dict[str, Any]:
    """Return the names of all options, nested as the commands are."""
    names: dict[str, Any] = {}
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            names[name] = _option_names(command)
        else:
            names[name] = {each.name: None for each in command.params if each.param_type_name == "option"}
    return names
