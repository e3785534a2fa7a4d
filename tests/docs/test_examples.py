"""Every program in examples/ runs to its end, with warnings as errors."""

from __future__ import annotations

import csv
import json
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from trio_client.frames import Frame
from trio_client.stub import Scene, StubServer
from trio_client.testing import make

from .runner import run_program

HOME = Path(__file__).resolve().parents[2] / "examples"
GATE = "rtsp://user:hunter2@gate.example/live"
VAN = "a van is at the gate"
QUICKSTARTS = sorted(HOME.glob("quickstart*.py"))
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
    assert "told: A white van" in run("door_alert.py", GATE, VAN, hook)
    assert all(b'"content": "**a van is at the gate**: A white van' in message for message in messages)
    assert all(b"\xff\xd8\xff" in message for message in messages)
    assert 3 == len(messages)


def test_jobs_to_csv(run: RunExample, stub_environment: StubServer, tmp_path: Path) -> None:
    ids = stub_environment.add_jobs(150)
    assert "150 jobs in jobs.csv\n" == run("jobs_to_csv.py", "jobs.csv")
    rows = list(csv.DictReader((tmp_path / "jobs.csv").read_text("utf-8").splitlines()))
    assert ids[::-1] == [row["job_id"] for row in rows]
    assert {"completed"} == {row["status"] for row in rows}


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
    run("digest_to_markdown.py", GATE, "report.md", "2")
    report = (tmp_path / "report.md").read_text("utf-8")
    pictures = re.findall(r"!\[.*\]\((.*)\)", report)
    assert 2 == report.count("## Until")
    assert all((tmp_path / picture).read_bytes().startswith(b"\xff\xd8") for picture in pictures)
    assert pictures
    assert report.startswith("# gate.example/live\n")


def test_check_many(run: RunExample, stub_environment: StubServer, tmp_path: Path) -> None:
    cameras = [f"rtsp://user:hunter2@cam-{number}.example/live" for number in range(12)]
    for camera in cameras[:5]:
        stub_environment.scene(camera, Scene(holds=True))
    stub_environment.scene(cameras[5], Scene(live=False))
    for camera in cameras[6:]:
        stub_environment.scene(camera, Scene(holds=False))
    (tmp_path / "cameras.txt").write_text("\n".join(cameras))
    printed = run("check_many.py", "cameras.txt", "the lights are on", "--per-second", "1000")
    assert "5 yes, 6 no, 1 failed" in printed


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
    assert re.search(r"camera 4: 0 times, blind for \d+ s", printed)
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
    assert "What vehicles are there? [open]" in printed
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


NEED_NO_ARGUMENTS = ("quickstart.py", "quickstart_async.py", "retry_failed_osapi_jobs.py")
NEED_ARGUMENTS = sorted(path.name for path in HOME.glob("*.py") if path.name not in NEED_NO_ARGUMENTS)


@pytest.mark.parametrize("name", [name for name in NEED_ARGUMENTS if name != "dask_cluster.py"])
def test_without_its_arguments_a_program_shows_its_usage(run: RunExample, name: str) -> None:
    run(name, code=USAGE)


def test_timelapse(run: RunExample, stub_environment: StubServer, tmp_path: Path) -> None:
    stub_environment.scene(GATE, Scene(holds=True))
    stub_environment.fail_next(path="/check-once", status=404)
    printed = run("timelapse.py", GATE, VAN, "pictures", "--every", "0.01", "--count", "3")
    assert "look 1: 404" in printed
    assert 2 == len(list((tmp_path / "pictures").glob("*-yes.jpg")))


@pytest.mark.thorough
def test_retry_failed_osapi_jobs(run: RunExample, stub_environment: StubServer) -> None:
    stub_environment.osapi.add(status="failed", error="no route to host")
    printed = run("retry_failed_osapi_jobs.py")
    assert "1 jobs have failed" in printed
    assert "no route to host -> completed" in printed


def test_the_notebook(stub_environment: StubServer) -> None:
    notebook = json.loads((HOME / "look_around.ipynb").read_text("utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [] == [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    run_program("\n".join(cells), "look_around", {"__name__": "__main__"})


def test_every_program_is_listed() -> None:
    listed = set(re.findall(r"\]\(([\w/.]+)\)", (HOME / "README.md").read_text("utf-8")))
    programs = [path for path in HOME.rglob("*") if path.suffix in (".py", ".ipynb", ".sh")]
    there = {path.relative_to(HOME).as_posix() for path in programs}
    assert there - {"service/store.py", "service/test_service.py"} == listed
