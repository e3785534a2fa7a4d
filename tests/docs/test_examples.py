"""Every program in examples/ runs to its end, with warnings as errors."""

from __future__ import annotations

import ast
import builtins
import csv
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from trio_client import Triggered, TrioClient
from trio_client.frames import Frame
from trio_client.stub import Scene, StubServer
from trio_client.testing import make

from .runner import run_program

HOME = Path(__file__).resolve().parents[2] / "examples"
GATE = "rtsp://user:hunter2@gate.example/live"
VAN = "a van is at the gate"
QUICKSTARTS = sorted(HOME.glob("quickstart*.py"))
DEMOS = sorted(HOME.glob("demo*.py"))
USAGE = 2
RunExample = Callable[..., str]


@pytest.fixture
def run(
    stub_environment: StubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[RunExample]:
    """Runs a program of examples/ with arguments in a folder of its own; returns what it printed."""
    monkeypatch.chdir(tmp_path)
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    handlers = {number: signal.getsignal(number) for number in numbers}

    def run_example(name: str, *arguments: str, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        try:
            runpy.run_path(str(HOME / name), run_name="__main__")
            left = 0
        except SystemExit as error:
            left = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        printed = capsys.readouterr()
        assert code == left, printed
        assert "hunter2" not in printed.out + printed.err
        assert printed.err.startswith("usage: ") == (code == USAGE)
        return printed.out

    yield run_example
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("path", QUICKSTARTS, ids=lambda path: path.name)
@pytest.mark.thorough
def test_quickstart(path: Path) -> None:
    command = [sys.executable, "-W", "error", "-X", "dev", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    for expected in ("triggered: ", "stopped: ", "all jobs", "webhooks:\n  started", "the job ended: completed"):
        assert expected in done.stdout


@pytest.mark.parametrize("path", DEMOS, ids=lambda path: path.name)
@pytest.mark.thorough
def test_the_demo_shows_what_the_client_does(path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    command = [sys.executable, "-W", "error", "-X", "dev", str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    slow_machine = r"^Executing <.*> took [\d.]+ seconds\n"  # asyncio's own words
    assert (done.returncode, re.sub(slow_machine, "", done.stderr, flags=re.MULTILINE)) == (0, "")
    parts = done.stdout.split("\n\n")
    assert [part[:3] for part in parts] == ["tri", "1. ", "2. ", "3. ", "4. ", "5. ", "6. ", "7. ", "Nex"]
    _, once, cut, early, many, costs, pages, webhooks, after = parts
    assert re.search(r"s  (yes|no) ", once)
    words = re.findall(r"^   \d+\.\d s  (\w+)", cut, re.MULTILINE)
    assert (words[:3], words[-2:]) == (["started", "triggered", "cut"], ["started", "triggered"])
    assert (words.count("started"), words.count("gap") > 0) == (2, True)  # a slow machine may poll a trigger between
    first = re.search(r"started +job (\w{8})\n", cut)
    assert first is not None
    assert f"the server says that job {first[1]} is stopped\n" in cut
    assert re.search(r"stopped +job \w{8}: cancelled; jobs still running: 0\n", early)
    assert min(many.count("A white van stops"), many.count("A person crosses")) == 2
    assert re.search(r"^   together +\$0\.\d\d  the server took \d+ credits", costs, re.MULTILINE)
    assert re.search(r"=> \d+ jobs in \d+ requests, and each of them once", pages)
    statuses = re.findall(r"s  (\d{3}) +(\w+)", webhooks)
    assert statuses == [("204", "started"), ("204", "triggered"), ("204", "stopped"), ("401", "the")]
    assert "and left 0 jobs running" in after
    assert done.stdout.isascii()
    assert max(map(len, done.stdout.replace(sys.executable, "python").splitlines())) <= 80


@pytest.mark.parametrize(
    ("terminal", "environment", "colored"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_the_demo_has_colors_on_a_terminal(
    terminal: bool, environment: dict[str, str], colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"NO_COLOR": "", "FORCE_COLOR": "", "TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)
    paint = runpy.run_path(str(HOME / "demo.py"))["paint"]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert paint("gate", "32") == ("\033[32mgate\033[0m" if colored else "gate")


@pytest.fixture
def channel() -> Iterator[tuple[str, list[bytes]]]:
    """A chat channel's webhook, and the messages it got."""
    messages: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            messages.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hooks/1", messages
        server.shutdown()
        thread.join()


def test_door_alert(run: RunExample, channel: tuple[str, list[bytes]]) -> None:
    hook, messages = channel
    assert "posted: A white van" in run("door_alert.py", GATE, VAN, hook)
    assert all(b'"content": "**a van is at the gate**: A white van' in message for message in messages)
    assert all(b"\xff\xd8\xff" in message for message in messages)
    assert 3 == len(messages)


def test_jobs_to_csv(run: RunExample, stub_environment: StubServer, tmp_path: Path) -> None:
    ids = stub_environment.add_jobs(150, stream_url=GATE)
    with TrioClient() as client:
        ids.append(client.live_monitor.create(GATE, VAN).job_id)
        client.jobs.wait(ids[-1], poll_interval=0.01)
    assert "151 jobs in jobs.csv\n" == run("jobs_to_csv.py", "jobs.csv")
    rows = list(csv.DictReader((tmp_path / "jobs.csv").read_text("utf-8").splitlines()))
    assert ids[::-1] == [row["job_id"] for row in rows]
    assert {"completed"} == {row["status"] for row in rows}
    assert "0.02" == rows[0]["usd"]
    assert {"gate.example"} == {row["host"] for row in rows}


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("rtsp://user:hunter2@gate.example:554/live?token=hunter2", "gate.example"),
        ("rtsp://user:hun/ter2@gate.example/live", "user"),
        ("rtsp://gate.example/token=hunter2", "gate.example"),
        ("rtsp://gate.example/live;token=hunter2", "gate.example"),
        ("https://cam.example/live.m3u8?email=a@b.example&signature=hunter2", "cam.example"),
        ("https://www.youtube.com/watch?v=ab-c_1", "www.youtube.com"),
        ("rtsp://[hunter2", None),
        (None, None),
    ],
)
def test_jobs_to_csv_writes_no_password(address: str | None, written: str | None) -> None:
    assert runpy.run_path(str(HOME / "jobs_to_csv.py"))["host"](address) == written


@pytest.mark.parametrize(
    ("name", "summary"),
    [
        ("overnight.py", "jobs: 1, minutes billed: "),
        ("many_cameras.py", "camera 1: 1 triggers, "),
        ("many_cameras_async.py", "camera 1: 1 triggers, "),
    ],
)
def test_ctrl_c_ends_an_example_with_its_summary(
    name: str,
    summary: str,
    run: RunExample,
    stub_environment: StubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def print_or_stop(text: str, **options: Any) -> None:
        if text.startswith(('{"at"', "camera 1: A white van")):
            raise KeyboardInterrupt
        written(text, **options)

    written = builtins.print
    monkeypatch.setattr(builtins, "print", print_or_stop)
    stub_environment.scene(GATE, Scene(holds=True))
    (tmp_path / "cameras.txt").write_text(GATE)
    arguments = (GATE, VAN, "night.jsonl") if name == "overnight.py" else ("cameras.txt", VAN)
    assert run(name, *arguments, code=130).splitlines()[-1].startswith(summary)
    assert 0 == stub_environment.running_jobs


@pytest.mark.parametrize(
    ("name", "arguments", "stopped_at"),
    [
        ("door_alert.py", (GATE, VAN, "http://127.0.0.1:1/"), "not posted"),
        ("digest_to_markdown.py", (GATE, "report.md", "1"), "\n## Until"),
        ("run_when.py", (GATE, VAN, "30s", "true"), "A white van"),
    ],
)
def test_ctrl_c_ends_an_example_without_a_traceback(
    name: str,
    arguments: tuple[str, ...],
    stopped_at: str,
    run: RunExample,
    stub_environment: StubServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def print_or_stop(text: str, **options: Any) -> None:
        if text.startswith(stopped_at):
            raise KeyboardInterrupt
        written(text, **options)

    written = builtins.print
    monkeypatch.setattr(builtins, "print", print_or_stop)
    stub_environment.scene(GATE, Scene(holds=True))
    run(name, *arguments, code=130)
    assert 0 == stub_environment.running_jobs


@pytest.mark.thorough
def test_overnight(run: RunExample, stub_environment: StubServer, tmp_path: Path) -> None:
    stub_environment.scene(GATE, Scene(holds=True))
    printed = run("overnight.py", GATE, VAN, "night.jsonl", "--hours", "0.0014", "--budget", "0.1")
    assert "ended: duration_reached" in printed
    assert "ended: max_cost_reached" in run(
        "overnight.py", GATE, VAN, "night.jsonl", "--hours", "1", "--budget", "0.02"
    )
    lines = [json.loads(line) for line in (tmp_path / "night.jsonl").read_text().splitlines()]
    assert all("what" in line or "blind_from" in line for line in lines)
    assert any(line.get("what", "").startswith("A white van") for line in lines)
    assert 0 == stub_environment.running_jobs


@pytest.mark.thorough
def test_digest_to_markdown(run: RunExample, tmp_path: Path) -> None:
    run("digest_to_markdown.py", f"{GATE}?token=t0psecret", "report.md", "2")
    report = (tmp_path / "report.md").read_text("utf-8")
    pictures = re.findall(r"!\[.*\]\((.*)\)", report)
    assert 2 == report.count("## Until")
    assert all((tmp_path / picture).read_bytes().startswith(b"\xff\xd8") for picture in pictures)
    assert pictures
    assert report.startswith("# gate.example\n")
    assert "t0psecret" not in report


def test_check_many(run: RunExample, stub_environment: StubServer, tmp_path: Path) -> None:
    cameras = [f"rtsp://user:hunter2@cam-{number}.example/live?token=t0psecret" for number in range(12)]
    for camera in cameras[:5]:
        stub_environment.scene(camera, Scene(holds=True))
    stub_environment.scene(cameras[5], Scene(live=False))
    for camera in cameras[6:]:
        stub_environment.scene(camera, Scene(holds=False))
    (tmp_path / "cameras.txt").write_text("\n".join(cameras))
    printed = run("check_many.py", "cameras.txt", "the lights are on", "--per-second", "1000")
    assert "5 yes, 6 no, 1 failed" in printed
    assert "1. cam-0.example\tyes: " in printed
    assert [secret for secret in ("hunter2", "t0psecret") if secret in printed] == []


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["many_cameras.py", "many_cameras_async.py"])
def test_many_cameras(name: str, run: RunExample, stub_environment: StubServer, tmp_path: Path) -> None:
    cameras = [f"rtsp://user:hunter2@cam-{number}.example/live" for number in range(3)]
    for camera in cameras[:2]:
        stub_environment.scene(camera, Scene(holds=True))
    stub_environment.scene(cameras[2], Scene(holds=False))
    (tmp_path / "cameras.txt").write_text(f"{cameras[0]}\n\n{cameras[1]} a van is there\n{cameras[2]}\n")
    printed = run(name, "cameras.txt", "the gate is open", "--minutes", "0.04")
    assert "camera 1: A white van" in printed
    assert "is met: a van is there" in printed
    assert re.search(r"camera 4: 0 triggers, not watched for \d+ s", printed)
    assert 0 == stub_environment.running_jobs


def test_run_when(run: RunExample, stub_environment: StubServer) -> None:
    assert "A white van" in run("run_when.py", GATE, VAN, "10m", "--", sys.executable, "-c", "exit(7)", code=7)
    stub_environment.scene(GATE, Scene(holds=False))
    run("run_when.py", GATE, VAN, "30s", "--", sys.executable, "-c", "exit(7)", code=1)


def test_stop_forgotten_jobs(run: RunExample, stub_environment: StubServer) -> None:
    stub_environment.add_jobs(2, status="running")
    assert "" == run("stop_forgotten_jobs.py", "2", "--really")
    assert 2 == run("stop_forgotten_jobs.py", "-1").count("since")
    assert 2 == stub_environment.running_jobs
    assert 2 == run("stop_forgotten_jobs.py", "-1", "--really").count("-> stopped")
    assert 0 == stub_environment.running_jobs


def test_ask_picture(run: RunExample, stub_environment: StubServer, tmp_path: Path) -> None:
    stub_environment.scene(GATE, Scene(holds=True))
    printed = run("ask_picture.py", GATE, "Is the gate open?", "What vehicles are there?")
    assert "Is the gate open? [yes]" in printed
    assert "What vehicles are there? [neither]" in printed
    assert (tmp_path / "picture.jpg").exists()


def test_tune_condition(run: RunExample, tmp_path: Path) -> None:
    picture = make(Frame).data
    for name in ("yes-noon.jpg", "no-night.jpg", "holiday.jpg"):
        (tmp_path / name).write_bytes(picture)
    printed = run("tune_condition.py", ".", "Is the gate open?", "What is at the gate?")
    assert "2 pictures, 4 questions, about $0.04\n" in printed
    assert "Is the gate open?\n  right: 1 of 2\n  no-night.jpg: false alarm\n" in printed
    assert "What is at the gate?\n  right: 0 of 2\n" in printed
    assert printed.count(": neither yes nor no") == 2
    (tmp_path / "answers.csv").write_text("holiday.jpg, Yes\nno-night.jpg,yes\n", "utf-8-sig")
    assert "right: 2 of 2" in run("tune_condition.py", ".", "Is the gate open?")


NEED_NO_ARGUMENTS = (
    "demo.py",
    "demo_async.py",
    "quickstart.py",
    "quickstart_async.py",
    "retry_failed_osapi_jobs.py",
)
NEED_ARGUMENTS = sorted(path.name for path in HOME.glob("*.py") if path.name not in NEED_NO_ARGUMENTS)


@pytest.mark.parametrize("name", [*NEED_ARGUMENTS, "webhooks/inbox.py"])
def test_without_its_arguments_a_program_shows_its_usage(run: RunExample, name: str) -> None:
    if name == "dask_cluster.py":
        pytest.importorskip("distributed")
    run(name, code=USAGE)


CALLS = {
    "ask_picture.py": (GATE, VAN),
    "check_many.py": ("cameras.txt", VAN),
    "digest_to_markdown.py": (GATE, "report.md", "1"),
    "door_alert.py": (GATE, VAN, "http://127.0.0.1:9/"),
    "jobs_to_csv.py": ("jobs.csv",),
    "many_cameras.py": ("cameras.txt", VAN),
    "many_cameras_async.py": ("cameras.txt", VAN),
    "overnight.py": (GATE, VAN, "log.jsonl"),
    "retry_failed_osapi_jobs.py": (),
    "run_when.py": (GATE, VAN, "60s", "echo"),
    "stop_forgotten_jobs.py": ("5",),
    "timelapse.py": (GATE, VAN, "pictures"),
    "tune_condition.py": ("pictures", VAN),
    "webhooks/inbox.py": ("0", "https://hooks.example/"),
}
GO_ON = ("check_many.py", "tune_condition.py")  # report each failure


@pytest.mark.usefixtures("run")  # for its folder, and since it restores the handlers of signals
@pytest.mark.parametrize(
    ("name", "refused"), [*((name, False) for name in CALLS), *((name, True) for name in CALLS if name not in GO_ON)]
)
def test_a_program_ends_in_a_line_if_its_key_is_missing_or_refused(
    stub_environment: StubServer, monkeypatch: pytest.MonkeyPatch, name: str, refused: bool
) -> None:
    Path("cameras.txt").write_text(f"{GATE}\n")
    Path("pictures").mkdir()
    Path("pictures", "yes-1.jpg").write_bytes(make(Frame).data)
    if refused:
        stub_environment.fail_next(status=401, times=9)
    else:
        monkeypatch.delenv("TRIO_API_KEY", raising=False)
        monkeypatch.delenv("OSAPI_TOKEN", raising=False)
    monkeypatch.setenv("TRIO_WEBHOOK_SECRET", "secret")
    monkeypatch.setattr(sys, "argv", [name, *CALLS[name]])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(HOME / name), run_name="__main__")
    said = ended.value.code
    assert isinstance(said, str)
    assert said.startswith("401" if refused else "No token." if "osapi" in name else "No API key.")
    assert "\n" not in said


@pytest.mark.parametrize("limit", ["30", "s", "", "x5m"])
def test_run_when_names_the_units_of_a_time_that_has_none(run: RunExample, limit: str) -> None:
    run("run_when.py", GATE, VAN, limit, "echo", code=USAGE)


@pytest.mark.parametrize("name", ["check_many.py", "many_cameras.py", "many_cameras_async.py"])
def test_a_file_that_cannot_be_read_is_reported_in_a_line(run: RunExample, name: str) -> None:
    run(name, "no-such-file.txt", VAN, code=USAGE)


def test_every_program_that_needs_a_key_was_run_without_one() -> None:
    assert {*NEED_ARGUMENTS, "retry_failed_osapi_jobs.py", "webhooks/inbox.py"} - {"dask_cluster.py"} == CALLS.keys()


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_the_shell_example_shows_its_usage_and_names_the_extra() -> None:
    script = str(HOME / "command_line.sh")
    usage = subprocess.run(["sh", script, GATE], capture_output=True, text=True, check=False)
    assert (usage.returncode, usage.stderr) == (USAGE, "usage: sh command_line.sh STREAM_URL CONDITION\n")
    shell = shutil.which("sh") or "sh"
    missing = subprocess.run([shell, script, GATE, VAN], env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
    assert "pip install 'trio-client[cli]'" in missing.stderr


# What an import needs beside trio-client; the programs in examples/webhooks/ are started by a server, not listed here.
INSTALLED_BY = {
    "dask": "dask[dataframe,distributed]",
    "distributed": "dask[dataframe,distributed]",
    "django": "django",
    "fastapi": "fastapi",
    "flask": "flask",
    "pandas": "dask[dataframe,distributed]",
    "redis": "trio-client[redis]",
    "starlette": "starlette",
    "uvicorn": "trio-client[stub]",
    "werkzeug": "flask",
}
IMPORTED_BY = {"trio_client.contrib.redis": "redis", "trio_client.stub": "uvicorn"}
BUNDLED = {*sys.stdlib_module_names, "anyio", "demo", "httpx", "pydantic", "store", "trio_client"}
WITHOUT = """
import runpy, sys
sys.modules[sys.argv[1]] = None
sys.path.insert(0, sys.argv[2].rpartition("/")[0])
runpy.run_path(sys.argv[2], run_name="__main__")
"""


def needs() -> Iterator[tuple[str, str]]:
    """Yield each example that imports more than trio-client has, and each such import."""
    for path in sorted(HOME.rglob("*.py")):
        if path.name.startswith("test_"):
            continue
        imported: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            imported |= {IMPORTED_BY.get(name, name.partition(".")[0]) for name in names}
        if path.name == "demo_async.py":
            imported.add("uvicorn")  # as demo.py, which it imports
        yield from ((path.relative_to(HOME).as_posix(), name) for name in sorted(imported - BUNDLED))


@pytest.mark.parametrize(("name", "module"), list(needs()))
@pytest.mark.thorough
def test_a_program_says_in_a_line_what_is_not_installed(name: str, module: str) -> None:
    command = [sys.executable, "-c", WITHOUT, module, str(HOME / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    install = done.stderr.partition("; install it with: pip install ")[2].replace("'", "").split()
    assert INSTALLED_BY[module] in install or (module == "starlette" and "fastapi" in install), done.stderr


@pytest.mark.parametrize("path", sorted(HOME.glob("webhooks/*_app.py")), ids=lambda path: path.name)
@pytest.mark.thorough
@pytest.mark.apps
def test_a_receiver_asks_for_its_secret_in_a_line(path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TRIO_WEBHOOK_SECRET"}
    done = subprocess.run(
        [sys.executable, str(path)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (1, "Set TRIO_WEBHOOK_SECRET: deliveries are signed with it.\n")


def test_timelapse(run: RunExample, stub_environment: StubServer, tmp_path: Path) -> None:
    stub_environment.scene(GATE, Scene(holds=True))
    stub_environment.fail_next(path="/check-once", status=404)
    printed = run("timelapse.py", GATE, VAN, "pictures", "--every", "0.01", "--count", "3")
    assert "check 1: 404" in printed
    assert 2 == len(list((tmp_path / "pictures").glob("*-yes.jpg")))


@pytest.mark.thorough
def test_retry_failed_osapi_jobs(run: RunExample, stub_environment: StubServer) -> None:
    stub_environment.osapi.add(status="failed", error="no route to host")
    printed = run("retry_failed_osapi_jobs.py")
    assert "1 jobs have failed" in printed
    assert "no route to host -> completed" in printed


@pytest.mark.parametrize("with_key", [True, False])
def test_the_notebook(with_key: bool, stub_environment: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    if not with_key:  # it starts a stub of its own
        monkeypatch.delenv("TRIO_API_KEY")
        monkeypatch.delenv("TRIO_BASE_URL")
    notebook = json.loads((HOME / "look_around.ipynb").read_text("utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [] == [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    namespace: dict[str, Any] = {"__name__": "__main__"}
    run_program("\n".join(cells), "look_around", namespace)
    assert isinstance(namespace["seen"], Triggered)
    assert bool(stub_environment.requests) is with_key


def test_every_program_is_listed() -> None:
    listed = set(re.findall(r"\]\(([\w/.]+)\)", (HOME / "README.md").read_text("utf-8")))
    programs = [path for path in HOME.rglob("*") if path.suffix in (".py", ".ipynb", ".sh")]
    there = {path.relative_to(HOME).as_posix() for path in programs}
    assert there - {"service/store.py", "service/test_service.py"} == listed
