"""The OpenAPI files are valid, and what is generated from them is up to date. Needs the development tools."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["trio", "osapi"])
def test_the_file_is_valid_openapi_3_1(name: str) -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    document = yaml.safe_load((ROOT / "openapi" / f"{name}.yaml").read_text("utf-8"))
    validator.OpenAPIV31SpecValidator(document).validate()


@pytest.mark.parametrize("name", ["trio", "osapi"])
def test_the_overlay_belongs_to_its_file(name: str) -> None:
    overlay = yaml.safe_load((ROOT / "openapi" / f"{name}.overlay.yaml").read_text("utf-8"))
    assert (overlay["overlay"], overlay["extends"]) == ("1.0.0", f"{name}.yaml")
    assert all(("update" in action) != ("remove" in action) for action in overlay["actions"])


@pytest.mark.thorough  # `make check` compares them too
def test_the_generated_files_are_up_to_date() -> None:
    pytest.importorskip("datamodel_code_generator")
    pytest.importorskip("jsonpath_rfc9535")
    found = subprocess.run([sys.executable, "scripts/models.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")
