"""Measure how the code is divided: lines by package, files that a call enters, long functions, others' private names.

Run it with `python scripts/measure.py`, or with the root of another checkout to measure that one.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import subprocess
import sys
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MOST_BODY_LINES, MOST_ATTRIBUTES, MOST_MODULE_LINES = 50, 12, 250
CORE_PACKAGES = ("_async", "_core", "_http")
LIBRARIES = ("httpx", "httpcore", "h11", "anyio", "uvicorn", "starlette", "opentelemetry", "aiohttp", "trio")
OWN_OBJECTS = ("self", "cls", "client", "events", "other", "script", "stub", "transport.sender")
DATA_BASES = ("BaseModel", "Model", "NamedTuple", "RequestModel", "StrictModel", "TypedDict")
LAYOUT_TOKENS = (
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
)


class Module:
    """One source file of the package written by hand."""

    def __init__(self, path: Path, package: Path) -> None:
        self.path = path
        self.name = path.relative_to(package).as_posix()
        self.tree = ast.parse(path.read_text(encoding="utf-8"))

    @property
    def package(self) -> str:
        """The folder that it is in; the file itself at the top of the package."""
        return self.name.split("/")[0] if "/" in self.name else "(top)"

    def code_lines(self) -> int:
        """Return the lines that hold code: no docstring, comment or blank line."""
        lines: set[int] = set()
        with self.path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type not in LAYOUT_TOKENS:
                    lines.update(range(token.start[0], token.end[0] + 1))
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                lines.difference_update(docstring_lines(node))
        return len(lines)

    def classes(self) -> Iterator[ast.ClassDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))

    def libraries(self) -> list[str]:
        """Return which of the listed libraries it imports, also inside functions."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.update(name.name.split(".")[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.add(node.module.split(".")[0])
        return sorted(found.intersection(LIBRARIES))


def written_modules(root: Path) -> list[Module]:
    """Return the modules of the package but for those that say in their first line that they are generated."""
    package = root / "trio_client"
    paths = (path for path in sorted(package.rglob("*.py")) if "__pycache__" not in path.parts)
    return [Module(path, package) for path in paths if not is_generated(path)]


def is_generated(path: Path) -> bool:
    first, _, _ = path.read_text(encoding="utf-8").partition("\n")
    return first.startswith("# Generated ")


