"""The built package: what is in it, and that it works alone in a new environment."""

from __future__ import annotations

import hashlib
import importlib.util
import json
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
    foreign = [name for name in names if not name.startswith(("trio_client/", "trio_client-"))]
    assert foreign == []
    suffixes = {Path(name).suffix for name in names if name.startswith("trio_client/")}
    assert suffixes == {".py", ".json", ".jpg", ".html", ".css", ".js", ".typed"}


@pytest.mark.parametrize(
    "name",
    [
        "trio_client/py.typed",
        "trio_client/stub/documented/openapi/trio.json",
        "trio_client/stub/page/page.js",
        "trio_client/_sync/client.py",
        "trio_client/sse.py",
    ],
)
def test_the_wheel_holds_what_is_needed(wheel: Path, name: str) -> None:
    assert name in zipfile.ZipFile(wheel).namelist()


def test_the_sdist_holds_no_generated_clutter(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        clutter = [name for name in archive.getnames() if "__pycache__" in name or "/.venv" in name]
    assert clutter == []


def test_the_sdist_holds_the_project_and_nothing_else(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
    tops = {member.name.split("/")[1] for member in members}
    documents = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"}
    files = documents | {
        ".dockerignore",
        ".gitignore",
        "Dockerfile",
        "Makefile",
        "PKG-INFO",
        "api.txt",
        "mkdocs.yml",
        "pyproject.toml",
    }
    assert files | {"benchmarks", "docs", "examples", "openapi", "scripts", "tests", "trio_client"} == tops
    assert [] == [member.name for member in members if member.size > 500_000]
    assert {0o644, 0o755} >= {member.mode for member in members}


def test_two_builds_are_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    # In another folder, at another time, with other rights of the files.
    source = tmp_path / "elsewhere"
    run("git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(source))
    for path in run("git", "ls-files", "--modified", "--others", "--exclude-standard", cwd=ROOT).splitlines():
        if (ROOT / path).is_file():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes((ROOT / path).read_bytes())
        else:
            (source / path).unlink(missing_ok=True)
    hashes: list[dict[str, str]] = []
    for number, place in enumerate((ROOT, source)):
        target = tmp_path / str(number)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SOURCE_DATE_EPOCH", "1767225600")
            run(sys.executable, "-m", "build", "--outdir", str(target), str(place))
        hashes.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in target.iterdir()})
    assert 2 == len(hashes[0])
    assert hashes[0] == hashes[1]


def test_a_public_name_that_is_gone_is_noticed(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("api_surface", ROOT / "scripts" / "api.py")
    assert spec is not None
    assert spec.loader is not None
    api = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(api)
    lines = api.surface()
    assert 0 < len([line for line in lines if line.startswith("trio_client.TrioClient.check_once(self, stream_url")])
    api.FILE = tmp_path / "api.txt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["api.py", "--check"])
        api.FILE.write_text("\n".join(lines), "utf-8")
        assert 0 == api.main()
        api.FILE.write_text("\n".join([*lines, "trio_client.Gone: class()"]), "utf-8")
        assert 1 == api.main()


def test_the_bill_of_materials_names_what_is_installed(tmp_path: Path) -> None:
    run(sys.executable, str(ROOT / "scripts" / "sbom.py"), str(tmp_path / "sbom.json"))
    sbom = json.loads((tmp_path / "sbom.json").read_text("utf-8"))
    names = {component["name"].lower() for component in sbom["components"]}
    assert {"httpx", "pydantic", "tenacity", "anyio", "typer", "starlette", "opentelemetry-api"} <= names
    assert not {"pytest", "mypy", "mkdocs"} & names


def test_the_core_installs_without_the_extras(bare_python: Path, tmp_path: Path) -> None:
    installed = run(str(bare_python), "-m", "pip", "list", "--format=freeze", cwd=tmp_path).lower()
    assert [
        name for name in ("starlette", "uvicorn", "jsonschema", "typer", "rich", "trio=") if name in installed
    ] == []


def test_every_module_of_the_core_imports_without_the_extras(bare_python: Path, tmp_path: Path) -> None:
    code = (
        "import importlib, pkgutil, trio_client\n"
        "for module in pkgutil.walk_packages(trio_client.__path__, 'trio_client.'):\n"
        "    optional = ('stub', 'cli.', 'contrib.', 'testing.pytest_plugin', '_pyinstaller.')\n"
        "    if not module.name.removeprefix('trio_client.').startswith(optional):\n"
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


def test_the_fixtures_come_with_the_wheel(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("kit")
    python = environment(home, f"{wheel}[stub]")
    run(str(python), "-m", "pip", "install", "--quiet", "pytest")
    tests = home / "tests"
    tests.mkdir()
    (tests / "test_it.py").write_text(
        "def test_it(trio_sync_client, trio_mock):\n"
        "    for client in (trio_sync_client, trio_mock.client()):\n"
        "        with client.live_monitor.stream('rtsp://gate.example/live', 'a van') as events:\n"
        "            assert [event.kind for event in events][-1] == 'stopped'\n",
        "utf-8",
    )
    assert "1 passed" in run(str(python), "-W", "error", "-m", "pytest", "-W", "error", cwd=tests)


def test_metadata_is_complete(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (each for each in archive.namelist() if each.endswith("METADATA"))
    metadata = archive.read(name).decode()
    assert "Requires-Python: >=3.10" in metadata
    assert "License-Expression: MIT" in metadata
    assert "Provides-Extra: stub" in metadata
    assert "Provides-Extra: cli" in metadata
    assert "Provides-Extra: aiohttp" in metadata
    assert "Provides-Extra: mcp" in metadata
    assert metadata.count("Requires-Dist: ") == 22
