"""Run the examples of docstrings and pages as a reader would type them, `await` included."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import inspect
import io
import sys
from typing import Any

_CHECKER = doctest.OutputChecker()
_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run_examples(source: str, name: str, namespace: dict[str, Any]) -> int:
    """Run every `>>>` example in a text, in order, and compare what it shows; return how many there were."""
    examples = doctest.DocTestParser().get_examples(source, name)
    with asyncio.Runner() if sys.version_info >= (3, 11) else _Runner() as runner:
        for example in examples:
            shown = _run(example, name, namespace, runner)
            if not _CHECKER.check_output(example.want, shown, _OPTIONS):
                difference = _CHECKER.output_difference(example, shown, _OPTIONS)
                raise AssertionError(f"{name}, line {example.lineno + 1}: {example.source}{difference}")
    return len(examples)


def run_program(source: str, name: str, namespace: dict[str, Any]) -> None:
    """Run a program of a page, top-level `await` included."""
    code = compile(source, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with asyncio.Runner() if sys.version_info >= (3, 11) else _Runner() as runner:
        _evaluate(code, namespace, runner)


def _run(example: doctest.Example, name: str, namespace: dict[str, Any], runner: Any) -> str:
    output = io.StringIO()
    code = compile(example.source, name, "single", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with contextlib.redirect_stdout(output):
        _evaluate(code, namespace, runner)
    return output.getvalue()


def _evaluate(code: Any, namespace: dict[str, Any], runner: Any) -> None:
    if code.co_flags & inspect.CO_COROUTINE:
        runner.run(_awaited(code, namespace))
    else:
        exec(code, namespace)


async def _awaited(code: Any, namespace: dict[str, Any]) -> None:
    await eval(code, namespace)


class _Runner:
    """What `asyncio.Runner` of Python 3.11 does, as far as it is needed here."""

    def __enter__(self) -> Any:
        self._loop = asyncio.new_event_loop()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def run(self, coroutine: Any) -> Any:
        return self._loop.run_until_complete(coroutine)
