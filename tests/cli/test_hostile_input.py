"""Odd values from servers and files do not end a command, and do not leak secrets."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client._redaction import masked
from trio_client.cli import _receiving
from trio_client.cli._events import event_data, headline
from trio_client.cli._frames import FrameFolder
from trio_client.cli._out import Out
from trio_client.cli._text import ago, clock_time, iso
from trio_client.events import CoverageGap, Progress, Triggered
from trio_client.frames import Frame
from trio_client.models import JobStats
from trio_client.stub import StubServer

from .conftest import Run

EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
EXTREMES = [
    moment.replace(tzinfo=zone) for moment in (datetime.min, datetime.max) for zone in (timezone.utc, EAST, WEST)
]
JPEG = Frame(b"\xff\xd8\xff\xe0" + bytes(60))


@pytest.fixture(params=["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def local_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> object:
    if not hasattr(time, "tzset"):
        pytest.skip("needs tzset")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@pytest.mark.usefixtures("local_zone")
@pytest.mark.parametrize("moment", EXTREMES)
def test_the_first_and_last_moments_of_the_calendar_are_printed(moment: datetime, tmp_path: Path) -> None:
    event = Triggered(job_id="a", occurred_at=moment, frame=JPEG)
    assert iso(moment)[:4] in ("0001", "9999")
    assert len(clock_time(moment)) == len("00:00:00")
    assert event_data(event)["occurred_at"][:19] == iso(moment)[:19]
    assert FrameFolder(tmp_path, Out()).save(event) is not None
    assert ago(moment, datetime.now(timezone.utc))


def test_a_gap_over_the_whole_calendar_is_printed() -> None:
    gap = CoverageGap(started_at=EXTREMES[0], ended_at=EXTREMES[-1], reason="no slot")
    assert headline(gap).startswith("not watched for 315")


@pytest.mark.parametrize("number", [float("inf"), -float("inf"), float("nan")])
def test_numbers_that_json_lacks_are_null(number: float, capsys: pytest.CaptureFixture[str]) -> None:
    stats = JobStats(elapsed_seconds=number, checks_performed=3)
    Out().data(event_data(Progress(job_id="a", stats=stats)))
    shown = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert shown["stats"] == {"elapsed_seconds": None, "checks_performed": 3}
    assert masked({"a": [number, {"b": number}]}, ()) == {"a": [None, {"b": None}]}


@pytest.mark.parametrize("number", [float("inf"), -float("inf"), float("nan")])
def test_numbers_that_are_not_finite_are_not_printed(number: float) -> None:
    assert headline(Progress(stats=JobStats(checks_performed=number))) == ""
    assert headline(Progress(frames_captured=number, frames_needed=5)) == ""  # type: ignore[arg-type]
    assert headline(Progress(frames_captured=2, frames_needed=number)) == "2 frames"  # type: ignore[arg-type]


@pytest.mark.parametrize("args", [("jobs", "get", "a"), ("jobs", "get", "a", "--json"), ("jobs", "wait", "a")])
def test_a_job_with_an_infinite_counter_is_shown_without_it(
    run: Run, environment: StubServer, args: tuple[str, ...]
) -> None:
    body = b'{"job_id": "a", "status": "completed", "stats": {"elapsed_seconds": 1e999, "checks_performed": 3}}'
    environment.fail_next(path="/jobs/a", status=200, body=body)
    done = run(*args)
    assert done.code == 0
    assert "inf" not in done.out.lower()


@pytest.mark.skipif(sys.platform == "win32", reason="needs file modes")
def test_a_key_file_that_others_can_read_is_a_warning(run: Run, environment: StubServer, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("key-in-a-file")
    path.chmod(0o600)
    assert run("--api-key-file", str(path), "jobs", "list").err == ""
    for mode in (0o640, 0o604, 0o644):
        path.chmod(mode)
        done = run("--api-key-file", str(path), "jobs", "list")
        assert done.code == 0
        assert done.err == f"warning: {path} holds a secret and other users can read it; run: chmod 600 {path}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs file modes")
def test_a_webhook_secret_file_that_others_can_read_is_a_warning(run: Run, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    (tmp_path / "secret").chmod(0o644)
    (tmp_path / "body").write_text("{}")
    files = ("--secret-file", str(tmp_path / "secret"), "--body", str(tmp_path / "body"))
    assert "can read it" in run("webhooks", "verify", "--signature", "0" * 64, *files).err


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="needs /dev/fd")
def test_a_key_from_a_pipe_is_no_warning(run: Run, environment: StubServer) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"key-in-a-pipe\n")
    os.close(writer)
    done = run("--api-key-file", f"/dev/fd/{reader}", "jobs", "list")
    os.close(reader)
    assert (done.code, done.err) == (0, "")


def seconds_to_save(frames: int, folder: Path) -> float:
    saver = FrameFolder(folder, Out())
    event = Triggered(job_id="a", occurred_at=datetime(2026, 2, 1, tzinfo=timezone.utc), frame=JPEG)
    started = time.process_time()
    for _ in range(frames):
        saver.save(event)
    return time.process_time() - started


def test_naming_the_frames_of_one_second_takes_linear_time(tmp_path: Path) -> None:
    few = min(seconds_to_save(100, tmp_path / f"few-{attempt}") for attempt in range(3))
    many = min(seconds_to_save(400, tmp_path / f"many-{attempt}") for attempt in range(3))
    assert many < 10 * few  # 4 times if linear, 16 if quadratic, 64 if cubic
    assert len(list((tmp_path / "many-0").iterdir())) == 400


def test_frames_of_an_earlier_run_are_not_overwritten(tmp_path: Path) -> None:
    event = Triggered(job_id="a", occurred_at=datetime(2026, 2, 1, tzinfo=timezone.utc), frame=JPEG)
    first = FrameFolder(tmp_path, Out()).save(event)
    second = FrameFolder(tmp_path, Out()).save(event)
    assert [first, second] == [str(tmp_path / f"20260201T000000Z-a-{number}.jpg") for number in (1, 2)]


@pytest.mark.parametrize("command", ["list", "get"])
def test_an_api_prefix_is_quoted_without_its_password(
    run: Run, environment: StubServer, home: Path, command: str
) -> None:
    (home / "config.toml").write_text('[osapi]\napi_prefix = "https://u:p-w-d@h"\n')
    done = run("osapi", "jobs", command, *(["550e8400-e29b-41d4-a716-446655440000"] if command == "get" else []))
    assert done.code == 2
    assert "p-w-d" not in done.out + done.err


@pytest.mark.parametrize("proxy", ["user:p-w-d@proxy:notaport", "http://user:p-w-d@proxy:notaport", "p-w-d://@[x"])
@pytest.mark.parametrize("args", [("doctor",), ("doctor", "--json"), ("--debug", "doctor")])
def test_doctor_masks_the_password_of_a_proxy(
    run: Run, environment: StubServer, monkeypatch: pytest.MonkeyPatch, proxy: str, args: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TRIO_BASE_URL", "https://trio.example/api")
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    done = run(*args)
    assert done.code == 1
    assert "proxy" in done.out
    if "user:" in proxy:
        assert "p-w-d" not in done.out + done.err


def test_a_burst_of_connections_to_the_receiver_is_queued() -> None:
    with _receiving._Server(("127.0.0.1", 0), _receiving._Handler) as server, ExitStack() as sockets:
        for _ in range(100):  # while nothing is accepted
            sockets.enter_context(socket.create_connection(server.server_address[:2], timeout=0.5))


def test_a_page_of_jobs_with_an_odd_field_each_is_one_warning(run: Run, environment: StubServer) -> None:
    jobs = [{"job_id": f"job-{number}", "status": "running", "config": "odd"} for number in range(100)]
    environment.fail_next(path="/jobs", status=200, body={"jobs": jobs, "total": 100, "limit": 100, "offset": 0})
    done = run("jobs", "list", "--limit", "100")
    assert len(done.out.splitlines()) == 100
    assert done.err.count("\n") == 1
    assert "100" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
@given(st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.sampled_from([".jpg", ".png", ""])), max_size=5))
def test_a_saved_picture_is_written_through_no_link(links: list[tuple[int, bool, str]]) -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
    with TemporaryDirectory() as base:
        target, folder = Path(base, "precious"), Path(base, "frames")
        folder.mkdir()
        target.write_text("mine")
        for number, dangles, suffix in links:
            link = folder / f"20260301T120000Z-a-{number}{suffix}"
            if not link.is_symlink():
                link.symlink_to(Path(base, "nowhere") if dangles else target)
        saved = [
            FrameFolder(folder, Out()).save(Triggered(job_id="a", occurred_at=moment, frame=JPEG)) for _ in range(3)
        ]
        assert [Path(each or "").is_symlink() for each in saved] == [False] * 3
        assert target.read_text() == "mine"
        assert not Path(base, "nowhere").exists()