def docstring_lines(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Iterable[int]:
    """Return the lines of a docstring."""
    if ast.get_docstring(node, clean=False) is None:
        return ()
    return range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function's body has after its docstring."""
    has_docstring = ast.get_docstring(function, clean=False) is not None
    body = function.body[1:] if has_docstring else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def attributes(owner: ast.ClassDef) -> set[str]:
    """Return the names that a class and its methods assign on an instance."""
    names = {
        statement.target.id
        for statement in owner.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }
    for node in ast.walk(owner):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            names.add(node.attr)
    return names


def is_data(owner: ast.ClassDef) -> bool:
    """Return whether a class is a data class, a typed dictionary or a model."""
    bases = {ast.unparse(base).split("[")[0].split(".")[-1] for base in owner.bases}
    decorators = {ast.unparse(decorator).split("(")[0].split(".")[-1] for decorator in owner.decorator_list}
    return "dataclass" in decorators or not bases.isdisjoint(DATA_BASES)


# --- private names of other libraries


@cache
def classes_of(library: str) -> dict[str, frozenset[str]]:
    """Return the private names that each class of a library defines or assigns."""
    spec = importlib.util.find_spec(library)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in Path(folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found[node.name].update(filter(is_private, attributes(node) | methods(node)))
    return {name: frozenset(names) for name, names in found.items()}


def methods(owner: ast.ClassDef) -> set[str]:
    return {node.name for node in owner.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def is_private(name: object) -> bool:
    return isinstance(name, str) and name.startswith("_") and not name.startswith("__")


def foreign_private_names(module: Module) -> set[str]:
    """Return, as `library._name`, which private names of other libraries a module uses."""
    own: set[str] = set()
    found: set[str] = set()
    for owner in module.classes():
        parents = [ast.unparse(base).split("[")[0].split(".") for base in owner.bases]
        inherited = {
            name: parent[0]
            for parent in parents
            if parent[0] in LIBRARIES
            for name in classes_of(parent[0]).get(parent[-1], ())
        }
        used = attributes(owner) | methods(owner)
        own |= used - inherited.keys()
        found |= {f"{inherited[name]}.{name}" for name in used & inherited.keys()}
    for name in set(reached_names(module.tree)) - own:
        libraries = [one for one in LIBRARIES if any(name in names for names in classes_of(one).values())]
        if libraries:
            known = [one for one in libraries if one in module.libraries()] or libraries
            found.add(f"{known[0]}.{name}")
    return found


def reached_names(tree: ast.AST) -> Iterator[str]:
    """Yield the private names that are read or set on anything but `self`, `cls` and an object of this package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            if ast.unparse(node.value) not in OWN_OBJECTS:
                yield node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr", "hasattr"):
            name = node.args[1]
            if isinstance(name, ast.Constant) and is_private(name.value) and ast.unparse(node.args[0]) != "self":
                yield str(name.value)


# --- files that a call enters


def trace_calls(root: Path) -> dict[str, list[str]]:
    """Return the files of the package that each of four operations enters; a child process imports that checkout."""
    command = [sys.executable, __file__, "--trace", str(root)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root)
    lines = (line.split("\t") for line in done.stdout.splitlines())
    return {name: files.split() for name, files in lines}


def trace(root: Path) -> None:
    """Run each operation twice against the stub server, and print which files the second run entered."""
    sys.path.insert(0, str(root))
    import trio_client
    from trio_client.stub import StubServer

    package = Path(trio_client.__file__).parent
    assert package == root / "trio_client", f"imported {package}"
    camera, condition = "rtsp://camera.example/yard", "a van is at the gate"
    with StubServer(speed=50) as stub, trio_client.TrioClient("test-key", base_url=stub.base_url) as client:
        for _ in range(2):  # what is imported and connected the first time does not count
            jobs: list[Any] = []
            create = entered(package, lambda: jobs.append(client.live_monitor.create(camera, condition)))  # noqa: B023
            get = entered(package, lambda: client.jobs.get(jobs[0].job_id))  # noqa: B023
            client.jobs.cancel(jobs[0].job_id)
            events = client.live_monitor.stream(camera, condition)
            next(events)
            event = entered(package, lambda: next(events))  # noqa: B023
            leave = entered(package, events.close)
    for name, files in (("jobs.get", get), ("create", create), ("event", event), ("leaving a stream", leave)):
        print(name, " ".join(sorted(files)), sep="\t")


def entered(package: Path, operation: Callable[[], object]) -> set[str]:
    """Return which files of the package, but for the stub server's, an operation enters."""
    files: set[str] = set()

    def note(frame: FrameType, what: str, _: object) -> None:
        if what == "call":
            files.add(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        operation()
    finally:
        sys.setprofile(None)
    inside = (Path(file).relative_to(package) for file in files if file.startswith(f"{package}/"))
    return {path.as_posix() for path in inside if path.parts[0] != "stub"}


# --- the table


def report(root: Path) -> Iterator[str]:
    modules = written_modules(root)
    lines = {module.name: module.code_lines() for module in modules}
    packages: defaultdict[str, int] = defaultdict(int)
    for module in modules:
        packages[module.package] += lines[module.name]
    yield "CODE LINES"
    yield from (f"{count:8,}  {package}" for package, count in sorted(packages.items()))
    yield f"{sum(packages[package] for package in CORE_PACKAGES):8,}  {' + '.join(CORE_PACKAGES)}"
    yield f"{sum(packages.values()):8,}  in all"
    yield "\nFILES ENTERED"
    yield from (f"{len(files):8,}  {name}: {' '.join(files)}" for name, files in trace_calls(root).items())
    yield f"\nFUNCTIONS WITH A BODY OF OVER {MOST_BODY_LINES} LINES"
    yield from listed(
        (body_lines(function), f"{module.name}:{function.name}")
        for module in modules
        for function in module.functions()
        if body_lines(function) > MOST_BODY_LINES
    )
    yield f"\nCLASSES WITH OVER {MOST_ATTRIBUTES} ATTRIBUTES"
    yield from listed(
        (len(attributes(owner)), f"{module.name}:{owner.name}")
        for module in modules
        for owner in module.classes()
        if not is_data(owner) and len(attributes(owner)) > MOST_ATTRIBUTES
    )
    yield f"\nMODULES OF OVER {MOST_MODULE_LINES} CODE LINES"
    yield from listed((count, name) for name, count in lines.items() if count > MOST_MODULE_LINES)
    yield "\nPRIVATE NAMES OF OTHER LIBRARIES"
    found = ((module.name, sorted(foreign_private_names(module))) for module in modules)
    yield from listed((len(names), f"{name}: {' '.join(names)}") for name, names in found if names)


def listed(found: Iterable[tuple[int, str]]) -> Iterator[str]:
    rows = sorted(found, key=lambda row: (-row[0], row[1]))
    yield from (f"{count:8,}  {name}" for count, name in rows)
    if not rows:
        yield "    none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", nargs="?", type=Path, default=ROOT, help="the checkout to measure")
    parser.add_argument("--trace", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    root: Path = options.root.resolve()
    if options.trace:
        trace(root)
    else:
        print("\n".join(report(root)))


if __name__ == "__main__":
    main()
