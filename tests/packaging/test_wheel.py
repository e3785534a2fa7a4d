"""The built package: what is in it, and that it works alone in a new environment."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", str(target), str(ROOT))
    return target


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    (found,) = dist.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment with the wheel and nothing that it does not ask for."""
    return environment(tmp_path_factory.mktemp("bare"), str(wheel))


@pytest.fixture(scope="session")
def stub_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("stub"), f"{wheel}[stub]")


def environment(home: Path, requirement: str) -> Path:
    run(sys.executable, "-m", "venv", str(home))
    python = home / "bin" / "python"
    run(str(python), "-m", "pip", "install", "--quiet", requirement)
    return python


def run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    strays = [name for name in names if not name.startswith(("trio_client/", "trio_client-"))]
    assert strays == []
    suffixes = {Path(name).suffix for name in names if name.startswith("trio_client/")}
    assert suffixes == {".py", ".json", ".jpg", ".typed"}


@pytest.mark.parametrize(
    "name",
    ["trio_client/py.typed", "trio_client/stub/openapi/trio.json", "trio_client/_sync/client.py", "trio_client/sse.py"],
)
def test_the_wheel_holds_what_is_needed(wheel: Path, name: str) -> None:
    assert name in zipfile.ZipFile(wheel).namelist()


def test_the_sdist_holds_no_generated_clutter(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        clutter = [name for name in archive.getnames() if "__pycache__" in name or "/.venv" in name]
    assert clutter == []


def test_the_core_installs_without_the_extras(bare_python: Path, tmp_path: Path) -> None:
    installed = run(str(bare_python), "-m", "pip", "list", "--format=freeze", cwd=tmp_path).lower()
    assert [
        name for name in ("starlette", "uvicorn", "jsonschema", "typer", "rich", "trio=") if name in installed
    ] == []


def test_every_module_of_the_core_imports_without_the_extras(bare_python: Path, tmp_path: Path) -> None:
    code = (
        "import importlib, pkgutil, trio_client\n"
        "for module in pkgutil.walk_packages(trio_client.__path__, 'trio_client.'):\n"
        "    if not module.name.startswith(('trio_client.stub', 'trio_client.cli.', 'trio_client.contrib.')):\n"
        "        importlib.import_module(module.name)\n"
        "print(trio_client.TrioClient('key'), trio_client.__version__)\n"
    )
    assert "TrioClient of https://trio.machinefi.com/api" in run(
        str(bare_python), "-W", "error", "-c", code, cwd=tmp_path
    )


def test_the_stub_says_what_it_needs(bare_python: Path, tmp_path: Path) -> None:
    command = [str(bare_python), "-m", "trio_client.stub", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode != 0
    assert "trio-client[stub]" in done.stderr


def test_the_command_line_says_what_it_needs(bare_python: Path, tmp_path: Path) -> None:
    script = bare_python.with_name("trio-client")
    assert run(str(script), "--version", cwd=tmp_path).startswith("trio-client ")
    done = subprocess.run([str(script), "jobs", "list"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (2, 1) == (done.returncode, done.stderr.count("\n"))
    assert "pip install 'trio-client[cli]'" in done.stderr


def test_the_main_job_runs_from_the_wheel(stub_python: Path, tmp_path: Path) -> None:
    example = tmp_path / "quickstart.py"
    example.write_text((ROOT / "examples" / "quickstart.py").read_text("utf-8"), "utf-8")
    output = run(str(stub_python), "-W", "error", "-X", "dev", str(example), cwd=tmp_path)
    assert "the job ended: completed" in output


def test_metadata_is_complete(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (each for each in archive.namelist() if each.endswith("METADATA"))
    metadata = archive.read(name).decode()
    assert "Requires-Python: >=3.10" in metadata
    assert "License-Expression: MIT" in metadata
    assert "Provides-Extra: stub" in metadata
    assert "Provides-Extra: cli" in metadata
    assert metadata.count("Requires-Dist: ") == 12
