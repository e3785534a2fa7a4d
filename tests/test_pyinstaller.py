"""The hook that PyInstaller finds names what a packed program needs: modules imported by their text, and data."""

from __future__ import annotations

import runpy
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The hook's names, with stand-ins for what it asks of PyInstaller."""
    hooks: Any = ModuleType("PyInstaller.utils.hooks")
    hooks.collect_submodules = lambda package, **options: (package, options["filter"])
    hooks.collect_data_files = lambda package: [package]
    for name in ("PyInstaller", "PyInstaller.utils"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "PyInstaller.utils.hooks", hooks)
    found = next(each for each in entry_points(group="pyinstaller40") if each.value.startswith("trio_client."))
    (folder,) = found.load()()
    return runpy.run_path(str(Path(folder) / "hook-trio_client.py"))


def test_it_names_all_modules_and_the_files_of_the_stub(hook: dict[str, Any]) -> None:
    package, is_wanted = hook["hiddenimports"]
    assert (package, hook["datas"]) == ("trio_client", ["trio_client"])
    assert all(map(is_wanted, ["trio_client._sync.client", "trio_client.stub.page.page", "trio_client.cli._app"]))
    assert not is_wanted("trio_client._pyinstaller")


def test_what_misses_a_package_is_left_out(hook: dict[str, Any]) -> None:
    hook["NEEDED"]["trio_client.stub"] = "no package"
    _, is_wanted = hook["hiddenimports"]
    assert [is_wanted(name) for name in ("trio_client.stub.page.page", "trio_client.stubs", "trio_client._core")] == [
        False,
        True,
        True,
    ]
