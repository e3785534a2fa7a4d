"""What it costs to start: imports, first calls and the command line, in fresh processes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

from .contenders import LIBRARIES, OURS, present
from .measured import Measured, Plan
from .processes import Server, first_call, in_turn, spent

TITLE = "Starting"
ABOUT = """\
Each time is that of the processor, user and system, of a fresh process from its start to its end, less that of one
that does nothing; for the command line it is not taken off. "dependencies" is what the client cannot do without
(httpx, httpx-sse, pydantic and anyio), and a module of 25 pydantic models with four fields each: about as many as
the client has."""
ROUNDS = 5
OPTIONAL = ("jsonschema", "opentelemetry", "starlette", "tenacity", "tomli", "trio", "typer", "uvicorn")
DEPENDENCIES = "dependencies"
PLAIN_MODELS = "from pydantic import BaseModel\n" + "".join(
    f"class Plain{number}(BaseModel):\n"
    "    name: str\n    count: int | None = None\n    kept: bool = False\n    at: float | None = None\n"
    for number in range(25)
)
FIRST_CLIENT = {
    OURS: "from trio_client import TrioClient; client = TrioClient('key', base_url={url!r})",
    "httpx": "import httpx; client = httpx.Client(base_url={url!r})",
    "openai": "from openai import OpenAI; client = OpenAI(api_key='key', base_url={url!r})",
}
FIRST_CALL = {
    OURS: "client.jobs.get('job')",
    "httpx": "client.get('/jobs/job').json()",
    "openai": "client.get('/jobs/job', cast_to=object)",
}
CLIENT = "from trio_client import TrioClient"


def measure(plan: Plan) -> Iterator[Measured]:
    with tempfile.TemporaryDirectory() as folder, Server() as url:
        Path(folder, "plain_models.py").write_text(PLAIN_MODELS)
        dependencies = f"import sys; sys.path.append({folder!r}); import anyio, httpx, httpx_sse, plain_models"
        if plan.wants("import trio_client"):
            yield _ratio(
                "import trio_client",
                {OURS: "import trio_client", DEPENDENCIES: dependencies},
                plan,
                "The package alone loads next to nothing: its names are imported when they are first used.",
            )
        if plan.wants("import of the client"):
            yield _ratio(
                "import of the client",
                {OURS: CLIENT, DEPENDENCIES: dependencies},
                plan,
                "The client by its name, with everything that it needs: what a program pays.",
            )
        for scenario, program, note in (
            (
                "import and first client",
                {name: start.format(url="https://127.0.0.1/api") for name, start in FIRST_CLIENT.items()},
                "The first client for https reads the certificates, which all later ones share.",
            ),
            (
                "import, first client, first call",
                {name: f"{start.format(url=url)}; {FIRST_CALL[name]}" for name, start in FIRST_CLIENT.items()},
                "From nothing to the first reply, over http: what a serverless function pays.",
            ),
        ):
            if plan.wants(scenario):
                yield _ratio(scenario, program, plan, note)
        if plan.wants("packages loaded before they are needed"):
            yield Measured(
                "packages loaded before they are needed",
                "packages",
                {OURS: [float(len({*OPTIONAL} & _modules(CLIENT)))]},
                f"Of {', '.join(OPTIONAL)}. Where rich is installed, httpx imports it for a command of its own.",
            )
        if plan.wants("first calls in an event loop"):
            yield Measured(
                "first calls in an event loop",
                "ms",
                in_turn({OURS: lambda: float(first_call(url)["gap"])}, ROUNDS),
                "The longest time for which another task had to wait, from entering the client to its first events; "
                "what they need is imported in a thread.",
            )
    if plan.wants("trio-client --version"):
        command = str(Path(sys.executable).with_name("trio-client"))
        yield Measured(
            "trio-client --version",
            "ms",
            in_turn(
                {
                    OURS: partial(_milliseconds, command, "--version"),
                    "typer": partial(_milliseconds, sys.executable, "-c", "import typer"),
                },
                plan.rounds(ROUNDS),
            ),
            "The command line answers, compared with nothing but the import of typer, which it is made with.",
        )


def _installed(programs: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, program) for name, program in programs.items() if name not in LIBRARIES or present(name)]


def _ratio(scenario: str, programs: dict[str, str], plan: Plan, note: str) -> Measured:
    measured: dict[str, Callable[[], float]] = {
        name: partial(_milliseconds, sys.executable, "-c", program) for name, program in _installed(programs)
    }
    nothing = "nothing"
    found = in_turn(
        {nothing: partial(_milliseconds, sys.executable, "-c", "pass"), **measured},
        plan.rounds(ROUNDS),
    )
    floor = median(found.pop(nothing))
    return Measured(scenario, "ms", {name: [value - floor for value in found[name]] for name in found}, note)


def _milliseconds(*command: str) -> float:
    return spent(*command) * 1e3


def _modules(program: str) -> set[str]:
    """Return the modules that a program leaves loaded."""
    command = [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"]
    return {*subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()}
