"""The package's names are imported when they are used, by their text; and the stub server reads files."""

from importlib.util import find_spec

from PyInstaller.utils.hooks import collect_data_files, collect_submodules

# What a part of the package needs that may not be installed; without it, the part is left out.
NEEDED = {
    "trio_client._pyinstaller": "no package",
    "trio_client.cli": "typer",
    "trio_client.contrib.otel": "opentelemetry",
    "trio_client.stub": "uvicorn",
    "trio_client.testing.pytest_plugin": "pytest",
}


def is_wanted(name: str) -> bool:
    return all(find_spec(needed) for part, needed in NEEDED.items() if f"{name}.".startswith(f"{part}."))


hiddenimports = collect_submodules("trio_client", filter=is_wanted)
datas = collect_data_files("trio_client")
